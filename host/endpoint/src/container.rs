//! Container credentials: one set of AWS keys at a time, which the session replaces before the keys end.
//!
//! Sources: AWS SDKs and Tools Reference Guide, "Container credential provider"; botocore 1.44,
//! `ContainerMetadataFetcher` and `ContainerProvider`: plain http to a loopback address, the whole token file in the
//! header `Authorization`, and these names in the answer. The SDK for JavaScript (`fromHttp`) shows `Code` and `Message`
//! of an error; botocore shows the whole body.

use std::sync::{Mutex, PoisonError};

use http::{Method, StatusCode};
use serde_json::json;

use super::ask::{Ask, Reply, is_secret, object, refusal};
use audex_core::clock::rfc3339;
use audex_core::delivery::{EndpointSettings, SessionFile, Value};
use audex_core::secret::Secret;

/// The path of the endpoint.
const PATH: &str = "/credentials";
/// The name of the file with the secret for the endpoint. It has no line end, which would not fit a header.
const TOKEN_FILE: &str = "aws-container-token";

/// One set of AWS keys.
pub struct ContainerKeys {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The session token.
    pub token: Secret,
    /// The end of the keys, in seconds since the Unix epoch.
    pub expires_at: u64,
}

/// The keys that an endpoint hands out.
pub struct CurrentKeys(Mutex<ContainerKeys>);

impl CurrentKeys {
    /// Starts with `keys`.
    #[must_use]
    pub fn new(keys: ContainerKeys) -> Self {
        Self(Mutex::new(keys))
    }

    /// Hands out `keys` from now on.
    pub fn replace(&self, keys: ContainerKeys) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

/// Adds the variable and the file that lead a command to the endpoint at `authority`.
pub(super) fn configure(authority: &str, secret: &Secret, settings: &mut EndpointSettings) {
    let address = Value::Plain(format!("http://{authority}{PATH}"));
    settings.variables.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), address));
    settings.files.push(SessionFile {
        name: TOKEN_FILE.to_owned(),
        contents: Value::Secret(secret.clone()),
        variable: Some("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".to_owned()),
    });
}

/// Answers one request; `ends_at` is the end of access.
pub(super) fn answer(current: &CurrentKeys, secret: &Secret, ends_at: u64, ask: &Ask) -> Reply {
    if ask.path != PATH || ask.method != Method::GET {
        return refusal(StatusCode::NOT_FOUND, "not_found", "only GET /credentials");
    }
    if !is_secret(ask.header("authorization"), secret) {
        let message = "Authorization is not this session's";
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized", message);
    }
    let keys = current.0.lock().unwrap_or_else(PoisonError::into_inner);
    if keys.expires_at <= ask.now {
        let ended = rfc3339(keys.expires_at);
        let message = format!("the session's keys ended at {ended} and could not be renewed");
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "keys_expired", &message);
    }
    let body = json!({
        "AccessKeyId": keys.id,
        "SecretAccessKey": keys.secret.expose(),
        "Token": keys.token.expose(),
        "Expiration": rfc3339(keys.expires_at.min(ends_at)),
    });
    object(StatusCode::OK, &body)
}
