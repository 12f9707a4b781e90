//! Source credentials of Google Cloud: found by `gcp_auth`, in the order Google's own libraries look.
//!
//! It must not let a token out except as [`Secret`], and never waits for a metadata server that is not there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gcp_auth::{
    ConfigDefaultCredentials, CustomServiceAccount, GCloudAuthorizedUser, MetadataServiceAccount,
    TokenProvider,
};
use serde::Deserialize;

use crate::environment::Environment;
use crate::secret::Secret;

/// Lets a token ask for everything its holder may; what is minted with it is narrower.
pub const PLATFORM_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Names a credentials file.
pub const CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// A metadata server answers from the same machine, in milliseconds; off Google nobody answers.
const METADATA_BUDGET: Duration = Duration::from_secs(1);
/// Finding credentials and getting one token, together: a person waits for this.
const BUDGET: Duration = Duration::from_secs(20);
/// Where the firmware of a Compute Engine machine says whose it is. Source: Compute Engine, "Detect if a VM is running in
/// Compute Engine".
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";

/// Credentials to impersonate with, and whose they are.
pub struct Source {
    provider: Arc<dyn TokenProvider>,
    /// For people: an email, or where the credentials are from.
    pub identity: String,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum GcpError {
    /// Nothing was found anywhere.
    #[error("no Google Cloud credentials were found")]
    None,
    /// A credentials file cannot be used.
    #[error("the credentials file `{}` cannot be used: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Google, or the network, said no.
    #[error("no token for {identity}")]
    Token {
        /// Whose.
        identity: String,
        /// Why.
        source: gcp_auth::Error,
    },
    /// Nobody answered.
    #[error("no answer about Google Cloud credentials within {} s", BUDGET.as_secs())]
    TimedOut,
}

impl GcpError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None => {
                "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
            }
            Self::File { .. } => {
                "a service account's key or `gcloud auth application-default login` can be used"
            }
            Self::Token { .. } | Self::TimedOut => {
                "check the network, or log in again: `gcloud auth application-default login`"
            }
        }
    }

    /// For scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::None => "no-credentials",
            Self::File { .. } => "credentials-file",
            Self::Token { .. } => "no-token",
            Self::TimedOut => "timed-out",
        }
    }
}

impl Source {
    /// The first credentials there are. Must run inside a Tokio runtime.
    ///
    /// # Errors
    /// When there are none, or a file that was named cannot be used.
    pub async fn find(environment: &Environment) -> Result<Self, GcpError> {
        tokio::time::timeout(BUDGET, look(environment)).await.unwrap_or(Err(GcpError::TimedOut))
    }

    /// A token with `scopes`, and when it ends (seconds since the Unix epoch), which `gcp_auth` knows to the second.
    ///
    /// # Errors
    /// When Google refuses, or nobody answers.
    pub async fn token(&self, scopes: &[&str]) -> Result<(Secret, Option<u64>), GcpError> {
        let asked = tokio::time::timeout(BUDGET, self.provider.token(scopes)).await;
        let token = asked.map_err(|_| GcpError::TimedOut)?;
        let token = token.map_err(|source| GcpError::Token { identity: self.identity.clone(), source })?;
        Ok((Secret::new(token.as_str().to_owned()), u64::try_from(token.expires_at().timestamp()).ok()))
    }
}

async fn look(environment: &Environment) -> Result<Source, GcpError> {
    if let Some(path) = environment.get(CREDENTIALS).filter(|path| !path.is_empty()) {
        return from_file(Path::new(path));
    }
    if default_file(environment).is_some_and(|path| path.is_file())
        && let Ok(found) = ConfigDefaultCredentials::new().await
    {
        return Ok(source(found, "application default credentials"));
    }
    if is_google_machine()
        && let Ok(Ok(found)) = tokio::time::timeout(METADATA_BUDGET, MetadataServiceAccount::new()).await
    {
        return Ok(source(found, "this machine's service account"));
    }
    match GCloudAuthorizedUser::new().await {
        Ok(found) => Ok(source(found, "gcloud's login")),
        Err(_) => Err(GcpError::None),
    }
}

fn source(provider: impl TokenProvider + 'static, identity: &str) -> Source {
    Source { provider: Arc::new(provider), identity: identity.to_owned() }
}

/// What is looked at before the file is used.
#[derive(Deserialize)]
struct Key {
    #[serde(rename = "type")]
    kind: String,
    client_email: Option<String>,
    token_uri: Option<String>,
}

/// A file that the user named: it is used, or an error. Nothing else is then looked for.
fn from_file(path: &Path) -> Result<Source, GcpError> {
    let unusable = |reason: String| GcpError::File { path: path.to_path_buf(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let key: Key =
        serde_json::from_str(&text).map_err(|_| unusable("it is no credentials file".to_owned()))?;
    if key.kind != "service_account" {
        return Err(unusable(format!("credentials of the type `{}` are not supported", key.kind)));
    }
    // Security: the signed assertion goes there, and whoever reads it can have a token for an hour.
    if !key.token_uri.as_deref().is_some_and(is_safe) {
        return Err(unusable("its token_uri is neither https nor on loopback".to_owned()));
    }
    let found = CustomServiceAccount::from_json(&text).map_err(|error| unusable(error.to_string()))?;
    Ok(source(found, key.client_email.as_deref().unwrap_or("a service account")))
}

fn is_safe(uri: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(uri) else { return false };
    url.scheme() == "https" || (url.scheme() == "http" && crate::endpoint::is_loopback(&url))
}

/// Where `gcloud auth application-default login` writes, by the rule of `gcp_auth`.
fn default_file(environment: &Environment) -> Option<PathBuf> {
    let home = environment.get("HOME")?;
    Some(Path::new(home).join(".config/gcloud/application_default_credentials.json"))
}

/// Whether a run would find something without asking the network: what `health` calls configured.
#[must_use]
pub fn is_configured(environment: &Environment) -> bool {
    let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    set(CREDENTIALS)
        || set("AUDEX_GCP_SERVICE_ACCOUNT")
        || default_file(environment).is_some_and(|path| path.is_file())
}

fn is_google_machine() -> bool {
    std::fs::read_to_string(PRODUCT_NAME).is_ok_and(|name| name.contains("Google"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(contents: &str) -> Result<Source, GcpError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), contents).unwrap();
        from_file(file.path())
    }

    #[test]
    fn a_key_that_would_be_sent_in_the_clear_is_refused() {
        for (uri, why) in
            [("http://oauth2.example.com/token", "token_uri"), ("ftp://127.0.0.1/token", "token_uri")]
        {
            let text = format!(r#"{{"type":"service_account","token_uri":"{uri}"}}"#);
            let Err(error) = file(&text) else { panic!("{uri} was accepted") };
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn other_types_of_credentials_are_named() {
        for (text, why) in [
            (r#"{"type":"external_account"}"#, "`external_account` are not supported"),
            ("nonsense", "no credentials file"),
        ] {
            let Err(error) = file(text) else { panic!("{text} was accepted") };
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
