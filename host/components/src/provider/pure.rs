//! The calls that need only a grant: preflight advice, and the grant as a document.

use super::{Advice, Grant, Provider, ProviderError};
use crate::clean::Clean as _;
use crate::component::PluginError;
use crate::limit;
use crate::policy_scope::PolicyScope;
use audex_core::printable;

impl Provider {
    /// Returns advice about known failures of `command` under `grant`.
    ///
    /// # Errors
    /// When the provider fails, or returns more entries than `limit::NOTICES`.
    pub fn preflight(&self, grant: &Grant, command: &[String]) -> Result<Vec<Advice>, PluginError> {
        let mut advice = self
            .call(PolicyScope::pure(), |guest, store| guest.call_preflight(store, grant, command))?
            .0;
        self.few(advice.len(), limit::NOTICES)?;
        advice.clean();
        Ok(advice)
    }

    /// Returns `grant` as a document for the cloud's own tools.
    ///
    /// # Errors
    /// When the provider fails, does not know the format, or returns control characters.
    pub fn document(
        &self,
        grant: &Grant,
        name: &str,
        format: &str,
    ) -> Result<String, ProviderError> {
        let answer = self
            .call(PolicyScope::pure(), |guest, store| {
                guest.call_document(store, grant, name, format)
            })?
            .0;
        let text = answer.map_err(|error| self.refused(error))?;
        // The document is printed unchanged.
        let forges = |c| printable::is_hidden(c) && !matches!(c, '\n' | '\t');
        if text.contains(forges) {
            return Err(self.bad("its document has control characters").into());
        }
        Ok(text)
    }
}
