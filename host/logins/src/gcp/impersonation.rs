//! A service account that the source credentials impersonate.

use std::time::UNIX_EPOCH;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde_json::json;

use crate::token::{Token, TokenError, Why, address_in, ask};
use audex_core::secret::Secret;

/// The lifetime of a token, which serves the calls of one run. An hour is Google's default.
const LIFETIME: &str = "3600s";
const END: &str = ":generateAccessToken";

/// The request for tokens of one service account.
pub(super) struct Impersonation {
    url: Url,
    delegates: Vec<String>,
}

impl Impersonation {
    /// Checks that `url` is the address of the account's `generateAccessToken`. `shown` names the file that
    /// contains `url`.
    ///
    /// # Errors
    /// If `url` is another address.
    pub(super) fn new(url: &str, delegates: Vec<String>, shown: &str) -> Result<Self, TokenError> {
        let name = "service_account_impersonation_url";
        let url = address_in(shown, name, url)?;
        if !url.path().ends_with(END) || !url.path().contains("/serviceAccounts/") {
            let message =
                format!("in {shown}, `{name}` is not an address of `generateAccessToken`");
            return Err(TokenError::config(message));
        }
        Ok(Self { url, delegates })
    }

    /// Returns the account's email, as the address contains it.
    pub(super) fn account(&self) -> &str {
        let name = self.url.path().rsplit('/').next().unwrap_or_default();
        name.strip_suffix(END).unwrap_or(name)
    }

    /// Returns a token for `scopes`, requested with the token `source`.
    ///
    /// Source: IAM Credentials API reference, `generateAccessToken`.
    pub(super) async fn token(
        &self,
        client: &Client,
        source: &Secret,
        scopes: &[String],
    ) -> Result<Token, TokenError> {
        let mut body = json!({ "scope": scopes, "lifetime": LIFETIME });
        if let (false, Some(fields)) = (self.delegates.is_empty(), body.as_object_mut()) {
            fields.insert("delegates".to_owned(), json!(self.delegates));
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", source.expose()))
            .map_err(|_| TokenError::config("the source token cannot stand in a header"))?;
        bearer.set_sensitive(true);
        let mut request = Request::new(Method::POST, self.url.clone());
        request.headers_mut().insert(AUTHORIZATION, bearer);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.to_string().into());
        let reply = ask(client, request).await?;
        let value = reply
            .get("accessToken")
            .and_then(|token| token.as_str())
            .filter(|token| !token.is_empty());
        let value = value.map(|token| Secret::new(token.to_owned())).ok_or_else(|| {
            TokenError::new(Why::Unavailable, "source-reply", "the reply holds no access token")
        })?;
        let ends = reply.get("expireTime").and_then(|time| time.as_str());
        let ends = ends
            .and_then(|time| humantime::parse_rfc3339(time).ok()?.duration_since(UNIX_EPOCH).ok());
        Ok(Token { value, expires_at: ends.map(|ends| ends.as_secs()) })
    }
}
