//! The state of one call: of a component without imports of the contract, and of one with them.

use std::sync::Arc;

use crate::context::CallContext;
use crate::imports::{Imports, View};
use crate::meter::Meter;
use crate::wasi::{Time, Wasi};

/// The parts of a state that every call needs.
pub(crate) trait CallState: 'static {
    /// Returns the memory and the time of the call.
    fn meter(&mut self) -> &mut Meter;

    /// Returns WASI, which a component of another toolchain may import.
    fn wasi(&mut self) -> &mut Wasi;

    /// Returns the messages that the guest logged and printed.
    fn take_messages(&mut self) -> Vec<String>;
}

/// The state of a call to a pure component.
pub(crate) struct Pure {
    meter: Meter,
    wasi: Wasi,
}

impl Pure {
    /// Returns the state of a call at `now`, in seconds since the Unix epoch.
    pub(crate) fn new(now: u64) -> Self {
        Self { meter: Meter::default(), wasi: Wasi::new(Time::Still(now)) }
    }
}

impl CallState for Pure {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    fn wasi(&mut self) -> &mut Wasi {
        &mut self.wasi
    }

    fn take_messages(&mut self) -> Vec<String> {
        self.wasi.lines()
    }
}

/// The state of a call to a component with imports.
pub struct State {
    pub(crate) call: CallContext,
    imports: Arc<Imports>,
    wasi: Wasi,
}

impl State {
    pub(crate) fn new(call: CallContext, imports: Arc<Imports>) -> Self {
        let time = Time::Running(Arc::clone(&imports.clock.transport));
        Self { call, imports, wasi: Wasi::new(time) }
    }

    /// Returns the view of one import: the call, and the import's own context.
    pub(crate) fn view<C>(&mut self, own: fn(&Imports) -> &C) -> View<'_, C> {
        View { call: &mut self.call, own: own(&self.imports) }
    }
}

impl CallState for State {
    fn meter(&mut self) -> &mut Meter {
        &mut self.call.meter
    }

    fn wasi(&mut self) -> &mut Wasi {
        &mut self.wasi
    }

    fn take_messages(&mut self) -> Vec<String> {
        let mut messages = std::mem::take(&mut self.call.logged);
        messages.extend(self.wasi.lines());
        messages
    }
}
