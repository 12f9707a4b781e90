//! The messages of a component, until the program shows them.

use std::sync::{Mutex, PoisonError};

/// The lines that a component logged or printed and that are not shown yet.
#[derive(Default)]
pub(crate) struct Messages(Mutex<Vec<String>>);

impl Messages {
    pub(crate) fn add(&self, lines: Vec<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(lines);
    }

    /// Returns the lines since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
