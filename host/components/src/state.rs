//! The state of a call to a component with imports.

use std::sync::Arc;

use crate::context::CallContext;
use crate::imports::{Imports, View};
use crate::meter::Meter;

/// The data of one wasmtime store.
pub struct State {
    pub(crate) call: CallContext,
    imports: Arc<Imports>,
}

impl State {
    pub(crate) fn new(call: CallContext, imports: Arc<Imports>) -> Self {
        Self { call, imports }
    }

    /// Returns the view of one import: the call, and the import's own context.
    pub(crate) fn view<C>(&mut self, own: fn(&Imports) -> &C) -> View<'_, C> {
        View { call: &mut self.call, own: own(&self.imports) }
    }
}

impl AsMut<Meter> for State {
    fn as_mut(&mut self) -> &mut Meter {
        &mut self.call.meter
    }
}
