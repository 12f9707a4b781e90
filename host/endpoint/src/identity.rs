//! The App Service identity endpoint: one token for each of its audiences, and none for any other audience.
//!
//! Source: Microsoft, "How to use managed identities for App Service", REST endpoint reference, 2019-08-01.

use http::{Method, StatusCode};
use serde_json::json;

use super::ask::{Ask, Reply, is_secret, object, refusal};
use audex_core::delivery::{EndpointSettings, Identity, Value, audience};
use audex_core::secret::Secret;

/// The path of the endpoint.
const PATH: &str = "/msi/token";
/// The only version that has a header for the secret.
const VERSION: &str = "2019-08-01";

/// Adds the variables that lead a command to the endpoint at `authority`.
pub(super) fn configure(authority: &str, secret: &Secret, settings: &mut EndpointSettings) {
    let endpoint = Value::Plain(format!("http://{authority}{PATH}"));
    settings.variables.push(("IDENTITY_ENDPOINT".to_owned(), endpoint));
    settings.variables.push(("IDENTITY_HEADER".to_owned(), Value::Secret(secret.clone())));
    // Security: this restricts the default chain of Azure's client libraries to this endpoint, so it skips the user's own tools.
    let link = Value::Plain("ManagedIdentityCredential".to_owned());
    settings.variables.push(("AZURE_TOKEN_CREDENTIALS".to_owned(), link));
}

/// Answers one request; `ends_at` is the end of access.
pub(super) fn answer(identity: &Identity, secret: &Secret, ends_at: u64, ask: &Ask) -> Reply {
    if ask.path != PATH || ask.method != Method::GET {
        return refusal(StatusCode::NOT_FOUND, "not_found", "only GET /msi/token");
    }
    // The secret is checked before any answer about the audiences.
    if !is_secret(ask.header("x-identity-header"), secret) {
        return refusal(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "X-IDENTITY-HEADER is not this session's",
        );
    }
    if ask.query("api-version") != Some(VERSION) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "api-version must be 2019-08-01",
        );
    }
    if let (Some(asked), Some(own)) = (ask.query("client_id"), &identity.client_id)
        && asked != own
    {
        return refusal(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "this session has another client_id",
        );
    }
    let asked = ask.query("resource").unwrap_or_default();
    let found = identity.tokens.iter().find(|token| audience(&token.audience) == audience(asked));
    let Some(token) = found.filter(|_| !asked.is_empty()) else {
        let message = "the session was granted nothing of this resource";
        return refusal(StatusCode::BAD_REQUEST, "invalid_resource", message);
    };
    let body = json!({
        "access_token": token.token.expose(),
        "expires_on": token.expires_at.min(ends_at).to_string(),
        "resource": asked,
        "token_type": "Bearer",
        "client_id": identity.client_id,
    });
    object(StatusCode::OK, &body)
}
