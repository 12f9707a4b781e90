//! Tokens that a cloud's own login gives: asking for one, and what can go wrong.

pub mod tool;

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;

use crate::plugin::clean;
use crate::secret::Secret;
use crate::{clock, percent};

/// A reply with a token has a few kilobytes.
const REPLY_BYTES: usize = 256 * 1024;
/// One exchange; a dead network is an error in seconds.
const EXCHANGE_TIME: Duration = Duration::from_secs(10);
/// Pauses before asking again after throttling or a failure of the server; they are a little longer by chance.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(900)];

/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The text.
    pub value: Secret,
    /// Seconds since the Unix epoch, where known.
    pub expires_at: Option<u64>,
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// What was configured is wrong.
    Config,
    /// This version cannot do it.
    Unsupported,
    /// There is nothing to log in with, or no answer.
    Unavailable,
    /// The login was refused.
    Denied,
}

/// There is no token.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// What it means.
    pub why: Why,
    /// Stable, `lower-kebab-case`.
    pub code: &'static str,
    /// One sentence, never a secret.
    pub message: String,
    /// What to do.
    pub hint: Option<&'static str>,
}

impl TokenError {
    pub(crate) fn new(why: Why, code: &'static str, message: impl Into<String>) -> Self {
        Self { why, code, message: message.into(), hint: None }
    }

    pub(crate) fn hinting(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Something that was configured and is wrong.
    pub(crate) fn config(error: impl std::fmt::Display) -> Self {
        Self::new(Why::Config, "source-config", error.to_string())
    }
}

/// A form to post to `url`; values are encoded.
pub(crate) fn form(url: Url, fields: &[(&str, &str)]) -> Request {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", percent::encode(value))).collect();
    let mut request = Request::new(Method::POST, url);
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    *request.body_mut() = Some(body.join("&").into());
    request
}

/// Asks for JSON; throttling and failures of the server are asked again.
pub(crate) async fn ask(client: &Client, request: Request) -> Result<Value, TokenError> {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let mut pauses = PAUSES.iter();
    loop {
        let Some(mut again) = request.try_clone() else {
            return Err(unreachable(&host, "it cannot be asked"));
        };
        again.timeout_mut().get_or_insert(EXCHANGE_TIME);
        let (status, body) = exchange(client, again).await.map_err(|error| unreachable(&host, &error))?;
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        match (status, parsed) {
            (200..=299, Some(parsed)) => return Ok(parsed),
            (200..=299, None) => return Err(unreachable(&host, "its reply is not JSON")),
            (429 | 500..=599, parsed) => match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause + jitter()).await,
                None => return Err(unreachable(&host, &reason(status, parsed.as_ref()))),
            },
            (status, parsed) => {
                let message = format!("`{host}` refused: {}", reason(status, parsed.as_ref()));
                return Err(TokenError::new(Why::Denied, "source-refused", message));
            }
        }
    }
}

async fn exchange(client: &Client, request: Request) -> Result<(u16, Vec<u8>), String> {
    let failed = |error: reqwest::Error| {
        if error.is_timeout() { "no answer in time".to_owned() } else { innermost(&error.without_url()) }
    };
    let mut response = client.execute(request).await.map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len().saturating_add(chunk.len()) > REPLY_BYTES {
            return Err("its reply is too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn unreachable(host: &str, reason: &str) -> TokenError {
    TokenError::new(Why::Unavailable, "source-unreachable", format!("`{host}` gave no token: {reason}"))
}

/// What an OAuth error says, or the status alone. Only the first line: what follows are traces.
fn reason(status: u16, reply: Option<&Value>) -> String {
    let text = |key: &str| reply?.get(key)?.as_str()?.lines().next().map(clean::line);
    match (text("error"), text("error_description")) {
        (_, Some(description)) => format!("status {status}, {description}"),
        (Some(error), None) => format!("status {status}, {error}"),
        (None, None) => format!("status {status}"),
    }
}

fn jitter() -> Duration {
    let mut byte = [0_u8; 1];
    // Without randomness the pauses are equal, which only matters to a crowd.
    let _ = getrandom::fill(&mut byte);
    Duration::from_millis(byte.first().copied().unwrap_or_default().into())
}

/// The token of an OAuth reply.
pub(crate) fn of_reply(reply: &Value) -> Result<Token, TokenError> {
    let Some(value) = reply.get("access_token").and_then(Value::as_str).filter(|text| !text.is_empty())
    else {
        return Err(TokenError::new(Why::Unavailable, "source-reply", "the reply holds no access token"));
    };
    let number = |key: &str| {
        let value = reply.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let lasting = number("expires_in").map(|seconds| clock::unix_seconds().saturating_add(seconds));
    let expires_at = number("expires_on").or(lasting).or_else(|| claims(value)?.get("exp")?.as_u64());
    Ok(Token { value: Secret::new(value.to_owned()), expires_at })
}

/// What a JSON web token says. Nothing is verified: it is for showing whose it is.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_expiry_is_taken_from_where_the_reply_has_it() {
        let claims = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"exp":77}"#);
        let by_claim = of_reply(&json!({ "access_token": format!("h.{claims}.s") })).unwrap();
        assert_eq!(by_claim.expires_at, Some(77));
        assert_eq!(
            of_reply(&json!({ "access_token": "x", "expires_on": "99" })).unwrap().expires_at,
            Some(99)
        );
        let soon = of_reply(&json!({ "access_token": "x", "expires_in": 60 })).unwrap().expires_at.unwrap();
        assert!(soon >= clock::unix_seconds() + 59);
        assert!(of_reply(&json!({ "error": "x" })).is_err());
    }

    #[test]
    fn a_refusal_says_one_line_of_what_the_server_says() {
        let reply =
            json!({ "error": "invalid_client", "error_description": "AADSTS7000215: wrong\r\nTrace ID: 1" });
        assert_eq!(reason(401, Some(&reply)), "status 401, AADSTS7000215: wrong");
        assert_eq!(reason(503, None), "status 503");
    }

    #[test]
    fn form_values_are_encoded() {
        let request = form(Url::parse("https://x/").unwrap(), &[("a", "b&c=d")]);
        assert_eq!(request.body().unwrap().as_bytes().unwrap(), b"a=b%26c%3Dd");
    }
}
