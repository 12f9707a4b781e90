//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, Profile, Scope, Setting, ToolLogins};

/// The variables that a run sets. `gh` reads the first before the second (`gh help environment`); Terraform,
/// Octokit scripts, Renovate and most others read the second. `git` itself reads neither:
/// `gh auth git-credential` passes it the first (cli/cli pull request 3009).
pub const SETS: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// The host of the repositories, for git.
pub const HOST: &str = "github.com";
/// The host of gists, which belong to no repository.
pub const GISTS: &str = "gist.github.com";

/// The variables that lead `gh` to a login for another server. Source: `gh help environment`.
const OTHER_SERVERS: [&str; 3] = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_HOST"];
/// The variable for the directory in which `gh` keeps its logins.
const CONFIG_DIRECTORY: &str = "GH_CONFIG_DIR";

/// Name, purpose and permissions.
const PROFILES: [(&str, &str, &[&str]); 6] = [
    ("repo-readonly", "Read code, commits and releases", &["contents:read"]),
    ("repo-readwrite", "Push code, make releases", &["contents:write"]),
    (
        "pull-request",
        "Push branches and open pull requests",
        &["contents:write", "pull_requests:write"],
    ),
    ("issues-triage", "Label, comment on and close issues", &["issues:write"]),
    (
        "actions-readonly",
        "Read workflow runs, checks and statuses",
        &["actions:read", "checks:read", "statuses:read"],
    ),
    (
        "security-readonly",
        "Read security alerts",
        &["security_events:read", "vulnerability_alerts:read", "secret_scanning_alerts:read"],
    ),
];

pub fn describe() -> Description {
    let setting = |key: &str, description: &str, env: Option<&str>| Setting {
        key: key.to_owned(),
        description: description.to_owned(),
        env: env.map(ToOwned::to_owned),
    };
    let profile = |(name, description, actions): &(&str, &str, &[&str])| Profile {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        actions: names(actions),
        resources: Scope::Every,
        leaves_out: Vec::new(),
    };
    Description {
        settings: vec![
            setting("app_id", "the GitHub App, by id or client id", Some("AUDEX_GITHUB_APP_ID")),
            setting(
                "installation_id",
                "installation of the App; found by the owner of --resource by default",
                Some("AUDEX_GITHUB_INSTALLATION_ID"),
            ),
            setting(
                "allow_unknown",
                "`true` lets permissions through that are not in the table",
                None,
            ),
        ],
        profiles: PROFILES.iter().map(profile).collect(),
        tool_logins: Some(ToolLogins {
            git_hosts: names(&[HOST, GISTS]),
            hides: names(&OTHER_SERVERS),
            config_directories: names(&[CONFIG_DIRECTORY]),
        }),
        ..Description::new(
            "github",
            "GitHub (App installation tokens)",
            "`permission:level`, for example `contents:read`",
            &SETS,
        )
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_sdk::provider::Status;

    #[test]
    fn every_permission_of_a_profile_is_known() {
        for permission in PROFILES.iter().flat_map(|(_, _, permissions)| *permissions) {
            assert_eq!(
                crate::action::check(permission, false).status,
                Status::Known,
                "{permission}"
            );
        }
    }
}
