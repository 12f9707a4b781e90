//! The transport of `azure_identity`: the host's client, and the one address that a login may send to.
//!
//! The library chooses the query and the body. Method, address, headers and time limit are the host's, so the
//! library's own reading of the process's environment decides nothing.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CloudConfiguration;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, RetryOptions, StatusCode, Transport,
};
use reqwest::{Client, Method, Request};
use serde::Deserialize;

use super::reply;
use crate::token::{TokenError, ask_text};
use audex_core::secret::Secret;

/// The longest lifetime accepted, in seconds: one year. Entra ID's tokens live a day or two at most; a sum beyond
/// the library's calendar panics.
const LONGEST_SECONDS: i64 = 366 * 24 * 60 * 60;

/// The host's client, and the request without its query and body.
pub(super) struct HostTransport {
    client: Client,
    request: Request,
}

impl HostTransport {
    pub(super) fn new(client: &Client, request: Request) -> Self {
        Self { client: client.clone(), request }
    }

    /// Returns the library's settings.
    ///
    /// Security: if `cloud` is unset, the library would read an authority from the process's environment. The
    /// cloud's address is not used: the checked address can be http on loopback, which the library rejects.
    pub(super) fn options(self) -> ClientOptions {
        ClientOptions {
            transport: Some(Transport::new(Arc::new(self))),
            cloud: Some(Arc::new(CloudConfiguration::AzurePublic)),
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        }
    }
}

impl fmt::Debug for HostTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HostTransport")
    }
}

#[async_trait]
impl HttpClient for HostTransport {
    /// Sends the request as the host sends every request for a token: within its limits, with its retries.
    ///
    /// Every error has the kind `Other`, which the library does not retry. After other kinds, its login of virtual
    /// machines ignores `RetryOptions` and waits for 72 s (`virtual_machine_managed_identity_credential.rs`).
    async fn execute_request(
        &self,
        written: &azure_core::http::Request,
    ) -> azure_core::Result<AsyncRawResponse> {
        let failed = |text| azure_core::Error::with_message(ErrorKind::Other, text);
        let Body::Bytes(body) = written.body() else { return Err(failed("the body is a stream")) };
        let mut request =
            self.request.try_clone().ok_or_else(|| failed("the request cannot be repeated"))?;
        if let Some(query) = written.url().query() {
            request.url_mut().set_query(Some(query));
        }
        if request.method() == Method::POST {
            *request.body_mut() = Some(body.clone().into());
        }
        let reply = ask_text(&self.client, request).await.and_then(checked);
        let reply =
            reply.map_err(|error| azure_core::Error::with_error(ErrorKind::Other, error, ""))?;
        let reply = reply.expose().as_bytes().to_vec();
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), reply))
    }
}

/// Returns the reply if the library can read its lifetime.
///
/// Security: the library adds the lifetime to the present time, and a sum beyond its calendar panics.
fn checked(reply: Secret) -> Result<Secret, TokenError> {
    let lifetime: Option<Lifetime> = serde_json::from_str(reply.expose()).ok();
    let is_readable =
        lifetime.is_none_or(|lifetime| (0..=LONGEST_SECONDS).contains(&lifetime.expires_in));
    if is_readable { Ok(reply) } else { Err(reply::unreadable()) }
}

#[derive(Deserialize)]
struct Lifetime {
    expires_in: i64,
}
