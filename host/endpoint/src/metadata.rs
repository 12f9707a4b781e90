//! The Compute Engine metadata server, and a token exchange for clients that look for a credentials file first.
//!
//! Source: Google Cloud, "Predefined metadata keys"; RFC 8693 for the exchange.

use std::path::Path;

use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::ask::{Ask, Reply, is_secret, object, refusal, text};
use audex_core::delivery::{EndpointSettings, Metadata, SessionFile, Value};
use audex_core::secret::Secret;

/// The path of the token exchange, the only one with a form.
pub(super) const EXCHANGE: &str = "/audex/token";
/// The names of the credentials file, which leads to the exchange, and of the file with the secret for the exchange.
const CREDENTIALS: &str = "gcp-credentials.json";
const SUBJECT: &str = "gcp-subject-token";
/// The scope that covers every Google API.
const EVERYTHING: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The prefix of the keys of version 1.
const ROOT: &str = "/computeMetadata/v1/";
const ACCOUNTS: &str = "instance/service-accounts";

/// Adds the variables and files that lead a command to the server at `authority`.
///
/// Go's client libraries look for `~/.config/gcloud`, regardless of `CLOUDSDK_CONFIG`, and only then for metadata. The
/// session's own credentials file takes precedence over both. The file leads to a secret, not to a token; the client
/// exchanges the secret for a token at this server.
pub(super) fn configure(
    metadata: &Metadata,
    authority: &str,
    secret: &Secret,
    directory: &Path,
    settings: &mut EndpointSettings,
) {
    for name in ["GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"] {
        settings.variables.push((name.to_owned(), Value::Plain(authority.to_owned())));
    }
    // The isolation sets these two variables for every command; they keep client libraries from looking for metadata at all.
    settings.removed.extend(["NO_GCE_CHECK", "METADATA_SERVER_DETECTION"]);
    let credentials = json!({
        "type": "external_account",
        // The audience names no project, because google-auth would ask Google for the project's name.
        "audience": "//iam.googleapis.com/audex/session",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("http://{authority}{EXCHANGE}"),
        "credential_source": { "file": directory.join(SUBJECT) },
        "quota_project_id": metadata.project.as_ref().filter(|_| metadata.uses_quota),
    });
    settings.files.push(SessionFile {
        name: SUBJECT.to_owned(),
        contents: Value::Secret(secret.clone()),
        variable: None,
    });
    settings.files.push(SessionFile {
        name: CREDENTIALS.to_owned(),
        contents: Value::Plain(credentials.to_string()),
        variable: Some("GOOGLE_APPLICATION_CREDENTIALS".to_owned()),
    });
}

/// Answers one request; `ends_at` is the end of access.
pub(super) fn answer(metadata: &Metadata, secret: &Secret, ends_at: u64, ask: &Ask) -> Reply {
    if ask.path == EXCHANGE {
        return exchange(metadata, secret, ends_at, ask);
    }
    if ask.method != Method::GET {
        return refusal(StatusCode::METHOD_NOT_ALLOWED, "method", "only GET");
    }
    if ask.header("metadata-flavor") != Some("Google") {
        return refusal(
            StatusCode::FORBIDDEN,
            "metadata_flavor",
            "missing header Metadata-Flavor: Google",
        );
    }
    if ask.path == "/" {
        return text("computeMetadata/\n");
    }
    let path = format!("{}/", ask.path.trim_end_matches('/'));
    match path.strip_prefix(ROOT).map(|key| key.trim_end_matches('/')) {
        Some(key) => value(metadata, ends_at, key, ask),
        None => missing(),
    }
}

fn value(metadata: &Metadata, ends_at: u64, key: &str, ask: &Ask) -> Reply {
    match key {
        "" => text("instance/\nproject/\nuniverse/\n"),
        "instance" => text("service-accounts/\n"),
        "project" => text("numeric-project-id\nproject-id\n"),
        "project/project-id" => metadata.project.as_ref().map_or_else(missing, text),
        // The number is not known, and gcloud ignores a server whose answer is not a number.
        "project/numeric-project-id" => text("0"),
        "universe/universe-domain" | "universe/universe_domain" => text("googleapis.com"),
        ACCOUNTS => accounts(metadata, ask),
        _ => match key.strip_prefix(ACCOUNTS).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => account(metadata, ends_at, rest, ask),
            None => missing(),
        },
    }
}

fn accounts(metadata: &Metadata, ask: &Ask) -> Reply {
    if ask.query("recursive").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let all = json!({ "default": about(metadata), metadata.email.as_str(): about(metadata) });
        return object(StatusCode::OK, &all);
    }
    text(format!("default/\n{}/\n", metadata.email))
}

fn account(metadata: &Metadata, ends_at: u64, rest: &str, ask: &Ask) -> Reply {
    let (name, key) = rest.split_once('/').unwrap_or((rest, ""));
    // A client may send the `@` of the address encoded or plain.
    if name != "default" && name.replace("%40", "@") != metadata.email {
        return missing();
    }
    match key {
        "" if ask.query("recursive").is_some_and(|value| value.eq_ignore_ascii_case("true")) => {
            object(StatusCode::OK, &about(metadata))
        }
        "" => text("aliases\nemail\nscopes\ntoken\n"),
        "aliases" => text("default\n"),
        "email" => text(&metadata.email),
        "scopes" => text(metadata.scopes.join("\n") + "\n"),
        "token" if covers(metadata, ask.query("scopes")) => token(metadata, ends_at, ask),
        "token" => {
            refusal(StatusCode::FORBIDDEN, "scopes", "the session's token has none of these scopes")
        }
        _ => missing(),
    }
}

fn about(metadata: &Metadata) -> Json {
    json!({ "aliases": ["default"], "email": metadata.email, "scopes": metadata.scopes })
}

/// Returns true if the token has one of the requested scopes. Client libraries request every scope that their service
/// knows and use any that they get; a token without any of these scopes would only fail later.
fn covers(metadata: &Metadata, asked: Option<&str>) -> bool {
    let mut asked =
        asked.unwrap_or_default().split([',', ' ']).filter(|scope| !scope.is_empty()).peekable();
    let has = |scope: &str| metadata.scopes.iter().any(|own| own == scope || own == EVERYTHING);
    asked.peek().is_none() || asked.any(has)
}

fn token(metadata: &Metadata, ends_at: u64, ask: &Ask) -> Reply {
    // Clients ask again when the token ends; after the end of the session they are refused.
    let seconds = metadata.expires_at.min(ends_at).saturating_sub(ask.now);
    let body = json!({ "access_token": metadata.token.expose(), "expires_in": seconds, "token_type": "Bearer" });
    object(StatusCode::OK, &body)
}

fn exchange(metadata: &Metadata, secret: &Secret, ends_at: u64, ask: &Ask) -> Reply {
    if ask.method != Method::POST || !is_secret(ask.form("subject_token"), secret) {
        return refusal(
            StatusCode::UNAUTHORIZED,
            "invalid_grant",
            "not this session's subject token",
        );
    }
    let seconds = metadata.expires_at.min(ends_at).saturating_sub(ask.now);
    let body = json!({
        "access_token": metadata.token.expose(),
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": seconds,
    });
    object(StatusCode::OK, &body)
}

fn missing() -> Reply {
    refusal(StatusCode::NOT_FOUND, "not_found", "this session has no such metadata")
}
