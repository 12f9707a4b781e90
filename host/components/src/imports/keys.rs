//! The `keys` and `keep` imports: signatures with keys that a guest cannot read, and secrets kept until
//! the run ends.

use wasmtime::component::Resource;

use super::sts::plain_error;
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::bindings::provider::{keep, keys};
use crate::misbehaved::Misbehaved;
use crate::resource::HeldSecret;
use crate::state::State;
use audex_core::printable;
use audex_core::secret::Secret;
use audex_logins::signature::{self, Algorithm};

impl keys::Host for State {
    fn sign(
        &mut self,
        key: Resource<HeldSecret>,
        algorithm: String,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Resource<HeldSecret>, Error>> {
        self.context()?.scope.may_reach()?;
        let held = self.table.get(&key)?;
        let Some(algorithm) = Algorithm::named(&algorithm) else {
            let message = "only `RS256`, `ES256` and `EdDSA` are signed".to_owned();
            return Ok(Err(plain_error(ErrorKind::Unsupported, "algorithm", message)));
        };
        if !held.may_sign() {
            return Err(Misbehaved::MadeKey.into());
        }
        let origin = held.origin.signature();
        if self.context()?.outside.is_replaying() {
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
        self.context()?.scope.may_reach()?;
        if name.len() > printable::LINE_CHARACTERS {
            return Err(Misbehaved::LargeSecret.into());
        }
        let held = self.table.get(&value)?.clone();
        Ok(self.context()?.outside.kept().put(name, held)?)
    }

    fn get(&mut self, name: String) -> wasmtime::Result<Option<Resource<HeldSecret>>> {
        self.context()?.scope.may_reach()?;
        let Some(held) = self.context()?.outside.kept().get(&name) else { return Ok(None) };
        self.hold(held).map(Some)
    }
}
