//! One exchange with Vault's HTTP API. Only the host knows the address, the namespace and the certificates;
//! this component sees a placeholder name.

use audex_sdk::provider::http::{self, Chunk, Header, Request};
use audex_sdk::provider::{Error, ErrorKind, Secret, identity};
use serde_json::Value;

/// The origin that the host replaces with the configured address. RFC 6761: no one can own the name.
const ORIGIN: &str = "https://vault.invalid";
/// The token's slot.
const SLOT: &str = "vault";

/// A client for Vault that holds a token.
pub struct Vault {
    token: Secret,
}

/// A reply of Vault, with any status.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    /// One entry for each pointer that was to be lifted out of the reply.
    pub lifted: Vec<Option<Secret>>,
}

impl Reply {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns Vault's error texts, in one line.
    pub fn errors(&self) -> String {
        let errors = self.body.get("errors").and_then(Value::as_array).into_iter().flatten();
        let said: Vec<String> = errors.filter_map(Value::as_str).map(one_line).collect();
        said.join("; ")
    }

    pub fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer)?.as_str().map(str::to_owned)
    }

    pub fn seconds(&self, pointer: &str) -> u32 {
        let seconds = self.body.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

impl Vault {
    /// Logs in and keeps the token from the login, or uses the user's own token.
    ///
    /// # Errors
    /// If there is no token, or logging in fails.
    pub fn log_in() -> Result<Self, Error> {
        Ok(Self { token: identity::token(SLOT, &[])?.value })
    }

    pub fn get(&self, path: &str, lift: &[&str]) -> Result<Reply, Error> {
        exchange(Some(&self.token), "GET", path, None, lift)
    }

    pub fn put(&self, path: &str, body: &Value, lift: &[&str]) -> Result<Reply, Error> {
        exchange(Some(&self.token), "PUT", path, Some(body), lift)
    }
}

/// Sends a request that needs no token.
pub fn ask(path: &str) -> Result<Reply, Error> {
    exchange(None, "GET", path, None, &[])
}

fn exchange(
    token: Option<&Secret>,
    method: &str,
    path: &str,
    body: Option<&Value>,
    lift: &[&str],
) -> Result<Reply, Error> {
    let plain = |name: &str, text: &str| Header {
        name: name.to_owned(),
        value: vec![Chunk::Plain(text.as_bytes().to_vec())],
    };
    let mut headers = vec![plain("accept", "application/json")];
    if body.is_some() {
        headers.push(plain("content-type", "application/json"));
    }
    if let Some(token) = token {
        headers
            .push(Header { name: "x-vault-token".to_owned(), value: vec![Chunk::Secret(token)] });
    }
    let request = Request {
        method: method.to_owned(),
        url: format!("{ORIGIN}/v1/{path}"),
        headers,
        body: body.map(|body| Chunk::Plain(body.to_string().into_bytes())).into_iter().collect(),
        auth: None,
        lift: lift.iter().map(|&pointer| pointer.to_owned()).collect(),
        timeout_ms: None,
    };
    let response = http::send(&request)?;
    let body = if response.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&response.body).map_err(|_| no_vault(response.status))?
    };
    Ok(Reply { status: response.status, body, lifted: response.lifted })
}

fn no_vault(status: u16) -> Error {
    Error {
        kind: ErrorKind::Unavailable,
        code: "no-vault".to_owned(),
        message: format!(
            "what answers at Vault's address is not a Vault (status {status}, no JSON)"
        ),
        hint: Some("check VAULT_ADDR: it is the server's address without a path".to_owned()),
    }
}

/// Joins Vault's lists of errors (`1 error occurred:\n\t* permission denied`) into one line.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| *word != "*").collect::<Vec<_>>().join(" ");
    words.strip_prefix("1 error occurred: ").unwrap_or(&words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_one_line_without_vaults_bullets() {
        let reply = |body| Reply { status: 403, body, lifted: Vec::new() };
        let denied = reply(json!({ "errors": ["1 error occurred:\n\t* permission denied\n\n"] }));
        assert_eq!(denied.errors(), "permission denied");
        assert_eq!(reply(json!({ "errors": [] })).errors(), "");
        assert_eq!(reply(json!({ "errors": ["a", "b"] })).errors(), "a; b");
    }
}
