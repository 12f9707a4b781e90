//! The way from an isolated command to the servers of its session.

use std::io;

use crate::failure::Failure;
use crate::settings::isolation::IsolationSettings;
use audex_child::Running;
use audex_core::isolation::Level;
use audex_endpoint::connect_proxy::{self, ConnectProxy};
use audex_wire::server::{Port, Server};

/// A proxy to the allowed hosts, and the variables that lead the command to it.
pub(super) struct Proxy {
    pub(super) proxy: ConnectProxy,
    pub(super) variables: Vec<(&'static str, String)>,
}

/// Starts the proxy to the hosts that were allowed, if there are any.
///
/// # Errors
/// When the system has no socket or thread.
pub(super) fn proxy(settings: &IsolationSettings) -> Result<Option<Proxy>, Failure> {
    let hosts = &settings.choices.allow_hosts;
    if settings.level != Level::Strict || hosts.is_empty() {
        return Ok(None);
    }
    let start = || -> io::Result<Proxy> {
        let port = Port::open(0)?;
        let variables = connect_proxy::variables(port.address());
        Ok(Proxy { proxy: connect_proxy::start(port, hosts.clone())?, variables })
    };
    start().map(Some).map_err(|error| Failure::internal("isolation", error))
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
