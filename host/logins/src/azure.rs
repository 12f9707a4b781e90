//! Azure source credentials, in the order of Azure's own client libraries.
//!
//! The order: a service principal of the environment, a workload identity, a managed identity (App Service,
//! or a virtual machine, recognised by its firmware without a network call), and the login of the Azure CLI.
//! The first source found is used. A client certificate is rejected by name: `azure_identity` reads one with
//! OpenSSL only.
//! Source: Microsoft, "`DefaultAzureCredential` overview".

mod entra;
mod login;
mod managed;
mod reply;
mod transport;

use std::path::{Path, PathBuf};

use reqwest::Client;

use self::entra::Application;
use crate::token::tool::TOOL_TIME;
use crate::token::{Token, TokenError, Why, claims};
use audex_core::environment::{
    AUDEX_AZURE_CLIENT_SECRET, AUDEX_AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_CERTIFICATE_PATH,
    AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_CONFIG_DIR, AZURE_FEDERATED_TOKEN_FILE,
    AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, Environment, HOME, IDENTITY_ENDPOINT,
};
use audex_core::reachable;
use audex_core::secret::Secret;
use audex_core::shape::ConfiguredPath;

/// Azure Resource Manager, the audience of the token that names its owner.
pub const RESOURCE_MANAGER: &str = "https://management.azure.com";
const HINT: &str = "log in: az login";
const CERTIFICATE_HINT: &str = "log in with AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, or unset AZURE_CLIENT_CERTIFICATE_PATH";
const AGENT_HINT: &str = "set AUDEX_AZURE_CLIENT_SECRET or AUDEX_AZURE_FEDERATED_TOKEN_FILE, or run where it is a managed identity";
/// The maximum size of the profile that `az` writes, which has some lines for each subscription: enough for
/// ten thousand.
const PROFILE_BYTES: u64 = 8 * 1024 * 1024;

/// Returns a token of the source credentials for one audience.
///
/// # Errors
/// If there are no credentials, they cannot be used, or Entra ID refuses them.
pub async fn token(
    environment: &Environment,
    client: &Client,
    tenant: Option<&str>,
    audience: &str,
) -> Result<Token, TokenError> {
    let tenant = tenant.or_else(|| environment.get(AZURE_TENANT_ID));
    let application = tenant.zip(environment.get(AZURE_CLIENT_ID));
    if let Some((tenant, id)) = application {
        let file = ConfiguredPath::of_variable(environment, AZURE_FEDERATED_TOKEN_FILE);
        let proof = (environment.get(AZURE_CLIENT_SECRET), file);
        if proof.0.is_none() && environment.get_os(AZURE_CLIENT_CERTIFICATE_PATH).is_some() {
            return Err(unread_certificate());
        }
        if let Some(token) =
            application_token(environment, client, tenant, audience, id, proof).await?
        {
            return Ok(token);
        }
    }
    let id = environment.get(AZURE_CLIENT_ID);
    if let Some(token) = managed::token(environment, client, id, audience).await? {
        return Ok(token);
    }
    login::token(environment, tenant, audience, TOOL_TIME).await
}

/// Returns a token of the identity `id`, which gets temporary roles, for one audience. Does not use the
/// source credentials.
///
/// # Errors
/// If there are no credentials for the identity, or Entra ID refuses them.
pub async fn agent_token(
    environment: &Environment,
    client: &Client,
    tenant: Option<&str>,
    id: &str,
    audience: &str,
) -> Result<Token, TokenError> {
    let file = ConfiguredPath::of_variable(environment, AUDEX_AZURE_FEDERATED_TOKEN_FILE);
    let proof = (environment.get(AUDEX_AZURE_CLIENT_SECRET), file);
    if proof.0.is_some() || proof.1.is_some() {
        let tenant = tenant.or_else(|| environment.get(AZURE_TENANT_ID));
        let tenant =
            tenant.ok_or_else(|| TokenError::config(format!("`{AZURE_TENANT_ID}` is not set")))?;
        if let Some(token) =
            application_token(environment, client, tenant, audience, id, proof).await?
        {
            return Ok(token);
        }
    }
    managed::token(environment, client, Some(id), audience).await?.ok_or_else(|| {
        let message = format!("there is nothing to log in the identity `{id}` with");
        TokenError::new(Why::Unavailable, "no-agent-credentials", message).hinting(AGENT_HINT)
    })
}

