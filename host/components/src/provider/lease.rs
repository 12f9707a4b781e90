//! The calls about what was minted: whether it works by now, its end, and what earlier sessions left.

use super::{Provider, ProviderError};
use crate::leases::Recorder;
use crate::limit;
use crate::policy_scope::PolicyScope;
use audex_core::printable;
use audex_core::printable::is_hidden;

impl Provider {
    /// Whether what `mint` handed out with `lease` works by now.
    ///
    /// # Errors
    /// When it fails, or never will.
    pub fn settled(&self, lease: &str) -> Result<bool, ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_settled(store, lease))?.0;
        answer.map_err(|error| self.refused(error))
    }

    /// Has what the component announces recorded by `recorder` before it is made.
    pub fn record_leases(&self, recorder: Recorder) {
        self.outside.leases().record_with(recorder);
    }

    /// Returns the leases that the component announced since the last call.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.outside.leases().take()
    }

    /// Ends what `mint` handed out.
    ///
    /// # Errors
    /// When it fails or refuses.
    pub fn revoke(&self, lease: &str) -> Result<(), ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_revoke(store, lease))?.0;
        answer.map_err(|error| self.refused(error))
    }

    /// Leases of sessions that are over, as the cloud itself has them.
    ///
    /// # Errors
    /// When it fails, refuses, or answers what is no lease.
    pub fn leftovers(&self) -> Result<Vec<String>, ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_leftovers(store))?.0;
        let leases = answer.map_err(|error| self.refused(error))?;
        self.few(leases.len(), limit::ENTRIES)?;
        // They are shown, recorded, and given back as they are.
        let fits = |lease: &String| {
            lease.chars().count() <= printable::LINE_CHARACTERS && !lease.contains(is_hidden)
        };
        if leases.iter().all(fits) {
            Ok(leases)
        } else {
            Err(self.bad("it answered what is no lease").into())
        }
    }
}
