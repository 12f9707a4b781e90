//! Requests of this program to Vault. They are endpoints of `vaultrs` and `rustify`; the host sends them, because the library's
//! sender reads a reply without a size limit.

use std::time::Duration;

use reqwest::Request;
use rustify::Endpoint;
use serde::Deserialize;
use vaultrs::api::{AuthInfo, EndpointMiddleware, EndpointResult};
use zeroize::Zeroizing;

use super::address::Address;
use super::error::VaultError;
use super::source::Source;
use audex_core::error_chain::innermost;
use audex_core::secret::Secret;
use audex_wire::body::{Unread, whole};

/// The maximum size of a reply. A login's reply, with its policies and metadata, has a few kilobytes.
const REPLY_BYTES: usize = 256 * 1024;
/// The statuses by which a gateway reports that it did not hear the server's answer (RFC 9110, 15.6.3 and 15.6.5).
const GATEWAY: [u16; 2] = [502, 504];

/// The host's HTTP client, the address of Vault, and what each request gets.
pub(super) struct Sender {
    http: reqwest::Client,
    base: String,
    middle: EndpointMiddleware,
}

impl Sender {
    /// Returns a sender that logs in, or that acts with `token`.
    ///
    /// # Errors
    /// If the namespace cannot stand in a header, which the library does not check.
    pub(super) fn new(
        source: &Source,
        address: &Address,
        http: &reqwest::Client,
        token: Option<&Secret>,
    ) -> Result<Self, VaultError> {
        let namespace = source.namespace.clone();
        let fits = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
        if !namespace.as_deref().is_none_or(fits) {
            return Err(VaultError::Namespace);
        }
        let token = token.map_or_else(String::new, |token| token.expose().to_owned());
        let middle = EndpointMiddleware { token, version: "v1".to_owned(), wrap: None, namespace };
        Ok(Self { http: http.clone(), base: address.as_str().to_owned(), middle })
    }

    /// Sends a login, and returns the login of the reply.
    pub(super) async fn log_in(
        &self,
        method: &'static str,
        endpoint: impl Endpoint<Response = ()>,
    ) -> Result<AuthInfo, VaultError> {
        let unreachable =
            |error: reqwest::Error| VaultError::Unreachable(innermost(&error.without_url()));
        let response = self.http.execute(self.request(endpoint)?).await.map_err(unreachable)?;
        let status = response.status();
        let body = read(response).await.map_err(|unread| match unread {
            Unread::TooLong => VaultError::BadReply,
            Unread::CutOff(error) => unreachable(error),
        })?;
        if !status.is_success() {
            return Err(refused(method, status.as_u16(), &body));
        }
        let reply: Option<EndpointResult<()>> = serde_json::from_slice(&body).ok();
        reply.and_then(|reply| reply.auth).ok_or(VaultError::BadReply)
    }

    /// Sends a request that ends something, and waits for the answer for `time`. If none is heard, sends it again, because Vault may
    /// have done it: then it confirms the end of a lease again, and refuses the ended token.
    ///
    /// # Errors
    /// [`VaultError::Unheard`] if the end is uncertain.
    pub(super) async fn end<E: Endpoint>(
        &self,
        method: &'static str,
        endpoint: impl Fn() -> E,
        time: Duration,
    ) -> Result<(), VaultError> {
        let first = match self.end_once(method, endpoint(), time).await {
            Err(error @ VaultError::Unheard { .. }) => error,
            heard => return heard,
        };
        match self.end_once(method, endpoint(), time).await {
            Ok(()) => Ok(()),
            Err(VaultError::Refused { status: 403, said, .. }) if said.contains(INVALID_TOKEN) => {
                Ok(())
            }
            Err(_) => Err(first),
        }
    }

    async fn end_once(
        &self,
        method: &'static str,
        endpoint: impl Endpoint,
        time: Duration,
    ) -> Result<(), VaultError> {
        let unheard = |reason| VaultError::Unheard { method, reason };
        let mut request = self.request(endpoint)?;
        *request.timeout_mut() = Some(time);
        let response = self.http.execute(request).await.map_err(|error| {
            let is_unsent = error.is_connect();
            let reason = innermost(&error.without_url());
            if is_unsent { VaultError::Unreachable(reason) } else { unheard(reason) }
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        if GATEWAY.contains(&status.as_u16()) {
            return Err(unheard(format!("a gateway answered {}", status.as_u16())));
        }
        Err(refused(method, status.as_u16(), &read(response).await.unwrap_or_default()))
    }

    fn request(&self, endpoint: impl Endpoint) -> Result<Request, VaultError> {
        let written = endpoint.with_middleware(&self.middle).request(&self.base);
        let request = written.ok().and_then(|request| Request::try_from(request).ok());
        request.ok_or(VaultError::BadReply)
    }
}

/// The words for a token that has ended. A token that lacks a policy is refused without them. Source: Vault documentation,
/// "Tokens", "Error Responses".
const INVALID_TOKEN: &str = "invalid token";

async fn read(response: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, Unread<reqwest::Error>> {
    whole(reqwest::Body::from(response), REPLY_BYTES).await.map(Zeroizing::new)
}

/// Returns the error for an answer with an error status. Security: of the body, only Vault's own messages are used.
fn refused(method: &'static str, status: u16, body: &[u8]) -> VaultError {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<String>,
    }
    let said = serde_json::from_slice(body).map(|Refusal { errors }| errors.join("; "));
    let said = said.unwrap_or_else(|_| "no reason given".to_owned());
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    VaultError::Refused { method, status, said }
}
