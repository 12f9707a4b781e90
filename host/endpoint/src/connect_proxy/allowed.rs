//! The hosts that a user allowed (`HOST[:PORT]`), and the check of a tunnel's target against them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::uri::Authority;

use audex_wire::public_address::is_public;

/// The port of an allowed host that names none.
const HTTPS: u16 = 443;
/// The longest name of a host. Source: RFC 1035, section 2.3.4.
const NAME_BYTES: usize = 253;

/// A host that a command may reach, by name or by address, at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost(Target);

/// The error for a text that is not `HOST[:PORT]`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not HOST or HOST:PORT; an IPv6 address needs brackets, and wildcards are not supported"
)]
pub struct AllowedHostError(String);

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || AllowedHostError(text.chars().filter(|c| !c.is_control()).collect());
        // A wildcard would look allowed and match nothing.
        let authority: Authority = text.parse().map_err(|_| wrong())?;
        Target::with_port(&authority, Some(HTTPS)).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for AllowedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One end of a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr, String),
    Name(String),
}

/// The error for a target that was not allowed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAllowed {
    #[error("`{0}` is not an allowed host; allow it with --allow-host {0}")]
    Host(String),
    #[error(
        "`{target}` resolves to {address}, which is not a public address; allow the address too, with --allow-host {named}"
    )]
    Address { target: String, address: IpAddr, named: String },
    #[error("`{0}` resolves to no address")]
    Nowhere(String),
}

impl Target {
    /// Returns the target of a CONNECT request, which has a port.
    pub(super) fn of(authority: &Authority) -> Option<Self> {
        Self::with_port(authority, None)
    }

    fn with_port(authority: &Authority, default: Option<u16>) -> Option<Self> {
        let text = authority.as_str();
        let host = authority.host();
        let rest = text.strip_prefix(host)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None if rest.is_empty() => default?,
            None => return None,
        };
        Some(Self { host: Host::of(host)?, port })
    }

    pub(super) fn host(&self) -> &str {
        match &self.host {
            Host::Address(_, text) | Host::Name(text) => text,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Rejects a target that nobody allowed, before anything is looked up: a look-up tells a name server what was asked.
    pub(super) fn check_name(&self, allowed: &[AllowedHost]) -> Result<(), NotAllowed> {
        let is_named = allowed.iter().any(|AllowedHost(one)| one == self);
        if is_named { Ok(()) } else { Err(NotAllowed::Host(self.to_string())) }
    }

    /// Rejects a target with an address that is neither public nor allowed itself at this port.
    pub(super) fn check_addresses(
        &self,
        addresses: &[SocketAddr],
        allowed: &[AllowedHost],
    ) -> Result<(), NotAllowed> {
        if addresses.is_empty() {
            return Err(NotAllowed::Nowhere(self.to_string()));
        }
        let named = |address: IpAddr| Self { host: Host::address(address), port: self.port };
        let inside = addresses
            .iter()
            .map(SocketAddr::ip)
            .find(|address| !is_public(*address) && named(*address).check_name(allowed).is_err());
        match inside {
            None => Ok(()),
            Some(address) => Err(NotAllowed::Address {
                target: self.to_string(),
                address,
                named: named(address).to_string(),
            }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(IpAddr::V6(address), _) => write!(f, "[{address}]:{}", self.port),
            Host::Address(_, text) | Host::Name(text) => write!(f, "{text}:{}", self.port),
        }
    }
}

impl Host {
    fn of(text: &str) -> Option<Self> {
        if let Some(inside) = text.strip_prefix('[') {
            return inside.strip_suffix(']')?.parse().ok().map(Self::address);
        }
        if let Ok(address) = text.parse() {
            return Some(Self::address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_name = !name.is_empty() && name.len() <= NAME_BYTES && name.chars().all(is_plain);
        is_name.then_some(Self::Name(name))
    }

    /// An IPv4 address inside an IPv6 address is the same host as the IPv4 address.
    fn address(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self::Address(address, address.to_string())
    }
}
