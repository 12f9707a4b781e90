//! The words of Google Cloud.
//!
//! Sources: "Troubleshoot IAM permissions" (`Permission 'p' denied on resource 'r'`); google.rpc.ErrorInfo of
//! `iam.googleapis.com` (`IAM_PERMISSION_DENIED`) and `googleapis.com` (`ACCESS_TOKEN_SCOPE_INSUFFICIENT`); Compute Engine,
//! "Required 'p' permission for 'r'"; Cloud Storage, "does not have p access to the Google Cloud Storage object"; `BigQuery`,
//! "Troubleshoot IAM" (`does not have p permission in project`); VPC Service Controls, "Troubleshoot".

use super::quote::{after, places, quoted, word};
use super::{Denial, RefusedBy};

/// Returns every denial in `text` with its place.
pub(super) fn read(text: &str) -> Vec<(usize, Denial)> {
    let mut found = Vec::new();
    for (at, rest) in places(text, "ermission ") {
        let Some((permission, rest)) = permission(rest) else { continue };
        let Some(rest) = rest.trim_start().strip_prefix("denied on ") else { continue };
        found.push((at, denial(permission, resource(rest))));
    }
    for (at, rest) in places(text, "Required ") {
        let Some((permission, rest)) = permission(rest) else { continue };
        let named = rest.trim_start().strip_prefix("permission");
        if let Some(rest) = named.and_then(|rest| after(rest, "for ")) {
            found.push((at, denial(permission, quoted(rest).map(|(name, _)| name.to_owned()))));
        }
    }
    for (at, rest) in places(text, "does not have ") {
        let Some((permission, rest)) = permission(rest) else { continue };
        let rest = rest.trim_start();
        let named = rest.strip_prefix("permission in project ").and_then(word);
        let is_storage = rest.starts_with("access to the Google Cloud Storage ");
        if is_storage || named.is_some() {
            let project = named.map(|(project, _)| format!("projects/{project}"));
            found.push((at, denial(permission, project)));
        }
    }
    for (at, rest) in places(text, "IAM_PERMISSION_DENIED") {
        let field = |name: &str| {
            let (value, _) =
                quoted(after(rest, name)?.trim_start().strip_prefix(':')?.trim_start())?;
            Some(value.to_owned())
        };
        let name = field("\"permission\"").filter(|name| is_permission(name));
        if let Some(name) = name {
            found.push((at, denial(&name, field("\"resource\""))));
        }
    }
    let scope = ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficient authentication scopes"];
    let scope = scope.iter().filter_map(|mark| text.find(mark)).min();
    found.extend(scope.map(|at| (at, by(RefusedBy::TokenScope, None))));
    if let Some(at) = text.find("Request is prohibited by organization's policy") {
        let id = text.get(at..).and_then(|rest| after(rest, "vpcServiceControlsUniqueIdentifier"));
        let id = id.map(|rest| rest.trim_start_matches(['"', ':', ' '])).and_then(word);
        found.push((at, by(RefusedBy::ServicePerimeter, id.map(|(id, _)| id.to_owned()))));
    }
    unique(&found)
}

fn denial(permission: &str, resource: Option<String>) -> Denial {
    let action = Some(permission.to_owned());
    Denial { provider: Some("gcp".into()), action, resource, ..Denial::default() }
}

fn by(refused_by: RefusedBy, rule: Option<String>) -> Denial {
    Denial { provider: Some("gcp".into()), refused_by, explicit: true, rule, ..Denial::default() }
}

/// Returns the denials without those that name less than another of the same permission: a reply says the same in its
/// message and in its details.
fn unique(found: &[(usize, Denial)]) -> Vec<(usize, Denial)> {
    let is_less = |one: &Denial| {
        one.action.is_some()
            && one.resource.is_none()
            && found.iter().any(|(_, other)| other.action == one.action && other.resource.is_some())
    };
    found.iter().filter(|(_, one)| !is_less(one)).cloned().collect()
}

fn permission(text: &str) -> Option<(&str, &str)> {
    word(text).filter(|(name, _)| is_permission(name))
}

/// Returns true for `service.resource.verb`.
fn is_permission(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    name.split('.').count() >= 3 && name.split('.').all(is_part)
}

/// Returns the resource behind `denied on `.
fn resource(rest: &str) -> Option<String> {
    if let Some(rest) = rest.strip_prefix("resource") {
        return quoted(rest).map(|(name, _)| name.to_owned());
    }
    if let Some((name, _)) = quoted(rest) {
        return Some(name.to_owned());
    }
    // BigQuery: `denied on table project:dataset.table (or it may not exist)`.
    let (kind, rest) = word(rest)?;
    let is_kind = matches!(kind, "table" | "dataset" | "project" | "routine" | "model");
    is_kind.then(|| word(rest)).flatten().map(|(name, _)| name.to_owned())
}
