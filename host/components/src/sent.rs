//! The secrets that components sent in this run.

use std::sync::{Mutex, PoisonError};

use crate::resource::{HeldSecret, Origin};
use audex_core::secret::Secret;

/// The total size of the secrets that one run may send: each reply is searched for all of them, and a token
/// has one or two thousand bytes.
const SENT_BYTES: usize = 512 * 1024;

/// The secrets that were sent in this run, with their origins. Security: a server may later quote a secret
/// that it received, so every secret is kept.
#[derive(Default)]
pub(crate) struct SentSecrets(Mutex<Vec<(Secret, Origin)>>);

impl SentSecrets {
    /// Stores the secrets of `held` that the guest does not know; returns `false` when there is not enough
    /// room for them.
    #[must_use]
    pub(crate) fn remember(&self, held: &HeldSecret) -> bool {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in held.unknown() {
            let is_it = |(known, from): &(Secret, Origin)| {
                known.expose() == secret.expose() && *from == held.origin
            };
            if sent.iter().any(is_it) {
                continue;
            }
            let bytes: usize = sent.iter().map(|(known, _)| known.expose().len()).sum();
            if bytes.saturating_add(secret.expose().len()) > SENT_BYTES {
                return false;
            }
            sent.push((secret.clone(), held.origin.clone()));
        }
        true
    }

    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<(Secret, Origin)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_remembered_once_and_only_so_much() {
        let sent = SentSecrets::default();
        let held = |text: String| HeldSecret::whole(Secret::new(text), Origin::Slot);
        assert!(
            sent.remember(&held("x".repeat(SENT_BYTES / 2)))
                && sent.remember(&held("y".to_owned()))
        );
        assert!(sent.remember(&held("x".repeat(SENT_BYTES / 2))));
        assert!(!sent.remember(&held("z".repeat(SENT_BYTES / 2))));
        assert!(sent.remember(&HeldSecret::whole(Secret::new("known".to_owned()), Origin::Guest)));
        assert_eq!(sent.secrets().len(), 2);
    }
}
