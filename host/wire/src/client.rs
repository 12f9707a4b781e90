//! The HTTP client for addresses that the user configured, and the settings that all HTTP clients share.

use std::time::Duration;

use crate::roots::{self, RootsError};
use audex_core::environment::Environment;

/// The longest time for connecting to a host that does not answer.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Builds the client for addresses that the user configured, which may be private. Callers pass only https addresses, or
/// http addresses on loopback.
///
/// # Errors
/// When TLS cannot be set up, or the user's authorities cannot be used.
pub fn configured_client(environment: &Environment) -> Result<reqwest::Client, ClientError> {
    Ok(common(environment)?.build()?)
}

/// The error for a client that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The authorities that the user configured cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] reqwest::Error),
}

/// Builds on the settings that every client shares: no redirect, no proxy of the environment, configured authorities.
///
/// # Errors
/// When TLS cannot be set up, or the user's authorities cannot be used.
pub fn common(environment: &Environment) -> Result<reqwest::ClientBuilder, ClientError> {
    // The whole program uses one crypto provider; another client may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIME)
        .user_agent(concat!("audex/", env!("CARGO_PKG_VERSION")));
    Ok(match roots::configured(environment)? {
        Some(roots) => builder.tls_certs_only(roots),
        None => builder,
    })
}
