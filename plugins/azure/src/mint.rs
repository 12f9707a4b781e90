//! The calls themselves: tokens by the host's source, and a delegation key to sign a SAS with.

use audex_sdk::provider::http::{self, Chunk, Header, Request, Response};
use audex_sdk::provider::identity::{self, Bearer};
use audex_sdk::provider::{
    AppServiceIdentity, AudienceToken, Endpoint, Error, ErrorKind, File, Grant, Minted, Piece, Plan, Secret,
    Value, Variable, clock, settings,
};
use serde_json::{Value as Json, json};

use crate::resource::Place;
use crate::sas::{self, Key, Sas};
use crate::{audience, invalid, plan, refusal, time};

/// Clocks differ; a SAS that begins now may not have begun for the service.
const SKEW_SECONDS: u64 = 60;
const STORAGE: &str = "https://storage.azure.com";
/// Source: "Subscriptions - List", Resource Manager API.
const SUBSCRIPTIONS: &str = "https://management.azure.com/subscriptions?api-version=2022-12-01";

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let policy: Json =
        serde_json::from_str(planned.policy.as_deref().unwrap_or_default()).unwrap_or_default();
    if planned.method == plan::SAS { signed(grant, planned, &policy) } else { tokens(planned, &policy) }
}

/// Tokens, behind an identity endpoint that the command's clients ask.
fn tokens(planned: &Plan, policy: &Json) -> Result<Minted, Error> {
    let audiences = policy.get("audiences").and_then(Json::as_array).cloned().unwrap_or_default();
    let (mut tokens, mut ends, mut subscription) = (Vec::new(), u64::MAX, subscription());
    for name in audiences.iter().filter_map(Json::as_str) {
        let Bearer { value, expires_at } = token(name)?;
        if name == audience::ARM && subscription.is_none() {
            subscription = first_subscription(&value);
        }
        let expires_at = expires_at.unwrap_or_else(|| clock::now() + u64::from(planned.longest_life_seconds));
        ends = ends.min(expires_at);
        tokens.push(AudienceToken { audience: name.to_owned(), token: value, expires_at });
    }
    if tokens.is_empty() {
        return Err(invalid("no-policy", "the plan names no audiences".to_owned(), "plan again"));
    }
    let mut variables = vec![plain("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")];
    let mut files = Vec::new();
    let mut notices = Vec::new();
    if let Some((id, tenant)) = &subscription {
        variables.extend([plain("AZURE_SUBSCRIPTION_ID", id), plain("ARM_SUBSCRIPTION_ID", id)]);
        files.push(profile(id, tenant));
    } else {
        notices.push("no subscription is known, so `az` will ask for a login: set AZURE_SUBSCRIPTION_ID and AZURE_TENANT_ID".to_owned());
    }
    Ok(Minted {
        variables,
        files,
        endpoints: vec![Endpoint::AppServiceIdentity(AppServiceIdentity { tokens, client_id: None })],
        expires_at: ends,
        identity: identity::whoami("azure").ok(),
        credential_id: None,
        // Entra ID has no call that ends one access token.
        lease: None,
        method: planned.method.clone(),
        notices,
    })
}

/// A token for one audience.
pub fn token(audience: &str) -> Result<Bearer, Error> {
    identity::token("azure", &[format!("{audience}/.default")])
}

/// Subscription and tenant, where both are set.
fn subscription() -> Option<(String, String)> {
    settings::get("subscription_id").zip(settings::get("tenant_id"))
}

/// The subscription that the settings name, or else the first that the token shows, with its tenant.
fn first_subscription(token: &Secret) -> Option<(String, String)> {
    let reply = subscriptions(token).ok()?;
    let wanted = settings::get("subscription_id");
    let known = reply.get("value")?.as_array()?;
    let text = |entry: &Json, name: &str| entry.get(name).and_then(Json::as_str).map(ToOwned::to_owned);
    let entry = known.iter().find(|entry| wanted.is_none() || text(entry, "subscriptionId") == wanted)?;
    text(entry, "subscriptionId").zip(text(entry, "tenantId"))
}

/// The subscriptions that a token shows.
pub fn subscriptions(token: &Secret) -> Result<Json, Error> {
    let response = http::send(&Request {
        method: "GET".to_owned(),
        url: SUBSCRIPTIONS.to_owned(),
        headers: vec![bearer(token)],
        body: Vec::new(),
        auth: None,
        lift: Vec::new(),
        timeout_ms: Some(10_000),
    })?;
    let reply: Json = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == 200 {
        return Ok(reply);
    }
    let said = reply.pointer("/error/message").and_then(Json::as_str).unwrap_or("no reason given");
    Err(refusal(
        ErrorKind::Denied,
        "subscriptions-refused",
        format!("Resource Manager answered {}: {said}", response.status),
        "log in again: az login",
    ))
}

