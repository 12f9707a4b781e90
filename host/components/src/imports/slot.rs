//! The credentials behind each slot: one function for each slot.

use std::sync::Arc;
use std::time::Duration;

use super::identity::unknown_slot;
use super::sts::plain_error;
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::capability::Capability;
use crate::outside::Outside;
use crate::resource::Origin;
use crate::state::State;
use audex_core::secret::Secret;
use audex_logins::token::{Token, TokenError, Why};
use audex_logins::{azure, gcp};

/// The owner of a requested Azure token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The user's own login.
    Source,
    /// The identity of the setting `client_id`, which receives temporary roles.
    Agent,
}

/// A token with its origin, or an error.
type Given = wasmtime::Result<Result<(Token, Origin), Error>>;

/// The time limit of a login, which takes a few exchanges; a slower login waits for a person.
const LOGIN_TIME: Duration = Duration::from_secs(30);
/// The suffix of an Azure scope that requests every permission consented to for one audience.
const EVERYTHING: &str = "/.default";

impl State {
    /// Returns a token of the source credentials for OAuth scopes (slot `gcp`).
    pub(super) fn gcp_token(&mut self, scopes: &[String]) -> Given {
        self.require(&Capability::Gcp)?;
        if scopes.is_empty() {
            return Ok(Err(bad_scopes("`gcp` needs OAuth scopes")));
        }
        let token = self
            .token_once(&format!("gcp {}", scopes.join(" ")), async |outside, client| {
                gcp::token(outside.environment(), client, scopes).await
            })?;
        Ok(token.map(|token| (token, Origin::Slot)))
    }

    /// Returns a token for one audience (slots `azure` and `azure-agent`).
    pub(super) fn azure_token(&mut self, scopes: &[String], holder: Holder) -> Given {
        self.require(&Capability::Azure)?;
        let audience = match scopes {
            [scope] => scope.strip_suffix(EVERYTHING).filter(|audience| is_audience(audience)),
            _ => None,
        };
        let Some(audience) = audience else {
            return Ok(Err(bad_scopes("`azure` needs one scope, `AUDIENCE/.default`")));
        };
        let token = match holder {
            Holder::Source => {
                let tenant = self.context()?.settings.get("tenant_id").cloned();
                self.token_once(&format!("azure {audience}"), async |outside, client| {
                    azure::token(outside.environment(), client, tenant.as_deref(), audience).await
                })?
            }
            Holder::Agent => self.agent_token(audience)?,
        };
        Ok(token.and_then(|token| {
            let Some(expires_at) = token.expires_at else {
                let message = "Azure gave a token and did not say when it ends".to_owned();
                return Err(plain_error(ErrorKind::Unavailable, "source-reply", message));
            };
            Ok((token, Origin::Audience { audience: audience.to_owned(), expires_at }))
        }))
    }

    /// Returns the token of the user's login (slot `vault`).
    pub(super) fn vault_token(&mut self) -> Given {
        let login = self.vault_login()?;
        Ok(login.map(|(value, expires_at)| (Token { value, expires_at }, Origin::Slot)))
    }

    /// Returns the value of `secret:NAME` as a token without an expiry.
    pub(super) fn variable_token(&mut self, slot: &str) -> Given {
        let value = self.slot_secret(slot)?;
        Ok(value.map(|value| (Token { value, expires_at: None }, Origin::Slot)))
    }

    /// Returns the owner of the Google Cloud source credentials.
    pub(super) fn gcp_identity(&mut self) -> wasmtime::Result<Result<String, Error>> {
        self.require(&Capability::Gcp)?;
        self.log_in(async |outside, client| gcp::whoami(outside.environment(), client).await)
    }

    /// Returns the owner of the Azure source credentials.
    pub(super) fn azure_identity(&mut self) -> wasmtime::Result<Result<String, Error>> {
        self.require(&Capability::Azure)?;
        let tenant = self.context()?.settings.get("tenant_id").cloned();
        self.log_in(async |outside, client| {
            azure::whoami(outside.environment(), client, tenant.as_deref()).await
        })
    }

