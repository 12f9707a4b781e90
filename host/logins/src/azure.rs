//! Azure source credentials, in the order of Azure's own client libraries.
//!
//! A service principal of the environment, a workload identity, a managed identity (App Service, or a virtual machine, known
//! by its firmware without asking the network), and the login of the Azure CLI. What is found first counts.
//! Source: Microsoft, "`DefaultAzureCredential` overview"; "Microsoft identity platform and the OAuth 2.0 client credentials flow".

mod managed;

use std::path::{Path, PathBuf};

use reqwest::{Client, Url};

use crate::token::{Token, TokenError, Why, ask, claims, form, of_reply, tool};
use audex_core::address;
use audex_core::environment::{
    AUDEX_AZURE_CLIENT_SECRET, AUDEX_AZURE_FEDERATED_TOKEN_FILE, AZURE_AUTHORITY_HOST, AZURE_CLIENT_ID,
    AZURE_CLIENT_SECRET, AZURE_CONFIG_DIR, AZURE_FEDERATED_TOKEN_FILE, AZURE_SUBSCRIPTION_ID,
    AZURE_TENANT_ID, Environment, HOME, IDENTITY_ENDPOINT,
};
use audex_core::reachable;
use audex_core::secret::Secret;
use audex_core::shape::ConfiguredPath;

/// Entra ID of the public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// Azure Resource Manager, whose token says who asks.
pub const RESOURCE_MANAGER: &str = "https://management.azure.com";
const HINT: &str = "log in: az login";
const AGENT_HINT: &str = "set AUDEX_AZURE_CLIENT_SECRET or AUDEX_AZURE_FEDERATED_TOKEN_FILE, or run where it is a managed identity";
/// What `az` writes of a login has some lines for each subscription, and nobody has ten thousand.
const PROFILE_BYTES: u64 = 8 * 1024 * 1024;
/// How RFC 7523 calls a signed token that stands for a client secret.
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A token of the source credentials for one audience.
///
/// # Errors
/// When there are no credentials, they cannot be used, or Entra ID refuses them.
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
        if let Some(token) = application_token(environment, client, tenant, audience, id, proof).await? {
            return Ok(token);
        }
    }
    let id = environment.get(AZURE_CLIENT_ID);
    if let Some(token) = managed::token(environment, client, id, audience).await? {
        return Ok(token);
    }
    tool_token(environment, tenant, audience).await
}

/// A token of the identity `id`, which gets temporary roles, for one audience. Nothing of the source credentials is used.
///
/// # Errors
/// When there is nothing to log it in with, or Entra ID refuses.
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
        let tenant = tenant.ok_or_else(|| TokenError::config(format!("`{AZURE_TENANT_ID}` is not set")))?;
        if let Some(token) = application_token(environment, client, tenant, audience, id, proof).await? {
            return Ok(token);
        }
    }
    managed::token(environment, client, Some(id), audience).await?.ok_or_else(|| {
        let message = format!("there is nothing to log in the identity `{id}` with");
        TokenError::new(Why::Unavailable, "no-agent-credentials", message).hinting(AGENT_HINT)
    })
}

/// A token of an application that proves itself by a secret or by a file, if it has one.
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
        let own = [("client_id", id), ("client_secret", secret)];
        return entra(environment, client, tenant, audience, &own).await.map(Some);
    }
    let Some(path) = path else { return Ok(None) };
    // Read each time: the file is replaced while a pod runs.
    let subject = reachable::required_text(path.as_path()).map(Secret::new);
    let subject = subject.map_err(|error| TokenError::config(format!("cannot read {path}: {error}")))?;
    let own = [
        ("client_id", id),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", subject.expose().trim()),
    ];
    entra(environment, client, tenant, audience, &own).await.map(Some)
}

