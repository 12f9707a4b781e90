//! The variables of a tool's own login that a session may take from the command or lead to an empty directory.
//!
//! Security: a provider names them. It must not remove a proxy, a certificate authority or another limit from the command,
//! nor undo the isolation from clouds. So each name belongs to the tool whose credential the provider sets, and has an ending
//! that such settings do not have.

use super::family::is_governed;
use super::{identity_token, is_credential, tool_family};

const HOST_ENDING: &str = "_HOST";
const DIRECTORY_ENDING: &str = "_CONFIG_DIR";

/// The first words of tools whose settings limit a command or choose its programs: agents (those of `agent.rs` and others),
/// and what starts or reaches other machines. Podman reads `CONTAINER_HOST`.
#[rustfmt::skip]
const LIMITS: [&str; 21] = [
    "AIDER", "AMP", "ANTIGRAVITY", "AUGMENT", "BUILDKIT", "CLAUDE", "CLINE", "CODEX", "CONTAINER", "COPILOT", "CURSOR",
    "DOCKER", "GEMINI", "GIT", "GOOSE", "KUBE", "OPENCODE", "PODMAN", "QWEN", "SSH", "VAGRANT",
];
/// The word of variables that limit where a command can connect to, such as `HTTPS_PROXY_HOST`.
const PROXY: &str = "PROXY";

/// Words in the names of variables with which a tool logs in to a git host; names with a word that begins with `GIT`
/// (`GITHUB_TOKEN`, `GITLAB_TOKEN`, `GITEA_TOKEN`) are recognised without this list.
/// Sources: `gh help environment`; glab, "Environment variables"; Microsoft, "Sign in with a personal access token",
/// `AZURE_DEVOPS_EXT_PAT`.
const GIT_HOSTS: [&str; 9] =
    ["BITBUCKET", "CODEBERG", "DEVOPS", "FORGEJO", "GERRIT", "GH", "GLAB", "GOGS", "SRHT"];

/// Returns true if a tool logs in to a git host with the variable `name`, so that a session that sets `name` replaces the
/// user's own git logins too.
#[must_use]
pub fn is_of_git_host(name: &str) -> bool {
    name.split('_').any(|word| word.starts_with("GIT") || GIT_HOSTS.contains(&word))
}

/// Returns true if a provider that sets the variables `sets` may hide `name` from the command.
#[must_use]
pub fn may_hide(name: &str, sets: &[String]) -> bool {
    is_of_tool(name, sets) && (is_credential(name) || name.ends_with(HOST_ENDING))
}

/// Returns true if a provider that sets the variables `sets` may lead `name` to an empty directory.
#[must_use]
pub fn may_empty(name: &str, sets: &[String]) -> bool {
    is_of_tool(name, sets) && name.ends_with(DIRECTORY_ENDING)
}

/// Returns true if `name` begins with the first word of a variable that the provider sets, and belongs to no cloud.
fn is_of_tool(name: &str, sets: &[String]) -> bool {
    let is_letter = |byte: u8| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let first_word = |name: &str| name.split_once('_').map(|(word, _)| word.to_owned());
    let is_foreign =
        is_governed(name) || identity_token::is_named(name) || !tool_family::passes(name);
    let is_limit = |word: &str| word.is_empty() || LIMITS.contains(&word);
    let is_proxy = name.split('_').any(|word| word == PROXY);
    let word = first_word(name).filter(|word| !is_limit(word));
    name.bytes().all(is_letter)
        && !is_foreign
        && !is_proxy
        && !name.starts_with("AUDEX_")
        && word.is_some_and(|word| sets.iter().any(|set| first_word(set).as_ref() == Some(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::MARKERS;

    fn sets(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_login_of_the_tool_itself_may_be_hidden() {
        let own = sets(&["GH_TOKEN", "GITHUB_TOKEN"]);
        for name in ["GH_HOST", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] {
            assert!(may_hide(name, &own), "{name}");
        }
        assert!(may_empty("GH_CONFIG_DIR", &own));
    }

    #[test]
    fn the_settings_of_no_known_agent_may_be_hidden() {
        for (marker, agent) in MARKERS {
            let word = marker.split('_').next().unwrap();
            assert!(LIMITS.iter().any(|limit| word.starts_with(limit)), "{agent}");
        }
    }

    #[test]
    fn logins_to_git_hosts_are_recognised_and_others_are_not() {
        for name in [
            "GH_TOKEN",
            "GITHUB_TOKEN",
            "GH_ENTERPRISE_TOKEN",
            "HOMEBREW_GITHUB_API_TOKEN",
            "GITLAB_TOKEN",
            "GITEA_TOKEN",
            "BITBUCKET_TOKEN",
            "AZURE_DEVOPS_EXT_PAT",
        ] {
            assert!(is_of_git_host(name), "{name}");
        }
        for name in ["DIGITALOCEAN_TOKEN", "AWS_SESSION_TOKEN", "GHOST_KEY", "ACME_TOKEN", ""] {
            assert!(!is_of_git_host(name), "{name}");
        }
    }

    #[test]
    fn a_limit_a_program_and_another_tools_login_may_not() {
        let own = sets(&["GH_TOKEN", "HTTPS_TOKEN", "SSL_KEY", "AWS_SESSION_TOKEN", "AUDEX_TOKEN"]);
        let limits = ["HTTPS_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_CA_BUNDLE", "GH_PAGER"];
        let others = ["GLAB_TOKEN", "AWS_ACCESS_KEY_ID", "AUDEX_CONFIG_DIR", "_HOST", "", "GH"];
        for name in limits.into_iter().chain(others).chain(["gh_host", "GH_\0_HOST", "GHX_HOST"]) {
            assert!(!may_hide(name, &own) && !may_empty(name, &own), "{name}");
        }
        let own = sets(&[
            "CLAUDE_TOKEN",
            "CONTAINER_TOKEN",
            "DOCKER_TOKEN",
            "HTTPS_TOKEN",
            "PROXY_TOKEN",
        ]);
        for name in [
            "CLAUDE_CONFIG_DIR",
            "CONTAINER_HOST",
            "DOCKER_HOST",
            "HTTPS_PROXY_HOST",
            "HTTPS_PROXY_PASSWORD",
            "PROXY_HOST",
        ] {
            assert!(!may_hide(name, &own) && !may_empty(name, &own), "{name}");
        }
        for name in ["PATH", "XDG_CONFIG_DIR", "AZURE_CONFIG_DIR", "GH_CONFIG", "GH_TOKEN"] {
            assert!(!may_empty(name, &own), "{name}");
        }
    }
}
