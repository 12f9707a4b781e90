//! The permissions of a principal in a subscription: its role assignments, and the definitions of their
//! roles.

mod role_object;

use std::slice;

use audex_sdk::provider::{AccessLevel, Effect, Error, KnownAction, Statement, settings};
use azure_catalogue::{Access, access};
use serde_json::Value;

use self::role_object::RoleObject;
use crate::rbac::{self, Assignment, Rbac};
use crate::role::scope::is_guid;
use crate::{audience, credential, invalid, mint};

/// Returns the statements of the principal with the object id `principal`.
///
/// # Errors
/// If `principal` is not an object id, no subscription is known, or assignments or roles cannot be read.
pub fn effective(principal: &str) -> Result<Vec<Statement>, Error> {
    if !is_guid(principal) {
        let message = format!("`{principal}` is not an object id");
        return Err(invalid("principal-malformed", message, "az ad sp show --id APP --query id"));
    }
    let subscription = settings::get("subscription_id").ok_or_else(|| {
        let message = "it is not known which subscription to look at".to_owned();
        invalid("subscription-missing", message, "set AZURE_SUBSCRIPTION_ID or give --subscription")
    })?;
    if !is_guid(&subscription) {
        return Err(invalid(
            "subscription-malformed",
            format!("`{subscription}` is not a subscription's id"),
            "az account list",
        ));
    }
    let token = mint::token(mint::OWN, audience::RESOURCE_MANAGER)?.value;
    let rbac = Rbac { token: &token };
    let mut statements = Vec::new();
    for held in rbac.assigned_to(&subscription, principal)? {
        // Security: an assignment that cannot be read would be missing from the principal's permissions.
        if !is_guid(&held.role) || !role_object::is_scope(&held.scope) {
            return Err(rbac::unreadable("list role assignments"));
        }
        let role = rbac.definition(&subscription, &held.role)?;
        statements.extend(held_by(&held, &role).map_err(|_| rbac::unreadable("read a role"))?);
    }
    Ok(statements)
}

fn held_by(held: &Assignment, role: &Value) -> Result<Vec<Statement>, String> {
    let properties = RoleObject::of(role)?.part("properties")?.ok_or("it has no properties")?;
    let name = role.pointer("/properties/roleName").and_then(Value::as_str).unwrap_or(&held.role);
    let statement = |actions| Statement {
        effect: Effect::Allow,
        actions,
        resources: role_object::within(slice::from_ref(&held.scope)),
        undecided: held.has_condition.then(|| "under a condition of the assignment".to_owned()),
        source: format!("role `{name}` at {}", held.scope),
    };
    Ok(permissions(properties)?.into_iter().map(statement).collect())
}

/// Returns the operations of each permission that has some.
fn permissions(properties: RoleObject<'_>) -> Result<Vec<Vec<String>>, String> {
    let mut all = Vec::new();
    for permission in properties.parts("permissions")?.ok_or("it has no permissions")? {
        all.push(permission.operations()?.ok_or("a permission has no operations")?);
    }
    all.retain(|operations| !operations.is_empty());
    Ok(all)
}

/// Returns the statements of a custom role, in the format of `az role definition` or Resource Manager.
///
/// # Errors
/// If the document is not a role, or a list in it cannot be read.
pub fn statements(document: &str) -> Result<Vec<Statement>, Error> {
    read(document).map_err(|what| {
        invalid(
            "role-malformed",
            format!("the document is not a custom role of Azure: {what}"),
            "give one as `tryaudex policies export NAME --provider azure` writes it",
        )
    })
}

