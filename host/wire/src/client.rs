//! The HTTP client for what the user configured, and the settings that all HTTP clients share.

use std::time::Duration;

use crate::roots;
use crate::roots::RootsError;
use audex_core::environment::Environment;

/// Connecting to a host that does not answer.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// Builds the client for addresses that the user configured, which may be private. What it is given is https, or on loopback.
///
/// # Errors
/// When TLS cannot be set up, or not with the authorities that the user configured.
pub fn configured_client(environment: &Environment) -> Result<reqwest::Client, ClientError> {
    Ok(common(environment)?.build()?)
}

/// There is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The authorities that the user configured.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] reqwest::Error),
}

/// Builds on the settings that every client shares: no redirect, no proxy of the environment, configured authorities.
///
/// # Errors
/// When TLS cannot be set up, or not with the authorities that the user configured.
pub fn common(environment: &Environment) -> Result<reqwest::ClientBuilder, ClientError> {
    // One crypto provider in the whole program; it may have been chosen already.
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
