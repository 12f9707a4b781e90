//! The credentials behind each slot: one function for each slot.

use std::time::Duration;

use super::View;
use super::identity::{Identity, unknown_slot};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::capability::Capability;
use crate::context::CallContext;
use crate::import_error::{ImportError, plain_error};
use crate::limit;
use crate::logins::Logins;
use crate::network::Network;
use crate::resource::Origin;
use audex_core::secret::Secret;
use audex_logins::aws::Caller;
use audex_logins::token::{Token, TokenError};
use audex_logins::{azure, gcp};

/// The owner of a requested Azure token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The user's own login.
    Source,
    /// The identity of the setting `client_id`, which receives temporary roles.
    Agent,
}

/// The time limit of a login, which takes a few exchanges; a slower login waits for a person.
const LOGIN_TIME: Duration = Duration::from_secs(30);
/// The suffix of an Azure scope that requests every permission consented to for one audience.
const EVERYTHING: &str = "/.default";

impl View<'_, Identity> {
    /// Returns a token of the source credentials for OAuth scopes (slot `gcp`).
    pub(super) fn gcp_token(&mut self, scopes: &[String]) -> Result<(Token, Origin), ImportError> {
        self.call.require(&Capability::Gcp)?;
        if scopes.is_empty() {
            return Err(bad_scopes("`gcp` needs OAuth scopes").into());
        }
        let question = format!("gcp {}", scopes.join(" "));
        let token = self.token_once(&question, async |logins, client| {
            gcp::token(logins.environment(), client, scopes).await
        })?;
        Ok((token, Origin::Slot))
    }

    /// Returns a token for one audience (slots `azure` and `azure-agent`).
    pub(super) fn azure_token(
        &mut self,
        scopes: &[String],
        holder: Holder,
    ) -> Result<(Token, Origin), ImportError> {
        self.call.require(&Capability::Azure)?;
        let audience = match scopes {
            [scope] => scope.strip_suffix(EVERYTHING).filter(|audience| is_audience(audience)),
            _ => None,
        };
        let audience =
            audience.ok_or_else(|| bad_scopes("`azure` needs one scope, `AUDIENCE/.default`"))?;
        let token = match holder {
            Holder::Source => {
                let tenant = self.setting("tenant_id");
                self.token_once(&format!("azure {audience}"), async |logins, client| {
                    azure::token(logins.environment(), client, tenant.as_deref(), audience).await
                })?
            }
            Holder::Agent => self.agent_token(audience)?,
        };
        let Some(expires_at) = token.expires_at else {
            let message = "Azure gave a token and did not say when it ends".to_owned();
            return Err(plain_error(ErrorKind::Unavailable, "source-reply", message).into());
        };
        Ok((token, Origin::Audience { audience: audience.to_owned(), expires_at }))
    }

    /// Returns the token of the user's login (slot `vault`).
    pub(super) fn vault_token(&mut self) -> Result<(Token, Origin), ImportError> {
        self.call.require(&Capability::Vault)?;
        let Identity { network, logins } = self.own;
        let token = self.call.wait(network, limit::WALL_TIME, logins.vault().token());
        let (value, expires_at) = token??;
        Ok((Token { value, expires_at }, Origin::Slot))
    }

    /// Returns the value of `secret:NAME` as a token without an expiry.
    pub(super) fn variable_token(&mut self, slot: &str) -> Result<(Token, Origin), ImportError> {
        let value = secret(self.call, &self.own.network, &self.own.logins, slot)?;
        Ok((Token { value, expires_at: None }, Origin::Slot))
    }

    /// Returns the owner of the Google Cloud source credentials.
    pub(super) fn gcp_identity(&mut self) -> Result<String, ImportError> {
        self.call.require(&Capability::Gcp)?;
        self.log_in(async |logins, client| gcp::whoami(logins.environment(), client).await)
    }

    /// Returns the owner of the Azure source credentials.
    pub(super) fn azure_identity(&mut self) -> Result<String, ImportError> {
        self.call.require(&Capability::Azure)?;
        let tenant = self.setting("tenant_id");
        self.log_in(async |logins, client| {
            azure::whoami(logins.environment(), client, tenant.as_deref()).await
        })
    }

    /// Returns the object id of the identity that receives temporary roles.
    pub(super) fn azure_agent(&mut self) -> Result<String, ImportError> {
        self.call.require(&Capability::Azure)?;
        let token = self.agent_token(azure::RESOURCE_MANAGER)?;
        Ok(azure::object_id(&token)?)
    }

    fn agent_token(&mut self, audience: &str) -> Result<Token, ImportError> {
        let tenant = self.setting("tenant_id");
        let id = self
            .setting("client_id")
            .ok_or_else(|| bad_scopes("`azure-agent` needs the setting `client_id`"))?;
        self.token_once(&format!("azure-agent {id} {audience}"), async |logins, client| {
            azure::agent_token(logins.environment(), client, tenant.as_deref(), &id, audience).await
        })
    }

    fn setting(&self, key: &str) -> Option<String> {
        self.call.settings.get(key).cloned()
    }

    /// Returns the token for `question`: from this run's tokens, or from the source.
    fn token_once(
        &mut self,
        question: &str,
        work: impl AsyncFnOnce(&Logins, &reqwest::Client) -> Result<Token, TokenError>,
    ) -> Result<Token, ImportError> {
        let tokens = self.own.logins.tokens();
        if let Some(token) = tokens.get(question) {
            return Ok(token);
        }
        let token = self.log_in(work)?;
        tokens.keep(question.to_owned(), &token);
        Ok(token)
    }

    /// Calls a source of tokens, within the time of the call.
    fn log_in<T>(
        &mut self,
        work: impl AsyncFnOnce(&Logins, &reqwest::Client) -> Result<T, TokenError>,
    ) -> Result<T, ImportError> {
        let Identity { network, logins } = self.own;
        // The addresses belong to the clouds or come from the user; a metadata server is on the local link.
        let client = network.routed_http()?;
        Ok(self.call.wait(network, LOGIN_TIME, work(logins, client))??)
    }
}

