//! The `keys` import: signatures with keys that a guest cannot read.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::View;
use crate::bindings::provider::keys::Host;
use crate::bindings::provider::types::ErrorKind;
use crate::import_error::{ImportError, plain_error};
use crate::imports::transport::Transport;
use crate::misbehaved::Misbehaved;
use crate::resource::HeldSecret;
use audex_core::secret::Secret;
use audex_logins::signature::Algorithm;

/// The context of the `keys` import.
pub(crate) struct Keys {
    pub transport: Arc<dyn Transport>,
}

impl Host for View<'_, Keys> {
    fn sign(
        &mut self,
        key: Resource<HeldSecret>,
        algorithm: String,
        message: Vec<u8>,
    ) -> Result<Resource<HeldSecret>, ImportError> {
        self.call.scope.may_reach()?;
        let held = self.call.table.get(&key)?;
        let Some(algorithm) = Algorithm::named(&algorithm) else {
            let message = "only `RS256`, `ES256` and `EdDSA` are signed".to_owned();
            return Err(plain_error(ErrorKind::Unsupported, "algorithm", message).into());
        };
        if !held.may_sign() {
            return Err(Misbehaved::MadeKey.into());
        }
        let origin = held.origin.signature();
        let signature = self
            .own
            .transport
            .sign(&held.value, algorithm, &message)
            .map_err(|error| plain_error(ErrorKind::InvalidInput, "key", error.to_string()))?;
        let value = Secret::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(signature));
        Ok(self.call.hold(HeldSecret::whole(value, origin))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::imports::transport::Live;
    use crate::resource::Origin;
    use audex_core::source::Source;

    fn sign(mut call: CallContext, origin: Origin) -> Result<(), ImportError> {
        let key = HeldSecret::whole(Secret::new("not a key".to_owned()), origin);
        let key = call.hold(key).unwrap();
        let keys = Keys { transport: Arc::new(Live) };
        View::new(&mut call, &keys).sign(key, "RS256".to_owned(), Vec::new()).map(drop)
    }

    #[test]
    fn only_the_value_of_a_slot_is_a_key_and_only_where_a_call_may_reach_out() {
        let granted = || CallContext::granted(Source::BuiltIn, &[]);
        let lifted = Origin::Lifted { host: "api.example.com".to_owned() };
        let refused = sign(granted(), Origin::Slot).unwrap_err().for_guest().unwrap();
        assert_eq!(refused.code, "key");
        for origin in [Origin::Guest, lifted] {
            let trap = sign(granted(), origin).unwrap_err().for_guest().unwrap_err();
            assert!(matches!(trap.downcast_ref(), Some(Misbehaved::MadeKey)));
        }
        assert!(sign(CallContext::pure(&[]), Origin::Slot).unwrap_err().for_guest().is_err());
    }
}
