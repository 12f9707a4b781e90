//! The certain failures of `git` or `gh` under a grant, known in advance.
//!
//! Sources: GitHub Docs, "Authenticating as a GitHub App installation" (git over https needs `contents`),
//! "Permissions required for GitHub Apps"; `gh help`.

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant};

/// Program, its first words, and the permissions they need.
const NEEDS: [(&str, &[&str], &[&str]); 24] = [
    ("git", &["clone"], &["contents:read"]),
    ("git", &["fetch"], &["contents:read"]),
    ("git", &["pull"], &["contents:read"]),
    ("git", &["ls-remote"], &["contents:read"]),
    ("git", &["push"], &["contents:write"]),
    ("gh", &["repo", "clone"], &["contents:read"]),
    ("gh", &["release", "list"], &["contents:read"]),
    ("gh", &["release", "view"], &["contents:read"]),
    ("gh", &["release", "download"], &["contents:read"]),
    ("gh", &["release", "create"], &["contents:write"]),
    ("gh", &["release", "upload"], &["contents:write"]),
    ("gh", &["release", "delete"], &["contents:write"]),
    ("gh", &["issue", "list"], &["issues:read"]),
    ("gh", &["issue", "view"], &["issues:read"]),
    ("gh", &["issue", "create"], &["issues:write"]),
    ("gh", &["issue", "edit"], &["issues:write"]),
    ("gh", &["issue", "comment"], &["issues:write"]),
    ("gh", &["issue", "close"], &["issues:write"]),
    ("gh", &["pr", "list"], &["pull_requests:read"]),
    ("gh", &["pr", "view"], &["pull_requests:read"]),
    ("gh", &["pr", "create"], &["pull_requests:write"]),
    ("gh", &["pr", "merge"], &["contents:write", "pull_requests:write"]),
    ("gh", &["run", "list"], &["actions:read"]),
    ("gh", &["run", "view"], &["actions:read"]),
];

/// Returns at most one piece of advice.
pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let Some((program, rest)) = command.split_first() else { return Vec::new() };
    let program = program.rsplit('/').next().unwrap_or_default();
    // Options may come first (`git -C dir push`), with values that look like words: only words in order
    // count.
    let words: Vec<&str> =
        rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let is =
        |(of, first, _): &&(&str, &[&str], &[&str])| *of == program && words.starts_with(first);
    let Some((_, first, needed)) = NEEDS.iter().find(is) else { return Vec::new() };
    let has =
        |action: &&&str| grant.permissions.iter().any(|p| pattern::matches(&p.action, action));
    let missing: Vec<String> =
        needed.iter().filter(|action| !has(action)).map(|&action| action.to_owned()).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!("`{program} {}` needs more than the grant has", first.join(" "));
    vec![Advice { message, missing }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_sdk::provider::{Permission, Scope};

    fn missing(actions: &[&str], command: &str) -> Vec<String> {
        let permission = |&action: &&str| Permission {
            action: action.to_owned(),
            origin: action.to_owned(),
            resources: Scope::Every,
        };
        let grant = Grant {
            provider: "github".to_owned(),
            permissions: actions.iter().map(permission).collect(),
            deny: Vec::new(),
            ttl_seconds: 900,
            session: "s".to_owned(),
            gateway: false,
        };
        let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
        preflight(&grant, &command).into_iter().flat_map(|advice| advice.missing).collect()
    }

    #[test]
    fn what_a_command_needs_is_said_and_nothing_where_it_has_it() {
        assert_eq!(
            missing(&["contents:read"], "/usr/bin/git push origin main"),
            ["contents:write"]
        );
        assert!(missing(&["contents:write", "contents:read"], "git push").is_empty());
        assert_eq!(missing(&["contents:read"], "gh pr create --fill"), ["pull_requests:write"]);
        assert_eq!(missing(&[], "gh pr merge 3"), ["contents:write", "pull_requests:write"]);
        assert!(missing(&[], "gh api repos/octo-org/hello").is_empty());
        assert!(missing(&[], "git status").is_empty());
    }

    #[test]
    fn every_permission_it_names_is_known() {
        use audex_sdk::provider::Status;
        for action in NEEDS.iter().flat_map(|(_, _, needed)| *needed) {
            assert_eq!(crate::action::check(action, false).status, Status::Known, "{action}");
        }
    }
}
