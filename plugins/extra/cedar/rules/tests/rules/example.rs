//! The example has the documented effect.

use super::case::{Case, NOON, case};

const POLICIES: &str = include_str!("../../examples/organisation.cedar");
const ENTITIES: &str = include_str!("../../examples/organisation.entities.json");

fn asked(user: &'static str, action: &str, resource: &str) -> Case {
    let mut asked = case(POLICIES, &[(action, resource)]);
    asked.user = user;
    asked.settings["entities"] = ENTITIES.into();
    asked
}

fn kept(case: &Case) -> bool {
    case.taken().0.is_empty()
}

#[test]
fn everybody_may_read() {
    assert!(kept(&asked("bob", "s3:GetObject", "arn:aws:s3:::prod-1/*")));
    assert!(!kept(&asked("bob", "s3:PutObject", "arn:aws:s3:::dev-1/*")));
}

#[test]
fn developers_may_change_their_own() {
    assert!(kept(&asked("alice", "s3:PutObject", "arn:aws:s3:::dev-1/*")));
    assert!(!kept(&asked("alice", "s3:PutObject", "arn:aws:s3:::prod-1/*")));
    assert!(kept(&asked("alice", "dynamodb:*", "arn:aws:dynamodb:eu-west-1:1:table/dev-x")));
}

#[test]
fn a_wildcard_loses_bucket_deletes_and_says_why() {
    let all = asked("alice", "s3:*", "arn:aws:s3:::dev-1");
    let deny =
        ["s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy"].map(str::to_owned);
    assert_eq!(all.taken(), (vec![], deny.to_vec()));
    let reason =
        "policy `no-bucket-deletes` forbids it: buckets are deleted by ticket, see wiki/buckets";
    assert_eq!(all.reasons(), [reason]);
}

#[test]
fn secrets_are_not_covered_by_wildcards() {
    for wide in
        ["*", "arn:aws:s3:::*", "arn:aws:s3:::s*", "arn:aws:s3:::*/x", "arn:aws:s3:::secrets-1/x"]
    {
        assert!(!kept(&asked("alice", "s3:GetObject", wide)), "{wide}");
    }
    assert!(kept(&asked("alice", "s3:GetObject", "arn:aws:s3:::dev-*")));
}

#[test]
fn on_call_needs_an_incident() {
    let mut fix = asked("olga", "s3:PutObject", "arn:aws:s3:::prod-1/config");
    assert!(!kept(&fix));
    fix.justification = Some("INC-123");
    assert!(kept(&fix));
    fix.ttl_seconds = 3600;
    assert!(!kept(&fix));
}

#[test]
fn nights_and_weekends_are_for_those_on_call() {
    for (now, user, may) in [
        (NOON + 86_400, "alice", false),
        (NOON + 9 * 3600, "alice", false),
        (NOON + 86_400, "olga", true),
        (NOON, "alice", true),
    ] {
        let mut read = asked(user, "s3:GetObject", "arn:aws:s3:::dev-1");
        read.now = now;
        assert_eq!(kept(&read), may, "{now} {user}");
    }
}

#[test]
fn nights_are_those_of_the_organisations_clock() {
    for (time_zone, may) in [("Pacific/Auckland", false), ("Europe/Zurich", true)] {
        let mut read = asked("alice", "s3:GetObject", "arn:aws:s3:::dev-1");
        read.settings["time_zone"] = time_zone.into();
        assert_eq!(kept(&read), may, "{time_zone}");
    }
}

#[test]
fn a_freeze_lets_reads_through() {
    let monday = NOON + 31 * 86_400;
    for (action, may) in [("s3:GetObject", true), ("s3:PutObject", false)] {
        let mut asked = asked("alice", action, "arn:aws:s3:::dev-1");
        asked.now = monday;
        assert_eq!(kept(&asked), may, "{action}");
    }
}
