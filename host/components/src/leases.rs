//! The leases that a provider announced before the cloud was asked for them.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::limit;
use crate::misbehaved::Misbehaved;
use audex_core::printable::{self, is_hidden};

/// Writes a lease and the end of its session (seconds since the Unix epoch) to the audit log; the error says
/// what failed.
pub type Recorder = Box<dyn Fn(&str, u64) -> Result<(), String> + Send + Sync>;

/// The error for a lease that is not announced.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeaseError {
    /// The guest may not announce it.
    #[error(transparent)]
    Refused(#[from] Misbehaved),
    /// The audit log cannot be written.
    #[error("{0}")]
    Unrecorded(String),
}

/// The leases that one provider announced in this run: the context of the `leases` import.
#[derive(Default)]
pub(crate) struct Leases {
    recorder: OnceLock<Recorder>,
    announced: Mutex<Vec<String>>,
}

impl Leases {
    /// Sets the recorder for all further leases. Without one, as in `plan`, nothing is minted.
    pub(crate) fn record_with(&self, recorder: Recorder) {
        let _ = self.recorder.set(recorder);
    }

    /// Returns the leases announced since the last call.
    #[must_use]
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.announced.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a lease once.
    ///
    /// # Errors
    /// When the lease cannot be recorded, is not a valid lease, or is one too many.
    pub(crate) fn announce(&self, lease: &str, ends_at: u64) -> Result<(), LeaseError> {
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        if announced.len() >= limit::DELIVERED {
            return Err(Misbehaved::ManyLeases.into());
        }
        // A lease is shown, recorded and passed back unchanged.
        if lease.is_empty()
            || lease.chars().count() > printable::LINE_CHARACTERS
            || lease.contains(is_hidden)
        {
            return Err(Misbehaved::BadLease.into());
        }
        if announced.iter().any(|known| known == lease) {
            return Ok(());
        }
        if let Some(record) = self.recorder.get() {
            record(lease, ends_at).map_err(LeaseError::Unrecorded)?;
        }
        announced.push(lease.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_lease_is_recorded_before_the_component_goes_on() {
        let (leases, written) = (Leases::default(), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&written);
        leases.record_with(Box::new(move |lease, ends_at| {
            log.lock().unwrap().push((lease.to_owned(), ends_at));
            Ok(())
        }));
        leases.announce("role a", 7).unwrap();
        assert_eq!(*written.lock().unwrap(), [("role a".to_owned(), 7)]);
        assert_eq!((leases.take(), leases.take()), (vec!["role a".to_owned()], Vec::new()));
    }

    #[test]
    fn what_could_not_be_recorded_is_an_error_and_not_announced() {
        let leases = Leases::default();
        leases.record_with(Box::new(|_, _| Err("the disk is full".to_owned())));
        let failed = leases.announce("role a", 7).unwrap_err();
        assert!(matches!(failed, LeaseError::Unrecorded(reason) if reason == "the disk is full"));
        assert!(leases.take().is_empty());
    }

    #[test]
    fn a_lease_is_one_plain_line_and_there_are_only_so_many() {
        let leases = Leases::default();
        for bad in ["", "two\nlines", "e\u{1b}[2J", &"x".repeat(printable::LINE_CHARACTERS + 1)] {
            assert!(leases.announce(bad, 7).is_err(), "{bad:?}");
        }
        for number in 0..limit::DELIVERED {
            assert!(leases.announce(&number.to_string(), 7).is_ok());
        }
        assert!(leases.announce("one too many", 7).is_err());
    }
}
