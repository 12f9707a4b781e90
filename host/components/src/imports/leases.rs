//! The `leases` import: a lease is recorded before the component asks the cloud for it.

use super::View;
use crate::bindings::provider::leases::Host;
use crate::bindings::provider::types::ErrorKind;
use crate::import_error::{ImportError, plain_error};
use crate::leases::{LeaseError, Leases};

impl Host for View<'_, Leases> {
    fn announce(&mut self, lease: String, ends_at: u64) -> Result<(), ImportError> {
        self.call.scope.may_reach()?;
        self.own.announce(&lease, ends_at).map_err(|error| match error {
            LeaseError::Refused(misbehaved) => misbehaved.into(),
            LeaseError::Unrecorded(reason) => {
                plain_error(ErrorKind::Internal, "audit", reason).into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use crate::policy_scope::OutsideGrant;
    use audex_core::source::Source;

    #[test]
    fn a_call_that_must_not_reach_out_announces_nothing() {
        let leases = Leases::default();
        let announce = |call: &mut CallContext| {
            View::new(call, &leases)
                .announce("role a".to_owned(), 7)
                .map_err(ImportError::for_guest)
        };
        let trap = announce(&mut CallContext::pure(&[])).unwrap_err().unwrap_err();
        assert_eq!(trap.downcast_ref(), Some(&OutsideGrant::Reaches));
        assert!(leases.take().is_empty());
        assert!(announce(&mut CallContext::granted(Source::BuiltIn, &[])).is_ok());
        assert_eq!(leases.take(), ["role a"]);
    }
}