    /// Returns the object id of the identity that receives temporary roles.
    pub(super) fn azure_agent(&mut self) -> wasmtime::Result<Result<String, Error>> {
        self.require(&Capability::Azure)?;
        let token = self.agent_token(azure::RESOURCE_MANAGER)?;
        Ok(token.and_then(|token| azure::object_id(&token).map_err(refusal)))
    }

    fn agent_token(&mut self, audience: &str) -> wasmtime::Result<Result<Token, Error>> {
        let settings = &self.context()?.settings;
        let tenant = settings.get("tenant_id").cloned();
        let Some(id) = settings.get("client_id").cloned() else {
            return Ok(Err(bad_scopes("`azure-agent` needs the setting `client_id`")));
        };
        self.token_once(&format!("azure-agent {id} {audience}"), async |outside, client| {
            azure::agent_token(outside.environment(), client, tenant.as_deref(), &id, audience)
                .await
        })
    }

    /// Returns the token for `question`: from this run's tokens, or from the source.
    fn token_once(
        &mut self,
        question: &str,
        work: impl AsyncFnOnce(&Outside, &reqwest::Client) -> Result<Token, TokenError>,
    ) -> wasmtime::Result<Result<Token, Error>> {
        let outside = Arc::clone(&self.context()?.outside);
        if let Some(token) = outside.tokens().get(question) {
            return Ok(Ok(token));
        }
        let given = self.log_in(work)?;
        if let Ok(token) = &given {
            outside.tokens().keep(question.to_owned(), token);
        }
        Ok(given)
    }

    /// Calls a source of tokens, within the time of the call.
    fn log_in<T>(
        &mut self,
        work: impl AsyncFnOnce(&Outside, &reqwest::Client) -> Result<T, TokenError>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let outside = Arc::clone(&self.context()?.outside);
        // The addresses belong to the clouds or come from the user; a metadata server is on the local link.
        let client = match outside.routed_http() {
            Ok(client) => client,
            Err(error) => {
                return Ok(Err(plain_error(ErrorKind::InvalidInput, "tls", error.to_string())));
            }
        };
        let answer =
            self.outside_time(|limit| outside.run(limit.min(LOGIN_TIME), work(&outside, client)));
        Ok(match answer {
            Ok(answer) => answer.map_err(refusal),
            Err(error) => Err(error.into()),
        })
    }

    pub(super) fn slot_secret(&mut self, slot: &str) -> wasmtime::Result<Result<Secret, Error>> {
        let Ok(capability @ Capability::Secret(_)) = slot.parse() else {
            return Ok(Err(unknown_slot(slot)));
        };
        self.require(&capability)?;
        let Capability::Secret(name) = capability else { return Ok(Err(unknown_slot(slot))) };
        let outside = Arc::clone(&self.context()?.outside);
        if let Some(known) = outside.tokens().get(slot) {
            return Ok(Ok(known.value));
        }
        let answer = self.outside_time(|limit| outside.run(limit, outside.secret(&name)));
        Ok(match answer {
            Ok(Ok(value)) => {
                // The value is valid beyond this run, and a keyring is read only once.
                let known = Token { value: value.clone(), expires_at: Some(u64::MAX) };
                outside.tokens().keep(slot.to_owned(), &known);
                Ok(value)
            }
            Ok(Err(error)) => Err(Error {
                kind: ErrorKind::Unavailable,
                code: "secret-unset".to_owned(),
                message: error.to_string(),
                hint: Some(error.hint()),
            }),
            Err(error) => Err(error.into()),
        })
    }
}

/// Returns `true` if `audience` looks like an audience: an https address, or the id of an application.
fn is_audience(audience: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-');
    !audience.is_empty() && audience.chars().all(letters)
}

fn bad_scopes(message: &str) -> Error {
    plain_error(ErrorKind::InvalidInput, "scopes", message.to_owned())
}

/// Converts a source's error to the contract's error.
fn refusal(error: TokenError) -> Error {
    let hint = error.hint.map(str::to_owned);
    Error { kind: error.why.into(), code: error.code.to_owned(), message: error.message, hint }
}

impl From<Why> for ErrorKind {
    fn from(why: Why) -> Self {
        match why {
            Why::Config => Self::InvalidInput,
            Why::Unsupported => Self::Unsupported,
            Why::Unavailable => Self::Unavailable,
            Why::Denied => Self::Denied,
        }
    }
}
