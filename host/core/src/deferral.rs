//! Defers the end that a signal requests, while a process runs that the signal does not reach.
//!
//! A terminal sends Ctrl-C to the foreground process group only. A tool in a process group of its own would outlive this program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use nix::sys::signal::Signal;
use signal_hook::{SigId, flag, low_level};

use crate::ignored_signal::{ignored_signals, is_in};
use crate::interruption::ENDING;

static STATE: Mutex<State> = Mutex::new(State::new());
/// `true` while a signal ends this program at once.
static IS_AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The handlers of the signals that request a program's end, and the deferrals that last.
struct State {
    handlers: Vec<SigId>,
    seen: Vec<(Signal, Arc<AtomicBool>)>,
    lasting: usize,
    is_taken_over: bool,
}

/// A deferral of the end that a signal requests. It ends when this value is dropped; a signal that has arrived ends this program then.
pub struct Deferral(());

impl Deferral {
    /// Defers the end. Without effect once the signals have been taken over ([`take_over`]).
    #[must_use]
    pub fn begin() -> Self {
        let mut state = state();
        if !state.is_taken_over && state.seen.is_empty() {
            state.install();
        }
        state.lasting = state.lasting.saturating_add(1);
        IS_AT_ONCE.store(false, Ordering::SeqCst);
        Self(())
    }

    /// Returns true if a signal has requested the end.
    #[must_use]
    pub fn is_over(&self) -> bool {
        state().arrived().is_some()
    }
}

impl Drop for Deferral {
    fn drop(&mut self) {
        let mut state = state();
        state.lasting = state.lasting.saturating_sub(1);
        if state.lasting > 0 {
            return;
        }
        // The order matters: a signal that arrives before this line is seen below, a later one ends the program at once.
        IS_AT_ONCE.store(true, Ordering::SeqCst);
        if let Some(signal) = state.arrived() {
            let _ = low_level::emulate_default_handler(signal as i32);
        }
    }
}

/// Leaves the signals to the handlers of the caller, which must be installed already.
pub fn take_over() {
    let mut state = state();
    state.is_taken_over = true;
    for id in state.handlers.drain(..) {
        low_level::unregister(id);
    }
}

impl State {
    const fn new() -> Self {
        Self { handlers: Vec::new(), seen: Vec::new(), lasting: 0, is_taken_over: false }
    }

    /// Installs the handlers, except for signals that the parent had set to be ignored.
    fn install(&mut self) {
        let ignored = ignored_signals();
        for signal in ENDING.into_iter().filter(|signal| !is_in(ignored, *signal)) {
            let (number, seen) = (signal as i32, Arc::new(AtomicBool::new(false)));
            // If the system refuses a handler, the signal ends the program as before.
            let at_once = flag::register_conditional_default(number, Arc::clone(&IS_AT_ONCE));
            self.handlers.extend(at_once.ok());
            self.handlers.extend(flag::register(number, Arc::clone(&seen)).ok());
            self.seen.push((signal, seen));
        }
    }

    fn arrived(&self) -> Option<Signal> {
        let is_seen = |(_, seen): &&(Signal, Arc<AtomicBool>)| seen.load(Ordering::SeqCst);
        let arrived = self.seen.iter().find(is_seen).map(|(signal, _)| *signal);
        arrived.filter(|_| !self.is_taken_over)
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
