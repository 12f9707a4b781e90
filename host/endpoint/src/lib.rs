//! Servers on loopback that give a session's tokens to its command, as long as the session and the tokens last.
//!
//! Security: the servers listen only on 127.0.0.1, on a port that the system chooses. The metadata protocol has no client
//! secret: until the session ends, any process on this machine that finds the port can ask. The other protocols have one.

mod ask;
pub mod connect_proxy;
mod container;
mod identity;
mod metadata;
mod server;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use audex_core::delivery::{Endpoint, EndpointSettings, Value};
use audex_core::random;
use audex_core::secret::Secret;
use audex_wire::server::{Port, Server};

pub use container::{ContainerKeys, CurrentKeys};

/// The number of hexadecimal digits in a session's secret; this many cannot be guessed.
const SECRET_DIGITS: usize = 64;

/// The running servers; they stop when this value is dropped.
#[derive(Default)]
pub struct Endpoints {
    /// The variables and files that lead the command to the servers.
    pub settings: EndpointSettings,
    servers: Vec<Server>,
}

impl Endpoints {
    /// Returns the running servers.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// Returns the secrets in the variables and files of `settings`.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let of = |value: &Value| match value {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(_) => None,
        };
        let variables = self.settings.variables.iter().filter_map(|(_, value)| of(value));
        variables.chain(self.settings.files.iter().filter_map(|file| of(&file.contents))).collect()
    }
}

/// The error for an endpoint that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// A socket, thread or runtime cannot be created.
    #[error("cannot serve the session's tokens on loopback")]
    Serve(#[source] std::io::Error),
    /// The system has no random numbers for a secret.
    #[error("no random numbers")]
    Random,
}

/// Starts every endpoint, with files in `directory`; `ends_at` is the end of access, in seconds since the Unix epoch.
///
/// # Errors
/// When an endpoint cannot start; those that are already running are stopped then.
pub fn start(
    endpoints: &[Endpoint],
    directory: &Path,
    ends_at: u64,
) -> Result<Endpoints, EndpointError> {
    let mut running = Endpoints::default();
    for endpoint in endpoints {
        let Place { port, authority, secret } = Place::open()?;
        let server = match endpoint {
            Endpoint::Metadata(metadata) => {
                metadata::configure(
                    metadata,
                    &authority,
                    &secret,
                    directory,
                    &mut running.settings,
                );
                let metadata = metadata.clone();
                server::start(port, ends_at, Some(metadata::EXCHANGE), move |ask| {
                    metadata::answer(&metadata, &secret, ends_at, ask)
                })
            }
            Endpoint::Identity(identity) => {
                identity::configure(&authority, &secret, &mut running.settings);
                let identity = identity.clone();
                server::start(port, ends_at, None, move |ask| {
                    identity::answer(&identity, &secret, ends_at, ask)
                })
            }
        };
        running.servers.push(server.map_err(EndpointError::Serve)?);
    }
    Ok(running)
}

/// Starts an endpoint for the AWS keys in `current`, which the caller may replace; `ends_at` is the end of access, in
/// seconds since the Unix epoch.
///
/// # Errors
/// When the endpoint cannot start.
pub fn start_container(
    current: Arc<CurrentKeys>,
    ends_at: u64,
) -> Result<Endpoints, EndpointError> {
    let mut running = Endpoints::default();
    let Place { port, authority, secret } = Place::open()?;
    container::configure(&authority, &secret, &mut running.settings);
    let server = server::start(port, ends_at, None, move |ask| {
        container::answer(&current, &secret, ends_at, ask)
    });
    running.servers.push(server.map_err(EndpointError::Serve)?);
    Ok(running)
}

/// A port for one server, and the secret of its clients.
struct Place {
    port: Port,
    authority: String,
    secret: Secret,
}

impl Place {
    fn open() -> Result<Self, EndpointError> {
        let port = Port::open(0).map_err(EndpointError::Serve)?;
        let authority = port.address().to_string();
        let secret = random::text(SECRET_DIGITS, random::HEX).map_err(|_| EndpointError::Random)?;
        Ok(Self { port, authority, secret: Secret::new(secret) })
    }
}
