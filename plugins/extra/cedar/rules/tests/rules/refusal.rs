//! Policies that cannot be read or evaluated refuse everything, with one line that names the place.

use super::case::{Case, case};
use serde_json::json;

fn refused(policies: &str, words: &[&str]) {
    let why = case(policies, &[("s3:GetObject", "arn:aws:s3:::b")]).refusal();
    assert!(words.iter().all(|word| why.contains(word)) && !why.contains('\n'), "{why}");
}

fn with(settings: serde_json::Value) -> Case {
    Case { settings, ..case("", &[("s3:GetObject", "*")]) }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    refused(
        "permit(principal, action, resource);\n\npermit(principal action);",
        &["policies, line 3", "action"],
    );
    refused("permit(principal, action, resource) when { foo() };", &["policies, line 1", "foo"]);
    let deep =
        format!("permit(principal, action, resource)\nwhen {{ {}true", "(".repeat(1_000_000));
    refused(&deep, &["policies, line 2", "brackets"]);
    let deep = json!({"policies": "", "entities": "[".repeat(1_000_000)});
    assert!(with(deep).refusal().contains("entities, line 1: more than 32 brackets"));
    let why =
        with(json!({"policies": ["permit(principal, action, resource);", "\nnonsense"]})).refusal();
    assert!(why.contains("policies[1], line 2"), "{why}");
}

#[test]
fn settings_that_are_none_are_refused() {
    for settings in [
        json!({}),
        json!(null),
        json!([]),
        json!({"policies": 7}),
        json!({"policy": ""}),
        json!({"policies": "", "x": 1}),
    ] {
        let why = with(settings).refusal();
        assert!(why.contains("policies"), "{why}");
    }
    for entities in [
        "not json",
        "{}",
        "[{}]",
        r#"[{"uid":{"type":"User","id":"a"},"attrs":{},"parents":[{"type":"User","id":"a"}]}]"#,
    ] {
        let why = with(json!({"policies": "", "entities": entities})).refusal();
        assert!(why.starts_with("entities: ") && !why.contains('\n'), "{why}");
    }
    let why = with(json!({"policies": "", "schema": "entity"})).refusal();
    assert!(why.starts_with("schema: "), "{why}");
}

#[test]
fn an_error_in_a_forbid_refuses_everything() {
    let policies = r#"permit(principal, action, resource);
        @id("why") forbid(principal, action, resource) when { context.justification like "x*" };"#;
    refused(policies, &["policy `why` cannot be evaluated", "justification"]);
}

#[test]
fn an_error_in_a_permit_refuses_everything() {
    refused(
        "permit(principal, action, resource); permit(principal, action, resource) when { context.nothing };",
        &["policy `policy1` cannot be evaluated", "nothing"],
    );
    refused("permit(principal, action, resource) when { 7 };", &["policy `policy0`"]);
    refused(
        "permit(principal, action, resource) when { context.ttl_seconds + 9223372036854775807 > 0 };",
        &["policy `policy0`"],
    );
}

#[test]
fn an_error_for_what_a_wildcard_covers_is_not_left_out() {
    let policies = r#"permit(principal, action, resource);
        @id("why") forbid(principal, action == Action::"s3:DeleteBucket", resource) when { context.nothing };"#;
    let why = case(policies, &[("s3:*", "*")]).refusal();
    assert!(why.contains("policy `why` cannot be evaluated"), "{why}");
    assert_eq!(case(policies, &[("s3:Get*", "*")]).taken().0, [0; 0]);
}

#[test]
fn what_would_never_be_true_is_refused() {
    let forbid =
        |scope: &str| format!("permit(principal, action, resource); @id(\"no\") forbid({scope});");
    for (scope, word) in [
        ("principal, action == Action::\"s3:*\", resource", "use `in`"),
        ("principal, action, resource == Resource::\"arn:*\"", "use `in`"),
        ("principal, action == House::Action::\"s3:DeleteBucket\", resource", "`House::Action`"),
        ("principal, action, resource is Bucket", "`Bucket`"),
        ("principal == Team::\"x\", action, resource", "`Team`"),
        ("principal, action, resource == Bucket::\"b\"", "`Bucket`"),
    ] {
        refused(&forbid(scope), &["policy `no`", word]);
    }
    for condition in [
        "resource.name == \"arn:aws:s3:::prod-*\"",
        "[Action::\"s3:*\"].contains(action)",
        "action in [Action::\"s3:*\", context.group]",
    ] {
        let policies = format!(
            "permit(principal, action, resource); @id(\"no\") forbid(principal, action, resource) when {{ {condition} }};"
        );
        refused(&policies, &["policy `no`", "pattern"]);
    }
    refused("permit(principal == ?principal, action, resource);", &["template"]);
}

#[test]
fn policies_must_fit_the_schema_where_there_is_one() {
    let schema = r#"
        entity Team; entity User in [Team]; entity Resource = { name: String };
        action "s3:*"; action "s3:GetObject" in ["s3:*"]
            appliesTo { principal: User, resource: Resource, context: { ttl_seconds: Long } };"#;
    let asked = |policies: &str| with(json!({"policies": policies, "schema": schema}));
    let good = r#"permit(principal, action in Action::"s3:*", resource) when { context.ttl_seconds < 1000 };"#;
    assert_eq!(asked(good).taken().0, [0; 0]);
    let why = asked(
        r#"@id("typo") permit(principal, action in Action::"s3:*", resource) when { context.ttl < 1000 };"#,
    )
    .refusal();
    assert!(why.contains("policy `typo`") && why.contains("ttl"), "{why}");
}

#[test]
fn the_same_request_has_the_same_answer() {
    let policies: String = (0..20)
        .map(|n| format!("@id(\"p{n}\") forbid(principal, action, resource);"))
        .collect::<Vec<_>>()
        .join("\n");
    let asked = case(&policies, &[("s3:*", "*"), ("s3:GetObject", "*")]);
    for _ in 0..5 {
        assert_eq!(asked.reasons(), ["policy `p0` forbids it"]);
    }
}

#[test]
fn a_group_that_nobody_is_in_is_no_group() {
    let entities = r#"[{"uid":{"type":"User","id":"alice"},"attrs":{},"parents":[{"type":"Team","id":"developers"}]}]"#;
    let refusal = |group: &str| {
        let policies = format!(
            "permit(principal, action, resource); @id(\"freeze\") forbid(principal in {group}, action, resource);"
        );
        with(json!({ "policies": policies, "entities": entities })).refusal()
    };
    for wrong in [r#"Team::"develpers""#, r#"Taem::"developers""#] {
        let why = refusal(wrong);
        assert!(why.contains("policy `freeze` names") && why.contains("nobody in it"), "{why}");
    }
    let known = with(json!({
        "policies": "permit(principal in Team::\"developers\", action, resource);", "entities": entities
    }));
    assert_eq!(known.taken(), (vec![], vec![]));
}
