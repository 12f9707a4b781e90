//! The login to Vault, and the end of the login and of leases.

use std::path::Path;

use vaultrs::api::{AuthInfo, EndpointMiddleware};
use vaultrs::client::{Client as _, VaultClient, VaultClientSettings};

use super::address::Address;
use super::error::VaultError;
use super::lease::End;
use super::source::{Auth, Source};
use audex_core::secret::Secret;
use audex_core::{clock, reachable};

/// A token for calls to Vault.
#[derive(Clone)]
pub(crate) struct Login {
    pub token: Secret,
    /// True if this program logged in for the token and therefore must revoke it.
    pub is_ours: bool,
    /// The token's end in seconds since the Unix epoch, if known.
    pub expires_at: Option<u64>,
}

/// Logs in as configured, or uses the user's own token.
pub(super) async fn log_in(
    source: &Source,
    address: &Address,
    http: &reqwest::Client,
) -> Result<Login, VaultError> {
    let own =
        |token: Secret| Ok(Login { token: checked(token)?, is_ours: false, expires_at: None });
    match &source.auth {
        Auth::Token(token) => own(token.clone()),
        Auth::TokenFile(path) => own(token_file(path.as_deref())?),
        Auth::AppRole { mount, role_id, secret_id } => {
            let role_id = role_id.as_deref().ok_or(VaultError::HalfAppRole("role id"))?;
            let secret_id = secret_id.as_ref().ok_or(VaultError::HalfAppRole("secret id"))?;
            let vault = client(source, address, http, None)?;
            let answer =
                vaultrs::auth::approle::login(&vault, mounted(mount)?, role_id, secret_id.expose());
            answer.await.map_err(|error| VaultError::of("AppRole login", error)).and_then(ours)
        }
        Auth::Kubernetes { mount, role, token_path } => {
            // The token is read at each login, because the kubelet replaces it before it expires.
            let jwt = reachable::required_text(token_path.as_path()).map(Secret::new);
            let jwt = jwt.map_err(|error| VaultError::PodToken {
                path: token_path.clone(),
                source: error,
            })?;
            let vault = client(source, address, http, None)?;
            let answer = vaultrs::auth::kubernetes::login(
                &vault,
                mounted(mount)?,
                role,
                jwt.expose().trim(),
            );
            answer.await.map_err(|error| VaultError::of("Kubernetes login", error)).and_then(ours)
        }
    }
}

/// Revokes a token of this program. Vault ends the token's leases with it.
pub(crate) async fn log_out(
    source: &Source,
    address: &Address,
    http: &reqwest::Client,
    token: &Secret,
) -> Result<(), VaultError> {
    let vault = client(source, address, http, Some(token))?;
    vault.revoke().await.map_err(|error| VaultError::of("end of the login", error))
}

/// Ends one lease.
pub(super) async fn revoke(
    source: &Source,
    address: &Address,
    http: &reqwest::Client,
    token: &Secret,
    lease: &str,
) -> Result<(), VaultError> {
    let vault = client(source, address, http, Some(token))?;
    let answer = vaultrs::api::exec_with_empty(&vault, End { lease });
    answer.await.map_err(|error| VaultError::of("end of a lease", error))
}

fn ours(auth: AuthInfo) -> Result<Login, VaultError> {
    let expires_at = (auth.lease_duration > 0)
        .then(|| clock::unix_seconds().saturating_add(auth.lease_duration));
    let token = checked(Secret::new(auth.client_token))?;
    Ok(Login { token, is_ours: true, expires_at })
}

fn token_file(path: Option<&Path>) -> Result<Secret, VaultError> {
    let text = path.and_then(|path| reachable::required_text(path).ok()).map(Secret::new);
    let token = text.map(|text| Secret::new(text.expose().trim().to_owned()));
    token.filter(|token| !token.expose().is_empty()).ok_or(VaultError::NoToken)
}

/// Returns the token if it can stand in a header; the client library accepts no other token.
fn checked(token: Secret) -> Result<Secret, VaultError> {
    if token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(token)
    } else {
        Err(VaultError::MalformedToken)
    }
}

/// Returns the mount if it can stand in a path. Security: the mount must not lead a secret to another
/// endpoint.
fn mounted(mount: &str) -> Result<&str, VaultError> {
    let trimmed = mount.trim_matches('/');
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let part =
        |part: &str| !part.is_empty() && part.chars().all(letter) && !matches!(part, "." | "..");
    if trimmed.split('/').all(part) { Ok(trimmed) } else { Err(VaultError::Mount) }
}

/// Returns the library's client on this program's HTTP client. The library's own HTTP client would follow any
/// redirect, with the token, and would read the environment.
fn client(
    source: &Source,
    address: &Address,
    http: &reqwest::Client,
    token: Option<&Secret>,
) -> Result<VaultClient, VaultError> {
    let namespace = source.namespace.clone();
    // The library does not check the namespace.
    if namespace.as_deref().is_some_and(|name| !name.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(VaultError::Namespace);
    }
    let token = token.map_or_else(String::new, |token| token.expose().to_owned());
    let settings = VaultClientSettings {
        address: address.url().clone(),
        ca_certs: Vec::new(),
        identity: None,
        timeout: None,
        token: String::new(),
        verify: true,
        version: 1,
        wrapping: false,
        namespace: namespace.clone(),
        proxy: None,
    };
    let middle = EndpointMiddleware { token, version: "v1".to_owned(), wrap: None, namespace };
    let http = rustify::clients::reqwest::Client::new(address.as_str(), http.clone());
    Ok(VaultClient { http, middle, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_that_leads_elsewhere_is_refused() {
        assert_eq!(mounted("/team/approle/").unwrap(), "team/approle");
        for bad in ["", "a/../b", "a?b", "a b"] {
            assert!(mounted(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_token_that_no_header_takes_is_refused_without_repeating_it() {
        assert!(checked(Secret::new("hvs.CAESI-_".to_owned())).is_ok());
        let error = checked(Secret::new("planted\ntoken".to_owned())).err().unwrap();
        assert!(!error.to_string().contains("planted"));
    }
}
