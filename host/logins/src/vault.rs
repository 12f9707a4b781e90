//! The host's Vault client. It holds the login, and directs the component's requests to the configured
//! server.
//!
//! This module must not print, and passes a token on only as [`Secret`]. A token that this program logged in
//! for is revoked at the end, and its leases with it. A token of the user is never revoked.

mod address;
mod client;
mod config;
mod error;
mod lease;
mod login;
mod source;

use std::sync::{Mutex, OnceLock, PoisonError};

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Request, Url};

use audex_core::environment::Environment;
use audex_core::secret::Secret;

use self::address::Address;
pub use self::config::{AuthFile, VaultFile};
pub use self::error::VaultError;
use self::lease::Leases;
use self::login::Login;
use self::source::Source;

/// The name by which the component knows the server. By RFC 6761, no host can have this name.
pub const HOST: &str = "vault.invalid";
/// The header that tells Vault that a request was meant for it (Vault API documentation,
/// "`X-Vault-Request`").
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");

/// The Vault client of one run.
pub struct Vault {
    source: Source,
    client: OnceLock<reqwest::Client>,
    login: Mutex<Option<Login>>,
    leases: Leases,
}

impl Vault {
    /// Combines environment and file. Sends nothing and reads no file yet.
    #[must_use]
    pub fn new(environment: &Environment, file: &VaultFile) -> Self {
        Self {
            source: Source::new(environment, file),
            client: OnceLock::new(),
            login: Mutex::default(),
            leases: Leases::default(),
        }
    }

    /// Returns true if an address of Vault is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.source.address.is_some()
    }

    /// Returns true if there is a login to end.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.held().is_some()
    }

    /// Returns the token, and its end if known. Logs in at the first call. Must run inside Tokio.
    ///
    /// # Errors
    /// If no address or login is configured, or Vault refuses the login.
    pub async fn token(&self) -> Result<(Secret, Option<u64>), VaultError> {
        let known = |login: &Login| (login.token.clone(), login.expires_at);
        if let Some(login) = self.held().as_ref() {
            return Ok(known(login));
        }
        let login = login::log_in(&self.source, &self.address()?, self.client()?).await?;
        Ok(known(self.held().insert(login)))
    }

    /// Directs a request for [`HOST`] to the server.
    ///
    /// # Errors
    /// If no address is configured, or a token must not be sent to the address.
    pub fn route(&self, request: &mut Request) -> Result<(), VaultError> {
        let url = self.address()?.join(request.url());
        *request.url_mut() = url;
        request.headers_mut().insert(REQUEST, HeaderValue::from_static("true"));
        if let Some(namespace) = &self.source.namespace {
            let value = HeaderValue::from_str(namespace).map_err(|_| VaultError::Namespace)?;
            request.headers_mut().insert(NAMESPACE, value);
        }
        Ok(())
    }

    /// Returns the HTTP client for requests to the server.
    ///
    /// # Errors
    /// If no address is configured or TLS cannot be set up.
    pub fn client(&self) -> Result<&reqwest::Client, VaultError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let built = client::build(&self.address()?, self.source.ca_cert.as_ref())?;
        Ok(self.client.get_or_init(|| built))
    }

    /// Records which leases a request and its reply issued or ended.
    pub fn saw(&self, url: &Url, sent: &[u8], status: u16, reply: &[u8]) {
        if (200..300).contains(&status) {
            self.leases.saw(url.path(), sent, reply);
        }
    }

    /// Ends what is still valid: a login of this program and its leases with it, otherwise every lease that
    /// has not ended. Returns true if the login was ended, which certainly ends all leases. Must run inside
    /// Tokio.
    ///
    /// # Errors
    /// If Vault cannot be reached or refuses. The login or a lease is then still valid.
    pub async fn close(&self) -> Result<bool, VaultError> {
        // If the end fails, the login is kept, so that another call tries again.
        let Some(login) = self.held().clone() else { return Ok(false) };
        let (address, client) = (self.address()?, self.client()?);
        if login.is_ours {
            login::log_out(&self.source, &address, client, &login.token).await?;
            self.leases.forget();
        } else {
            let mut failed = None;
            for lease in self.leases.left() {
                match login::revoke(&self.source, &address, client, &login.token, &lease).await {
                    Ok(()) => self.leases.ended(&lease),
                    // The other leases are ended all the same.
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        self.held().take();
        Ok(login.is_ours)
    }

    fn address(&self) -> Result<Address, VaultError> {
        let text = self.source.address.as_deref().ok_or(VaultError::NoAddress)?;
        Address::parse(text)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Login>> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(pairs: &[(&str, &str)]) -> Vault {
        Vault::new(&Environment::from_pairs(pairs.iter().copied()), &VaultFile::default())
    }

    #[test]
    fn a_request_keeps_its_path_and_gets_the_servers_address_and_headers() {
        let vault = vault(&[
            ("VAULT_ADDR", "https://vault.example.com:8200/"),
            ("VAULT_NAMESPACE", "team/"),
        ]);
        let url = "https://vault.invalid/v1/aws/sts/ci?x=1".parse().unwrap();
        let mut request = Request::new(reqwest::Method::PUT, url);
        vault.route(&mut request).unwrap();
        assert_eq!(request.url().as_str(), "https://vault.example.com:8200/v1/aws/sts/ci?x=1");
        assert_eq!(request.headers()["x-vault-namespace"], "team/");
        assert_eq!(request.headers()["x-vault-request"], "true");
    }

    #[test]
    fn without_an_address_nothing_is_sent_anywhere() {
        let vault = vault(&[("VAULT_TOKEN", "planted-token-of-the-user")]);
        assert!(!vault.is_configured());
        let mut request =
            Request::new(reqwest::Method::GET, "https://vault.invalid/v1/x".parse().unwrap());
        assert!(matches!(vault.route(&mut request), Err(VaultError::NoAddress)));
    }
}
