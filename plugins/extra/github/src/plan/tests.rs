//! Plans for grants.

use audex_sdk::provider::Scope;

use super::*;

const REPOSITORY: &[&str] = &["octo-org/hello"];

/// Returns a grant as the host makes it from the user's text: each action with its included actions.
fn grant(wrote: &[(&str, &[&str])], deny: &[&str]) -> Grant {
    let mut permissions: Vec<Permission> = Vec::new();
    for (origin, resources) in wrote {
        let resources: Vec<String> = resources.iter().map(|&r| r.to_owned()).collect();
        for action in crate::action::check(origin, true).actions {
            permissions.push(Permission {
                action,
                origin: (*origin).to_owned(),
                resources: Scope::asked(resources.clone()),
            });
        }
    }
    Grant {
        provider: "github".to_owned(),
        permissions,
        deny: deny.iter().map(|&d| d.to_owned()).collect(),
        ttl_seconds: 900,
        session: "s".to_owned(),
        gateway: false,
    }
}

/// Returns the grant without the actions that a filter dropped.
fn without(mut grant: Grant, dropped: &[&str]) -> Grant {
    grant.permissions.retain(|permission| !dropped.contains(&permission.action.as_str()));
    grant
}

fn policy(grant: &Grant) -> Result<String, String> {
    plan(grant, true).map(|plan| plan.policy.unwrap()).map_err(|error| error.code)
}

#[test]
fn the_policy_is_the_body_with_the_highest_level_of_each_permission() {
    let both = grant(&[("contents:write", REPOSITORY), ("issues:read", REPOSITORY)], &[]);
    assert_eq!(
        policy(&both).unwrap(),
        r#"{"permissions":{"contents":"write","issues":"read","metadata":"read"},"repositories":["hello"]}"#
    );
    let plan = plan(&both, false).unwrap();
    assert_eq!(plan.permissions.len(), both.permissions.len());
    assert!(plan.permissions.iter().all(|p| p.enforced_by == Enforcer::Cloud));
    assert_eq!(plan.longest_life_seconds, 3600);
    let notes: Vec<_> =
        plan.permissions.iter().map(|p| p.note.as_deref().unwrap_or_default()).collect();
    assert_eq!(
        notes[..3],
        [
            "includes every lower level",
            "GitHub gives it with `contents:write`",
            "GitHub gives it with every permission"
        ]
    );
}

