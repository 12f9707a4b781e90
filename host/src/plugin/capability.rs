//! What a component may reach: the intersection of what it asks for and what was granted, and the state behind it.

pub mod http;
pub mod identity;
pub mod keys;
pub mod leases;
pub mod outside;
pub mod plain;
pub mod policy_scope;
mod secret;
mod settle;
mod slot;
pub mod sts;
mod vault;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::aws;
use crate::deliver;
use crate::plugin::component::Source;
use crate::secret::Secret;

use self::outside::Outside;
use self::policy_scope::PolicyScope;

/// A secret in a guest's hands, by handle only.
#[derive(Clone, Debug)]
pub struct HeldSecret {
    /// The text.
    pub value: Secret,
    /// Where it came from, which decides where it may go.
    pub origin: Origin,
    /// Whether the guest put it together of pieces, or had a server do so.
    joined: bool,
    /// Of a joined one, what the guest does not know.
    parts: Vec<Secret>,
}

impl HeldSecret {
    /// A secret as it came.
    #[must_use]
    pub fn whole(value: Secret, origin: Origin) -> Self {
        Self { value, origin, joined: false, parts: Vec::new() }
    }

    /// One put together around `parts`, which the guest does not know.
    #[must_use]
    pub fn joined(value: Secret, origin: Origin, parts: Vec<Secret>) -> Self {
        Self { value, origin, joined: true, parts }
    }

    /// One out of a reply, to a request in which the guest may have written around a secret.
    #[must_use]
    pub fn lifted(value: Secret, origin: Origin, framed: bool) -> Self {
        Self { value, origin, joined: framed, parts: Vec::new() }
    }

    /// What of it the guest does not know.
    #[must_use]
    pub fn unknown(&self) -> &[Secret] {
        match self.origin {
            Origin::Guest => &[],
            _ if self.parts.is_empty() => std::slice::from_ref(&self.value),
            _ => &self.parts,
        }
    }

    /// Whether a private key may be read from it.
    ///
    /// Security: a guest that writes a key's frame around a secret learns from whether it is taken what the secret is, bit by
    /// bit. What a server answers may be such a frame.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        !self.joined && self.origin == Origin::Slot
    }

    /// Whether it may be the key of an HMAC, for the same reason. A session's parts and tokens are no keys at all.
    #[must_use]
    pub fn may_authenticate(&self) -> bool {
        !self.joined && !matches!(self.origin, Origin::Session { .. } | Origin::Audience { .. })
    }
}

/// Where a secret came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The guest made it of text it knew.
    Guest,
    /// Part of temporary AWS credentials; it may be delivered to the child, and go nowhere else.
    Session {
        /// The last policy applied to them; none for credentials nobody narrowed.
        policy: Option<Arc<str>>,
        /// Seconds since the Unix epoch, by the cloud's clock.
        expires_at: u64,
        /// How long they were asked to live, which no clock can misstate.
        asked_seconds: u32,
        /// How many policies of `GetScopedCredentials` they carry, where STS said.
        scoped_policies: Option<u32>,
    },
    /// A granted slot: it may go to the hosts granted to the component, and never to the child.
    Slot,
    /// Lifted from a reply; it may go back to that host.
    Lifted {
        /// The host that sent it.
        host: String,
    },
    /// A token that a cloud gave for one audience; it may go to the hosts granted to the component, and reach the child only
    /// from an identity endpoint, for that audience.
    Audience {
        /// As it was asked for, without `/.default`.
        audience: String,
        /// Seconds since the Unix epoch.
        expires_at: u64,
    },
    /// A key that a reply gave to sign with; only what is made with it may go anywhere.
    SigningKey {
        /// The host that sent it.
        host: String,
    },
}

impl Origin {
    /// The origin of a secret made of one of this and one of `other`: it may go only where both may. None if nowhere.
    #[must_use]
    pub fn and(self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Guest, other) => Some(other.clone()),
            (known, Self::Guest) => Some(known),
            (known, other) if known == *other => Some(known),
            _ => None,
        }
    }

    /// The origin of a signature made with a secret of this one.
    #[must_use]
    pub fn signature(&self) -> Self {
        match self {
            Self::SigningKey { host } => Self::Lifted { host: host.clone() },
            other => other.clone(),
        }
    }
}

/// Temporary AWS credentials in a guest's hands, by handle only.
#[derive(Debug)]
pub struct HeldSession {
    /// The credentials.
    pub session: aws::Session,
    /// The last policy applied to them.
    pub policy: Option<Arc<str>>,
    /// How long they were asked to live.
    pub asked_seconds: u32,
}

/// One thing a component can ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `http:HOST`: https to exactly that host, or to hosts that match a `{region}` template.
    Http(String),
    /// `slot:aws`: calls to STS, and requests signed, with the user's AWS source credentials.
    Aws,
    /// `slot:gcp`: tokens of the user's Google Cloud source credentials; for built-in components.
    Gcp,
    /// `slot:azure`: tokens of the user's Azure source credentials; for built-in components.
    Azure,
    /// `slot:vault`: the token that logging in to Vault gave; for built-in components.
    Vault,
    /// `secret:NAME`: the environment variable `NAME`, never shown to the guest.
    Secret(String),
}

