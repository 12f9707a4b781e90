//! Tokens of Entra ID for an application, through `azure_identity`.
//!
//! The library writes the forms and reads the replies; the transport is the host's.
//! Source: Microsoft, "Microsoft identity platform and the OAuth 2.0 client credentials flow".

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::http::ClientMethodOptions;
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions,
};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Request, Url};

use super::transport::HostTransport;
use super::{not_a_tenant, reply};
use crate::token::{Token, TokenError};
use audex_core::address;
use audex_core::environment::{AZURE_AUTHORITY_HOST, Environment};
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
        let mut request = Request::new(Method::POST, url(environment, tenant)?);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        Ok(Self { id, tenant, transport: HostTransport::new(client, request) })
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
    reply::token(reply, reply::unreadable)
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

fn url(environment: &Environment, tenant: &str) -> Result<Url, TokenError> {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if tenant.is_empty() || !tenant.chars().all(letters) {
        return Err(not_a_tenant());
    }
    let host = environment.get(AZURE_AUTHORITY_HOST).unwrap_or(AUTHORITY);
    // The Azure CLI writes the host without a scheme.
    let host = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let mut url = address::parse(AZURE_AUTHORITY_HOST, &host).map_err(TokenError::config)?;
    url.set_path(&format!("{}/{tenant}/oauth2/v2.0/token", url.path().trim_end_matches('/')));
    Ok(url)
}
