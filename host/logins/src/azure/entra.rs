//! Tokens of Entra ID for an application, through `azure_identity`.
//!
//! The library writes the requests and reads the replies. The transport sends them as the host sends every
//! request for a token: by its client and authorities, within its limits, with its retries.
//! Source: Microsoft, "Microsoft identity platform and the OAuth 2.0 client credentials flow".

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::cloud::CloudConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientMethodOptions, ClientOptions, HttpClient, RetryOptions,
    StatusCode, Transport,
};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions,
};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Url};

use super::reply;
use crate::token::{Token, TokenError, Why, ask_text};
use audex_core::address;
use audex_core::environment::{AZURE_AUTHORITY_HOST, AZURE_TENANT_ID, Environment};
use audex_core::secret::Secret;

/// Entra ID of the public cloud.
const AUTHORITY: &str = "https://login.microsoftonline.com";

/// An application, and the address that issues its tokens.
pub(super) struct Application<'a> {
    id: &'a str,
    tenant: &'a str,
    transport: HostTransport,
}

impl<'a> Application<'a> {
    /// Checks the tenant and the authority.
    ///
    /// # Errors
    /// If one of them is unusable.
    pub(super) fn new(
        environment: &Environment,
        client: &Client,
        tenant: &'a str,
        id: &'a str,
    ) -> Result<Self, TokenError> {
        let transport = HostTransport { client: client.clone(), url: url(environment, tenant)? };
        Ok(Self { id, tenant, transport })
    }

    /// Returns a token for `audience` by the application's secret.
    pub(super) async fn by_secret(self, secret: &str, audience: &str) -> Result<Token, TokenError> {
        let options = ClientSecretCredentialOptions { client_options: self.transport.options() };
        let (id, secret) = (self.id.to_owned(), secret.to_owned().into());
        let login = ClientSecretCredential::new(self.tenant, id, secret, Some(options));
        of(&*login.map_err(TokenError::config)?, audience).await
    }

    /// Returns a token for `audience` by `assertion`, a token of another issuer.
    pub(super) async fn by_assertion(
        self,
        assertion: Secret,
        audience: &str,
    ) -> Result<Token, TokenError> {
        let options = ClientAssertionCredentialOptions { client_options: self.transport.options() };
        let (tenant, id) = (self.tenant.to_owned(), self.id.to_owned());
        let login = ClientAssertionCredential::new(tenant, id, Assertion(assertion), Some(options));
        of(&*login.map_err(TokenError::config)?, audience).await
    }
}

async fn of(login: &dyn TokenCredential, audience: &str) -> Result<Token, TokenError> {
    let reply = login.get_token(&[&format!("{audience}/.default")], None).await;
    reply::token(reply, || {
        TokenError::new(Why::Unavailable, "source-reply", "the reply holds no access token")
    })
}

/// A token of another issuer, which replaces a client secret (RFC 7523).
#[derive(Debug)]
struct Assertion(Secret);

#[async_trait]
impl ClientAssertion for Assertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose().trim().to_owned())
    }
}

/// The library's transport: the host's client and the one address that it sends to.
struct HostTransport {
    client: Client,
    url: Url,
}

impl HostTransport {
    /// Returns the library's settings.
    ///
    /// Security: without a cloud, the library would read an authority from the process's environment. The
    /// cloud's address is not used: the checked address can be http on loopback, which the library rejects.
    fn options(self) -> ClientOptions {
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
    async fn execute_request(
        &self,
        written: &azure_core::http::Request,
    ) -> azure_core::Result<AsyncRawResponse> {
        let Body::Bytes(form) = written.body() else {
            return Err(azure_core::Error::with_message(ErrorKind::Other, "the body is a stream"));
        };
        let mut request = Request::new(Method::POST, self.url.clone());
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        *request.body_mut() = Some(form.clone().into());
        let reply = ask_text(&self.client, request).await;
        let reply =
            reply.map_err(|error| azure_core::Error::with_error(ErrorKind::Other, error, ""))?;
        let reply = reply.expose().as_bytes().to_vec();
        Ok(AsyncRawResponse::from_bytes(StatusCode::Ok, Headers::new(), reply))
    }
}

fn url(environment: &Environment, tenant: &str) -> Result<Url, TokenError> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if tenant.is_empty() || !tenant.chars().all(letters) {
        return Err(TokenError::config(format!("`{AZURE_TENANT_ID}` is no tenant")));
    }
    let host = environment.get(AZURE_AUTHORITY_HOST).unwrap_or(AUTHORITY);
    // The Azure CLI writes the host without a scheme.
    let host = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let mut url = address::parse(AZURE_AUTHORITY_HOST, &host).map_err(TokenError::config)?;
    url.set_path(&format!("{}/{tenant}/oauth2/v2.0/token", url.path().trim_end_matches('/')));
    Ok(url)
}
