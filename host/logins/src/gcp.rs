//! Google Cloud source credentials, by the rules of Application Default Credentials.
//!
//! The order: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, gcloud's own file of application default
//! credentials, the metadata server, and the login of the gcloud tool. The first source found is used; if it
//! fails, the next source is not tried.
//! A file can hold a service account, a user, an identity of another issuer, or a service account that one of
//! these impersonates. If this version does not read a part of a file, the file is rejected and the error
//! names the part.
//!
//! This module does not use `gcp_auth`. Version 0.12.7 was read and tried. Each of its credential types has a
//! defect that a time limit around the call does not repair:
//!
//! - Service account (`CustomServiceAccount::from_json`): a server that refuses and one that is busy both give
//!   "token request failed", after five requests (`types.rs:64-111`), so neither the reason nor the exit code
//!   would be right. A reply is read without a cap (`types.rs:102`; 785 MiB in 2 s in the trial), and a
//!   lifetime beyond the calendar panics (`types.rs:283`). Only the system's authorities are trusted
//!   (`types.rs:42`), not a company's in `CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE`.
//! - User: the same defects; also, the file's `token_uri` is ignored (`config_default_credentials.rs:131`).
//! - Metadata server: the same defects; also, the scopes are ignored, so the token is wider than requested
//!   (`metadata_service_account.rs:72`). `GCE_METADATA_HOST` is ignored too.
//! - gcloud: it is waited for on the runtime's thread, so no time limit fires
//!   (`gcloud_authorized_user.rs:65`), and it gets every secret of the environment.
//!
//! Only its key parser and signer would be usable. They would replace fifteen lines that other logins need anyway.
//! Source: Google Cloud, "How Application Default Credentials works"; RFC 7523 for the assertion of a service
//! account.

mod external;
mod file;
mod impersonation;
mod login;
mod metadata;

use std::path::PathBuf;

use reqwest::Client;

use crate::token::{Token, TokenError, Why};
use audex_core::environment::{CLOUDSDK_CONFIG, Environment, GOOGLE_APPLICATION_CREDENTIALS, HOME};
use audex_core::shape::ConfiguredPath;

use self::file::File;

const HINT: &str = "log in: gcloud auth application-default login";

/// Returns a token of the source credentials for OAuth `scopes`.
///
/// # Errors
/// If there are no credentials, they cannot be used, or Google refuses them.
pub async fn token(
    environment: &Environment,
    client: &Client,
    scopes: &[String],
) -> Result<Token, TokenError> {
    if let Some(file) = find(environment)? {
        return file.token(client, scopes).await.map_err(|error| error.hinting(HINT));
    }
    if let Some(token) = metadata::token(environment, client, scopes).await? {
        return Ok(token);
    }
    let directory = directory(environment);
    let printed =
        login::ask(environment, directory.as_deref(), &["auth", "print-access-token", "--quiet"])
            .await;
    match printed.map_err(|error| error.hinting(HINT))? {
        Some(value) if !value.expose().is_empty() => Ok(Token { value, expires_at: None }),
        _ => Err(missing()),
    }
}

/// Returns the owner of the source credentials.
///
/// # Errors
/// See [`token`].
pub async fn whoami(environment: &Environment, client: &Client) -> Result<String, TokenError> {
    if let Some(file) = find(environment)? {
        return file.owner(client).await.map_err(|error| error.hinting(HINT));
    }
    if let Some(email) = metadata::email(environment, client).await? {
        return Ok(email);
    }
    let directory = directory(environment);
    let asked = ["config", "get-value", "account", "--quiet"];
    let account = login::ask(environment, directory.as_deref(), &asked).await?;
    let account =
        account.map(|account| account.expose().to_owned()).filter(|account| account.contains('@'));
    account.ok_or_else(missing)
}

/// Returns true if Google Cloud is set up here. Looks at variables and files only.
#[must_use]
pub fn is_configured(environment: &Environment) -> bool {
    let directory = directory(environment);
    environment.get(GOOGLE_APPLICATION_CREDENTIALS).is_some()
        || directory.as_ref().is_some_and(|directory| directory.join(ADC).is_file())
        || login::is_there(environment, directory.as_deref())
}

/// The file of application default credentials, as `gcloud auth application-default login` writes it.
const ADC: &str = "application_default_credentials.json";

fn find(environment: &Environment) -> Result<Option<File>, TokenError> {
    if let Some(path) = ConfiguredPath::of_variable(environment, GOOGLE_APPLICATION_CREDENTIALS) {
        return File::read(&path).map(Some);
    }
    match directory(environment).map(|directory| directory.join(ADC)).filter(|path| path.is_file())
    {
        Some(path) => File::read(&ConfiguredPath::new(CLOUDSDK_CONFIG, path)).map(Some),
        None => Ok(None),
    }
}

fn directory(environment: &Environment) -> Option<PathBuf> {
    let own = environment.get_os(CLOUDSDK_CONFIG).map(PathBuf::from);
    own.or_else(|| Some(PathBuf::from(environment.get_os(HOME)?).join(".config/gcloud")))
}

fn missing() -> TokenError {
    let message = "there are no Google Cloud source credentials";
    TokenError::new(Why::Unavailable, "no-credentials", message).hinting(HINT)
}

#[cfg(test)]
mod tests;
