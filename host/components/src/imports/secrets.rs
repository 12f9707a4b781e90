//! The `secrets` import: the operations of a guest on a value that it cannot read.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::component::Resource;

use super::View;
use crate::bindings::provider::secrets::{Host, HostSecret, Piece};
use crate::limit;
use crate::misbehaved::Misbehaved;
use crate::resource::{HeldSecret, Origin};
use audex_core::percent;
use audex_core::secret::Secret;

/// The parts that a joined secret may keep, in bytes: every layer of encoding adds one, and layers of layers cost memory.
const KNOWN_BYTES: usize = 4 * limit::SECRET_BYTES;

/// The context of the `secrets` import.
pub(crate) struct Secrets;

impl Host for View<'_, Secrets> {}

impl HostSecret for View<'_, Secrets> {
    fn new(&mut self, plain: String) -> wasmtime::Result<Resource<HeldSecret>> {
        if plain.len() > limit::SECRET_BYTES {
            return Err(Misbehaved::LargeSecret.into());
        }
        Ok(self.call.hold(HeldSecret::whole(Secret::new(plain), Origin::Guest))?)
    }

    fn join(&mut self, pieces: Vec<Piece>) -> wasmtime::Result<Resource<HeldSecret>> {
        let (mut text, mut origin) = (zeroize::Zeroizing::new(String::new()), Origin::Guest);
        let mut parts: Vec<Secret> = Vec::new();
        for piece in pieces {
            match &piece {
                Piece::Plain(plain) => text.push_str(plain),
                Piece::Secret(secret) | Piece::FormSecret(secret) => {
                    let held = self.call.table.get(secret)?;
                    origin = origin.and(&held.origin).ok_or(Misbehaved::MixedSecret)?;
                    let is_encoded = matches!(piece, Piece::FormSecret(_));
                    for part in held.unknown() {
                        // Security: encoded again and again, a secret would have more layers than a reply is decoded.
                        let sent = is_encoded.then(|| Secret::new(percent::encode(part.expose())));
                        for part in [Some(part.clone()), sent].into_iter().flatten() {
                            if !parts.iter().any(|known| known.expose() == part.expose()) {
                                parts.push(part);
                            }
                        }
                    }
                    if is_encoded {
                        text.push_str(&percent::encode(held.value.expose()));
                    } else {
                        text.push_str(held.value.expose());
                    }
                }
            }
            let known: usize = parts.iter().map(|part| part.expose().len()).sum();
            if text.len() > limit::SECRET_BYTES || known > KNOWN_BYTES {
                return Err(Misbehaved::LargeSecret.into());
            }
        }
        let value = Secret::new(std::mem::take(&mut *text));
        Ok(self.call.hold(HeldSecret::joined(value, origin, parts))?)
    }

    fn hmac_sha256_base64(
        &mut self,
        secret: Resource<HeldSecret>,
        message: String,
    ) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        let held = self.call.table.get(&secret)?;
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
        Ok(Some(self.call.hold(HeldSecret::whole(value, origin))?))
    }

    fn drop(&mut self, secret: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.call.table.delete(secret)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;

    fn held(call: &mut CallContext, origin: Origin) -> Resource<HeldSecret> {
        call.hold(HeldSecret::whole(Secret::new("cGxhbnRlZA==".to_owned()), origin)).unwrap()
    }

    #[test]
    fn secrets_of_different_places_are_not_joined() {
        let mut call = CallContext::pure(&[]);
        let from = |host: &str| Origin::Lifted { host: host.to_owned() };
        let (one, two) = (held(&mut call, from("a.com")), held(&mut call, from("b.com")));
        let piece = |secret: &Resource<_>| Piece::Secret(Resource::new_borrow(secret.rep()));
        let mut secrets = View::new(&mut call, &Secrets);
        assert!(secrets.join(vec![piece(&one), Piece::Plain("x".to_owned()), piece(&one)]).is_ok());
        let trap = secrets.join(vec![piece(&one), piece(&two)]).unwrap_err();
        assert!(matches!(trap.downcast_ref(), Some(Misbehaved::MixedSecret)));
    }

    #[test]
    fn every_layer_of_an_encoded_secret_is_known() {
        let mut call = CallContext::pure(&[]);
        let mut secret = held(&mut call, Origin::Slot);
        let mut expected = vec!["cGxhbnRlZA==".to_owned()];
        for _ in 0..5 {
            secret = View::new(&mut call, &Secrets).join(vec![Piece::FormSecret(secret)]).unwrap();
            expected.extend(expected.last().map(percent::encode));
        }
        let mut known: Vec<&str> =
            call.table.get(&secret).unwrap().unknown().iter().map(Secret::expose).collect();
        known.sort_unstable();
        expected.sort_unstable();
        assert_eq!(known, expected);
    }

    #[test]
    fn a_joined_secret_is_never_the_key_of_an_hmac() {
        let mut call = CallContext::pure(&[]);
        let slot = held(&mut call, Origin::Slot);
        let borrow = || Resource::new_borrow(slot.rep());
        let mut secrets = View::new(&mut call, &Secrets);
        assert!(secrets.hmac_sha256_base64(borrow(), "m".to_owned()).unwrap().is_some());
        let joined = secrets.join(vec![Piece::Secret(borrow())]).unwrap();
        assert!(secrets.hmac_sha256_base64(joined, "m".to_owned()).unwrap().is_none());
    }
}
