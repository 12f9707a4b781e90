//! The `leases` import: a lease is recorded before the component asks the cloud for it.

use super::sts::plain_error;
use crate::bindings::provider::leases;
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::state::State;

impl leases::Host for State {
    fn announce(&mut self, lease: String, ends_at: u64) -> wasmtime::Result<Result<(), Error>> {
        let context = self.context()?;
        context.scope.may_reach()?;
        let recorded = context.outside.leases().announce(&lease, ends_at)?;
        Ok(recorded.map_err(|reason| plain_error(ErrorKind::Internal, "audit", reason)))
    }
}