/// What `az` takes for a login. Source: azure-cli 2.91, `_profile.py`: a subscription of a managed identity.
fn profile(id: &str, tenant: &str) -> File {
    let subscription = json!({
        "id": id, "name": "audex", "state": "Enabled", "isDefault": true, "tenantId": tenant, "homeTenantId": tenant,
        "environmentName": "AzureCloud", "managedByTenants": [],
        "user": { "name": "systemAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": "MSI" },
    });
    let contents =
        json!({ "installationId": "00000000-0000-0000-0000-000000000000", "subscriptions": [subscription] });
    // The host reserves `azure` for AZURE_CONFIG_DIR.
    File {
        name: "azure/azureProfile.json".to_owned(),
        contents: Value::Plain(contents.to_string()),
        env: None,
    }
}

/// A SAS by a delegation key of the source's own.
fn signed(grant: &Grant, planned: &Plan, policy: &Json) -> Result<Minted, Error> {
    let place = plan::place(grant)?;
    let permissions = policy.get("sp").and_then(Json::as_str).unwrap_or_default();
    if permissions.is_empty() {
        return Err(invalid("no-policy", "the plan names no permissions".to_owned(), "plan again"));
    }
    let now = clock::now();
    let ends = now + u64::from(grant.ttl_seconds);
    let (start, expiry) = (time::write(now.saturating_sub(SKEW_SECONDS)), time::write(ends));
    let Bearer { value: storage, .. } = token(STORAGE)?;
    let (key, value) = delegation_key(&place, &storage, &start, &expiry)?;
    let sas = Sas { place: &place, permissions, start: &start, expiry: &expiry, key: &key };
    let signature = value.hmac_sha256_base64(&sas.string_to_sign(sas::PROTOCOL));
    let Some(signature) = signature else { return Err(unreadable(&place)) };
    let query = Secret::join(&[Piece::Plain(sas.query(sas::PROTOCOL)), Piece::FormSecret(&signature)]);
    Ok(Minted {
        variables: vec![
            Variable { name: "AZURE_STORAGE_SAS_TOKEN".to_owned(), value: Value::Secret(query) },
            plain("AZURE_STORAGE_ACCOUNT", &place.account),
        ],
        files: Vec::new(),
        endpoints: Vec::new(),
        expires_at: ends,
        identity: Some(key.oid.clone()),
        credential_id: None,
        lease: None,
        method: planned.method.clone(),
        notices: Vec::new(),
    })
}

/// Source: "Get User Delegation Key", Blob service REST API.
fn delegation_key(place: &Place, token: &Secret, start: &str, expiry: &str) -> Result<(Key, Secret), Error> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo><Start>{start}</Start><Expiry>{expiry}</Expiry></KeyInfo>"
    );
    let header = |name: &str, text: &str| Header {
        name: name.to_owned(),
        value: vec![Chunk::Plain(text.as_bytes().to_vec())],
    };
    let mut response = http::send(&Request {
        method: "POST".to_owned(),
        url: format!(
            "https://{}.blob.core.windows.net/?restype=service&comp=userdelegationkey",
            place.account
        ),
        headers: vec![
            bearer(token),
            header("x-ms-version", sas::VERSION),
            header("content-type", "application/xml"),
        ],
        body: vec![Chunk::Plain(body.into_bytes())],
        auth: None,
        lift: vec!["<Value>".to_owned()],
        timeout_ms: None,
    })?;
    if response.status != 200 {
        return Err(key_refused(&response, place));
    }
    let value = response.lifted.pop().flatten().ok_or_else(|| unreadable(place))?;
    let xml = String::from_utf8_lossy(&response.body).into_owned();
    let field = |name: &str| sas::element(&xml, name).ok_or_else(|| unreadable(place));
    let key = Key {
        oid: field("SignedOid")?,
        tid: field("SignedTid")?,
        start: field("SignedStart")?,
        expiry: field("SignedExpiry")?,
        service: field("SignedService")?,
        version: field("SignedVersion")?,
    };
    Ok((key, value))
}

fn key_refused(response: &Response, place: &Place) -> Error {
    let account = &place.account;
    let xml = String::from_utf8_lossy(&response.body);
    let code = sas::element(&xml, "Code").unwrap_or_else(|| response.status.to_string());
    match response.status {
        401 | 403 => refusal(
            ErrorKind::Denied,
            "no-delegation-key",
            format!("the account `{account}` gives no delegation key: {code}"),
            "the role Storage Blob Delegator, and one that may read or write the blobs, must be assigned to you there",
        ),
        404 => refusal(
            ErrorKind::Denied,
            "no-account",
            format!("there is no storage account `{account}`: {code}"),
            "check --resource",
        ),
        status => refusal(
            ErrorKind::Unavailable,
            "storage-failed",
            format!("the account `{account}` answered {status}: {code}"),
            "try again in a moment",
        ),
    }
}

fn unreadable(place: &Place) -> Error {
    refusal(
        ErrorKind::Unavailable,
        "bad-reply",
        format!("the reply of the account `{}` has no delegation key", place.account),
        "check for a proxy that changes replies",
    )
}

fn bearer(token: &Secret) -> Header<'_> {
    let value = vec![Chunk::Plain(b"Bearer ".to_vec()), Chunk::Secret(token)];
    Header { name: "authorization".to_owned(), value }
}

fn plain(name: &str, text: &str) -> Variable {
    Variable { name: name.to_owned(), value: Value::Plain(text.to_owned()) }
}
