//! The way from an isolated command to the servers of its session.

use std::io;
use std::sync::Arc;

use crate::failure::Failure;
use crate::isolation::metadata;
use crate::settings::isolation::IsolationSettings;
use audex_child::Running;
use audex_core::delivery::Value;
use audex_core::isolation::Level;
use audex_core::random;
use audex_core::secret::Secret;
use audex_endpoint::connect_proxy::{self, ConnectProxy, Interceptor, Reach};
use audex_wire::server::{Port, Server};

impl Proxy {
    /// Returns the secrets in the variables.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        let of = |(_, value): &(&str, Value)| match value {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(_) => None,
        };
        self.variables.iter().filter_map(of).collect()
    }
}

/// The digits of a proxy's password; this many cannot be guessed.
const SECRET_DIGITS: usize = 40;

/// A proxy to the allowed hosts, and the variables that lead the command to it.
pub(super) struct Proxy {
    pub(super) proxy: ConnectProxy,
    pub(super) variables: Vec<(&'static str, Value)>,
}

/// Starts the proxy, if the command needs one: to reach hosts that were allowed, or those that `interceptor` serves.
///
/// # Errors
/// When the system has no socket, thread or random numbers.
pub(super) fn proxy(
    settings: &IsolationSettings,
    interceptor: Option<Arc<dyn Interceptor>>,
) -> Result<Option<Proxy>, Failure> {
    let hosts = settings.choices.allow_hosts.clone();
    let is_strict = settings.level == Level::Strict;
    if interceptor.is_none() && (!is_strict || hosts.is_empty()) {
        return Ok(None);
    }
    let start = || -> io::Result<Proxy> {
        let port = Port::open(0)?;
        let address = port.address();
        let (reach, variables) = if is_strict {
            let plain = |(name, value)| (name, Value::Plain(value));
            let variables = connect_proxy::variables(address).into_iter().map(plain).collect();
            (Reach::Hosts(hosts), variables)
        } else {
            let secret = Secret::new(random::text(SECRET_DIGITS, random::HEX)?);
            let variables = connect_proxy::https_variables(address, &secret);
            (Reach::Everywhere { secret, refused: metadata().collect() }, variables)
        };
        Ok(Proxy { proxy: connect_proxy::start(port, reach, interceptor)?, variables })
    };
    start().map(Some).map_err(|error| Failure::internal("proxy", error))
}

/// Returns the notices about hosts that the command asked for in vain.
pub(super) fn refusals(proxy: &Proxy) -> Vec<String> {
    let refusals = proxy.proxy.refusals();
    refusals
        .iter()
        .map(|reason| format!("a connection of the command was refused: {reason}"))
        .collect()
}

/// Returns the ports of `servers`.
pub(super) fn ports(servers: &[&Server]) -> Vec<u16> {
    servers.iter().flat_map(|server| server.ports()).copied().collect()
}

/// Lets `servers` answer inside the network of the command.
///
/// # Errors
/// When a listener is not one of theirs. The command is then ended.
pub(super) fn admit(running: &mut Running, servers: &[&Server]) -> Result<(), Failure> {
    for listener in running.take_listeners() {
        let mut left = Some(listener);
        for server in servers {
            let Some(listener) = left.take() else { break };
            left = server
                .also_accept(listener)
                .map_err(|error| Failure::internal("isolation", error))?;
        }
        if left.is_some() {
            let error = io::Error::other("a port of the command's network has no server");
            return Err(Failure::internal("isolation", error));
        }
    }
    Ok(())
}
