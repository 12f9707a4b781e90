//! Actions: `permission:level`, such as `contents:read`.
//!
//! A level includes those below it, and every permission includes `metadata:read`: GitHub does not grant one
//! without the other. Security: so the included actions are requested openly too. Filters see only requested
//! actions, so otherwise a deny list with `contents:read` would not stop a token with `contents:write`.
//!
//! `*` may replace the level. In place of the name it is rejected: an App has only a few of these
//! permissions, and GitHub rejects the whole request for one that the App does not have.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Finding, KnownAction, Status};

use crate::catalogue::{self, ENTRIES, LEVELS, Level, METADATA};
use crate::suggestion;

/// Permissions whose write level changes the access of others.
const OF_ACCESS: [&str; 7] = [
    "administration",
    "members",
    "organization_administration",
    "organization_custom_org_roles",
    "organization_custom_roles",
    "organization_personal_access_token_requests",
    "organization_personal_access_tokens",
];

/// An action in its two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub name: String,
    pub level: Level,
}

impl Action {
    /// Parses an action, without a check that GitHub has such a permission.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, level) = text.split_once(':')?;
        is_name(name).then_some(())?;
        Some(Self { name: name.to_owned(), level: Level::parse(level)? })
    }

    pub fn text(&self) -> String {
        format!("{}:{}", self.name, self.level.name())
    }

    /// Returns everything that GitHub grants with the action: itself first, then existing lower levels and
    /// `metadata:read`.
    pub fn with_included(&self) -> Vec<String> {
        let levels = catalogue::find(&self.name).map_or(&LEVELS[..], |entry| entry.levels);
        let below = levels.iter().rev().copied().filter(|level| *level <= self.level);
        let mut all: Vec<String> =
            below.map(|level| Self { name: self.name.clone(), level }.text()).collect();
        let metadata = format!("{METADATA}:read");
        if !all.contains(&metadata) {
            all.push(metadata);
        }
        all
    }

    fn access(&self) -> AccessLevel {
        match self.level {
            Level::Read => AccessLevel::Read,
            Level::Write if !OF_ACCESS.contains(&self.name.as_str()) => AccessLevel::Write,
            Level::Write | Level::Admin => AccessLevel::Permissions,
        }
    }
}

/// Checks one requested action, or one entry of a deny list.
///
/// A misspelt action is never corrected, not even in case: the correction would add all included actions, and
/// a deny list with `Contents:write` must not deny `metadata:read`.
pub fn check(text: &str, allow_unknown: bool) -> Finding {
    let finding = |status, actions, access, suggestion| Finding {
        status,
        actions,
        access,
        note: None,
        suggestion,
    };
    let Some((name, level)) = text.split_once(':') else {
        return finding(Status::Malformed, Vec::new(), None, None);
    };
    if level.contains(':') || pattern::is_wild(name) || name.is_empty() || level.is_empty() {
        return finding(Status::Malformed, Vec::new(), None, None);
    }
    let matching = matching(text);
    if let Some(highest) = matching.iter().max_by_key(|action| action.level) {
        // The highest includes the others, except those excluded by a pattern like `?????`, which GitHub
        // grants all the same.
        return finding(Status::Known, highest.with_included(), Some(highest.access()), None);
    }
    if let Some(action) = Action::parse(text).filter(|action| {
        // For a known permission, a level that GitHub does not have stays unknown.
        allow_unknown && catalogue::find(&action.name).is_none()
    }) {
        return finding(Status::Known, action.with_included(), Some(action.access()), None);
    }
    finding(Status::Unknown, Vec::new(), None, suggestion::nearest(name, level))
}

