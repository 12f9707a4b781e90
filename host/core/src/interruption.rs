//! Reports to running work that a signal has asked the program to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nix::sys::signal::Signal;
use signal_hook::{SigId, low_level};

/// The signals that request a program's end.
pub const ENDING: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// The flags of received signals that ask the program to end, and the handlers that end Audex at the next one.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    seen: Vec<Arc<AtomicBool>>,
    ending: Arc<Mutex<Vec<SigId>>>,
}

impl Interruption {
    /// Watches the flags `seen`; the handlers `ending` would end this program at the next signal.
    #[must_use]
    pub fn new(seen: Vec<Arc<AtomicBool>>, ending: Vec<SigId>) -> Self {
        Self { seen, ending: Arc::new(Mutex::new(ending)) }
    }

    /// Returns true if such a signal has arrived.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.seen.iter().any(|seen| seen.load(Ordering::Relaxed))
    }

    /// Ignores interruption from here on, so that cleanup always completes.
    pub fn ignore(&self) {
        for id in self.ending.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            low_level::unregister(id);
        }
    }
}
