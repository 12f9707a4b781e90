//! One exchange with GitHub's REST API, as the App or with a token that the App made.

use audex_sdk::provider::http::{self, Chunk, Header, Request};
use audex_sdk::provider::{Error, Secret, settings};
use serde::de::DeserializeOwned;

use crate::{invalid, jwt};

/// The only host. (GitHub Enterprise Server has other hosts, to which this component has no access.)
const ORIGIN: &str = "https://api.github.com";
/// The API version of the replies. Source: GitHub changelog, 2026-03-12: supported until March 2028 at least.
const VERSION: &str = "2022-11-28";

/// A client for GitHub that acts as the App.
pub struct App {
    /// App id or client id, as configured.
    pub id: String,
    token: Secret,
}

/// A reply of GitHub, with any status.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// Seconds to wait, if the reply has a number.
    pub retry_after: Option<String>,
    /// One entry for each pointer that was to be lifted out of the reply.
    pub lifted: Vec<Option<Secret>>,
}

impl Reply {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns GitHub's error message.
    pub fn message(&self) -> String {
        let body: Option<serde_json::Value> = self.read();
        let message = body.as_ref().and_then(|body| body.get("message")?.as_str());
        message.unwrap_or_default().to_owned()
    }
}

impl App {
    /// Logs in with a new token, signed with the App's key.
    ///
    /// # Errors
    /// If no App is configured, or there is no key.
    pub fn log_in() -> Result<Self, Error> {
        let id = configured_app(settings::get("app_id"))?;
        let token = jwt::sign(&id)?;
        Ok(Self { id, token })
    }

    pub fn get(&self, path: &str) -> Result<Reply, Error> {
        exchange(&self.token, "GET", path, None, &[])
    }

    pub fn post(&self, path: &str, body: &str, lift: &[&str]) -> Result<Reply, Error> {
        exchange(&self.token, "POST", path, Some(body), lift)
    }
}

/// Sends a request with an installation access token.
pub fn delete(token: &Secret, path: &str) -> Result<Reply, Error> {
    exchange(token, "DELETE", path, None, &[])
}

fn configured_app(id: Option<String>) -> Result<String, Error> {
    let hint = "set `app_id` in `[providers.github]`, or AUDEX_GITHUB_APP_ID, to the App's id or client id";
    let Some(id) = id else {
        return Err(invalid("no-app", "no GitHub App is configured".to_owned(), hint));
    };
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-';
    if id.is_empty() || !id.chars().all(letter) {
        return Err(invalid("app-id", format!("`{id}` is not an App id or client id"), hint));
    }
    Ok(id)
}

fn exchange(
    token: &Secret,
    method: &str,
    path: &str,
    body: Option<&str>,
    lift: &[&str],
) -> Result<Reply, Error> {
    let plain = |name: &str, text: &str| Header {
        name: name.to_owned(),
        value: vec![Chunk::Plain(text.as_bytes().to_vec())],
    };
    let bearer = vec![Chunk::Plain(b"Bearer ".to_vec()), Chunk::Secret(token)];
    let mut headers = vec![
        plain("accept", "application/vnd.github+json"),
        plain("x-github-api-version", VERSION),
        Header { name: "authorization".to_owned(), value: bearer },
    ];
    if body.is_some() {
        headers.push(plain("content-type", "application/json"));
    }
    let request = Request {
        method: method.to_owned(),
        url: format!("{ORIGIN}/{path}"),
        headers,
        body: body.map(|body| Chunk::Plain(body.as_bytes().to_vec())).into_iter().collect(),
        auth: None,
        lift: lift.iter().map(|&pointer| pointer.to_owned()).collect(),
        timeout_ms: None,
    };
    let response = http::send(&request)?;
    let retry_after =
        response.headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
    Ok(Reply {
        status: response.status,
        body: response.body,
        retry_after: retry_after.map(|(_, seconds)| seconds),
        lifted: response.lifted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_named_by_either_id_and_by_nothing_else() {
        let of = |id: &str| configured_app(Some(id.to_owned()));
        assert!(
            of("4711").is_ok() && of("Iv1.8a61f9b3a7aba766").is_ok() && of("Iv23liAbC").is_ok()
        );
        assert_eq!(of("my app").unwrap_err().code, "app-id");
        assert_eq!(of("").unwrap_err().code, "app-id");
        assert_eq!(configured_app(None).unwrap_err().code, "no-app");
    }
}
