//! The words of Azure.
//!
//! Sources: "Troubleshoot Azure RBAC" (`AuthorizationFailed`, `LinkedAuthorizationFailed`, deny assignments); "Azure Key Vault REST API error codes"
//! (`ForbiddenByRbac`); "Blob Storage error codes" (`AuthorizationPermissionMismatch`); "Resolve errors for policy"
//! (`RequestDisallowedByPolicy`); "Lock your resources" (`ScopeLocked`).

use super::quote::{after, places, quoted};
use super::{Denial, RefusedBy};

/// Returns every denial in `text` with its place.
pub(super) fn read(text: &str) -> Vec<(usize, Denial)> {
    let mut found = Vec::new();
    for (at, rest) in places(text, "does not have authorization to perform action ") {
        let Some((action, rest)) = quoted(rest) else { continue };
        let scope = after(rest, "over scope ").and_then(quoted).map(|(scope, _)| scope.to_owned());
        found.push((at, denial(action, scope, client(text, at), RefusedBy::Role)));
    }
    for (at, rest) in places(text, "does not have permission to perform action ") {
        let Some((action, rest)) = quoted(rest) else { continue };
        let scope = after(rest, "linked scope(s) ").and_then(quoted);
        let scope = scope.map(|(scope, _)| scope.to_owned());
        found.push((at, denial(action, scope, client(text, at), RefusedBy::Role)));
    }
    for (at, rest) in places(text, "has permission to perform action ") {
        let Some((action, rest)) = quoted(rest) else { continue };
        let scope = after(rest, "on scope ").and_then(quoted).map(|(scope, _)| scope.to_owned());
        let Some(rule) = after(rest, "deny assignment with name ").and_then(quoted) else {
            continue;
        };
        let rule = Some(rule.0.to_owned());
        let denied = denial(action, scope, client(text, at), RefusedBy::DenyAssignment);
        found.push((at, Denial { explicit: true, rule, ..denied }));
    }
    for (at, rest) in places(text, "not authorized to perform action on resource") {
        let field =
            |name: &str| after(rest, name).and_then(quoted).map(|(text, _)| text.to_owned());
        let Some(action) = field("Action:") else { continue };
        let denied = after(rest, "DenyAssignmentId:").and_then(quoted);
        let by = if denied.is_some() { RefusedBy::DenyAssignment } else { RefusedBy::Role };
        let rule = denied.map(|(id, _)| id.to_owned());
        let base = denial(&action, field("Resource:"), None, by);
        found.push((at, Denial { explicit: rule.is_some(), rule, ..base }));
    }
    if let Some(at) = text.find("AuthorizationPermissionMismatch") {
        found.push((at, by(RefusedBy::Role, false, None)));
    }
    for (at, _) in places(text, "was disallowed by policy") {
        let rest = text.get(at..).unwrap_or_default();
        let name = after(rest, "\"policyDefinition\":{\"name\":").and_then(quoted);
        found.push((at, by(RefusedBy::AzurePolicy, true, name.map(|(name, _)| name.to_owned()))));
    }
    for (at, rest) in places(text, "following scope(s) are locked:") {
        let Some((scope, _)) = quoted(rest) else { continue };
        let resource = Some(scope.to_owned());
        found.push((at, Denial { resource, ..by(RefusedBy::Lock, true, None) }));
    }
    found
}

fn denial(
    action: &str,
    resource: Option<String>,
    principal: Option<String>,
    refused_by: RefusedBy,
) -> Denial {
    let action = Some(action.to_owned());
    Denial {
        provider: Some("azure".into()),
        action,
        resource,
        principal,
        refused_by,
        ..Denial::default()
    }
}

fn by(refused_by: RefusedBy, explicit: bool, rule: Option<String>) -> Denial {
    Denial { provider: Some("azure".into()), refused_by, explicit, rule, ..Denial::default() }
}

/// Returns the client that the sentence before `at` names.
fn client(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let sentence = before.get(before.rfind("The client ")?..)?;
    let (name, _) = quoted(sentence.strip_prefix("The client ")?)?;
    Some(name.to_owned())
}
