//! What a component may reach: the intersection of what it asks for and what was granted, and the state behind it.

pub mod http;
pub mod identity;
pub mod outside;
pub mod plain;
pub mod policy_scope;
mod settle;
pub mod sts;
mod vault;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::aws;
use crate::secret::Secret;

use self::outside::Outside;
use self::policy_scope::PolicyScope;

/// A secret in a guest's hands, by handle only.
#[derive(Debug)]
pub struct HeldSecret {
    /// The text.
    pub value: Secret,
    /// Where it came from, which decides where it may go.
    pub origin: Origin,
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
    },
    /// A granted slot: it may go to the hosts granted to the component, and never to the child.
    Slot,
    /// Lifted from a reply; it may go back to that host.
    Lifted {
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
    /// `slot:vault`: the token that logging in to Vault gave; for built-in components.
    Vault,
    /// `secret:NAME`: the environment variable `NAME`, never shown to the guest.
    Secret(String),
}

/// A capability that this host does not know. Unknown names are errors, never ignored.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no capability this version knows (`http:HOST`, `slot:aws`, `secret:NAME`)")]
pub struct UnknownCapability(String);

impl FromStr for Capability {
    type Err = UnknownCapability;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownCapability(text.to_owned());
        match text.split_once(':') {
            Some(("slot", "aws")) => Ok(Self::Aws),
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
            Self::Vault => formatter.write_str("slot:vault"),
            Self::Secret(name) => write!(formatter, "secret:{name}"),
        }
    }
}

/// Whether `name` can be an environment variable that carries a secret of a user's own.
///
/// Security: the keys of AWS are behind `slot:aws`, which does not give them away.
fn is_variable_name(name: &str) -> bool {
    if name.starts_with("AWS_") {
        return false;
    }
    let allowed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(allowed)
}

/// What a component may use: asked for, and granted to its digest. The one place this is computed.
#[must_use]
pub fn effective(requested: &[Capability], granted: &BTreeSet<Capability>) -> BTreeSet<Capability> {
    requested.iter().filter(|capability| granted.contains(capability)).cloned().collect()
}

/// Everything behind the imports of one call of one provider.
pub struct Reach {
    /// What the component may use.
    pub capabilities: BTreeSet<Capability>,
    /// The component's own settings.
    pub settings: BTreeMap<String, String>,
    /// What policies may say in this call.
    pub scope: PolicyScope,
    /// Network and source credentials, shared by all calls of a run.
    pub outside: Arc<Outside>,
}