/// Returns the value of `secret:NAME`, if the slot was granted.
pub(super) fn secret(
    call: &mut CallContext,
    network: &Network,
    logins: &Logins,
    slot: &str,
) -> Result<Secret, ImportError> {
    let Ok(capability @ Capability::Secret(_)) = slot.parse() else {
        return Err(unknown_slot(slot).into());
    };
    call.require(&capability)?;
    let Capability::Secret(name) = capability else { return Err(unknown_slot(slot).into()) };
    if let Some(known) = logins.tokens().get(slot) {
        return Ok(known.value);
    }
    let value = call.wait(network, limit::WALL_TIME, logins.secret(&name))??;
    // The value is valid beyond this run, and a keyring is read only once.
    let known = Token { value: value.clone(), expires_at: Some(u64::MAX) };
    logins.tokens().keep(slot.to_owned(), &known);
    Ok(value)
}

/// Returns the owner of the AWS source credentials, if the slot was granted.
pub(super) fn aws_caller(
    call: &mut CallContext,
    network: &Network,
    logins: &Logins,
) -> Result<Caller, ImportError> {
    call.require(&Capability::Aws)?;
    let asked = async { logins.aws().await.caller_identity(&logins.keys().await?).await };
    Ok(call.wait(network, limit::WALL_TIME, asked)??)
}

/// Returns `true` if `audience` looks like an audience: an https address, or the id of an application.
fn is_audience(audience: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-');
    !audience.is_empty() && audience.chars().all(letters)
}

fn bad_scopes(message: &str) -> Error {
    plain_error(ErrorKind::InvalidInput, "scopes", message.to_owned())
}
