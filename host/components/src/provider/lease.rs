//! The calls about minted credentials: readiness, revocation, and the leases of earlier sessions.

use super::{Provider, ProviderError};
use crate::leases::Recorder;
use crate::limit;
use crate::policy_scope::PolicyScope;
use audex_core::printable::{self, is_hidden};

impl Provider {
    /// Returns `true` if the credentials that `mint` handed out with `lease` work now.
    ///
    /// # Errors
    /// When the provider fails, or the credentials will never work.
    pub fn settled(&self, lease: &str) -> Result<bool, ProviderError> {
        let answer =
            self.call(PolicyScope::look(), |guest, store| guest.call_settled(store, lease))?.0;
        answer.map_err(|error| self.refused(error))
    }

    /// Passes each lease that the component announces to `recorder`, before the cloud is asked for it.
    pub fn record_leases(&self, recorder: Recorder) {
        self.imports.leases.record_with(recorder);
    }

    /// Returns the leases that the component announced since the last call.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.imports.leases.take()
    }

    /// Revokes the credentials that `mint` handed out with `lease`.
    ///
    /// # Errors
    /// When the provider fails or refuses.
    pub fn revoke(&self, lease: &str) -> Result<(), ProviderError> {
        let answer =
            self.call(PolicyScope::look(), |guest, store| guest.call_revoke(store, lease))?.0;
        answer.map_err(|error| self.refused(error))
    }

    /// Returns the leases of ended sessions that the cloud still has.
    ///
    /// # Errors
    /// When the provider fails, refuses, or returns an invalid lease.
    pub fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_leftovers(store))?.0;
        let leases = answer.map_err(|error| self.refused(error))?;
        self.few(leases.len(), limit::ENTRIES)?;
        // Leases are shown, recorded and passed back unchanged.
        let fits = |lease: &String| {
            lease.chars().count() <= printable::LINE_CHARACTERS && !lease.contains(is_hidden)
        };
        if leases.iter().all(fits) {
            Ok(leases)
        } else {
            Err(self.bad("its answer is not a lease").into())
        }
    }
}