fn read(document: &str) -> Result<Vec<Statement>, String> {
    let parsed: Value = serde_json::from_str(document).map_err(|_| "it is not JSON")?;
    let role = RoleObject::of(&parsed)?;
    let (all, resources) = if let Some(operations) = role.operations()? {
        (vec![operations], role.scopes()?)
    } else {
        let properties = role.part("properties")?.unwrap_or(role);
        (permissions(properties)?, properties.scopes()?)
    };
    let statement = |actions| Statement {
        effect: Effect::Allow,
        actions,
        resources: resources.clone(),
        undecided: None,
        source: "the document".to_owned(),
    };
    let statements: Vec<Statement> =
        all.into_iter().filter(|actions| !actions.is_empty()).map(statement).collect();
    if statements.is_empty() { Err("it gives nothing".to_owned()) } else { Ok(statements) }
}

/// Returns the known operations that patterns match.
#[must_use]
pub fn expand(patterns: &[String]) -> Vec<KnownAction> {
    let known = |name: String| {
        let level = match access(&name) {
            Access::Read => AccessLevel::Read,
            Access::Write => AccessLevel::Write,
            Access::Permissions => AccessLevel::Permissions,
        };
        let yields_credentials = credential::is_in_reply_to(&name);
        KnownAction { name, access: Some(level), yields_credentials }
    };
    let names = |pattern: &String| {
        let found = azure_catalogue::matching(pattern);
        if found.is_empty() {
            vec![pattern.clone()]
        } else {
            found.into_iter().map(|one| one.name).collect()
        }
    };
    let mut names: Vec<String> = patterns.iter().flat_map(names).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const READ: &str = "Microsoft.Storage/storageAccounts/read";
    const SCOPES: &str = r#""AssignableScopes":["/subscriptions/a"]"#;

    #[test]
    fn what_a_role_takes_out_of_its_own_wildcards_is_not_given() {
        let read = statements(
            r#"{"Actions":["Microsoft.Storage/storageAccounts/*"],"NotActions":["Microsoft.Storage/storageAccounts/delete"],"AssignableScopes":["/subscriptions/ABC"]}"#,
        );
        let read = read.unwrap();
        assert!(read[0].actions.contains(&"Microsoft.Storage/storageAccounts/read".to_owned()));
        assert!(!read[0].actions.contains(&"Microsoft.Storage/storageAccounts/delete".to_owned()));
        assert_eq!(read[0].resources.named(), ["/subscriptions/abc", "/subscriptions/abc/*"]);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_refused_and_never_means_everything() {
        let role = |lists: &str| {
            statements(&format!(r#"{{"Actions":["Microsoft.Storage/storageAccounts/*"],{lists}}}"#))
        };
        let inner = |lists: &str| {
            statements(&format!(
                r#"{{"properties":{{"permissions":[{{"actions":["Microsoft.Storage/storageAccounts/*"]}}],{lists}}}}}"#
            ))
        };
        // Scopes: without one, a statement would be about every scope.
        for value in [
            r#""/subscriptions/a""#,
            r#"{"0":"/subscriptions/a"}"#,
            r#"["/subscriptions/a",7]"#,
            r#"[["/subscriptions/a"]]"#,
            r#"[""]"#,
            r#"["*"]"#,
            r#"["/subscriptions/*"]"#,
            r#"["subscriptions/a"]"#,
            "[]",
            "null",
            "7",
        ] {
            let (outer, within) = (
                format!(r#""AssignableScopes":{value}"#),
                format!(r#""assignableScopes":{value}"#),
            );
            assert_eq!(role(&outer).unwrap_err().code, "role-malformed", "{value}");
            assert_eq!(inner(&within).unwrap_err().code, "role-malformed", "{value}");
        }
        assert!(role(r#""Name":"x""#).is_err() && inner(r#""roleName":"x""#).is_err());
        // Exclusions: without them, a role would give what it takes out.
        for value in [r#""*/delete""#, r#"["*/delete",7]"#, r#"{"a":"*/delete"}"#, r#"[""]"#, "7"] {
            for name in ["NotActions", "NotDataActions", "DataActions"] {
                let lists = format!(r#"{SCOPES},"{name}":{value}"#);
                assert_eq!(role(&lists).unwrap_err().code, "role-malformed", "{lists}");
            }
        }
        let twice = format!(r#"{SCOPES},"NotActions":["*/delete"],"notActions":[]"#);
        assert_eq!(role(&twice).unwrap_err().code, "role-malformed");
        for permissions in ["{}", "7", "[7]", "[{}]", r#"[{"notActions":["*"]}]"#] {
            let text = format!(
                r#"{{"properties":{{"permissions":{permissions},"assignableScopes":["/"]}}}}"#
            );
            assert_eq!(statements(&text).unwrap_err().code, "role-malformed", "{permissions}");
        }
    }

    #[test]
    fn a_role_of_the_cloud_that_cannot_be_read_is_an_error() {
        let held = Assignment {
            name: "n".to_owned(),
            scope: "/subscriptions/A".to_owned(),
            role: "r".to_owned(),
            has_condition: false,
        };
        let of = |permissions: Value| {
            held_by(&held, &json!({ "properties": { "permissions": permissions } }))
        };
        let sound = of(json!([{ "actions": [READ], "notActions": null }])).unwrap();
        assert_eq!(sound[0].resources.named(), ["/subscriptions/a", "/subscriptions/a/*"]);
        assert!(of(json!([])).unwrap().is_empty());
        for permissions in [
            json!(null),
            json!({ "actions": [READ] }),
            json!([READ]),
            json!([{}]),
            json!([{ "actions": READ }]),
            json!([{ "actions": [READ, 7] }]),
            json!([{ "actions": [READ], "notActions": "*" }]),
            json!([{ "actions": [READ], "notActions": { "0": "*" } }]),
            json!([{ "actions": [READ], "NotActions": [], "notActions": ["*"] }]),
        ] {
            assert!(of(permissions.clone()).is_err(), "{permissions}");
        }
        for role in [json!(null), json!([]), json!({}), json!({ "properties": [] })] {
            assert!(held_by(&held, &role).is_err(), "{role}");
        }
    }

    #[test]
    fn names_of_lists_are_read_in_any_case() {
        let read = statements(
            r#"{"actions":["Microsoft.Storage/storageAccounts/*"],"notactions":["*/delete"],"AssignableScopes":["/subscriptions/a"]}"#,
        );
        let read = read.unwrap();
        assert!(!read[0].actions.contains(&"Microsoft.Storage/storageAccounts/delete".to_owned()));
    }

    #[test]
    fn an_excluded_operation_is_not_given_although_the_catalogue_does_not_know_it() {
        let of = |actions: &str| {
            statements(&format!(
                r#"{{"Actions":{actions},"NotActions":["made.up/*"],"AssignableScopes":["/subscriptions/a"]}}"#
            ))
        };
        assert!(of(r#"["Made.Up/thing/action"]"#).is_err());
        assert_eq!(of(r#"["Other/thing/action"]"#).unwrap()[0].actions, ["Other/thing/action"]);
    }

    #[test]
    fn the_placeholder_of_a_subscription_is_any_subscription_and_nothing_above() {
        let read = statements(
            r#"{"Actions":["Microsoft.Storage/storageAccounts/read"],"AssignableScopes":["/subscriptions/SUBSCRIPTION_ID"]}"#,
        );
        assert_eq!(read.unwrap()[0].resources.named(), ["/subscriptions/*", "/subscriptions/*/*"]);
    }

    #[test]
    fn an_action_is_no_data_action() {
        let read = statements(
            r#"{"properties":{"permissions":[{"actions":["Microsoft.KeyVault/vaults/*"]}],"assignableScopes":["/"]}}"#,
        );
        let read = read.unwrap();
        assert!(!read[0].actions.iter().any(|name| name.ends_with("secrets/getSecret/action")));
        assert!(read[0].resources.is_every());
        assert!(statements("{}").is_err() && statements("").is_err());
    }
}
