//! The `secrets` import: what a guest may do with a value it cannot read.

use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::component::Resource;

use super::{HeldSecret, Origin};
use crate::bindings::provider::secrets;
use crate::bindings::provider::secrets::HostSecret;
use crate::bindings::provider::secrets::Piece;
use crate::limit;
use crate::state::Misbehaved;
use crate::state::State;
use audex_core::percent;
use audex_core::secret::Secret;

/// Bytes of the secrets that one run may send: each reply is searched for all of them, and a token has one or two thousand.
const SENT_BYTES: usize = 512 * 1024;

/// The secrets that were sent in this run, with where they came from. Security: a server may quote later what it got before,
/// so none is forgotten.
#[derive(Default)]
pub struct SentSecrets(Mutex<Vec<(Secret, Origin)>>);

impl SentSecrets {
    /// Remembers what of `held` the guest does not know; false if there is no room for it.
    #[must_use]
    pub(super) fn remember(&self, held: &HeldSecret) -> bool {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in held.unknown() {
            let is_it =
                |(known, from): &(Secret, Origin)| known.expose() == secret.expose() && *from == held.origin;
            if sent.iter().any(is_it) {
                continue;
            }
            let bytes: usize = sent.iter().map(|(known, _)| known.expose().len()).sum();
            if bytes.saturating_add(secret.expose().len()) > SENT_BYTES {
                return false;
            }
            sent.push((secret.clone(), held.origin.clone()));
        }
        true
    }

    /// All of them.
    #[must_use]
    pub(super) fn secrets(&self) -> Vec<(Secret, Origin)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

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
        let Ok(key) = base64_simd::STANDARD.decode_to_vec(held.value.expose()) else { return Ok(None) };
        let key = zeroize::Zeroizing::new(key);
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) else { return Ok(None) };
        mac.update(message.as_bytes());
        let value = Secret::new(base64_simd::STANDARD.encode_to_string(mac.finalize().into_bytes()));
        self.hold(HeldSecret::whole(value, origin)).map(Some)
    }

    fn drop(&mut self, secret: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.table.delete(secret)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_remembered_once_and_only_so_much() {
        let sent = SentSecrets::default();
        let held = |text: String| HeldSecret::whole(Secret::new(text), Origin::Slot);
        assert!(sent.remember(&held("x".repeat(SENT_BYTES / 2))) && sent.remember(&held("y".to_owned())));
        assert!(sent.remember(&held("x".repeat(SENT_BYTES / 2))));
        assert!(!sent.remember(&held("z".repeat(SENT_BYTES / 2))));
        assert!(sent.remember(&HeldSecret::whole(Secret::new("known".to_owned()), Origin::Guest)));
        assert_eq!(sent.secrets().len(), 2);
    }
}
