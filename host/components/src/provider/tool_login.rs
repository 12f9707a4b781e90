//! The host's check of the tool logins that a provider replaces.
//!
//! Security: `git` sends a credential to the hosts named here, so each must be declared, and no text of a
//! component may become a setting or a shell command of `git`.

use std::collections::BTreeSet;

use wasmtime::component::ResourceTable;

use super::value::AwsPart;
use super::{Description, GrantPlan, Provider, wit};
use crate::capability::Capability;
use crate::component::PluginError;
use crate::limit;
use audex_core::delivery::{GitCredential, ToolLogins};
use audex_core::variable::tool_login::{may_empty, may_hide};

/// The longest host name. Source: RFC 1035, section 2.3.4.
const HOST_CHARACTERS: usize = 253;
/// The longest user name: more than any service's.
const USERNAME_CHARACTERS: usize = 64;

/// Returns the reason why a description's logins of tools are refused, or `None`.
pub(super) fn wrong(description: &Description) -> Option<String> {
    let logins = description.tool_logins.as_ref()?;
    let sets = &description.sets;
    let lists = [&logins.git_hosts, &logins.hides, &logins.config_directories];
    if lists.iter().any(|list| list.len() > limit::DELIVERED) {
        return Some(format!("a list of its answer has more than {} entries", limit::DELIVERED));
    }
    let named = |what: &str, name: &String| format!("{what} `{}`", name.escape_default());
    let host = logins.git_hosts.iter().find(|host| !is_host(host));
    let hidden = logins.hides.iter().find(|name| !may_hide(name, sets));
    let directory = logins.config_directories.iter().find(|name| !may_empty(name, sets));
    host.map(|host| named("it names the invalid git host", host))
        .or_else(|| hidden.map(|name| named("it wants to hide", name)))
        .or_else(|| directory.map(|name| named("it wants an empty directory in", name)))
}

impl Provider {
    /// Converts the git credentials. Rejects a host that was not declared.
    pub(super) fn tool_logins(
        &self,
        table: &mut ResourceTable,
        given: Vec<wit::GitCredential>,
        plan: &GrantPlan,
        description: &Description,
        expires_at: u64,
        aws: &mut AwsPart,
    ) -> Result<ToolLogins, PluginError> {
        let none = wit::ToolLogins {
            git_hosts: Vec::new(),
            hides: Vec::new(),
            config_directories: Vec::new(),
        };
        let declared = description.tool_logins.as_ref().unwrap_or(&none);
        self.few(given.len(), limit::DELIVERED)?;
        let mut hosts = BTreeSet::new();
        let mut git = Vec::new();
        for wit::GitCredential { host, username, secret } in given {
            let name = host.escape_default();
            if !declared.git_hosts.contains(&host) {
                return Err(self.bad(&format!(
                    "it set a git credential for `{name}`, which it did not declare"
                )));
            }
            if !hosts.insert(host.clone()) {
                return Err(self.bad(&format!("it set two git credentials for `{name}`")));
            }
            if !is_username(&username) {
                return Err(self.bad("the user name of its git credential has other characters"));
            }
            let secret = self.secret(table, secret, plan, expires_at, aws)?;
            if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(self.bad("the secret of its git credential has other characters"));
            }
            // Security: `git` sends the secret to this host, so the host was granted like any other destination.
            if !self.loaded.capabilities.contains(&Capability::Http(host.clone())) {
                return Err(self.bad(&format!(
                    "it set a git credential for `{name}`, and was not granted `http:{name}`"
                )));
            }
            git.push(GitCredential { host, username, secret });
        }
        Ok(ToolLogins {
            git,
            git_hosts: declared.git_hosts.clone(),
            hidden: declared.hides.clone(),
            config_directories: declared.config_directories.clone(),
        })
    }
}

fn is_host(host: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label =
        |label: &str| label.bytes().all(is_letter) && !label.is_empty() && !label.starts_with('-');
    // A numeric last label is an IP address. Source: WHATWG URL, "ends in a number".
    let is_name = host
        .rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase()));
    host.len() <= HOST_CHARACTERS && host.contains('.') && host.split('.').all(is_label) && is_name
}

fn is_username(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=USERNAME_CHARACTERS).contains(&name.len()) && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(git_host: &str, hides: &str, directory: &str) -> Option<String> {
        let list = |text: &str| text.split_terminator(' ').map(str::to_owned).collect();
        wrong(&Description {
            id: "acme".to_owned(),
            title: String::new(),
            action_syntax: String::new(),
            settings: Vec::new(),
            profiles: Vec::new(),
            sets: list("ACME_TOKEN"),
            tool_logins: Some(wit::ToolLogins {
                git_hosts: list(git_host),
                hides: list(hides),
                config_directories: list(directory),
            }),
            configured_by: Vec::new(),
            learn_sources: Vec::new(),
            broadest: Vec::new(),
            calls_to: None,
            fronts: Vec::new(),
        })
    }

    #[test]
    fn the_logins_of_the_providers_own_tool_are_replaced() {
        assert_eq!(of("git.acme.example", "ACME_HOST ACME_OLD_TOKEN", "ACME_CONFIG_DIR"), None);
    }

    #[test]
    fn another_host_form_another_tool_and_a_limit_are_refused() {
        for host in ["*.example", "a.example/x", "a.example:443", "user@a.example", "localhost"] {
            assert!(of(host, "", "").is_some_and(|wrong| wrong.contains("git host")), "{host}");
        }
        for host in [
            "A.example",
            "-a.example",
            "a..example",
            "a.example\n",
            "[::1]",
            "10.0.0.1",
            "169.254.169.254",
            "a.0x7f",
        ] {
            assert!(of(host, "", "").is_some(), "{host}");
        }
        for name in ["HTTPS_PROXY", "GH_TOKEN", "ACME_CA_FILE", "AWS_PROFILE"] {
            assert!(of("", name, "").is_some_and(|wrong| wrong.contains("hide")), "{name}");
        }
        assert!(of("", "", "ACME_PLUGINS").is_some() && of("", "", "AWS_CONFIG_DIR").is_some());
    }

    #[test]
    fn a_user_name_is_no_shell_command() {
        assert!(is_username("x-access-token") && is_username("oauth2"));
        for name in ["", "a b", "a:b", "a'b", "$(x)", "a\nb", "é"] {
            assert!(!is_username(name), "{name}");
        }
    }
}
