//! The login to Vault.

use std::path::Path;

use vaultrs::api::AuthInfo;
use vaultrs::api::auth::approle::requests::LoginWithApproleRequest;
use vaultrs::api::auth::kubernetes::requests::LoginWithKubernetesRequest;

use super::error::VaultError;
use super::sender::Sender;
use super::source::Auth;
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
pub(super) async fn log_in(auth: &Auth, sender: &Sender) -> Result<Login, VaultError> {
    let own =
        |token: Secret| Ok(Login { token: checked(token)?, is_ours: false, expires_at: None });
    match auth {
        Auth::Token(token) => own(token.clone()),
        Auth::TokenFile(path) => own(token_file(path.as_deref())?),
        Auth::AppRole { mount, role_id, secret_id } => {
            let role_id = role_id.clone().ok_or(VaultError::HalfAppRole("role id"))?;
            let secret_id = secret_id.as_ref().ok_or(VaultError::HalfAppRole("secret id"))?;
            let secret_id = secret_id.expose().to_owned();
            let endpoint =
                LoginWithApproleRequest { mount: mounted(mount)?.to_owned(), role_id, secret_id };
            sender.log_in("AppRole login", endpoint).await.and_then(ours)
        }
        Auth::Kubernetes { mount, role, token_path } => {
            // The token is read at each login, because the kubelet replaces it before it expires.
            let jwt = reachable::required_text(token_path.as_path()).map(Secret::new);
            let jwt = jwt.map_err(|error| VaultError::PodToken {
                path: token_path.clone(),
                source: error,
            })?;
            let (mount, jwt) = (mounted(mount)?.to_owned(), jwt.expose().trim().to_owned());
            let endpoint = LoginWithKubernetesRequest { mount, role: role.clone(), jwt };
            sender.log_in("Kubernetes login", endpoint).await.and_then(ours)
        }
    }
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
