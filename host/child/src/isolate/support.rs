//! The mechanisms of this system, each tried in a separate process.

use std::collections::BTreeMap;

use super::Mechanism;

/// The mechanisms of this system.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// The mechanisms that were tried, each with the reason if it is not to be had.
    tried: BTreeMap<Mechanism, Result<(), String>>,
}

impl Support {
    /// Returns a support with what `of` says of each mechanism.
    #[must_use]
    pub fn of_all(of: impl Fn(Mechanism) -> Result<(), String>) -> Self {
        let tried = Mechanism::ALL.into_iter().map(|mechanism| (mechanism, of(mechanism)));
        Self { tried: tried.collect() }
    }

    /// Returns a support without any mechanism, for this reason.
    #[cfg(target_os = "linux")]
    pub(super) fn none(reason: &str) -> Self {
        Self::of_all(|_| Err(reason.to_owned()))
    }

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

    /// Reads the report of a stage: names, each with a reason, or with nothing if the mechanism is to be had.
    #[cfg(target_os = "linux")]
    pub(super) fn read(tried: Vec<(String, String)>) -> Self {
        let known = tried.into_iter().filter_map(|(name, reason)| {
            let result = if reason.is_empty() { Ok(()) } else { Err(reason) };
            Some((name.parse().ok()?, result))
        });
        Self { tried: known.collect() }
    }
}
