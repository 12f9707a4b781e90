//! The `secrets` import: the operations of a guest on a value that it cannot read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::component::Resource;

use crate::bindings::provider::secrets::{self, HostSecret, Piece};
use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::resource::{HeldSecret, Origin};
use crate::state::State;
use audex_core::percent;
use audex_core::secret::Secret;

impl secrets::Host for State {}

impl HostSecret for State {
    fn new(&mut self, plain: String) -> wasmtime::Result<Resource<HeldSecret>> {
        if plain.len() > limit::SECRET_BYTES {
            return Err(Misbehaved::LargeSecret.into());
        }
        self.hold(HeldSecret::whole(Secret::new(plain), Origin::Guest))
    }

    fn join(&mut self, pieces: Vec<Piece>) -> wasmtime::Result<Resource<HeldSecret>> {
        let (mut text, mut origin) = (zeroize::Zeroizing::new(String::new()), Origin::Guest);
        let mut parts: Vec<Secret> = Vec::new();
        for piece in pieces {
            match &piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Secret(secret) | Piece::FormSecret(secret) => {
                    let held = self.table.get(secret)?;
                    origin = origin.and(&held.origin).ok_or(Misbehaved::MixedSecret)?;
                    for part in held.unknown() {
                        if !parts.iter().any(|known| known.expose() == part.expose()) {
                            parts.push(part.clone());
                        }
                    }
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
        let value = Secret::new(std::mem::take(&mut *text));
        self.hold(HeldSecret::joined(value, origin, parts))
    }

    fn hmac_sha256_base64(
        &mut self,
        secret: Resource<HeldSecret>,
        message: String,
    ) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        let held = self.table.get(&secret)?;
        if !held.may_authenticate() {
            return Ok(None);
        }
        let origin = held.origin.signature();
        let Ok(key) = base64_simd::STANDARD.decode_to_vec(held.value.expose()) else {
            return Ok(None);
        };
        let key = zeroize::Zeroizing::new(key);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return Ok(None) };
        mac.update(message.as_bytes());
        let value =
            Secret::new(base64_simd::STANDARD.encode_to_string(mac.finalize().into_bytes()));
        self.hold(HeldSecret::whole(value, origin)).map(Some)
    }

    fn drop(&mut self, secret: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}
