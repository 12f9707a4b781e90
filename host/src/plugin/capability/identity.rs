//! The `identity` import: tokens of granted slots, by handle only.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::sts::plain_error;
use super::{Capability, HeldSecret, Origin};
use crate::plugin::bindings::provider::audex::plugin::identity::{Bearer, Host};
use crate::plugin::bindings::provider::audex::plugin::secrets::{self, HostSecret};
use crate::plugin::bindings::provider::audex::plugin::sts::Host as _;
use crate::plugin::bindings::provider::audex::plugin::types::{Error, ErrorKind};
use crate::plugin::limit;
use crate::plugin::state::{Misbehaved, State};
use crate::secret::Secret;

impl Host for State {
    fn token(&mut self, slot: String, _scopes: Vec<String>) -> wasmtime::Result<Result<Bearer, Error>> {
        match self.slot_secret(&slot)? {
            Ok(value) => {
                let value = self.hold(HeldSecret { value, origin: Origin::Slot })?;
                Ok(Ok(Bearer { value, expires_at: None }))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    fn whoami(&mut self, slot: String) -> wasmtime::Result<Result<String, Error>> {
        if slot == "aws" {
            return Ok(self.caller()?.map(|caller| caller.arn));
        }
        Ok(Err(unknown_slot(&slot)))
    }
}

impl State {
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

fn unknown_slot(slot: &str) -> Error {
    plain_error(
        ErrorKind::Unsupported,
        "unknown-slot",
        format!("this version has no token for the slot `{slot}`"),
    )
}

impl secrets::Host for State {}

impl HostSecret for State {
    fn new(&mut self, plain: String) -> wasmtime::Result<Resource<HeldSecret>> {
        if plain.len() > limit::SECRET_BYTES {
            return Err(Misbehaved::LargeSecret.into());
        }
        self.hold(HeldSecret { value: Secret::new(plain), origin: Origin::Guest })
    }

    fn drop(&mut self, secret: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}
