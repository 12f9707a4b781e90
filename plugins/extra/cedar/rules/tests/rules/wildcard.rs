//! A wildcard grants nothing that its parts would not grant.

use super::case::{case, one, permission};
use serde_json::json;

const ALL: &str = "permit(principal, action, resource);";
const NO_DELETES: &str = r#"permit(principal, action, resource); @id("no") forbid(principal, action == Action::"s3:DeleteBucket", resource);"#;
const NO_PROD: &str = r#"permit(principal, action, resource); @id("no") forbid(principal, action, resource) when { resource.name like "arn:aws:s3:::prod-*" };"#;

fn kept() -> (bool, Vec<String>) {
    (false, vec![])
}

fn dropped() -> (bool, Vec<String>) {
    (true, vec![])
}

fn without(denied: &[&str]) -> (bool, Vec<String>) {
    (false, denied.iter().map(|&one| one.to_owned()).collect())
}

#[test]
fn nothing_is_permitted_by_default() {
    assert_eq!(one("", "s3:GetObject", "arn:aws:s3:::b/*"), dropped());
    assert_eq!(case("", &[("s3:*", "*")]).reasons(), ["no policy permits it"]);
    assert_eq!(one(ALL, "s3:GetObject", "arn:aws:s3:::b/*"), kept());
}

#[test]
fn a_wildcard_is_kept_without_what_is_forbidden() {
    for asked in ["s3:*", "s3:Delete*", "S3:DELETE*", "*", "s3:DeleteBucke?"] {
        assert_eq!(one(NO_DELETES, asked, "*"), without(&["s3:DeleteBucket"]), "{asked}");
    }
    assert_eq!(one(NO_DELETES, "s3:Get*", "*"), kept());
    assert_eq!(case(NO_DELETES, &[("s3:*", "*")]).reasons(), ["policy `no` forbids it"]);
}

#[test]
fn what_is_forbidden_is_dropped_in_any_spelling() {
    for asked in ["s3:DeleteBucket", "S3:deletebucket", "s3:DELETEBUCKET"] {
        assert_eq!(one(NO_DELETES, asked, "*"), dropped(), "{asked}");
    }
}

#[test]
fn a_wildcard_is_permitted_by_a_wider_one_alone() {
    let policies =
        r#"permit(principal, action in [Action::"s3:Get*", Action::"s3:PutObject"], resource);"#;
    for asked in ["s3:GetObject", "s3:getobject", "s3:Get*", "s3:GetObject*", "s3:PutObject"] {
        assert_eq!(one(policies, asked, "*"), kept(), "{asked}");
    }
    for asked in ["s3:*", "*", "s3:PutObject*", "s3:?etObject", "s3:G*"] {
        assert_eq!(one(policies, asked, "*"), dropped(), "{asked}");
    }
}

#[test]
fn what_a_permit_leaves_out_is_denied() {
    let policies = r#"permit(principal, action in Action::"s3:*", resource) unless { action in Action::"s3:Delete*" };"#;
    assert_eq!(one(policies, "s3:*", "*"), without(&["s3:Delete*"]));
    assert_eq!(one(policies, "s3:DeleteObject", "*"), dropped());
    let other = r#"permit(principal, action in Action::"s3:*", resource) when { action != Action::"s3:PutObject" };"#;
    assert_eq!(one(other, "s3:*", "*"), without(&["s3:PutObject"]));
}

#[test]
fn only_the_widest_denies_are_said() {
    let policies = r#"permit(principal, action, resource);
        forbid(principal, action in [Action::"s3:Delete*", Action::"s3:DeleteBucket"], resource);"#;
    assert_eq!(one(policies, "s3:*", "*"), without(&["s3:Delete*"]));
}

#[test]
fn actions_are_denied_where_their_resource_is() {
    let policies = r#"permit(principal, action, resource);
        forbid(principal, action == Action::"s3:DeleteBucket", resource)
        when { resource.name like "arn:aws:s3:::prod-*" };"#;
    assert_eq!(one(policies, "s3:*", "arn:aws:s3:::dev-1"), kept());
    assert_eq!(one(policies, "s3:*", "arn:aws:s3:::prod-1"), without(&["s3:DeleteBucket"]));
    assert_eq!(one(policies, "s3:*", "arn:aws:s3:::p*"), without(&["s3:DeleteBucket"]));
}

