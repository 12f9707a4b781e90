//! A file of Google Cloud credentials.

use std::path::Path;

use reqwest::{Client, Url};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::secret::Secret;
use crate::token::{Token, TokenError, Why, ask, claims, form, of_reply};
use crate::{address, clock};

/// Where Google exchanges assertions and refresh tokens, unless the file says otherwise.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// The longest an assertion may live; Google's own limit.
const ASSERTION_SECONDS: u64 = 3600;
/// What identifies and does no more.
const EMAIL_SCOPE: &str = "https://www.googleapis.com/auth/userinfo.email";

/// Credentials in it.
pub(super) enum File {
    /// A key of a service account.
    ServiceAccount { email: String, key: Secret, token_uri: Url },
    /// A login of a user.
    User { client_id: String, client_secret: Secret, refresh_token: Secret, token_uri: Url },
}

#[derive(Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: String,
    client_email: Option<String>,
    private_key: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
    token_uri: Option<String>,
}

impl File {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
        let text = text.map_err(|error| TokenError::config(format!("cannot read `{shown}`: {error}")))?;
        // Security: what the parser says may quote the file.
        let written: Written = serde_json::from_str(&text)
            .map_err(|_| TokenError::config(format!("`{shown}` is no file of Google Cloud credentials")))?;
        let lacking = || TokenError::config(format!("`{shown}` lacks a field of a {} file", written.kind));
        let name = format!("token_uri of {shown}");
        let token_uri = address::parse(&name, written.token_uri.as_deref().unwrap_or(TOKEN_URI));
        let token_uri = token_uri.map_err(TokenError::config)?;
        match written.kind.as_str() {
            "service_account" => Ok(Self::ServiceAccount {
                email: written.client_email.clone().ok_or_else(lacking)?,
                key: written.private_key.clone().map(Secret::new).ok_or_else(lacking)?,
                token_uri,
            }),
            "authorized_user" => Ok(Self::User {
                client_id: written.client_id.clone().ok_or_else(lacking)?,
                client_secret: written.client_secret.clone().map(Secret::new).ok_or_else(lacking)?,
                refresh_token: written.refresh_token.clone().map(Secret::new).ok_or_else(lacking)?,
                token_uri,
            }),
            other => {
                let other = crate::plugin::clean::line(other);
                let message = format!("`{shown}` is of type `{other}`, which this version does not read");
                Err(TokenError::new(Why::Unsupported, "source-type", message))
            }
        }
    }

    /// A token for `scopes`. A user's login has the scopes it was made with, which narrow no further.
    pub async fn token(&self, client: &Client, scopes: &[String]) -> Result<Token, TokenError> {
        of_reply(&self.reply(client, scopes).await?)
    }

    /// Whose they are.
    pub async fn owner(&self, client: &Client) -> Result<String, TokenError> {
        if let Self::ServiceAccount { email, .. } = self {
            return Ok(email.clone());
        }
        let reply = self.reply(client, &[EMAIL_SCOPE.to_owned()]).await?;
        let email = || claims(reply.get("id_token")?.as_str()?)?.get("email")?.as_str().map(str::to_owned);
        Ok(email().unwrap_or_else(|| "a user (application default credentials)".to_owned()))
    }

    async fn reply(&self, client: &Client, scopes: &[String]) -> Result<Value, TokenError> {
        let request = match self {
            Self::ServiceAccount { email, key, token_uri } => {
                let assertion = assertion(email, key, token_uri, &scopes.join(" "))?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                form(token_uri.clone(), &[("grant_type", grant), ("assertion", assertion.expose())])
            }
            Self::User { client_id, client_secret, refresh_token, token_uri } => form(
                token_uri.clone(),
                &[
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("client_secret", client_secret.expose()),
                    ("refresh_token", refresh_token.expose()),
                ],
            ),
        };
        ask(client, request).await
    }
}

/// A signed claim to be `email` (RFC 7523, RS256).
fn assertion(email: &str, key: &Secret, audience: &Url, scope: &str) -> Result<Secret, TokenError> {
    let unusable = || TokenError::config("the private key of the service account cannot be used");
    let der = PrivatePkcs8KeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| unusable())?;
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| unusable())?;
    let now = clock::unix_seconds();
    let expires = now.saturating_add(ASSERTION_SECONDS);
    let claims =
        json!({ "iss": email, "aud": audience.as_str(), "scope": scope, "iat": now, "exp": expires });
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let header = json!({ "alg": "RS256", "typ": "JWT" }).to_string();
    let text = format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
    let mut signature = vec![0; pair.public().modulus_len()];
    let signed = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
    signed.map_err(|_| unusable())?;
    Ok(Secret::new(format!("{text}.{}", encode(&signature))))
}
