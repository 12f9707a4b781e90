//! Plans the requests to Google Cloud before any is sent.

mod gateway;

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, ErrorKind, Grant, Permission, Plan, Planned};

use crate::resource::Place;
use crate::{action, boundary, invalid, refusal, role, scope};

/// A token inside an access boundary: Cloud Storage on given buckets.
pub const BOUNDARY: &str = "access-boundary";
/// A token with scopes.
pub const SCOPED: &str = "scoped-token";

/// The longest tokens of generateAccessToken, without an organisation policy and with one. Source: IAM
/// Credentials API reference, generateAccessToken, `lifetime`.
const USUAL_SECONDS: u32 = 3600;
const MOST_SECONDS: u32 = 43_200;

/// The most names that a note spells out.
const NAMED: usize = 6;

/// Plans `grant`; `account` is the service account that would be impersonated.
pub fn plan(grant: &Grant, account: Option<&str>) -> Result<Plan, Error> {
    let mut notices = ttl_notices(grant.ttl_seconds)?;
    if account.is_none() {
        notices.push("no service account is set: a run needs AUDEX_GCP_SERVICE_ACCOUNT".to_owned());
    }
    if grant.gateway {
        let mut plan = gateway::plan(grant)?;
        plan.notices.splice(0..0, notices);
        return Ok(plan);
    }
    let limited = grant.permissions.iter().any(|permission| !permission.resources.is_every());
    let mut plan = if limited { bounded(grant)? } else { scoped(grant)? };
    plan.notices.splice(0..0, notices);
    Ok(plan)
}

fn ttl_notices(ttl: u32) -> Result<Vec<String>, Error> {
    if ttl > MOST_SECONDS {
        return Err(invalid(
            "ttl-too-long",
            format!(
                "a ttl of {ttl} s is more than a Google Cloud token can live ({MOST_SECONDS} s)"
            ),
            "ask for a shorter --ttl",
        ));
    }
    let long = "tokens of more than an hour need the organisation policy \
                iam.allowServiceAccountCredentialLifetimeExtension for this service account";
    Ok((ttl > USUAL_SECONDS).then(|| long.to_owned()).into_iter().collect())
}

/// Plans a grant that is limited to buckets, with a boundary.
fn bounded(grant: &Grant) -> Result<Plan, Error> {
    let mut places: Vec<(Place, Vec<String>)> = Vec::new();
    let mut permissions = Vec::new();
    for permission in &grant.permissions {
        let wanted = granted(&permission.action, &grant.deny);
        let (held, lost): (Vec<String>, Vec<String>) =
            wanted.into_iter().partition(|name| role::holds(name));
        only_storage(permission, &lost)?;
        for text in permission.resources.named() {
            let place = Place::parse(text)?;
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, there)) => there.extend(held.clone()),
                None if held.is_empty() => {}
                None => places.push((place, held.clone())),
            }
        }
        permissions.push((permission, held, lost));
    }
    for (_, there) in &mut places {
        there.sort_unstable();
        there.dedup();
    }
    if places.is_empty() {
        return Err(invalid(
            "nothing-granted",
            "none of these permissions works on a bucket or an object".to_owned(),
            "ask for permissions of buckets and objects, such as `storage.objects.get`",
        ));
    }
    let made = boundary::boundary(&places)?;
    let extras: Vec<&'static str> =
        made.extras.iter().flat_map(|(_, more)| more).copied().collect();
    let admits = |name: &str| extras.contains(&name);
    keep_denied(grant, admits, "the roles of the access boundary")?;
    let row = |(permission, held, lost): (&Permission, Vec<String>, Vec<String>)| {
        let own: Vec<&str> = extras_of(&made.extras, permission.resources.named());
        planned(
            permission,
            if own.is_empty() { Enforcer::Cloud } else { Enforcer::Token },
            bounded_note(&permission.action, &held, &lost, &own),
        )
    };
    Ok(Plan {
        method: BOUNDARY.to_owned(),
        policy: Some(made.policy),
        policy_limit: None,
        permissions: permissions.into_iter().map(row).collect(),
        longest_life_seconds: grant.ttl_seconds,
        notices: Vec::new(),
        decides: Vec::new(),
    })
}

/// Rejects other services beside a bucket. Security: a resource limits only Cloud Storage, so any other
/// permission would be granted everywhere.
fn only_storage(permission: &Permission, lost: &[String]) -> Result<(), Error> {
    let action = &permission.action;
    if !action.starts_with("storage.") || lost.iter().any(|name| !name.starts_with("storage.")) {
        return Err(invalid(
            "resource-not-enforceable",
            format!(
                "`{action}` cannot be limited to a resource: Google Cloud does that for Cloud Storage only"
            ),
            "take `--deliver gateway`, which decides each request, or a run of its own with a service account that may do \
             little else",
        ));
    }
    if permission.resources.is_every() {
        return Err(invalid(
            "resource-missing",
            format!("other permissions are limited to resources, and `{action}` is not"),
            "give --resource for all of them, run them one by one, or take `--deliver gateway`",
        ));
    }
    Ok(())
}

