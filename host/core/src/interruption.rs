//! Tells work that is under way that a signal has asked the program to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::{SigId, low_level};

/// Whether a signal that asks to end has arrived, and whether the next one ends Audex.
#[derive(Clone, Debug, Default)]
pub struct Interruption {
    seen: Vec<Arc<AtomicBool>>,
    impatience: Arc<Mutex<Vec<SigId>>>,
}

impl Interruption {
    /// Watches `seen`; the handlers `ending` would end this program at the next signal.
    #[must_use]
    pub fn new(seen: Vec<Arc<AtomicBool>>, ending: Vec<SigId>) -> Self {
        Self { seen, impatience: Arc::new(Mutex::new(ending)) }
    }

    /// Returns whether one has.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.seen.iter().any(|seen| seen.load(Ordering::Relaxed))
    }

    /// From now on no signal ends Audex at once: there is something to take back first.
    pub fn be_patient(&self) {
        for id in self.impatience.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            low_level::unregister(id);
        }
    }
}
