//! The compiler's results for typical requests; `property.rs` tests rules for every request.

mod evaluator;
mod property;
mod random;
mod resource;
mod world;

use audex_sdk::provider::{Permission, Scope};
use serde_json::{Value, json};

use super::*;
use crate::room::{LIMIT, Sent};

fn grant(actions: &[&str], deny: &[&str], resources: &[&str]) -> Grant {
    union(&[(actions, resources)], deny)
}

/// Returns a grant of several lists of actions, each on its own resources.
fn union(parts: &[(&[&str], &[&str])], deny: &[&str]) -> Grant {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let permission = |action: &str, resources: &[&str]| Permission {
        action: action.to_owned(),
        origin: action.to_owned(),
        resources: Scope::asked(owned(resources)),
    };
    let permissions = parts
        .iter()
        .flat_map(|(actions, resources)| actions.iter().map(|a| permission(a, resources)))
        .collect();
    Grant {
        provider: "aws".into(),
        permissions,
        deny: owned(deny),
        ttl_seconds: 900,
        session: "audex-1".into(),
        gateway: false,
    }
}

fn whole(actions: &[&str], deny: &[&str], resources: &[&str]) -> Compiled {
    compile(&grant(actions, deny, resources), &Conditions::default(), LIMIT).unwrap()
}

fn refused(actions: &[&str], deny: &[&str], resources: &[&str]) -> Error {
    compile(&grant(actions, deny, resources), &Conditions::default(), LIMIT).unwrap_err()
}

fn compiled(actions: &[&str], deny: &[&str], resources: &[&str]) -> Value {
    serde_json::from_str(&whole(actions, deny, resources).policy).unwrap()
}

#[test]
fn one_action_is_one_allow_statement() {
    let expected = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let made = whole(&["s3:GetObject"], &[], &[]);
    assert_eq!((made.policy.as_str(), made.notices), (expected, vec![]));
}