#[test]
fn a_wide_resource_does_not_slip_past_a_narrow_forbid() {
    for asked in [
        "*",
        "arn:aws:s3:::*",
        "arn:aws:s3:::prod-*",
        "arn:aws:s3:::p*",
        "arn:aws:s3:::?rod-x",
        "arn:aws:s3:::prod-1",
    ] {
        assert_eq!(one(NO_PROD, "s3:GetObject", asked), dropped(), "{asked}");
    }
    for asked in ["arn:aws:s3:::dev-*", "arn:aws:s3:::dev-1/*", "arn:aws:s3:::prod"] {
        assert_eq!(one(NO_PROD, "s3:GetObject", asked), kept(), "{asked}");
    }
    let reasons = case(
        NO_PROD,
        &[("s3:GetObject", "arn:aws:s3:::*"), ("s3:GetObject", "arn:aws:s3:::prod-1")],
    )
    .reasons();
    assert_eq!(
        reasons,
        ["policy `no` forbids it", "policy `no` may forbid some of what it covers"]
    );
}

#[test]
fn no_resource_is_every_resource() {
    let mut asked = case(NO_PROD, &[]);
    asked.permissions.push(permission("s3:GetObject", &[]));
    assert_eq!(asked.taken().0, [0]);
}

#[test]
fn one_forbidden_resource_drops_the_permission() {
    let mut asked = case(NO_PROD, &[("s3:GetObject", "arn:aws:s3:::dev-1")]);
    asked
        .permissions
        .push(permission("s3:GetObject", &["arn:aws:s3:::dev-1", "arn:aws:s3:::prod-1"]));
    assert_eq!(asked.taken().0, [1]);
}

#[test]
fn a_wide_resource_is_permitted_by_a_wider_one_alone() {
    let policies =
        r#"permit(principal, action, resource) when { resource.name like "arn:aws:s3:::dev-*" };"#;
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::dev-*"), kept());
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::dev-a/?"), kept());
    for asked in ["arn:aws:s3:::*", "*", "arn:aws:s3:::de*"] {
        assert_eq!(one(policies, "s3:GetObject", asked), dropped(), "{asked}");
    }
    let not = r#"permit(principal, action, resource) unless { resource.name like "arn:aws:s3:::prod-*" };"#;
    assert_eq!(one(not, "s3:GetObject", "arn:aws:s3:::*"), dropped());
    assert_eq!(one(not, "s3:GetObject", "arn:aws:s3:::d*"), kept());
}

#[test]
fn what_is_only_known_of_single_resources_forbids_wide_ones() {
    let policies = r#"permit(principal, action, resource);
        forbid(principal, action, resource) when { resource has owner && resource.owner != "team" };"#;
    let entity = |owner: &str| json!({"uid": {"type": "Resource", "id": owner}, "attrs": {"owner": owner}, "parents": []});
    let asked = |resource| {
        case(policies, &[("s3:GetObject", resource)])
            .entities(&json!([entity("team"), entity("other")]))
    };
    assert_eq!(asked("team").taken().0, [0; 0]);
    assert_eq!(asked("other").taken().0, [0]);
    assert_eq!(asked("t*").taken().0, [0]);
    assert_eq!(asked("x").taken().0, [0; 0]);
}

#[test]
fn declared_groups_hold_their_members_in_any_spelling() {
    let policies = r#"permit(principal, action, resource);
        forbid(principal, action in Action::"destructive", resource);"#;
    let member = |id: &str| json!({"uid": {"type": "Action", "id": id}, "attrs": {}, "parents": [{"type": "Action", "id": "destructive"}]});
    let asked = |action| {
        case(policies, &[(action, "*")])
            .entities(&json!([member("s3:DeleteBucket"), member("ec2:Terminate*")]))
            .taken()
    };
    assert_eq!(asked("s3:deletebucket"), (vec![0], vec![]));
    assert_eq!(asked("ec2:TerminateInstances"), (vec![0], vec![]));
    assert_eq!(asked("s3:*"), (vec![], vec!["s3:DeleteBucket".to_owned()]));
    assert_eq!(asked("ec2:*"), (vec![], vec!["ec2:Terminate*".to_owned()]));
    assert_eq!(asked("s3:Get*"), (vec![], vec![]));
    // The group's own name is not an action, and is not denied.
    assert_eq!(
        asked("*"),
        (vec![], vec!["ec2:Terminate*".to_owned(), "s3:DeleteBucket".to_owned()])
    );
}

