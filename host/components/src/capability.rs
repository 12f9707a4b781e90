//! The capabilities of a component: the ones that it requests and that were granted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::host_template::{is_account_template, is_host_template};
use audex_core::variable::family::is_governed;

/// One capability that a component can request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `http:HOST`: https to exactly that host, or to hosts that match a `{region}` template.
    Http(String),
    /// `slot:aws`: calls to STS, and signed requests, with the user's AWS source credentials.
    Aws,
    /// `slot:gcp`: tokens of the user's Google Cloud source credentials; only for built-in components.
    Gcp,
    /// `slot:azure`: tokens of the user's Azure source credentials; only for built-in components.
    Azure,
    /// `slot:vault`: the token of the user's login to Vault; only for built-in components.
    Vault,
    /// `secret:NAME`: the environment variable `NAME`, never shown to the guest.
    Secret(String),
}

impl Capability {
    /// Describes the capability for the person who is asked to grant it.
    #[must_use]
    pub fn explained(&self) -> String {
        match self {
            Self::Http(host) => format!("send https requests to {host}"),
            Self::Aws => {
                "get AWS credentials from STS, and have requests signed, with your AWS login"
                    .to_owned()
            }
            Self::Gcp => "use tokens of your Google Cloud login".to_owned(),
            Self::Azure => "use tokens of your Azure login".to_owned(),
            Self::Vault => "use your login to Vault".to_owned(),
            Self::Secret(name) => format!(
                "send what ${name} holds to the hosts it may reach, or sign with it, without seeing it"
            ),
        }
    }

    /// Returns `true` if only a built-in component may hold the capability.
    ///
    /// Security: a token of these slots has all rights of the user's own login, and is limited only by its
    /// destinations. A template that matches every storage account would let a component send data to its
    /// author's account.
    #[must_use]
    pub fn is_built_in_only(&self) -> bool {
        match self {
            Self::Gcp | Self::Azure | Self::Vault => true,
            Self::Http(template) => is_account_template(template),
            Self::Aws | Self::Secret(_) => false,
        }
    }
}

/// The error for a capability that this host does not know. Unknown names are errors, never ignored.
#[derive(Debug, thiserror::Error)]
pub enum UnknownCapability {
    /// The kind of the capability is unknown.
    #[error(
        "`{0}` is not a capability this version knows (`http:HOST`, `slot:aws`, `slot:gcp`, `slot:azure`, `slot:vault`, `secret:NAME`)"
    )]
    Kind(String),
    /// The text after `http:` is not the name of a host on the public internet.
    #[error(
        "`{0}` is not a capability: `http:` names one public host, such as `http:api.example.com`; where it really is, such as on loopback, is said in `[endpoints]` of config.toml"
    )]
    Host(String),
}

impl FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || match text.split_once(':') {
            Some(("http", _)) => UnknownCapability::Host(text.to_owned()),
            _ => UnknownCapability::Kind(text.to_owned()),
        };
        match text.split_once(':') {
            Some(("slot", "aws")) => Ok(Self::Aws),
            Some(("slot", "gcp")) => Ok(Self::Gcp),
            Some(("slot", "azure")) => Ok(Self::Azure),
            Some(("slot", "vault")) => Ok(Self::Vault),
            Some(("http", host)) if is_host_template(host) => Ok(Self::Http(host.to_owned())),
            Some(("secret", name)) if is_variable_name(name) => Ok(Self::Secret(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(host) => write!(formatter, "http:{host}"),
            Self::Aws => formatter.write_str("slot:aws"),
            Self::Gcp => formatter.write_str("slot:gcp"),
            Self::Azure => formatter.write_str("slot:azure"),
            Self::Vault => formatter.write_str("slot:vault"),
            Self::Secret(name) => write!(formatter, "secret:{name}"),
        }
    }
}

/// Returns `true` if `name` can be an environment variable with a secret of the user's own.
///
/// Security: a component could send such a secret to its own host. A cloud's keys are behind the cloud's
/// slot, which does not reveal them.
fn is_variable_name(name: &str) -> bool {
    // The variables of a cloud are available through its slot only, and this program's variables not at all.
    if is_governed(name) || name.starts_with("AUDEX_") {
        return false;
    }
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(allowed)
}

/// Returns the capabilities of an installed component: requested, granted to its digest, and not reserved for
/// built-in components. This is the only place that computes them.
#[must_use]
pub fn effective(requested: &[Capability], granted: &BTreeSet<Capability>) -> BTreeSet<Capability> {
    let holds =
        |capability: &&Capability| granted.contains(capability) && !capability.is_built_in_only();
    requested.iter().filter(holds).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[&str]) -> Vec<Capability> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    const FOR_BUILT_INS: [&str; 4] =
        ["http:{account}.blob.core.windows.net", "slot:azure", "slot:gcp", "slot:vault"];

    #[test]
    fn what_a_cloud_logs_in_by_is_no_secret_of_a_components() {
        let is_capability = |name: &str| format!("secret:{name}").parse::<Capability>().is_ok();
        for name in ["GITHUB_APP_PRIVATE_KEY", "ANTHROPIC_API_KEY", "X_KEY"] {
            assert!(is_capability(name), "{name}");
        }
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "AZURE_CLIENT_SECRET",
            "VAULT_TOKEN",
            "CLOUDSDK_AUTH_ACCESS_TOKEN",
            "AUDEX_AZURE_CLIENT_SECRET",
        ] {
            assert!(!is_capability(name), "{name}");
        }
    }

    #[test]
    fn capabilities_are_written_as_they_are_read() {
        for text in
            FOR_BUILT_INS.iter().chain(&["slot:aws", "http:api.example.com", "secret:X_KEY"])
        {
            assert_eq!(text.parse::<Capability>().unwrap().to_string(), **text);
        }
    }

    #[test]
    fn a_lock_that_grants_what_only_built_ins_hold_gives_nothing() {
        let asked = parsed(&FOR_BUILT_INS);
        assert!(effective(&asked, &asked.iter().cloned().collect()).is_empty());
        let asked = parsed(&["slot:aws", "http:api.example.com"]);
        assert_eq!(effective(&asked, &asked.iter().cloned().collect()).len(), 2);
    }
}
