//! What stands behind each slot: one function for each.

use std::sync::Arc;

use super::identity::unknown_slot;
use super::{Capability, Origin};
use crate::plugin::bindings::provider::audex::plugin::types::{Error, ErrorKind};
use crate::plugin::state::State;
use crate::secret::Secret;
use crate::token::Token;

/// A token and where it may go, or why there is none.
type Given = wasmtime::Result<Result<(Token, Origin), Error>>;

impl State {
    /// `gcp`: a token of the source credentials for OAuth scopes.
    pub(super) fn gcp_token(&mut self, scopes: Vec<String>) -> Given {
        self.require(&Capability::Gcp)?;
        let _ = scopes;
        Ok(Err(unknown_slot("gcp")))
    }

    /// `azure`: a token of the source credentials for one audience.
    pub(super) fn azure_token(&mut self, scopes: &[String]) -> Given {
        self.require(&Capability::Azure)?;
        let _ = scopes;
        Ok(Err(unknown_slot("azure")))
    }

    /// `vault`: the token that logging in gives.
    pub(super) fn vault_token(&mut self) -> Given {
        let login = self.vault_login()?;
        Ok(login.map(|(value, expires_at)| (Token { value, expires_at }, Origin::Slot)))
    }

    /// `secret:NAME`: the value of an environment variable.
    pub(super) fn variable_token(&self, slot: &str) -> Given {
        let value = self.slot_secret(slot)?;
        Ok(value.map(|value| (Token { value, expires_at: None }, Origin::Slot)))
    }

    /// Who the Google Cloud source credentials belong to.
    pub(super) fn gcp_identity(&mut self) -> wasmtime::Result<Result<String, Error>> {
        self.require(&Capability::Gcp)?;
        Ok(Err(unknown_slot("gcp")))
    }

    /// Who the Azure source credentials belong to.
    pub(super) fn azure_identity(&mut self) -> wasmtime::Result<Result<String, Error>> {
        self.require(&Capability::Azure)?;
        Ok(Err(unknown_slot("azure")))
    }

    /// The secret behind a `secret:NAME` slot.
    pub(super) fn slot_secret(&self, slot: &str) -> wasmtime::Result<Result<Secret, Error>> {
        let Ok(capability @ Capability::Secret(_)) = slot.parse() else {
            return Ok(Err(unknown_slot(slot)));
        };
        self.require(&capability)?;
        let Capability::Secret(name) = capability else { return Ok(Err(unknown_slot(slot))) };
        let outside = Arc::clone(&self.reach()?.outside);
        Ok(match outside.environment().get(&name) {
            Some(value) => Ok(Secret::new(value.to_owned())),
            None => Err(Error {
                kind: ErrorKind::Unavailable,
                code: "secret-unset".to_owned(),
                message: format!("the environment variable `{name}` is not set"),
                hint: Some(format!("set {name}")),
            }),
        })
    }
}