impl Capability {
    /// What having it means, for whoever is asked to grant it.
    #[must_use]
    pub fn explained(&self) -> String {
        match self {
            Self::Http(host) => format!("send https requests to {host}"),
            Self::Aws => {
                "get AWS credentials from STS, and have requests signed, with your AWS login".to_owned()
            }
            Self::Gcp => "use tokens of your Google Cloud login".to_owned(),
            Self::Azure => "use tokens of your Azure login".to_owned(),
            Self::Vault => "use your login to Vault".to_owned(),
            Self::Secret(name) => format!(
                "send what ${name} holds to the hosts it may reach, or sign with it, without seeing it"
            ),
        }
    }

    /// Whether only a component inside the program may hold it.
    ///
    /// Security: a token of these slots is all that the user's own login may do, and only where it goes limits it. A
    /// template that stands for everybody's storage accounts would let a component post to its author's.
    #[must_use]
    pub fn is_built_in_only(&self) -> bool {
        match self {
            Self::Gcp | Self::Azure | Self::Vault => true,
            Self::Http(template) => http::is_account_template(template),
            Self::Aws | Self::Secret(_) => false,
        }
    }
}

/// A capability that this host does not know. Unknown names are errors, never ignored.
#[derive(Debug, thiserror::Error)]
pub enum UnknownCapability {
    /// Of no kind there is.
    #[error(
        "`{0}` is no capability this version knows (`http:HOST`, `slot:aws`, `slot:gcp`, `slot:azure`, `slot:vault`, `secret:NAME`)"
    )]
    Kind(String),
    /// Not the name of a host on the public internet.
    #[error(
        "`{0}` is no capability: `http:` names one public host, such as `http:api.example.com`; where it really is, such as on loopback, is said in `[endpoints]` of config.toml"
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
            Some(("http", host)) if http::is_host_template(host) => Ok(Self::Http(host.to_owned())),
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

/// Whether `name` can be an environment variable that carries a secret of a user's own.
///
/// Security: the keys of a cloud are behind its slot, which does not give them away; a component could send these to its own host.
fn is_variable_name(name: &str) -> bool {
    // A cloud's own keys are behind its slot, or nobody's.
    if deliver::is_governed(name) || name.starts_with("AUDEX_") {
        return false;
    }
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(allowed)
}

/// What an installed component may use: asked for, granted to its digest, and not the built-in ones' alone. The one place
/// this is computed.
#[must_use]
pub fn effective(requested: &[Capability], granted: &BTreeSet<Capability>) -> BTreeSet<Capability> {
    let holds = |capability: &&Capability| granted.contains(capability) && !capability.is_built_in_only();
    requested.iter().filter(holds).cloned().collect()
}

/// Everything behind the imports of one call of one provider.
pub struct Reach {
    /// Where the component came from.
    pub source: Source,
    /// What the component may use.
    pub capabilities: BTreeSet<Capability>,
    /// The component's own settings.
    pub settings: BTreeMap<String, String>,
    /// What policies may say in this call.
    pub scope: PolicyScope,
    /// What a session that is scoped down is for; the cloud's own log shows it.
    pub purpose: Option<String>,
    /// Network and source credentials, shared by all calls of a run.
    pub outside: Arc<Outside>,
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
        for text in FOR_BUILT_INS.iter().chain(&["slot:aws", "http:api.example.com", "secret:X_KEY"]) {
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

    #[test]
    fn keys_are_what_was_granted_and_nothing_a_guest_could_write_around() {
        let held = |origin| HeldSecret::whole(Secret::new("x".to_owned()), origin);
        let lifted = || Origin::Lifted { host: "x.com".to_owned() };
        let framed = HeldSecret::lifted(Secret::new("x".to_owned()), lifted(), true);
        let joined = HeldSecret::joined(Secret::new("x".to_owned()), Origin::Slot, Vec::new());
        assert!(held(Origin::Slot).may_sign() && held(Origin::Slot).may_authenticate());
        assert!(!held(lifted()).may_sign() && held(lifted()).may_authenticate());
        for no in [framed, joined] {
            assert!(!no.may_sign() && !no.may_authenticate(), "{no:?}");
        }
    }

    #[test]
    fn a_joined_secret_goes_nowhere_that_one_of_its_pieces_may_not() {
        let key = Origin::SigningKey { host: "a.blob.core.windows.net".to_owned() };
        let lifted = Origin::Lifted { host: "a.blob.core.windows.net".to_owned() };
        assert_eq!(Origin::Guest.and(&key), Some(key.clone()));
        assert_eq!(lifted.clone().and(&key), None);
        assert_eq!((key.signature(), Origin::Slot.signature()), (lifted, Origin::Slot));
    }
}
