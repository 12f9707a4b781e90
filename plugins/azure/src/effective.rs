//! The permissions of a principal in a subscription: its role assignments, and the definitions of their
//! roles.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Effect, Error, KnownAction, Statement, settings};
use azure_catalogue::{Access, access};
use serde_json::Value;

use crate::rbac::{Assignment, Rbac};
use crate::role::scope::is_guid;
use crate::{action, audience, invalid, mint};

/// Returns the statements of the principal with the object id `principal`.
///
/// # Errors
/// If `principal` is not an object id, no subscription is known, or assignments or roles cannot be read.
pub fn effective(principal: &str) -> Result<Vec<Statement>, Error> {
    if !is_guid(principal) {
        let message = format!("`{principal}` is no object id");
        return Err(invalid("principal-malformed", message, "az ad sp show --id APP --query id"));
    }
    let subscription = settings::get("subscription_id").ok_or_else(|| {
        let message = "it is not known which subscription to look at".to_owned();
        invalid("subscription-missing", message, "set AZURE_SUBSCRIPTION_ID or give --subscription")
    })?;
    if !is_guid(&subscription) {
        return Err(invalid(
            "subscription-malformed",
            format!("`{subscription}` is no subscription's id"),
            "az account list",
        ));
    }
    let token = mint::token(mint::OWN, audience::RESOURCE_MANAGER)?.value;
    let rbac = Rbac { token: &token };
    let mut statements = Vec::new();
    for held in rbac.assigned_to(&subscription, principal)? {
        let role = rbac.definition(&subscription, &held.role)?;
        let name = role
            .pointer("/properties/roleName")
            .and_then(Value::as_str)
            .unwrap_or(&held.role)
            .to_owned();
        let permissions = role.pointer("/properties/permissions").and_then(Value::as_array);
        for permission in permissions.into_iter().flatten() {
            statements.extend(statement(permission, &held, &name));
        }
    }
    Ok(statements)
}

fn statement(permission: &Value, held: &Assignment, role: &str) -> Option<Statement> {
    let actions = given(permission, ["actions", "notActions", "dataActions", "notDataActions"]);
    let undecided = held.has_condition.then(|| "under a condition of the assignment".to_owned());
    let resources = at(&[held.scope.as_str()]);
    let source = format!("role `{role}` at {}", held.scope);
    (!actions.is_empty()).then_some(Statement {
        effect: Effect::Allow,
        actions,
        resources,
        undecided,
        source,
    })
}

/// The words for operations of a pattern that are not in the catalogue, for each kind.
const UNKNOWN: &str = "operations that the catalogue does not know";
const UNKNOWN_DATA: &str = "data operations that the catalogue does not know";

/// Returns actions without those that the same role excludes, by name as far as the names are known.
fn given(permission: &Value, lists: [&str; 4]) -> Vec<String> {
    let texts = |name: &str| -> Vec<String> {
        let listed = permission.get(name).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let [actions, without, data, without_data] = lists.map(texts);
    let mut all = Vec::new();
    for (given, taken, is_data) in [(actions, without, false), (data, without_data, true)] {
        for asked in given {
            let of_kind = action::expand(&asked)
                .into_iter()
                .filter(|one| if is_data { one.is_data } else { one.is_action });
            let names: Vec<String> = of_kind.map(|one| one.name).collect();
            // Both kinds share one list here, so a pattern is expanded to operations of its own kind only.
            if names.is_empty() {
                all.push(asked);
            } else {
                // The catalogue is not complete: the pattern also matches operations without a known name.
                if pattern::is_wild(&asked) {
                    all.push(format!("{asked} ({})", if is_data { UNKNOWN_DATA } else { UNKNOWN }));
                }
                let is_left = |name: &String| {
                    !taken.iter().any(|taken| pattern::matches_ignore_ascii_case(taken, name))
                };
                all.extend(names.into_iter().filter(is_left));
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns scopes and a pattern for everything below each. Azure ignores case in scopes.
fn at(scopes: &[&str]) -> Vec<String> {
    let both = |scope: &&str| {
        let scope = scope.trim_end_matches('/').to_ascii_lowercase();
        [scope.clone(), format!("{scope}/*")]
    };
    // The root, the assignable scope of Azure's own roles.
    if scopes.contains(&"/") { Vec::new() } else { scopes.iter().flat_map(both).collect() }
}

/// Returns the statements of a custom role, in the format of `az role definition` or Resource Manager.
///
/// # Errors
/// If the document is not a role.
pub fn statements(document: &str) -> Result<Vec<Statement>, Error> {
    let parsed: Value = serde_json::from_str(document).unwrap_or_default();
    let mut statements = Vec::new();
    let mut add = |actions: Vec<String>, scopes: Option<&Value>| {
        let scopes: Vec<&str> = scopes
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        // A role with the placeholder of a subscription is for any subscription.
        let known = scopes.iter().all(|scope| !scope.contains("SUBSCRIPTION_ID"));
        let resources = if known { at(&scopes) } else { Vec::new() };
        let source = "the document".to_owned();
        if !actions.is_empty() {
            statements.push(Statement {
                effect: Effect::Allow,
                actions,
                resources,
                undecided: None,
                source,
            });
        }
    };
    add(
        given(&parsed, ["Actions", "NotActions", "DataActions", "NotDataActions"]),
        parsed.get("AssignableScopes"),
    );
    let properties = parsed.get("properties").unwrap_or(&parsed);
    for permission in properties.get("permissions").and_then(Value::as_array).into_iter().flatten()
    {
        let actions = given(permission, ["actions", "notActions", "dataActions", "notDataActions"]);
        add(actions, properties.get("assignableScopes"));
    }
    if statements.is_empty() {
        return Err(invalid(
            "role-malformed",
            "the document is no custom role of Azure".to_owned(),
            "give one as `tryaudex policies export NAME --provider azure` writes it",
        ));
    }
    Ok(statements)
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
        KnownAction { name, access: Some(level) }
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
    use super::*;

    #[test]
    fn what_a_role_takes_out_of_its_own_wildcards_is_not_given() {
        let read = statements(
            r#"{"Actions":["Microsoft.Storage/storageAccounts/*"],"NotActions":["Microsoft.Storage/storageAccounts/delete"],"AssignableScopes":["/subscriptions/ABC"]}"#,
        );
        let read = read.unwrap();
        assert!(read[0].actions.contains(&"Microsoft.Storage/storageAccounts/read".to_owned()));
        assert!(!read[0].actions.contains(&"Microsoft.Storage/storageAccounts/delete".to_owned()));
        assert_eq!(read[0].resources, ["/subscriptions/abc", "/subscriptions/abc/*"]);
    }

    #[test]
    fn an_action_is_no_data_action() {
        let read = statements(
            r#"{"properties":{"permissions":[{"actions":["Microsoft.KeyVault/vaults/*"]}],"assignableScopes":["/"]}}"#,
        );
        let read = read.unwrap();
        assert!(!read[0].actions.iter().any(|name| name.ends_with("secrets/getSecret/action")));
        assert!(read[0].resources.is_empty());
        assert!(statements("{}").is_err() && statements("").is_err());
    }
}
