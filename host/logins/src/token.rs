//! Tokens from a cloud's own login: the request for a token, and its errors.

pub mod known;
pub mod tool;

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::Value;

use audex_core::error_chain::innermost;
use audex_core::secret::Secret;
use audex_core::{address, clock, percent, printable};
use audex_wire::exchange::{ExchangeError, Reply, exchange};
use audex_wire::patience::Patience;

/// The maximum size of a reply. A reply with a token has a few kilobytes.
const REPLY_BYTES: usize = 256 * 1024;
/// The time limit of one exchange, so that a dead network is an error within seconds.
const EXCHANGE_TIME: Duration = Duration::from_secs(10);
/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token's text.
    pub value: Secret,
    /// The token's end in seconds since the Unix epoch, if known.
    pub expires_at: Option<u64>,
}

/// The meaning of a failure for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The configuration is wrong.
    Config,
    /// This version does not support the configured login.
    Unsupported,
    /// There are no credentials, or there was no answer.
    Unavailable,
    /// The login was refused.
    Denied,
}

/// The error if no token could be obtained.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    /// The meaning for the caller.
    pub why: Why,
    /// The stable code in `lower-kebab-case`.
    pub code: &'static str,
    /// One sentence, without secrets.
    pub message: String,
    /// One action for the user.
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

    pub(crate) fn config(error: impl std::fmt::Display) -> Self {
        Self::new(Why::Config, "source-config", error.to_string())
    }
}

/// Returns a request that posts a form to `url`; the values are encoded.
pub(crate) fn form(url: Url, fields: &[(&str, &str)]) -> Request {
    let body: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", percent::encode(value))).collect();
    let mut request = Request::new(Method::POST, url);
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, kind);
    *request.body_mut() = Some(body.join("&").into());
    request
}

/// Sends a request and returns the JSON reply. Retries if the server is busy or cannot be reached; a second
/// request for a token does no harm.
pub(crate) async fn ask(client: &Client, request: Request) -> Result<Value, TokenError> {
    ask_patiently(client, request, Patience::default()).await
}

/// Sends a request as [`ask`] does, and returns the reply as text.
pub(crate) async fn ask_text(client: &Client, request: Request) -> Result<Secret, TokenError> {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let body = answer(client, request, Patience::default()).await?;
    let text = String::from_utf8(body).map_err(|_| unreachable(&host, "its reply is not text"))?;
    Ok(Secret::new(text))
}

async fn ask_patiently(
    client: &Client,
    request: Request,
    patience: Patience,
) -> Result<Value, TokenError> {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    let body = answer(client, request, patience).await?;
    serde_json::from_slice(&body).map_err(|_| unreachable(&host, "its reply is not JSON"))
}

async fn answer(
    client: &Client,
    mut request: Request,
    patience: Patience,
) -> Result<Vec<u8>, TokenError> {
    let host = request.url().host_str().unwrap_or_default().to_owned();
    request.timeout_mut().get_or_insert(EXCHANGE_TIME);
    let is_busy = |status| matches!(status, 429 | 500..=599);
    let may_repeat = |reply: &Reply| is_busy(reply.status);
    let reply = exchange(client, request, REPLY_BYTES, patience, may_repeat).await;
    let reply = reply.map_err(|error| unreachable(&host, &unanswered(error)))?;
    if (200..300).contains(&reply.status) {
        return Ok(reply.body);
    }
    let said = reason(reply.status, serde_json::from_slice(&reply.body).ok().as_ref());
    if is_busy(reply.status) {
        return Err(unreachable(&host, &said));
    }
    Err(TokenError::new(Why::Denied, "source-refused", format!("`{host}` refused: {said}")))
}

fn unanswered(error: ExchangeError) -> String {
    match error {
        ExchangeError::TooLong => "its reply is too long".to_owned(),
        ExchangeError::Unanswered(error) if error.is_timeout() => "no answer in time".to_owned(),
        ExchangeError::Unanswered(error) => innermost(&error.without_url()),
    }
}

fn unreachable(host: &str, reason: &str) -> TokenError {
    TokenError::new(
        Why::Unavailable,
        "source-unreachable",
        format!("`{host}` gave no token: {reason}"),
    )
}

/// Returns the message of an OAuth error, or the status alone. Uses only the first line, because traces
/// follow it.
fn reason(status: u16, reply: Option<&Value>) -> String {
    let text = |key: &str| reply?.get(key)?.as_str()?.lines().next().map(printable::line);
    // Google's APIs put the message into an object (Google Cloud APIs, "Errors").
    let nested = reply.and_then(|reply| {
        reply.pointer("/error/message")?.as_str()?.lines().next().map(printable::line)
    });
    match (text("error"), text("error_description").or(nested)) {
        (_, Some(description)) => format!("status {status}, {description}"),
        (Some(error), None) => format!("status {status}, {error}"),
        (None, None) => format!("status {status}"),
    }
}

