//! The `keys` and `keep` imports (0.2): signatures by keys a guest cannot read, and secrets kept until the run is over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wasmtime::component::Resource;

use super::HeldSecret;
use super::sts::plain_error;
use crate::bindings::provider::keep;
use crate::bindings::provider::keys;
use crate::bindings::provider::types::Error;
use crate::bindings::provider::types::ErrorKind;
use crate::limit;
use crate::state::Misbehaved;
use crate::state::State;
use audex_core::printable;
use audex_core::secret::Secret;
use audex_logins::signature;
use audex_logins::signature::Algorithm;

/// Secrets that one provider left for its own later calls of this run. They keep where they may go.
#[derive(Default)]
pub struct Kept(Mutex<BTreeMap<String, HeldSecret>>);

impl Kept {
    fn put(&self, name: String, held: HeldSecret) -> Result<(), Misbehaved> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= limit::DELIVERED && !kept.contains_key(&name) {
            return Err(Misbehaved::ManyKept);
        }
        kept.insert(name, held);
        Ok(())
    }

    fn get(&self, name: &str) -> Option<HeldSecret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl keys::Host for State {
    fn sign(
        &mut self,
        key: Resource<HeldSecret>,
        algorithm: String,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Resource<HeldSecret>, Error>> {
        self.reach()?.scope.may_reach()?;
        let held = self.table.get(&key)?;
        let Some(algorithm) = Algorithm::named(&algorithm) else {
            let message = "only `RS256`, `ES256` and `EdDSA` are signed".to_owned();
            return Ok(Err(plain_error(ErrorKind::Unsupported, "algorithm", message)));
        };
        if !held.may_sign() {
            return Err(Misbehaved::MadeKey.into());
        }
        let origin = held.origin.signature();
        if self.reach()?.outside.is_replaying() {
            return self
                .hold(HeldSecret::whole(Secret::new("replayed-signature".to_owned()), origin))
                .map(Ok);
        }
        match signature::sign(&held.value, algorithm, &message) {
            Ok(signature) => {
                let value = Secret::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(signature));
                self.hold(HeldSecret::whole(value, origin)).map(Ok)
            }
            Err(error) => Ok(Err(plain_error(ErrorKind::InvalidInput, "key", error.to_string()))),
        }
    }
}

impl keep::Host for State {
    fn put(&mut self, name: String, value: Resource<HeldSecret>) -> wasmtime::Result<()> {
        self.reach()?.scope.may_reach()?;
        if name.len() > printable::LINE_CHARACTERS {
            return Err(Misbehaved::LargeSecret.into());
        }
        let held = self.table.get(&value)?.clone();
        Ok(self.reach()?.outside.kept().put(name, held)?)
    }

    fn get(&mut self, name: String) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        self.reach()?.scope.may_reach()?;
        let Some(held) = self.reach()?.outside.kept().get(&name) else { return Ok(None) };
        self.hold(held).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Origin;

    #[test]
    fn what_is_kept_keeps_where_it_may_go_and_there_is_only_so_much() {
        let kept = Kept::default();
        let lifted = Origin::Lifted { host: "api.example.com".to_owned() };
        let held = |text: &str, origin| HeldSecret::whole(Secret::new(text.to_owned()), origin);
        kept.put("token".to_owned(), held("x", lifted.clone())).unwrap();
        assert_eq!(kept.get("token").map(|held| held.origin), Some(lifted));
        assert!(kept.get("other").is_none());
        let more = (1..limit::DELIVERED).map(|n| kept.put(n.to_string(), held("", Origin::Guest)));
        assert!(more.into_iter().all(|put| put.is_ok()));
        assert!(kept.put("one too many".to_owned(), held("", Origin::Guest)).is_err());
        assert!(kept.put("token".to_owned(), held("", Origin::Guest)).is_ok());
    }
}
