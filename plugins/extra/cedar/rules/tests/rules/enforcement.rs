//! The plan is checked with the same policies.

use super::case::{Case, case};

const POLICIES: &str = r#"permit(principal, action, resource);
    @id("cloud") forbid(principal, action, resource) when { context has enforced_by && context.enforced_by != "cloud" };
    @id("deletes") forbid(principal, action == Action::"s3:DeleteBucket", resource);"#;

fn planned(by: Option<&str>, deny: &[&str]) -> Case {
    let mut asked = case(POLICIES, &[("s3:*", "*")]);
    asked.permissions[0].enforced_by = by.map(str::to_owned);
    asked.deny = deny.iter().map(|&one| one.to_owned()).collect();
    asked
}

#[test]
fn a_plan_is_approved_as_the_request_was_restricted() {
    assert_eq!(planned(None, &[]).taken(), (vec![], vec!["s3:DeleteBucket".to_owned()]));
    for deny in ["s3:DeleteBucket", "s3:deletebucket", "s3:Delete*"] {
        assert_eq!(planned(Some("cloud"), &[deny]).approve(), Ok(()));
    }
}

#[test]
fn a_plan_that_lost_a_deny_is_refused() {
    let why = planned(Some("cloud"), &["s3:DeleteObject"]).approve().unwrap_err();
    assert_eq!(why, "`s3:DeleteBucket`: policy `deletes` forbids it");
}

#[test]
fn a_plan_that_enforces_too_little_is_refused() {
    for by in ["token", "none"] {
        let why = planned(Some(by), &["s3:DeleteBucket"]).approve().unwrap_err();
        assert_eq!(why, "`s3:*`: policy `cloud` forbids it");
    }
}

#[test]
fn a_plan_that_does_not_say_who_enforces_is_refused() {
    let why = planned(None, &["s3:DeleteBucket"]).approve().unwrap_err();
    assert!(why.contains("does not say who enforces"), "{why}");
}

#[test]
fn enforced_by_without_has_is_refused_before_there_is_a_plan() {
    let policies =
        r#"permit(principal, action, resource) when { context.enforced_by == "cloud" };"#;
    let why = case(policies, &[("s3:GetObject", "*")]).refusal();
    assert!(why.contains("enforced_by"), "{why}");
}
