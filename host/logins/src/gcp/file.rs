//! A file of Google Cloud credentials.

use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use super::external::External;
use super::impersonation::Impersonation;
use crate::signature::{self, Algorithm};
use crate::token::{Token, TokenError, Why, address_in, ask, claims, form, of_reply};
use audex_core::secret::Secret;
use audex_core::shape::{self, ConfiguredPath};
use audex_core::{clock, reachable};

/// The address where Google exchanges assertions and refresh tokens, unless the file names another one.
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// The lifetime of an assertion: the longest that Google allows.
const ASSERTION_SECONDS: u64 = 3600;
/// The scope that impersonation needs.
const PLATFORM_SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The credentials in the file.
pub(super) enum File {
    /// A key of a service account.
    ServiceAccount { email: String, key: Secret, token_uri: Url },
    /// A login of a user.
    User { client_id: String, client_secret: Secret, refresh_token: Secret, token_uri: Url },
    /// An identity of another issuer.
    External(Box<External>),
    /// A service account that other credentials impersonate.
    Impersonated { source: Box<File>, impersonation: Impersonation },
}

#[derive(Deserialize)]
struct Account {
    client_email: String,
    private_key: String,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct Borrowed {
    source_credentials: Value,
    service_account_impersonation_url: String,
    #[serde(default)]
    delegates: Vec<String>,
}

/// The maximum number of nested impersonations. Tools write one.
const DEEPEST: usize = 3;

impl File {
    /// Reads the file at `path`.
    pub(super) fn read(path: &ConfiguredPath) -> Result<Self, TokenError> {
        let shown = path.to_string();
        let text = reachable::required_text(path.as_path()).map(zeroize::Zeroizing::new);
        let text =
            text.map_err(|error| TokenError::config(format!("cannot read {shown}: {error}")))?;
        // Security: the parser's error may quote the file.
        let written: Value = serde_json::from_str(&text).map_err(|_| {
            TokenError::config(format!("{shown} is not a file of Google Cloud credentials"))
        })?;
        Self::parse(written, &shown, DEEPEST)
    }

    fn parse(written: Value, shown: &str, deeper: usize) -> Result<Self, TokenError> {
        let kind = written.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let lacking = |_| TokenError::config(format!("{shown} lacks a field of a {kind} file"));
        let address =
            |text: Option<&str>| address_in(shown, "token_uri", text.unwrap_or(TOKEN_URI));
        match kind.as_str() {
            "service_account" => {
                let Account { client_email, private_key, token_uri } =
                    serde_json::from_value(written).map_err(lacking)?;
                let (key, token_uri) = (Secret::new(private_key), address(token_uri.as_deref())?);
                Ok(Self::ServiceAccount { email: client_email, key, token_uri })
            }
            "authorized_user" => {
                let Login { client_id, client_secret, refresh_token, token_uri } =
                    serde_json::from_value(written).map_err(lacking)?;
                let (client_secret, refresh_token) =
                    (Secret::new(client_secret), Secret::new(refresh_token));
                let token_uri = address(token_uri.as_deref())?;
                Ok(Self::User { client_id, client_secret, refresh_token, token_uri })
            }
            "external_account" => {
                let written = serde_json::from_value(written).map_err(lacking)?;
                External::new(written, shown).map(|external| Self::External(Box::new(external)))
            }
            "impersonated_service_account" if deeper > 0 => {
                let Borrowed {
                    source_credentials,
                    service_account_impersonation_url: url,
                    delegates,
                } = serde_json::from_value(written).map_err(lacking)?;
                let impersonation = Impersonation::new(&url, delegates, shown)?;
                let source =
                    Box::new(Self::parse(source_credentials, shown, deeper.saturating_sub(1))?);
                Ok(Self::Impersonated { source, impersonation })
            }
            _ => {
                let kind = if shape::is_name(&kind) {
                    format!("type `{kind}`")
                } else {
                    "a type".to_owned()
                };
                let message = format!("{shown} is of {kind} that this version does not read");
                Err(TokenError::new(Why::Unsupported, "source-type", message))
            }
        }
    }

    /// Returns a token for `scopes`. A user's login keeps the scopes that it was made with and cannot be
    /// narrowed.
    pub(super) async fn token(
        &self,
        client: &Client,
        scopes: &[String],
    ) -> Result<Token, TokenError> {
        match self {
            Self::ServiceAccount { email, key, token_uri } => {
                let assertion = assertion(email, key, token_uri, &scopes.join(" "))?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let fields = [("grant_type", grant), ("assertion", assertion.expose())];
                of_reply(&ask(client, form(token_uri.clone(), &fields)).await?)
            }
            Self::User { .. } => of_reply(&self.refreshed(client).await?),
            Self::External(external) => external.token(client, scopes).await,
            Self::Impersonated { source, impersonation } => {
                let whole = [PLATFORM_SCOPE.to_owned()];
                let source = Box::pin(source.token(client, &whole)).await?;
                impersonation.token(client, &source.value, scopes).await
            }
        }
    }

    /// Returns the owner of the credentials.
    pub(super) async fn owner(&self, client: &Client) -> Result<String, TokenError> {
        match self {
            Self::ServiceAccount { email, .. } => Ok(email.clone()),
            Self::External(external) => Ok(external.owner()),
            Self::Impersonated { impersonation, .. } => Ok(impersonation.account().to_owned()),
            Self::User { .. } => {
                let reply = self.refreshed(client).await?;
                let email = || {
                    claims(reply.get("id_token")?.as_str()?)?
                        .get("email")?
                        .as_str()
                        .map(str::to_owned)
                };
                Ok(email().unwrap_or_else(|| "a user (application default credentials)".to_owned()))
            }
        }
    }

    /// Exchanges a user's refresh token and returns the reply.
    async fn refreshed(&self, client: &Client) -> Result<Value, TokenError> {
        let Self::User { client_id, client_secret, refresh_token, token_uri } = self else {
            return Err(TokenError::config("these credentials are not a user's"));
        };
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret.expose()),
            ("refresh_token", refresh_token.expose()),
        ];
        ask(client, form(token_uri.clone(), &fields)).await
    }
}

/// Returns a signed claim to be `email` (RFC 7523, RS256).
fn assertion(email: &str, key: &Secret, audience: &Url, scope: &str) -> Result<Secret, TokenError> {
    let now = clock::unix_seconds();
    let expires = now.saturating_add(ASSERTION_SECONDS);
    let claims = json!({ "iss": email, "aud": audience.as_str(), "scope": scope, "iat": now, "exp": expires });
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let header = json!({ "alg": "RS256", "typ": "JWT" }).to_string();
    let text = format!("{}.{}", encode(header.as_bytes()), encode(claims.to_string().as_bytes()));
    let signature = signature::sign(key, Algorithm::Rs256, text.as_bytes())
        .map_err(|_| TokenError::config("the private key of the service account cannot be used"))?;
    Ok(Secret::new(format!("{text}.{}", encode(&signature))))
}
