//! The `clock` import.

use std::sync::Arc;

use super::View;
use crate::bindings::provider::clock::Host;
use crate::imports::transport::Transport;

/// The context of the `clock` import.
pub(crate) struct Clock {
    pub transport: Arc<dyn Transport>,
}

impl Host for View<'_, Clock> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.own.transport.now())
    }
}