/// Plans any other grant, with scopes.
fn scoped(grant: &Grant) -> Result<Plan, Error> {
    let expanded: Vec<Vec<String>> = grant
        .permissions
        .iter()
        .map(|permission| granted(&permission.action, &grant.deny))
        .collect();
    let all: Vec<String> = expanded.iter().flatten().cloned().collect();
    let by_pattern = grant.permissions.iter().any(|permission| permission.action == "*");
    let mut scopes = if by_pattern { vec![scope::PLATFORM] } else { scope::scopes(&all) };
    if scopes.is_empty() {
        // Only patterns without a known match: a narrower scope cannot be chosen with certainty.
        scopes.push(scope::PLATFORM);
    }
    scopes.sort_unstable();
    scopes.dedup();
    let reached = |name: &str| scopes.iter().any(|scope| scope::admits(scope, name));
    keep_denied(grant, reached, "the token's scopes")?;
    let mut notices = Vec::new();
    // With a gateway, the command does not have the token.
    if scopes.contains(&scope::PLATFORM) && !grant.gateway {
        notices.push(
            "a token for these permissions can do all that its service account may: to limit it, give them a service \
             account of their own (`tryaudex policies export NAME --provider gcp` prints the role it needs)"
                .to_owned(),
        );
    }
    let named = scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    let row = |permission: &Permission| {
        let note = format!("{}; scope {named}", action::describe(&permission.action));
        planned(permission, Enforcer::Token, note)
    };
    let full: Vec<String> =
        scopes.iter().map(|scope| format!("{}{scope}", gcp_catalogue::SCOPE_PREFIX)).collect();
    Ok(Plan {
        method: SCOPED.to_owned(),
        policy: Some(serde_json::json!({ "scope": full }).to_string()),
        policy_limit: None,
        permissions: grant.permissions.iter().map(row).collect(),
        longest_life_seconds: grant.ttl_seconds,
        notices,
        decides: Vec::new(),
    })
}

/// Returns the permissions that `action` stands for, without the denied ones.
fn granted(action: &str, deny: &[String]) -> Vec<String> {
    let denied = |name: &String| {
        deny.iter().any(|pattern| pattern::matches_ignore_ascii_case(pattern, name))
    };
    action::expand(action).into_iter().filter(|name| !denied(name)).collect()
}

/// Checks the denies. Security: a token of Google Cloud cannot carry denies. A deny without effect is an
/// error, and is never ignored; a gateway gives it its effect.
fn keep_denied(grant: &Grant, admits: impl Fn(&str) -> bool, by: &str) -> Result<(), Error> {
    let bound = grant.deny.iter().filter(|_| !grant.gateway);
    for pattern in bound {
        let known = gcp_catalogue::matching(pattern);
        let void = match known.as_slice() {
            [] if pattern::is_wild(pattern) => Some(pattern.clone()),
            // The pattern is a name that the catalogue does not have.
            [] => Some(pattern.clone()).filter(|name| admits(name)),
            _ => known.into_iter().find(|name| admits(name)),
        };
        if let Some(name) = void {
            return Err(refusal(
                ErrorKind::Denied,
                "deny-not-enforceable",
                format!("`{name}` is denied (`{pattern}`), and {by} would let it through"),
                "ask for single permissions instead of wildcards, limit them to buckets with --resource, or take \
                 `--deliver gateway`",
            ));
        }
    }
    Ok(())
}

fn extras_of(extras: &[(Place, Vec<&'static str>)], resources: &[String]) -> Vec<&'static str> {
    let here = |place: &Place| {
        resources.iter().any(|text| Place::parse(text).is_ok_and(|own| own == *place))
    };
    let mut own: Vec<&'static str> = extras
        .iter()
        .filter(|(place, _)| here(place))
        .flat_map(|(_, more)| more)
        .copied()
        .collect();
    own.sort_unstable();
    own.dedup();
    own
}

fn bounded_note(action: &str, held: &[String], lost: &[String], extras: &[&str]) -> String {
    let mut parts = vec![action::describe(action)];
    if held.is_empty() {
        parts.push(
            "grants nothing: it works on the project, and no access boundary reaches that"
                .to_owned(),
        );
    } else if !lost.is_empty() {
        parts.push(format!("without {}, which no role for buckets holds", few(lost)));
    }
    if !extras.is_empty() {
        parts.push(format!("the role also admits {}", few(extras)));
    }
    parts.join("; ")
}

fn few(names: &[impl AsRef<str>]) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn planned(permission: &Permission, enforced_by: Enforcer, note: String) -> Planned {
    let (action, origin) = (permission.action.clone(), permission.origin.clone());
    Planned { action, origin, enforced_by, note: Some(note) }
}

#[cfg(test)]
mod tests;