#[test]
fn every_repository_is_said_out_loud_and_needs_an_installation() {
    let all = grant(&[("contents:read", &[])], &[]);
    assert_eq!(plan(&all, false).unwrap_err().code, "no-installation");
    let planned = plan(&all, true).unwrap();
    assert_eq!(planned.policy.unwrap(), r#"{"permissions":{"contents":"read","metadata":"read"}}"#);
    assert!(planned.notices[0].contains("every repository of the installation"));
    let owner = plan(&grant(&[("contents:read", &["octo-org/*"])], &[]), false).unwrap();
    assert!(owner.notices[0].contains("`octo-org`"));
    assert!(!owner.policy.unwrap().contains("repositories"));
}

#[test]
fn what_a_filter_dropped_in_between_refuses_what_would_give_it_all_the_same() {
    let write = || grant(&[("contents:write", REPOSITORY)], &[]);
    assert_eq!(policy(&without(write(), &["contents:read"])).unwrap_err(), "inseparable");
    assert_eq!(policy(&without(write(), &["metadata:read"])).unwrap_err(), "inseparable");
    // The counterpart: dropping the highest level lowers the level.
    let lowered = policy(&without(write(), &["contents:write"])).unwrap();
    assert_eq!(
        lowered,
        r#"{"permissions":{"contents":"read","metadata":"read"},"repositories":["hello"]}"#
    );
}

#[test]
fn a_deny_lowers_the_level_or_refuses() {
    let with =
        |deny: &[&str]| grant(&[("contents:write", REPOSITORY), ("issues:read", REPOSITORY)], deny);
    for deny in ["contents:write", "CONTENTS:WRITE", "*:write", "*:w*"] {
        let lowered = with(&[deny]);
        let body = policy(&lowered).unwrap();
        assert!(body.contains(r#""contents":"read""#), "{deny}: {body}");
        let planned = plan(&lowered, true).unwrap();
        assert!(planned.permissions[0].note.as_deref().unwrap().contains("denied by"), "{deny}");
    }
    let gone = policy(&with(&["contents:*"])).unwrap();
    assert_eq!(
        gone,
        r#"{"permissions":{"issues":"read","metadata":"read"},"repositories":["hello"]}"#
    );
    for deny in ["contents:read", "metadata:read", "metadata:*", "*:read"] {
        assert_eq!(policy(&with(&[deny])).unwrap_err(), "inseparable", "{deny}");
    }
    assert_eq!(policy(&with(&["*"])).unwrap_err(), "nothing-granted");
    assert!(policy(&with(&["s3:*", "issues:write"])).is_ok());
}

#[test]
fn nothing_denied_is_ever_in_a_body_and_nothing_that_was_not_granted() {
    let words = [
        "contents:read",
        "contents:write",
        "issues:*",
        "organization_projects:admin",
        "members:write",
    ];
    let denies = [
        "contents:read",
        "contents:write",
        "issues:write",
        "*:admin",
        "*:read",
        "members:*",
        "metadata:read",
    ];
    let mut bodies = 0;
    for asked_bits in 1_u32..1 << words.len() {
        for deny_bits in 0_u32..1 << denies.len() {
            let pick = |bits: u32, from: &[&'static str]| -> Vec<&'static str> {
                (0..from.len()).filter(|n| bits & (1 << n) != 0).map(|n| from[n]).collect()
            };
            let wrote: Vec<_> =
                pick(asked_bits, &words).into_iter().map(|w| (w, REPOSITORY)).collect();
            let grant = grant(&wrote, &pick(deny_bits, &denies));
            let Ok(asked) = asked(&grant) else { continue };
            bodies += 1;
            for (name, level) in &asked.levels {
                for text in (Action { name: name.clone(), level: *level }).with_included() {
                    assert!(
                        grant.permissions.iter().any(|p| p.action == text),
                        "{text} of {grant:?}"
                    );
                    assert!(denied_by(&grant, &text).is_none(), "{text} of {grant:?}");
                }
            }
        }
    }
    assert!(bodies > 300, "{bodies}");
}

#[test]
fn permissions_on_different_repositories_are_refused() {
    let differ =
        grant(&[("contents:read", &["octo-org/a"]), ("issues:write", &["octo-org/b"])], &[]);
    assert_eq!(policy(&differ).unwrap_err(), "resources-differ");
    let one_on_all = grant(&[("contents:read", &["octo-org/a"]), ("issues:write", &[])], &[]);
    assert_eq!(policy(&one_on_all).unwrap_err(), "resources-differ");
    // The same repositories in two permissions are the same set.
    let both = ["octo-org/a", "octo-org/b"];
    let parts = grant(
        &[
            ("issues:read", &["octo-org/a"]),
            ("issues:read", &["octo-org/B"]),
            ("contents:read", &both),
        ],
        &[],
    );
    assert!(policy(&parts).is_ok());
}

#[test]
fn what_is_of_the_organisation_is_not_narrowed_by_repositories() {
    let narrowed = plan(&grant(&[("members:read", REPOSITORY)], &[]), true).unwrap();
    assert_eq!(narrowed.permissions[0].enforced_by, Enforcer::Token);
    let whole = plan(&grant(&[("members:read", &["octo-org/*"])], &[]), true).unwrap();
    assert_eq!(whole.permissions[0].enforced_by, Enforcer::Cloud);
    // An App with only this permission has no `metadata`, and a request for `metadata` would fail.
    assert_eq!(whole.policy.unwrap(), r#"{"permissions":{"members":"read"}}"#);
    let metadata = grant(&[("metadata:read", REPOSITORY)], &[]);
    assert!(policy(&metadata).unwrap().contains(r#"{"metadata":"read"}"#));
}

#[test]
fn a_permission_outside_the_table_is_planned_as_wider_than_repositories() {
    let unknown = plan(&grant(&[("actions_variables:read", REPOSITORY)], &[]), true).unwrap();
    assert_eq!(unknown.permissions[0].enforced_by, Enforcer::Token);
}

#[test]
fn a_ttl_beyond_the_hour_is_refused() {
    let mut long = grant(&[("contents:read", REPOSITORY)], &[]);
    long.ttl_seconds = 3601;
    assert_eq!(policy(&long).unwrap_err(), "ttl-too-long");
}
