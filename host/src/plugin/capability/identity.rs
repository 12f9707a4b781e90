//! The `identity` import: tokens of granted slots, by handle only.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::component::Resource;

use super::outside::OutsideError;
use super::sts::plain_error;
use super::{Capability, HeldSecret, Origin};
use crate::gcp::{self, GcpError};
use crate::percent;
use crate::plugin::bindings::provider::audex::plugin::identity::{Bearer, Host};
use crate::plugin::bindings::provider::audex::plugin::secrets::{self, HostSecret, Piece};
use crate::plugin::bindings::provider::audex::plugin::sts::Host as _;
use crate::plugin::bindings::provider::audex::plugin::types::{Error, ErrorKind};
use crate::plugin::limit;
use crate::plugin::state::{Misbehaved, State};
use crate::secret::Secret;

impl Host for State {
    fn token(&mut self, slot: String, scopes: Vec<String>) -> wasmtime::Result<Result<Bearer, Error>> {
        let token = match slot.as_str() {
            "gcp" => self.gcp_token(&scopes)?,
            _ => self.slot_secret(&slot)?.map(|value| (value, None)),
        };
        Ok(match token {
            Ok((value, expires_at)) => {
                let value = self.hold(HeldSecret { value, origin: Origin::Slot })?;
                Ok(Bearer { value, expires_at })
            }
            Err(error) => Err(error),
        })
    }

    fn whoami(&mut self, slot: String) -> wasmtime::Result<Result<String, Error>> {
        match slot.as_str() {
            "aws" => Ok(self.caller()?.map(|caller| caller.arn)),
            "gcp" => {
                self.require(&Capability::Gcp)?;
                let outside = Arc::clone(&self.reach()?.outside);
                let found = self.outside_time(|limit| outside.run(limit, outside.gcp()));
                Ok(settled(found).map(|source| source.identity.clone()))
            }
            _ => Ok(Err(unknown_slot(&slot))),
        }
    }
}

/// What came of asking for Google Cloud credentials.
fn settled<T>(answer: Result<Result<T, GcpError>, OutsideError>) -> Result<T, Error> {
    match answer {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            let mut message = error.to_string();
            if let Some(cause) = std::error::Error::source(&error) {
                message = format!("{message}: {cause}");
            }
            let (kind, code) = (ErrorKind::Unavailable, error.code().to_owned());
            Err(Error { kind, code, message, hint: Some(error.hint().to_owned()) })
        }
        Err(error) => Err(plain_error(ErrorKind::Unavailable, "timed-out", error.to_string())),
    }
}

impl State {
    /// A token of the Google Cloud source, with `scopes` or else for everything its holder may.
    fn gcp_token(&mut self, scopes: &[String]) -> wasmtime::Result<Result<(Secret, Option<u64>), Error>> {
        self.require(&Capability::Gcp)?;
        let outside = Arc::clone(&self.reach()?.outside);
        let mut scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        if scopes.is_empty() {
            scopes.push(gcp::PLATFORM_SCOPE);
        }
        let found = self
            .outside_time(|limit| outside.run(limit, async { outside.gcp().await?.token(&scopes).await }));
        Ok(settled(found))
    }

    /// The secret behind a `gcp` or `secret:NAME` slot.
    pub(super) fn slot_secret(&mut self, slot: &str) -> wasmtime::Result<Result<Secret, Error>> {
        if slot == "gcp" {
            return Ok(self.gcp_token(&[])?.map(|(token, _)| token));
        }
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
