//! The `identity` import: tokens of granted slots, by handle only.

use super::slot::Holder;
use super::sts::plain_error;
use crate::bindings::provider::identity::{Bearer, Host};
use crate::bindings::provider::sts::Host as _;
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::resource::HeldSecret;
use crate::state::State;

impl Host for State {
    fn token(
        &mut self,
        slot: String,
        scopes: Vec<String>,
    ) -> wasmtime::Result<Result<Bearer, Error>> {
        let token = match slot.as_str() {
            "gcp" => self.gcp_token(&scopes)?,
            "azure" => self.azure_token(&scopes, Holder::Source)?,
            "azure-agent" => self.azure_token(&scopes, Holder::Agent)?,
            "vault" => self.vault_token()?,
            _ => self.variable_token(&slot)?,
        };
        let (token, origin) = match token {
            Ok(token) => token,
            Err(error) => return Ok(Err(error)),
        };
        let value = self.hold(HeldSecret::whole(token.value, origin))?;
        Ok(Ok(Bearer { value, expires_at: token.expires_at }))
    }

    fn whoami(&mut self, slot: String) -> wasmtime::Result<Result<String, Error>> {
        match slot.as_str() {
            "aws" => Ok(self.caller()?.map(|caller| caller.arn)),
            "gcp" => self.gcp_identity(),
            "azure" => self.azure_identity(),
            "azure-agent" => self.azure_agent(),
            _ => Ok(Err(unknown_slot(&slot))),
        }
    }
}

/// Returns the error for a slot that has no token.
pub(super) fn unknown_slot(slot: &str) -> Error {
    let message = format!("this version has no token for the slot `{slot}`");
    plain_error(ErrorKind::Unsupported, "unknown-slot", message)
}
