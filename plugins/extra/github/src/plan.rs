//! Plans the request without calling GitHub.
//!
//! The policy is the body of the token request. It must ensure that the token can do what the grant says, and
//! nothing that was removed from the grant. A token has one set of permissions on one set of repositories, so
//! any other grant is rejected.

use std::collections::{BTreeMap, BTreeSet};

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, ErrorKind, Grant, Permission, Plan, Planned};
use serde_json::{Map, json};

use crate::action::Action;
use crate::catalogue::{self, Level, METADATA, Scope};
use crate::resource::Reach;
use crate::{error, invalid};

/// The life of every installation access token: an hour. Source: GitHub Docs, "Generating an installation
/// access token".
pub const LIFE_SECONDS: u32 = 3600;
/// The one method.
pub const METHOD: &str = "installation-token";

/// The token request.
#[derive(Debug)]
pub struct Asked {
    /// The body, as it will be sent.
    pub body: String,
    pub reach: Reach,
    /// The highest level of each permission that the token may have, `metadata` included.
    pub levels: BTreeMap<String, Level>,
}

/// Plans a grant; `has_installation` is true if an installation is configured.
pub fn plan(grant: &Grant, has_installation: bool) -> Result<Plan, Error> {
    if grant.ttl_seconds > LIFE_SECONDS {
        return Err(invalid(
            "ttl-too-long",
            format!(
                "a ttl of {} s is more than GitHub's tokens live ({LIFE_SECONDS} s)",
                grant.ttl_seconds
            ),
            "ask for a --ttl of an hour or less",
        ));
    }
    let asked = asked(grant)?;
    if asked.reach == Reach::Installation && !has_installation {
        return Err(invalid(
            "no-installation",
            "nothing says which installation of the App to use".to_owned(),
            "give --resource owner/repository (or `owner/*`), or set `installation_id` in `[providers.github]` or AUDEX_GITHUB_INSTALLATION_ID",
        ));
    }
    let permissions =
        grant.permissions.iter().map(|permission| planned(permission, grant, &asked)).collect();
    let notices = match &asked.reach {
        Reach::Installation => {
            vec!["no --resource: the token reaches every repository of the installation".to_owned()]
        }
        Reach::Owner(owner) => {
            vec![format!(
                "the token reaches every repository of `{owner}` that the App is installed on"
            )]
        }
        Reach::Repositories { .. } => Vec::new(),
    };
    Ok(Plan {
        method: METHOD.to_owned(),
        policy: Some(asked.body),
        policy_limit: None,
        permissions,
        longest_life_seconds: LIFE_SECONDS,
        notices,
        decides: Vec::new(),
    })
}

/// Returns the token request for the grant.
pub fn asked(grant: &Grant) -> Result<Asked, Error> {
    let reach = common_reach(&grant.permissions)?;
    let mut granted = BTreeSet::new();
    for permission in &grant.permissions {
        if denied_by(grant, &permission.action).is_none() {
            granted.insert(permission.action.as_str());
        }
    }
    if granted.is_empty() {
        let message = "every requested permission is denied".to_owned();
        return Err(error(ErrorKind::Denied, "nothing-granted", message, "ask for something else"));
    }
    let mut levels: BTreeMap<String, Level> = BTreeMap::new();
    for text in &granted {
        let action = Action::parse(text).ok_or_else(|| not_an_action(text))?;
        // Security: GitHub grants all included actions, so a token cannot exclude one that was removed from
        // the grant.
        let included = action.with_included();
        if let Some(missing) = included.iter().find(|included| !granted.contains(included.as_str()))
        {
            return Err(inseparable(text, missing));
        }
        let level = levels.entry(action.name).or_insert(action.level);
        *level = (*level).max(action.level);
    }
    Ok(Asked { body: body(&levels, &reach), reach, levels })
}