/// Returns the known actions that the patterns match, each once; a pattern without a match stands for itself.
pub fn expand(patterns: &[String]) -> Vec<KnownAction> {
    let mut known: Vec<KnownAction> = Vec::new();
    for pattern in patterns {
        let found = matching(pattern);
        let mut add = |name: String, access| {
            if known.iter().all(|other| other.name != name) {
                known.push(KnownAction { name, access, yields_credentials: false });
            }
        };
        if found.is_empty() {
            add(pattern.clone(), None);
        }
        for action in &found {
            add(action.text(), Some(action.access()));
        }
    }
    known
}

/// Returns the actions of the table that `pattern` matches.
fn matching(pattern: &str) -> Vec<Action> {
    let actions = ENTRIES.iter().flat_map(|entry| {
        entry.levels.iter().map(|&level| Action { name: entry.name.to_owned(), level })
    });
    actions.filter(|action| pattern::matches(pattern, &action.text())).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(text: &str) -> Vec<String> {
        let finding = check(text, false);
        assert_eq!(finding.status, Status::Known, "{text}");
        finding.actions
    }

    #[test]
    fn an_action_comes_with_what_github_gives_with_it() {
        assert_eq!(accepted("contents:read"), ["contents:read", "metadata:read"]);
        assert_eq!(
            accepted("contents:write"),
            ["contents:write", "contents:read", "metadata:read"]
        );
        assert_eq!(accepted("metadata:read"), ["metadata:read"]);
        assert_eq!(accepted("workflows:write"), ["workflows:write", "metadata:read"]);
        assert_eq!(
            accepted("organization_projects:admin"),
            [
                "organization_projects:admin",
                "organization_projects:write",
                "organization_projects:read",
                "metadata:read"
            ]
        );
    }

    #[test]
    fn a_star_stands_for_every_level_and_for_no_name() {
        assert_eq!(accepted("issues:*"), accepted("issues:write"));
        assert_eq!(accepted("workflows:*"), accepted("workflows:write"));
        for wild in ["*", "*:*", "*:read", "organization_*:read", "content?:read"] {
            assert_eq!(check(wild, true).status, Status::Malformed, "{wild}");
        }
    }

    #[test]
    fn what_is_misspelt_is_never_accepted_and_gets_a_suggestion() {
        for (wrong, right) in [
            ("Contents:read", "contents:read"),
            ("pull-requests:write", "pull_requests:write"),
            ("contents:delete", "contents:read"),
            ("workflows:read", "workflows:write"),
        ] {
            let finding = check(wrong, true);
            assert_eq!(finding.status, Status::Unknown, "{wrong}");
            assert_eq!(finding.suggestion.as_deref(), Some(right), "{wrong}");
        }
        for malformed in ["contents", "contents:", ":read", "contents:read:x", "s3.GetObject", ""] {
            assert_eq!(check(malformed, true).status, Status::Malformed, "{malformed}");
        }
    }

    #[test]
    fn an_unknown_permission_is_accepted_only_where_that_is_allowed() {
        assert_eq!(check("actions_variables:write", false).status, Status::Unknown);
        let finding = check("actions_variables:write", true);
        assert_eq!(
            finding.actions,
            ["actions_variables:write", "actions_variables:read", "metadata:read"]
        );
    }

    #[test]
    fn access_levels_tell_reading_writing_and_giving_apart() {
        for (text, access) in [
            ("contents:read", AccessLevel::Read),
            ("contents:write", AccessLevel::Write),
            ("administration:read", AccessLevel::Read),
            ("administration:write", AccessLevel::Permissions),
            ("organization_projects:admin", AccessLevel::Permissions),
        ] {
            assert_eq!(check(text, false).access, Some(access), "{text}");
        }
    }

    #[test]
    fn patterns_expand_to_what_they_match() {
        let names = |pattern: &str| -> Vec<String> {
            expand(&[pattern.to_owned()]).into_iter().map(|known| known.name).collect()
        };
        assert_eq!(names("contents:*"), ["contents:read", "contents:write"]);
        assert_eq!(names("*:admin").len(), 4);
        assert_eq!(names("nothing:*"), ["nothing:*"]);
    }
}
