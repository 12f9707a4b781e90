//! The connections of tunnels: to checked addresses of allowed hosts, or to every host in the way of the user's own tools.

use std::net::{IpAddr, SocketAddr};

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::net::TcpStream;
use tower_service::Service as _;

use super::Refused;
use super::allowed::{AllowedHost, Target};

/// The hosts that tunnels lead to.
pub(super) enum Outward {
    /// These hosts alone.
    Checked(Vec<AllowedHost>),
    /// Every host but these addresses, through the proxy that the user's variables name for it, if any.
    Everywhere(Box<Matcher>, Vec<IpAddr>),
}

impl Outward {
    pub(super) fn checked(allowed: Vec<AllowedHost>) -> Self {
        Self::Checked(allowed)
    }

    pub(super) fn everywhere(refused: Vec<IpAddr>) -> Self {
        Self::Everywhere(Box::new(Matcher::from_env()), refused)
    }

    /// Rejects a target that nobody allowed.
    pub(super) fn check_name(&self, target: &Target) -> Result<(), Refused> {
        match self {
            Self::Checked(allowed) => Ok(target.check_name(allowed)?),
            Self::Everywhere(..) => Ok(()),
        }
    }

    /// Connects to the target.
    pub(super) async fn connect(&self, target: &Target) -> Result<TcpStream, Refused> {
        let stream = match self {
            Self::Checked(allowed) => checked(target, allowed).await?,
            Self::Everywhere(proxies, refused) => everywhere(target, proxies, refused).await?,
        };
        // The client decides how bytes are put into packets.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// Connects to one of the target's addresses, after all of them were checked.
async fn checked(target: &Target, allowed: &[AllowedHost]) -> Result<TcpStream, Refused> {
    let unreachable = |error| Refused::Unreachable(target.to_string(), error);
    let found = tokio::net::lookup_host((target.host(), target.port())).await;
    let addresses: Vec<SocketAddr> = found.map_err(unreachable)?.collect();
    target.check_addresses(&addresses, allowed)?;
    // INVARIANT: the connection goes to an address of this list, which is checked; the name is not looked up again.
    TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)
}

/// Connects as the user's own tools would, but to none of the addresses in `refused`.
async fn everywhere(
    target: &Target,
    proxies: &Matcher,
    refused: &[IpAddr],
) -> Result<TcpStream, Refused> {
    let unreachable = |error| Refused::Unreachable(target.to_string(), error);
    let uri: Uri = format!("https://{target}/").parse().map_err(|_| Refused::Target)?;
    let found = tokio::net::lookup_host((target.host(), target.port())).await;
    let addresses = found.map(Iterator::collect::<Vec<SocketAddr>>);
    // Security: a name may lead to such an address too.
    let is_refused = |address: &SocketAddr| refused.contains(&address.ip().to_canonical());
    if addresses.as_ref().is_ok_and(|addresses| addresses.iter().any(is_refused)) {
        return Err(Refused::Metadata(target.to_string()));
    }
    let Some(proxy) = proxies.intercept(&uri) else {
        // INVARIANT: the connection goes to an address of this list, which is checked; the name is not looked up again.
        let addresses = addresses.map_err(unreachable)?;
        return TcpStream::connect(addresses.as_slice()).await.map_err(unreachable);
    };
    let mut tunnel = Tunnel::new(proxy.uri().clone(), HttpConnector::new());
    if let Some(login) = proxy.basic_auth() {
        tunnel = tunnel.with_auth(login.clone());
    }
    let stream = tunnel.call(uri).await;
    let stream = stream.map_err(|error| Refused::Proxy(target.to_string(), error.to_string()))?;
    Ok(stream.into_inner())
}