/// The object id that a token says of its holder, by which roles are assigned.
///
/// # Errors
/// When it says none.
pub fn object_id(token: &Token) -> Result<String, TokenError> {
    let claims = claims(token.value.expose()).unwrap_or_default();
    let id = claims.get("oid").and_then(|id| id.as_str()).map(str::to_owned);
    let is_guid = |id: &String| {
        id.split('-').map(str::len).eq([8, 4, 4, 4, 12])
            && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    // It becomes part of a filter.
    id.filter(is_guid).ok_or_else(|| {
        TokenError::new(Why::Unavailable, "no-object-id", "the identity's token does not say its object id")
    })
}

/// Who the source credentials belong to, and in which tenant.
///
/// # Errors
/// As [`token`].
pub async fn whoami(
    environment: &Environment,
    client: &Client,
    tenant: Option<&str>,
) -> Result<String, TokenError> {
    let token = token(environment, client, tenant, RESOURCE_MANAGER).await?;
    Ok(owner(&token))
}

/// Whether somebody has set up Azure here; looks at variables and files only.
#[must_use]
pub fn is_configured(environment: &Environment) -> bool {
    let variables = [AZURE_CLIENT_ID, AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, IDENTITY_ENDPOINT];
    let own = environment.get_os(AZURE_CONFIG_DIR).map(PathBuf::from);
    let directory = own.or_else(|| Some(PathBuf::from(environment.get_os(HOME)?).join(".azure")));
    variables.iter().any(|name| environment.get(name).is_some())
        || directory.is_some_and(|directory| has_subscriptions(&directory.join("azureProfile.json")))
}

/// Whether there is a login in the profile that `az` has written. It writes one without a login too.
fn has_subscriptions(profile: &Path) -> bool {
    let is_small = std::fs::metadata(profile).is_ok_and(|file| file.is_file() && file.len() <= PROFILE_BYTES);
    let Some(text) = is_small.then(|| std::fs::read_to_string(profile).ok()).flatten() else { return false };
    // It begins with a byte order mark.
    let profile: Option<serde_json::Value> = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok();
    let subscriptions = profile.as_ref().and_then(|profile| profile.get("subscriptions")?.as_array());
    subscriptions.is_some_and(|subscriptions| !subscriptions.is_empty())
}

fn owner(token: &Token) -> String {
    let claims = claims(token.value.expose()).unwrap_or_default();
    let text = |key: &str| claims.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let who = text("upn").or_else(|| text("unique_name")).or_else(|| text("appid")).or_else(|| text("oid"));
    let who = who.unwrap_or_else(|| "unknown".to_owned());
    match text("tid") {
        Some(tenant) => format!("{who} (tenant {tenant})"),
        None => who,
    }
}

async fn entra(
    environment: &Environment,
    client: &Client,
    tenant: &str,
    audience: &str,
    own: &[(&str, &str)],
) -> Result<Token, TokenError> {
    let scope = format!("{audience}/.default");
    let mut fields = vec![("grant_type", "client_credentials"), ("scope", scope.as_str())];
    fields.extend(own);
    let request = form(token_url(environment, tenant)?, &fields);
    of_reply(&ask(client, request).await?)
}

fn token_url(environment: &Environment, tenant: &str) -> Result<Url, TokenError> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if tenant.is_empty() || !tenant.chars().all(letters) {
        return Err(TokenError::config(format!("`{AZURE_TENANT_ID}` is no tenant")));
    }
    let host = environment.get(AZURE_AUTHORITY_HOST).unwrap_or(AUTHORITY);
    // The Azure CLI writes it without a scheme.
    let host = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let mut url = address::parse(AZURE_AUTHORITY_HOST, &host).map_err(TokenError::config)?;
    url.set_path(&format!("{}/{tenant}/oauth2/v2.0/token", url.path().trim_end_matches('/')));
    Ok(url)
}

async fn tool_token(
    environment: &Environment,
    tenant: Option<&str>,
    audience: &str,
) -> Result<Token, TokenError> {
    let scope = format!("{audience}/.default");
    let mut arguments = vec!["account", "get-access-token", "--output", "json", "--scope", &scope];
    arguments.extend(tenant.into_iter().flat_map(|tenant| ["--tenant", tenant]));
    let printed = tool::output(environment, "az", &arguments).await.map_err(|error| error.hinting(HINT))?;
    let Some(printed) = printed else {
        let message = "there are no Azure source credentials";
        return Err(TokenError::new(Why::Unavailable, "no-credentials", message).hinting(HINT));
    };
    let mut reply: serde_json::Value = serde_json::from_str(printed.expose())
        .map_err(|_| TokenError::new(Why::Unavailable, "source-tool", "what `az` writes is not JSON"))?;
    // Its own spelling of what everybody else calls `access_token`.
    let value = reply.get_mut("accessToken").map(serde_json::Value::take).unwrap_or_default();
    if let Some(fields) = reply.as_object_mut() {
        fields.insert("access_token".to_owned(), value);
    }
    of_reply(&reply)
}

#[cfg(test)]
mod tests;
