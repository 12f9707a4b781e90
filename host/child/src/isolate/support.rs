//! What this system has: each mechanism, tried.

use std::collections::BTreeMap;

use super::Mechanism;

/// The mechanisms of this system.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// The mechanisms that were tried, each with the reason if it is not to be had.
    tried: BTreeMap<Mechanism, Result<(), String>>,
}

/// Tries each mechanism.
#[must_use]
pub fn support() -> Support {
    // No mechanism is built yet, so none is held.
    Support::default()
}

impl Support {
    /// Returns nothing if the system has the mechanism, and the reason otherwise.
    ///
    /// # Errors
    /// The reason, in a few words.
    pub fn of(&self, mechanism: Mechanism) -> Result<(), &str> {
        match self.tried.get(&mechanism) {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(reason),
            None => Err("not built for this system"),
        }
    }
}