#[test]
fn a_bucket_of_google_stands_for_all_that_is_in_it() {
    let policies = r#"permit(principal, action, resource in Resource::"gs://b");
        forbid(principal, action, resource) when { resource.name like "gs://b/secret/*" };"#;
    let on = |provider, resource| {
        let mut asked = case(policies, &[("storage.objects.get", resource)]);
        asked.provider = provider;
        !asked.taken().0.is_empty()
    };
    assert!(on("gcp", "gs://b"));
    assert!(on("gcp", "gs://b/secret"));
    assert!(on("gcp", "gs://b/secret/x"));
    assert!(!on("gcp", "gs://b/public/*"));
    assert!(!on("gcp", "gs://b/public"));
    assert!(on("gcp", "gs://b2/public"));
}

#[test]
fn a_variable_of_iam_may_be_anything() {
    for asked in [
        "${aws:PrincipalTag/none, 'prod-1'}",
        "pro${*}d-1",
        "${aws:username}/x",
        "prod${",
        "p${a}}",
    ] {
        assert_eq!(
            one(NO_PROD, "s3:GetObject", &format!("arn:aws:s3:::{asked}")),
            dropped(),
            "{asked}"
        );
    }
    assert_eq!(one(NO_PROD, "s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"), kept());
    let policies = r#"permit(principal, action, resource in Resource::"arn:aws:s3:::home/*");"#;
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::home/${aws:username}/*"), kept());
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::${a}"), dropped());
}

#[test]
fn another_clouds_actions_are_not_denied() {
    let policies = r#"permit(principal, action, resource);
        forbid(principal, action in [Action::"s3:Delete*", Action::"Microsoft.Storage/*/delete", Action::"storage.buckets.delete"], resource);"#;
    for (provider, denied) in [
        ("aws", "s3:Delete*"),
        ("vault", "s3:Delete*"),
        ("gcp", "storage.buckets.delete"),
        ("house", ""),
    ] {
        let mut asked = case(policies, &[("*", "*")]);
        asked.provider = provider;
        let all = ["Microsoft.Storage/*/delete", "s3:Delete*", "storage.buckets.delete"];
        let wanted = if denied.is_empty() { all.to_vec() } else { vec![denied] };
        assert_eq!(
            asked.taken(),
            (vec![], wanted.into_iter().map(str::to_owned).collect()),
            "{provider}"
        );
    }
}

#[test]
fn letters_of_another_case_neither_permit_nor_escape() {
    assert_eq!(one(NO_PROD, "s3:GetObject", "arn:aws:s3:::PROD-1"), dropped());
    let policies = r#"permit(principal, action, resource == Resource::"arn:aws:s3:::b");"#;
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::b"), kept());
    assert_eq!(one(policies, "s3:GetObject", "arn:aws:s3:::B"), dropped());
}

#[test]
fn any_characters_can_be_asked_for() {
    for asked in ["é:\u{202e}x", "", ":", "\u{0}", "s3:Get\"Object\\", "日本:*"] {
        assert_eq!(one(NO_DELETES, asked, "arn:🪣:*"), kept(), "{asked}");
        assert_eq!(one("", asked, asked), dropped(), "{asked}");
    }
    let policies =
        r#"permit(principal, action == Action::"日本:読む", resource == Resource::"\u{1f4a9}");"#;
    assert_eq!(one(policies, "日本:読む", "💩"), kept());
}

#[test]
fn two_thousand_permissions_are_judged_one_by_one() {
    let entities =
        serde_json::from_str(include_str!("../../examples/organisation.entities.json")).unwrap();
    let mut asked =
        case(include_str!("../../examples/organisation.cedar"), &[]).entities(&entities);
    for number in 0..2000 {
        let action = if number % 2 == 0 {
            format!("s3:Get{number}*")
        } else {
            format!("s3:GetObject{number}")
        };
        asked.permissions.push(permission(&action, &[&format!("arn:aws:s3:::dev-{number}/*")]));
    }
    asked.permissions.push(permission("s3:PutObject", &["arn:aws:s3:::elsewhere/*"]));
    assert_eq!(asked.taken().0, [2000]);
}