fn not_a_tenant() -> TokenError {
    TokenError::config(format!("`{AZURE_TENANT_ID}` is not a tenant"))
}

fn unread_certificate() -> TokenError {
    let message = format!(
        "`{AZURE_CLIENT_CERTIFICATE_PATH}` names a client certificate, which this version does not read"
    );
    TokenError::new(Why::Unsupported, "source-type", message).hinting(CERTIFICATE_HINT)
}

/// Returns a token of an application that authenticates by a secret or by a file; `None` if it has neither.
async fn application_token(
    environment: &Environment,
    client: &Client,
    tenant: &str,
    audience: &str,
    id: &str,
    proof: (Option<&str>, Option<ConfiguredPath>),
) -> Result<Option<Token>, TokenError> {
    let (secret, path) = proof;
    if let Some(secret) = secret {
        let application = Application::new(environment, client, tenant, id)?;
        return application.by_secret(secret, audience).await.map(Some);
    }
    let Some(path) = path else { return Ok(None) };
    // The file is read each time, because it is replaced while a pod runs.
    let subject = reachable::required_text(path.as_path()).map(Secret::new);
    let subject =
        subject.map_err(|error| TokenError::config(format!("cannot read {path}: {error}")))?;
    let application = Application::new(environment, client, tenant, id)?;
    application.by_assertion(subject, audience).await.map(Some)
}

/// Returns the object id of the token's holder. Roles are assigned by this id.
///
/// # Errors
/// If the token contains no object id.
pub fn object_id(token: &Token) -> Result<String, TokenError> {
    let claims = claims(token.value.expose()).unwrap_or_default();
    let id = claims.get("oid").and_then(|id| id.as_str()).map(str::to_owned);
    let is_guid = |id: &String| {
        id.split('-').map(str::len).eq([8, 4, 4, 4, 12])
            && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    // The id becomes part of a filter, so only a GUID is accepted.
    id.filter(is_guid).ok_or_else(|| {
        TokenError::new(
            Why::Unavailable,
            "no-object-id",
            "the identity's token does not say its object id",
        )
    })
}

/// Returns the owner of the source credentials, and the tenant.
///
/// # Errors
/// See [`token`].
pub async fn whoami(
    environment: &Environment,
    client: &Client,
    tenant: Option<&str>,
) -> Result<String, TokenError> {
    let token = token(environment, client, tenant, RESOURCE_MANAGER).await?;
    Ok(owner(&token))
}

/// Returns true if Azure is set up here. Looks at variables and files only.
#[must_use]
pub fn is_configured(environment: &Environment) -> bool {
    let variables = [AZURE_CLIENT_ID, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, IDENTITY_ENDPOINT];
    let own = environment.get_os(AZURE_CONFIG_DIR).map(PathBuf::from);
    let directory = own.or_else(|| Some(PathBuf::from(environment.get_os(HOME)?).join(".azure")));
    variables.iter().any(|name| environment.get(name).is_some())
        || directory
            .is_some_and(|directory| has_subscriptions(&directory.join("azureProfile.json")))
}

/// Returns true if the profile that `az` wrote contains a login. `az` also writes the file without a login.
fn has_subscriptions(profile: &Path) -> bool {
    let is_small =
        std::fs::metadata(profile).is_ok_and(|file| file.is_file() && file.len() <= PROFILE_BYTES);
    let Some(text) = is_small.then(|| std::fs::read_to_string(profile).ok()).flatten() else {
        return false;
    };
    // The file begins with a byte order mark.
    let profile: Option<serde_json::Value> =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    let subscriptions =
        profile.as_ref().and_then(|profile| profile.get("subscriptions")?.as_array());
    subscriptions.is_some_and(|subscriptions| !subscriptions.is_empty())
}

fn owner(token: &Token) -> String {
    let claims = claims(token.value.expose()).unwrap_or_default();
    let text = |key: &str| claims.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let who = text("upn")
        .or_else(|| text("unique_name"))
        .or_else(|| text("appid"))
        .or_else(|| text("oid"));
    let who = who.unwrap_or_else(|| "unknown".to_owned());
    match text("tid") {
        Some(tenant) => format!("{who} (tenant {tenant})"),
        None => who,
    }
}

#[cfg(test)]
mod tests;
