//! The HTTP client for Vault: its own roots, no proxy, and at most one redirect, to the leader.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::redirect::{Action, Attempt, Policy};

use super::VaultError;
use super::address::{Address, is_loopback};
use audex_core::shape::ConfiguredPath;
use audex_wire::roots;

/// The time limit for connecting to a server that does not answer.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// The time limit of one exchange. Vault may have to wait for AWS.
const EXCHANGE_TIME: Duration = Duration::from_secs(30);

/// Returns a client for the server at `address`.
///
/// # Errors
/// If the certificates cannot be read or TLS cannot be set up.
pub(super) fn build(
    address: &Address,
    ca_cert: Option<&ConfiguredPath>,
) -> Result<reqwest::Client, VaultError> {
    // The whole program uses one crypto provider, which may have been installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_plain = address.is_plain();
    let mut builder = reqwest::Client::builder()
        .https_only(!is_plain)
        .redirect(Policy::custom(move |attempt| to_leader(attempt, is_plain)))
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIME)
        .timeout(EXCHANGE_TIME)
        .user_agent(concat!("audex/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca_cert {
        builder = builder.tls_certs_only(roots::read(path)?);
    }
    builder.build().map_err(VaultError::Client)
}

/// Follows the redirect of a standby, which answers with 307 and the leader's address (Vault API
/// documentation, "HTTP status codes").
///
/// Security: the token goes along, so a redirect is followed once, to the same path, and by https. By http it
/// is followed only from this machine to this machine.
fn to_leader(attempt: Attempt<'_>, is_plain: bool) -> Action {
    let [from] = attempt.previous() else { return attempt.stop() };
    let to = attempt.url();
    let is_safe = to.scheme() == "https" || (is_plain && to.scheme() == "http" && is_loopback(to));
    let same = from.path() == to.path() && from.query() == to.query();
    let is_temporary = attempt.status() == StatusCode::TEMPORARY_REDIRECT;
    if is_temporary && is_safe && same { attempt.follow() } else { attempt.stop() }
}