#[test]
fn resources_limit_the_allow_but_never_the_deny() {
    let policy = compiled(&["s3:*"], &["s3:DeleteBucket"], &["arn:aws:s3:::a/*"]);
    assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::a/*");
    assert_eq!(
        policy["Statement"][1],
        json!({"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"})
    );
}

#[test]
fn covered_and_repeated_actions_are_said_once() {
    let policy = compiled(
        &["s3:GetObject", "S3:getobject", "s3:Get*", "ec2:DescribeImages", "s3:Get*"],
        &[],
        &[],
    );
    assert_eq!(policy["Statement"][0]["Action"], json!(["s3:Get*", "ec2:DescribeImages"]));
}

#[test]
fn every_action_goes_with_the_resources_it_works_on() {
    let bucket = "arn:aws:s3:::b";
    let made = whole(
        &["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:ListAllMyBuckets"],
        &[],
        &[bucket, "arn:aws:s3:::b/*"],
    );
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    assert_eq!(
        policy["Statement"],
        json!([
            {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"},
            {"Effect":"Allow","Action":"s3:ListBucket","Resource":bucket},
            {"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"},
        ])
    );
    assert_eq!(
        made.notices,
        ["`s3:ListAllMyBuckets` takes no resource: it is granted on every one"]
    );
}

#[test]
fn an_action_and_a_resource_without_a_partner_are_named() {
    let made =
        whole(&["s3:GetObject", "s3:ListBucket"], &[], &["arn:aws:s3:::b/*", "arn:aws:sqs:*:*:q"]);
    assert_eq!(made.idle[0].0, "s3:ListBucket");
    assert!(made.notices[0].starts_with("`s3:ListBucket` grants nothing: "), "{:?}", made.notices);
    assert!(
        made.notices[0].ends_with("(it takes `arn:aws:s3:::BUCKET_NAME`)"),
        "{:?}",
        made.notices
    );
    assert!(
        made.notices[1].starts_with("`arn:aws:sqs:*:*:q` is of no kind "),
        "{:?}",
        made.notices
    );
    assert!(!made.policy.contains("ListBucket") && !made.policy.contains("sqs"));
    let error = refused(&["s3:ListBucket"], &[], &["arn:aws:s3:::b/*"]);
    assert_eq!(error.code, "nothing-granted");
    assert_eq!(error.hint.unwrap(), "`s3:ListBucket` takes `arn:aws:s3:::BUCKET_NAME`");
}

#[test]
fn a_wildcard_stays_on_the_resources_and_names_what_that_leaves_out() {
    let made = whole(&["s3:List*"], &[], &["arn:aws:s3:::b"]);
    assert!(
        made.policy.contains(r#""Action":"s3:List*","Resource":"arn:aws:s3:::b""#),
        "{}",
        made.policy
    );
    assert!(made.notices[0].contains("`s3:ListAllMyBuckets`"), "{:?}", made.notices);
    let made = whole(
        &["s3:*", "s3:ListAllMyBuckets", "s3:GetObject"],
        &[],
        &["arn:aws:s3:::b", "arn:aws:s3:::b/*"],
    );
    assert!(
        made.policy.contains(r#""Action":"s3:ListAllMyBuckets","Resource":"*""#),
        "{}",
        made.policy
    );
    assert!(!made.policy.contains("GetObject"), "covered: {}", made.policy);
}

#[test]
fn a_wildcard_of_actions_without_resources_is_spelled_out() {
    let policy = compiled(&["ec2:DescribeReserved*", "s3:GetObject"], &[], &["arn:aws:s3:::b/*"]);
    let every =
        policy["Statement"].as_array().unwrap().iter().find(|s| s["Resource"] == "*").unwrap();
    let names: Vec<&str> =
        every["Action"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        names.contains(&"ec2:DescribeReservedInstances")
            && names.iter().all(|name| !name.contains('*')),
        "{names:?}"
    );
}

#[test]
fn every_service_on_given_resources_stays_on_them() {
    let made = whole(&["*"], &[], &["arn:aws:s3:::b"]);
    assert!(made.policy.contains(r#""Action":"*","Resource":"arn:aws:s3:::b""#), "{}", made.policy);
    assert!(made.notices[0].contains("takes no resource"), "{:?}", made.notices);
}

fn statements(parts: &[(&[&str], &[&str])], deny: &[&str]) -> (Vec<Value>, Compiled) {
    let made = compile(&union(parts, deny), &Conditions::default(), LIMIT).unwrap();
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    (policy["Statement"].as_array().unwrap().clone(), made)
}

#[test]
fn the_resources_of_one_part_say_nothing_of_another() {
    let (statements, made) = statements(
        &[
            (&["s3:GetObject"], &["arn:aws:s3:::in/*"]),
            (&["s3:PutObject"], &["arn:aws:s3:::out/*"]),
            (&["dynamodb:PutItem"], &[]),
        ],
        &["s3:PutObjectAcl"],
    );
    assert_eq!(
        json!(statements),
        json!([
            {"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::in/*"},
            {"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::out/*"},
            {"Effect":"Allow","Action":"dynamodb:PutItem","Resource":"*"},
            {"Effect":"Deny","Action":"s3:PutObjectAcl","Resource":"*"},
        ])
    );
    assert!(made.notices.is_empty(), "{:?}", made.notices);
}

#[test]
fn parts_that_say_the_same_become_one_statement() {
    let (alike, _) = statements(
        &[(&["s3:GetObject"], &["arn:aws:s3:::a/*"]), (&["s3:GetObject"], &["arn:aws:s3:::b/*"])],
        &[],
    );
    let both = json!(["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]);
    assert_eq!(json!(alike), json!([{"Effect":"Allow","Action":"s3:GetObject","Resource":both}]));
    let (covered, _) = statements(
        &[(&["s3:GetObject"], &["arn:aws:s3:::a/x/*"]), (&["S3:get*"], &["arn:aws:s3:::a/*"])],
        &[],
    );
    assert_eq!(
        json!(covered),
        json!([{"Effect":"Allow","Action":"S3:get*","Resource":"arn:aws:s3:::a/*"}])
    );
    let (every, _) = statements(&[(&["s3:GetObject"], &[]), (&["s3:PutObject"], &["*"])], &[]);
    assert_eq!(every[0]["Action"], json!(["s3:GetObject", "s3:PutObject"]));
    assert_eq!(every.len(), 1);
}

#[test]
fn what_one_part_allows_everywhere_is_not_limited_by_another() {
    let (statements, made) = statements(
        &[
            (&["s3:Get*"], &[]),
            (&["s3:GetObject", "s3:PutObject"], &["arn:aws:s3:::a/*", "arn:aws:s3:::a"]),
        ],
        &[],
    );
    assert_eq!(
        json!(statements),
        json!([
            {"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
            {"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::a/*"},
        ])
    );
    assert_eq!(made.notices.len(), 1, "{:?}", made.notices);
    assert!(made.notices[0].starts_with("`arn:aws:s3:::a` is of no kind"), "{:?}", made.notices);
}

#[test]
fn an_action_that_is_idle_in_one_part_is_granted_by_another() {
    let (statements, made) = statements(
        &[(&["s3:ListBucket"], &["arn:aws:s3:::a/*"]), (&["s3:ListBucket"], &["arn:aws:s3:::a"])],
        &[],
    );
    let granted = json!({"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::a"});
    assert_eq!(json!(statements), json!([granted]));
    assert_eq!(made.idle, [("s3:ListBucket".to_owned(), vec!["arn:aws:s3:::a/*".to_owned()])]);
}

#[test]
fn an_action_asked_for_by_name_is_not_said_to_be_left_out() {
    let (_, made) =
        statements(&[(&["s3:List*"], &["arn:aws:s3:::b"]), (&["S3:listallmybuckets"], &[])], &[]);
    assert!(
        made.notices.iter().all(|notice| !notice.contains("`s3:ListAllMyBuckets`")),
        "{:?}",
        made.notices
    );
}

#[test]
fn conditions_hold_in_every_part_and_are_spoken_of_once() {
    let conditions = Conditions::parse(None, None, Some("team=a")).unwrap();
    let parts: &[(&[&str], &[&str])] = &[
        (&["s3:ListAllMyBuckets", "s3:GetObject"], &["arn:aws:s3:::a/*"]),
        (&["s3:ListAllMyBuckets", "s3:PutObject"], &["arn:aws:s3:::b/*"]),
        (&["ec2:DescribeInstances"], &[]),
    ];
    let made = compile(&union(parts, &[]), &conditions, LIMIT).unwrap();
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert!(statements.len() == 3 && statements.iter().all(|one| one.get("Condition").is_some()));
    assert_eq!(made.notices.len(), 2, "{:?}", made.notices);
    assert_eq!(made.notices[1].matches("ListAllMyBuckets").count(), 1, "{:?}", made.notices);
}

#[test]
fn a_deny_of_a_name_that_is_corrected_denies_what_is_meant() {
    for (entry, action) in [
        ("s3:HeadObject", "s3:GetObject"),
        ("S3:headb*", "s3:ListBucket"),
        ("s?:HeadObject", "s3:GetObject"),
    ] {
        let policy = compiled(&["s3:*"], &[entry], &[]);
        let denied = policy["Statement"][1]["Action"].as_array().unwrap().clone();
        assert!(denied.contains(&json!(action)), "{entry}: {denied:?}");
    }
    // A deny that the entry covers anyway is not repeated.
    let policy = compiled(&["s3:*"], &["s3:*Object"], &[]);
    assert_eq!(policy["Statement"][1]["Action"], "s3:*Object");
}

#[test]
fn a_deny_for_any_service_is_spelled_out() {
    let policy = compiled(&["s3:*", "ec2:Run*"], &["*:Delete*"], &[]);
    assert_eq!(policy["Statement"][1]["Action"], json!(["s3:Delete*", "ec2:Delete*"]));
    let made = whole(&["*"], &["*:DeleteBucket"], &[]);
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    let denied = policy["Statement"][1]["Action"].as_array().unwrap();
    assert!(
        denied.contains(&json!("s3:DeleteBucket"))
            && denied.contains(&json!("lightsail:DeleteBucket")),
        "{denied:?}"
    );
    assert!(made.notices[0].contains("services known"), "{:?}", made.notices);
    assert_eq!(refused(&["*"], &["*:NoSuchAction"], &[]).code, "deny-inexpressible");
    assert_eq!(refused(&["*"], &["*:Delete*"], &[]).code, "policy-too-long");
    assert_eq!(refused(&["s3:*"], &["nonsense"], &[]).code, "deny-malformed");
}

#[test]
fn conditions_are_part_of_every_allow_and_of_no_deny() {
    let conditions = Conditions::parse(Some("192.0.2.0/24"), Some("true"), Some("team=a")).unwrap();
    let asked = grant(&["s3:*", "s3:ListAllMyBuckets"], &["s3:Put*"], &["arn:aws:s3:::b"]);
    let made = compile(&asked, &conditions, LIMIT).unwrap();
    let policy: Value = serde_json::from_str(&made.policy).unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        if statement["Effect"] == "Deny" {
            assert_eq!(statement.get("Condition"), None);
            continue;
        }
        assert_eq!(
            statement["Condition"],
            json!({
                "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "StringEquals": {"aws:ResourceTag/team": "a"},
            })
        );
    }
    assert!(
        made.notices.iter().any(|notice| notice.contains("condition on tags")),
        "{:?}",
        made.notices
    );
}

#[test]
fn a_policy_over_the_limit_is_refused_with_the_numbers() {
    let many: Vec<String> = (0..200).map(|n| format!("s3:Action{n:04}")).collect();
    let error = refused(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[]);
    assert!(
        error.message.contains("2048") && error.message.contains("actions take"),
        "{}",
        error.message
    );
    let many: Vec<String> =
        (0..60).map(|n| format!("arn:aws:s3:::a-bucket-with-a-long-name-{n:02}/*")).collect();
    let error =
        refused(&["s3:GetObject"], &[], &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(error.hint.unwrap().contains("resources"), "{}", error.message);
}

#[test]
fn a_policy_over_the_limit_is_shortened_to_the_same_actions_and_says_so() {
    let names: Vec<String> = aws_catalogue::matching("ec2:DescribeI*")
        .iter()
        .map(aws_catalogue::Found::full_name)
        .collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let made = compile(&grant(&asked, &[], &[]), &Conditions::default(), 400).unwrap();
    assert!(made.policy.contains("ec2:DescribeI*"), "{}", made.policy);
    assert!(made.notices[0].starts_with("to fit, `ec2:DescribeI"), "{:?}", made.notices);
    // With one action less, the same wildcard would match one action too many.
    let made = compile(&grant(&asked[1..], &[], &[]), &Conditions::default(), 700).unwrap();
    assert!(!made.policy.contains(r#""ec2:DescribeI*""#), "{}", made.policy);
}

#[test]
fn a_name_outside_the_alphabet_of_policies_is_escaped() {
    for name in ["caf\u{e9}", "\u{65e5}\u{672c}", "\u{1f980}", "quo\"te \\u0041"] {
        let arn = format!("arn:aws:s3:::b/{name}");
        let policy = whole(&["s3:GetObject"], &[], &[&arn]).policy;
        assert!(policy.chars().all(|c| (' '..='\u{ff}').contains(&c)), "{policy}");
        let read: Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(read["Statement"][0]["Resource"], arn.as_str());
    }
}

#[test]
fn exactly_the_limit_fits_and_one_character_more_does_not() {
    let asked = grant(&["s3:GetObject"], &[], &["arn:aws:s3:::b/*"]);
    let length = compile(&asked, &Conditions::default(), LIMIT).unwrap().policy.len();
    assert!(compile(&asked, &Conditions::default(), length).is_ok());
    assert!(compile(&asked, &Conditions::default(), length - 1).is_err());
}

#[test]
fn the_first_of_two_sessions_may_narrow_itself_and_fits_as_well() {
    let policy = whole(&["s3:GetObject"], &[], &[]).policy;
    let first = with_scope_down(&policy);
    let parsed: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(parsed["Statement"][1]["Action"], "sts:GetScopedCredentials");
    let room = Room::of(None, Sent::AssumeRoleScoped).unwrap();
    assert_eq!(first.len() - policy.len(), room.limit - room.free);
    assert_eq!(with_scope_down(&first), first);
    let capped = Room::of(None, Sent::Capped).unwrap().beside_scope_down();
    assert_eq!(first.len() - policy.len(), capped.limit - capped.free);
}
