//! Servers on loopback that give a session's tokens to its command, as long as the session and the tokens last.
//!
//! Security: the servers listen only on 127.0.0.1, on a port that the system chooses. The metadata protocol has no client
//! secret: until the session ends, any process on this machine that finds the port can ask. The identity protocol has one.

mod ask;
mod identity;
mod metadata;
mod server;
#[cfg(test)]
mod tests;

use std::path::Path;

use audex_core::digest::hex;
use audex_core::secret::Secret;
use audex_core::session::{Endpoint, EndpointSettings, Value};

use self::server::Server;

/// The number of random bytes in a session's secret; this many cannot be guessed.
const SECRET_BYTES: usize = 32;

/// The running servers; they stop when this value is dropped.
#[derive(Default)]
pub struct Endpoints {
    /// The variables and files that lead the command to the servers.
    pub lead: EndpointSettings,
    servers: Vec<Server>,
}

impl Endpoints {
    /// Returns the secrets in the variables and files of `lead`.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let of = |value: &Value| match value {
            Value::Secret(secret) => Some(secret.clone()),
            Value::Plain(_) => None,
        };
        let variables = self.lead.variables.iter().filter_map(|(_, value)| of(value));
        variables.chain(self.lead.files.iter().filter_map(|file| of(&file.contents))).collect()
    }

    /// Returns the address of the first server.
    #[cfg(test)]
    fn authority(&self) -> String {
        self.servers.first().map(|server| server.authority.clone()).unwrap_or_default()
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
        let listener = server::bind().map_err(EndpointError::Serve)?;
        let authority = listener.local_addr().map_err(EndpointError::Serve)?.to_string();
        let secret = secret()?;
        let server = match endpoint {
            Endpoint::Metadata(metadata) => {
                metadata::lead(metadata, &authority, &secret, directory, &mut running.lead);
                let metadata = metadata.clone();
                Server::start(listener, ends_at, move |ask| {
                    metadata::answer(&metadata, &secret, ends_at, ask)
                })
            }
            Endpoint::Identity(identity) => {
                identity::lead(&authority, &secret, &mut running.lead);
                let identity = identity.clone();
                Server::start(listener, ends_at, move |ask| {
                    identity::answer(&identity, &secret, ends_at, ask)
                })
            }
        };
        running.servers.push(server.map_err(EndpointError::Serve)?);
    }
    Ok(running)
}

fn secret() -> Result<Secret, EndpointError> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; SECRET_BYTES]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| EndpointError::Random)?;
    Ok(Secret::new(hex(bytes.as_slice())))
}
