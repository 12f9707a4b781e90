//! The `identity` import: tokens of granted slots, by handle only.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::component::Resource;

use super::sts::plain_error;
use super::{Capability, HeldSecret, Origin};
use crate::percent;
use crate::plugin::bindings::provider::audex::plugin::identity::{Bearer, Host};
use crate::plugin::bindings::provider::audex::plugin::secrets::{self, HostSecret, Piece};
use crate::plugin::bindings::provider::audex::plugin::sts::Host as _;
use crate::plugin::bindings::provider::audex::plugin::types::{Error, ErrorKind};
use crate::plugin::limit;
use crate::plugin::state::{Misbehaved, State};
use crate::secret::Secret;

impl Host for State {
    fn token(&mut self, slot: String, _scopes: Vec<String>) -> wasmtime::Result<Result<Bearer, Error>> {
        if slot == "vault" {
            let login = match self.vault_login()? {
                Ok(login) => login,
                Err(error) => return Ok(Err(error)),
            };
            let value = self.hold(HeldSecret { value: login.0, origin: Origin::Slot })?;
            return Ok(Ok(Bearer { value, expires_at: login.1 }));
        }
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

    fn join(&mut self, pieces: Vec<Piece>) -> wasmtime::Result<Resource<HeldSecret>> {
        let (mut text, mut origin) = (zeroize::Zeroizing::new(String::new()), Origin::Guest);
        for piece in pieces {
            match &piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Secret(secret) | Piece::FormSecret(secret) => {
                    let held = self.table.get(secret)?;
                    origin = origin.and(&held.origin).ok_or(Misbehaved::MixedSecret)?;
                    if matches!(piece, Piece::FormSecret(_)) {
                        text.push_str(&percent::encode(held.value.expose()));
                    } else {
                        text.push_str(held.value.expose());
                    }
                }
            }
            if text.len() > limit::SECRET_BYTES {
                return Err(Misbehaved::LargeSecret.into());
            }
        }
        self.hold(HeldSecret { value: Secret::new(std::mem::take(&mut *text)), origin })
    }

    fn hmac_sha256_base64(
        &mut self,
        secret: Resource<HeldSecret>,
        message: String,
    ) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        let held = self.table.get(&secret)?;
        let origin = held.origin.clone();
        let Ok(key) = base64_simd::STANDARD.decode_to_vec(held.value.expose()) else { return Ok(None) };
        let key = zeroize::Zeroizing::new(key);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return Ok(None) };
        mac.update(message.as_bytes());
        let value = Secret::new(base64_simd::STANDARD.encode_to_string(mac.finalize().into_bytes()));
        self.hold(HeldSecret { value, origin }).map(Some)
    }

    fn drop(&mut self, secret: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}
