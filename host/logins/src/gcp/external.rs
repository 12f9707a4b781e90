//! Workload identity federation: a token of another issuer, exchanged for a token of Google Cloud.
//!
//! The foreign token is read from a file or an address. Programs and AWS as its source are rejected by name.
//! Sources: AIP-4117 "External account credentials"; Security Token Service API reference, `token`.

use std::path::PathBuf;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Url};
use serde::Deserialize;
use serde_json::Value;

use super::impersonation::Impersonation;
use crate::token::{Token, TokenError, Why, address_in, ask, ask_text, form, of_reply};
use audex_core::reachable;
use audex_core::secret::Secret;
use audex_core::shape::{self, ConfiguredPath};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The scope that the exchanged token needs for impersonation.
const PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The maximum size of a foreign token, which is a signed claim, or an assertion in XML.
const SUBJECT_BYTES: u64 = 256 * 1024;

/// The fields of the file.
#[derive(Deserialize)]
pub(super) struct Written {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Place,
    service_account_impersonation_url: Option<String>,
    workforce_pool_user_project: Option<String>,
    client_id: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    format: Format,
    executable: Option<Value>,
    environment_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: Option<String>,
    subject_token_field_name: Option<String>,
}

/// A federated identity.
pub(super) struct External {
    audience: String,
    subject_token_type: String,
    token_url: Url,
    subject: Subject,
    /// The field that holds the token, if the format is JSON.
    field: Option<String>,
    impersonation: Option<Impersonation>,
    user_project: Option<String>,
}

enum Subject {
    File(ConfiguredPath),
    Url { url: Url, headers: HeaderMap },
}

impl External {
    /// Checks the fields of the file that `shown` names.
    ///
    /// # Errors
    /// If the file contains an unusable value, or a feature that this version does not read.
    pub(super) fn new(written: Written, shown: &str) -> Result<Self, TokenError> {
        let Place { file, url, headers, format, executable, environment_id } =
            written.credential_source;
        let unread = |what: &str| {
            let message =
                format!("{shown} takes its token from {what}, which this version does not read");
            TokenError::new(Why::Unsupported, "source-type", message)
        };
        // The own applications of workforce pools authenticate the exchange with a client secret.
        if written.client_id.is_some() {
            return Err(unread("an exchange with a client id"));
        }
        let subject = match (file, url) {
            (Some(path), _) => Subject::File(ConfiguredPath::new("credential_source.file", path)),
            _ if environment_id.is_some() => return Err(unread("AWS")),
            (None, Some(url)) => {
                Subject::Url { url: near(&url, shown)?, headers: fields(&headers, shown)? }
            }
            _ if executable.is_some() => return Err(unread("a program")),
            (None, None) => {
                return Err(TokenError::config(format!("{shown} does not say where the token is")));
            }
        };
        let field = match (format.kind.as_deref(), format.subject_token_field_name) {
            (None | Some("text"), _) => None,
            (Some("json"), Some(field)) => Some(field),
            _ => {
                return Err(TokenError::config(format!(
                    "the format in {shown} is neither text nor JSON"
                )));
            }
        };
        let token_url = address_in(shown, "token_url", &written.token_url)?;
        let impersonation = written.service_account_impersonation_url;
        let impersonation =
            impersonation.map(|url| Impersonation::new(&url, Vec::new(), shown)).transpose()?;
        Ok(Self {
            audience: written.audience,
            subject_token_type: written.subject_token_type,
            token_url,
            subject,
            field,
            impersonation,
            user_project: written.workforce_pool_user_project,
        })
    }

    /// Returns a token for `scopes`.
    pub(super) async fn token(
        &self,
        client: &Client,
        scopes: &[String],
    ) -> Result<Token, TokenError> {
        let Some(impersonation) = &self.impersonation else {
            return self.exchange(client, scopes).await;
        };
        let first = self.exchange(client, &[PLATFORM.to_owned()]).await?;
        impersonation.token(client, &first.value, scopes).await
    }

    /// Returns the service account that is impersonated, otherwise the pool.
    pub(super) fn owner(&self) -> String {
        let account =
            self.impersonation.as_ref().map(|impersonation| impersonation.account().to_owned());
        account.unwrap_or_else(|| match self.audience.as_str() {
            audience if shape::is_name(audience) => format!("a federated identity of {audience}"),
            _ => "a federated identity".to_owned(),
        })
    }

    async fn exchange(&self, client: &Client, scopes: &[String]) -> Result<Token, TokenError> {
        let (subject, scopes) = (self.subject(client).await?, scopes.join(" "));
        let options = self.user_project.as_ref();
        let options =
            options.map(|project| serde_json::json!({ "userProject": project }).to_string());
        let mut fields = vec![
            ("grant_type", EXCHANGE),
            ("audience", &self.audience),
            ("scope", &scopes),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", &self.subject_token_type),
            ("subject_token", subject.expose()),
        ];
        fields.extend(options.as_deref().map(|options| ("options", options)));
        of_reply(&ask(client, form(self.token_url.clone(), &fields)).await?)
    }

    /// Returns the foreign token. Reads it each time, because it is replaced while a workload runs.
    async fn subject(&self, client: &Client) -> Result<Secret, TokenError> {
        let text = match &self.subject {
            Subject::File(path) => read(path)?,
            Subject::Url { url, headers } => {
                let mut request = Request::new(Method::GET, url.clone());
                request.headers_mut().clone_from(headers);
                ask_text(client, request).await?
            }
        };
        let Some(field) = &self.field else {
            return Ok(Secret::new(text.expose().trim().to_owned()));
        };
        let parsed: Option<Value> = serde_json::from_str(text.expose()).ok();
        let token = parsed.as_ref().and_then(|reply| reply.get(field)).and_then(Value::as_str);
        token.map(|token| Secret::new(token.to_owned())).ok_or_else(|| {
            TokenError::config("the federated token's place holds no JSON with the named field")
        })
    }
}

fn read(path: &ConfiguredPath) -> Result<Secret, TokenError> {
    let failed = |error: std::io::Error| {
        TokenError::config(format!("cannot read the federated token in {path}: {error}"))
    };
    if std::fs::metadata(path.as_path()).map_err(failed)?.len() > SUBJECT_BYTES {
        return Err(TokenError::config(format!(
            "the file in {path} is too long for a federated token"
        )));
    }
    reachable::required_text(path.as_path()).map(Secret::new).map_err(failed)
}

/// Parses the address where a platform issues tokens: https, or http on this machine or its link. The query
/// is part of the address.
fn near(text: &str, shown: &str) -> Result<Url, TokenError> {
    let wrong = || {
        TokenError::config(format!(
            "the address of the federated token in {shown} must be https, or http on loopback or the local link"
        ))
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_near = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
            std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
            std::net::IpAddr::V6(v6) => v6.is_loopback(),
        });
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_near);
    if is_safe && url.username().is_empty() && url.password().is_none() {
        Ok(url)
    } else {
        Err(wrong())
    }
}

fn fields(
    headers: &std::collections::BTreeMap<String, String>,
    shown: &str,
) -> Result<HeaderMap, TokenError> {
    let wrong = || TokenError::config(format!("a header in {shown} cannot be sent"));
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        // A header can hold a bearer token.
        value.set_sensitive(true);
        map.insert(name, value);
    }
    Ok(map)
}