/// Returns the token of an OAuth reply.
pub(crate) fn of_reply(reply: &Value) -> Result<Token, TokenError> {
    let Some(value) =
        reply.get("access_token").and_then(Value::as_str).filter(|text| !text.is_empty())
    else {
        return Err(TokenError::new(
            Why::Unavailable,
            "source-reply",
            "the reply holds no access token",
        ));
    };
    let number = |key: &str| {
        let value = reply.get(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    };
    let lasting = number("expires_in").map(|seconds| clock::unix_seconds().saturating_add(seconds));
    let expires_at =
        number("expires_on").or(lasting).or_else(|| claims(value)?.get("exp")?.as_u64());
    Ok(Token { value: Secret::new(value.to_owned()), expires_at })
}

/// Returns the claims of a JSON web token. Nothing is verified: the claims only tell the owner and the end of
/// a token that its issuer gave to this program.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Returns the address in the field `name` of the file that `shown` names.
pub(crate) fn address_in(shown: &str, name: &str, text: &str) -> Result<Url, TokenError> {
    address::parse(name, text).map_err(|error| TokenError::config(format!("in {shown}, {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    /// Sends a request to a server that gives these answers, one for each connection. Also returns the number
    /// of answers given.
    fn asked(answers: &[&str]) -> (Result<Value, TokenError>, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap()).parse().unwrap();
        let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
        let server = std::thread::spawn(move || {
            let mut given = 0;
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]).unwrap();
                if answer == "end" {
                    break;
                }
                let reply = format!(
                    "HTTP/1.1 {answer}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
                );
                stream.write_all(reply.as_bytes()).unwrap();
                given += 1;
            }
            given
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client =
            audex_wire::client::configured_client(&audex_core::environment::Environment::default())
                .unwrap();
        let patience = Patience::new(Duration::from_millis(1), Duration::from_secs(5));
        let answer = runtime.block_on(ask_patiently(&client, form(url, &[]), patience));
        // The server may still wait for connections that never come.
        runtime.block_on(async {
            if !server.is_finished() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let given = if server.is_finished() { server.join().unwrap() } else { usize::MAX };
        (answer, given)
    }

    #[test]
    fn a_busy_server_is_asked_again_and_one_that_refuses_is_not() {
        let (answer, given) = asked(&["429 X", "503 X", "500 X", "200 X"]);
        assert!(answer.is_ok() && given == 4, "{answer:?} {given}");
        let (answer, _) = asked(&["403 X", "200 X"]);
        assert_eq!(answer.unwrap_err().why, Why::Denied);
    }

    #[test]
    fn a_server_that_stays_busy_or_wants_too_much_time_is_given_up() {
        let (answer, given) = asked(&["503 X"; 5]);
        assert!(answer.unwrap_err().message.contains("503") && given == 5, "{given}");
        let began = Instant::now();
        let (answer, _) = asked(&["429 X\r\nretry-after: 3600", "200 X"]);
        assert!(
            answer.unwrap_err().message.contains("429") && began.elapsed() < Duration::from_secs(5)
        );
    }

    #[test]
    fn the_expiry_is_taken_from_where_the_reply_has_it() {
        let claims = base64_simd::URL_SAFE_NO_PAD.encode_to_string(br#"{"exp":77}"#);
        let by_claim = of_reply(&json!({ "access_token": format!("h.{claims}.s") })).unwrap();
        assert_eq!(by_claim.expires_at, Some(77));
        assert_eq!(
            of_reply(&json!({ "access_token": "x", "expires_on": "99" })).unwrap().expires_at,
            Some(99)
        );
        let soon = of_reply(&json!({ "access_token": "x", "expires_in": 60 }))
            .unwrap()
            .expires_at
            .unwrap();
        assert!(soon >= clock::unix_seconds() + 59);
        assert!(of_reply(&json!({ "error": "x" })).is_err());
    }

    #[test]
    fn a_refusal_says_one_line_of_what_the_server_says() {
        let reply = json!({ "error": "invalid_client", "error_description": "AADSTS7000215: wrong\r\nTrace ID: 1" });
        assert_eq!(reason(401, Some(&reply)), "status 401, AADSTS7000215: wrong");
        assert_eq!(reason(503, None), "status 503");
    }

    #[test]
    fn form_values_are_encoded() {
        let request = form(Url::parse("https://x/").unwrap(), &[("a", "b&c=d")]);
        assert_eq!(request.body().unwrap().as_bytes().unwrap(), b"a=b%26c%3Dd");
    }
}