/// Writes the request body. Security: neither object is ever empty. GitHub reads `"permissions": {}` as
/// everything the App has. (Seen in the recorded exchange `testGetAccessToken` of `PyGithub`.)
fn body(levels: &BTreeMap<String, Level>, reach: &Reach) -> String {
    let of_repositories =
        |name: &String| catalogue::find(name).is_some_and(|entry| entry.scope == Scope::Repository);
    // GitHub adds `metadata` itself; an App without permissions on repositories may lack it, and requesting
    // it would fail.
    let with_metadata =
        levels.len() == 1 || levels.keys().any(|name| name != METADATA && of_repositories(name));
    let sent = levels.iter().filter(|(name, _)| with_metadata || *name != METADATA);
    let permissions: Map<String, _> =
        sent.map(|(name, level)| (name.clone(), json!(level.name()))).collect();
    let names = reach.names();
    if names.is_empty() {
        return json!({ "permissions": permissions }).to_string();
    }
    json!({ "permissions": permissions, "repositories": names }).to_string()
}

/// Returns the repositories that all permissions of the grant share.
///
/// Two permissions on different repositories do not fit in one token: each would reach the other's
/// repositories too.
fn common_reach(permissions: &[Permission]) -> Result<Reach, Error> {
    let mut by_action: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for permission in permissions {
        by_action.entry(&permission.action).or_default().push(permission.resources.named());
    }
    let mut common: Option<(&str, Reach)> = None;
    for (action, lists) in by_action {
        let everything = lists.iter().any(|list| list.is_empty());
        let reach = Reach::of(&if everything { Vec::new() } else { lists.concat() })?;
        match &common {
            Some((first, known)) if !known.is_same(&reach) => return Err(differ(first, action)),
            Some(_) => {}
            None => common = Some((action, reach)),
        }
    }
    Ok(common.map_or(Reach::Installation, |(_, reach)| reach))
}

fn planned(permission: &Permission, grant: &Grant, asked: &Asked) -> Planned {
    let (enforced_by, note) = enforced(permission, grant, &asked.reach);
    Planned {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        enforced_by,
        note,
    }
}

fn enforced(permission: &Permission, grant: &Grant, reach: &Reach) -> (Enforcer, Option<String>) {
    if let Some(pattern) = denied_by(grant, &permission.action) {
        return (Enforcer::Cloud, Some(format!("denied by `{pattern}`, and not asked for")));
    }
    let Some(action) = Action::parse(&permission.action) else { return (Enforcer::None, None) };
    let is_narrowed = matches!(reach, Reach::Repositories { .. });
    match catalogue::find(&action.name).map(|entry| entry.scope) {
        Some(Scope::Organisation) if is_narrowed => (
            Enforcer::Token,
            Some("of the whole organisation: repositories do not narrow it".to_owned()),
        ),
        None if is_narrowed => (
            Enforcer::Token,
            Some("not in the table: it may reach beyond the repositories".to_owned()),
        ),
        _ => (Enforcer::Cloud, included_note(permission, &action)),
    }
}

/// Returns the reason for an action that the user did not write.
fn included_note(permission: &Permission, action: &Action) -> Option<String> {
    if permission.origin == permission.action {
        return (action.level > Level::Read).then(|| "includes every lower level".to_owned());
    }
    if action.name == METADATA {
        return Some("GitHub gives it with every permission".to_owned());
    }
    let higher = Action::parse(&permission.origin)
        .filter(|origin| origin.name == action.name && origin.level > action.level)?;
    Some(format!("GitHub gives it with `{}`", higher.text()))
}

/// Returns the first deny that matches an action.
fn denied_by<'a>(grant: &'a Grant, action: &str) -> Option<&'a str> {
    let denies = grant.deny.iter().map(String::as_str);
    denies.into_iter().find(|deny| pattern::matches_ignore_ascii_case(deny, action))
}

fn inseparable(action: &str, missing: &str) -> Error {
    error(
        ErrorKind::Denied,
        "inseparable",
        format!("GitHub gives `{missing}` with `{action}`, and it is not granted"),
        &format!("ask for less than `{action}`, or have `{missing}` allowed"),
    )
}

fn differ(first: &str, second: &str) -> Error {
    invalid(
        "resources-differ",
        format!(
            "`{first}` and `{second}` are asked for on different repositories, which no token can have"
        ),
        "give both the same --resource, or run the command twice",
    )
}

fn not_an_action(text: &str) -> Error {
    invalid(
        "action",
        format!("`{text}` is not a permission of GitHub Apps"),
        "write `permission:level`, for example `contents:read`",
    )
}

#[cfg(test)]
#[path = "plan/tests.rs"]
mod tests;
