//! The calls about what a command did: which permissions it took.

use super::{Attribution, Call, Provider, ProviderError, Window};
use crate::plugin::capability::policy_scope::PolicyScope;
use crate::plugin::clean::Clean as _;
use crate::plugin::component::PluginError;
use crate::plugin::limit;

impl Provider {
    /// What the cloud's own log has of a window.
    ///
    /// # Errors
    /// When it fails or refuses.
    pub fn observed(&self, window: &Window) -> Result<Vec<Call>, ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_observed(store, window))?.0;
        let mut calls = answer.map_err(|error| self.refused(error))?;
        self.few(calls.len(), limit::ENTRIES)?;
        for call in &mut calls {
            call.service.clean();
            call.operation.clean();
            call.resources.clean();
            call.source.clean();
        }
        Ok(calls)
    }

    /// What each of `calls` needs, in order.
    ///
    /// # Errors
    /// When it fails, or answers out of step.
    pub fn attribute(&self, calls: &[Call]) -> Result<Vec<Attribution>, PluginError> {
        let mut answers =
            self.call(PolicyScope::pure(), |guest, store| guest.call_attribute(store, calls))?.0;
        if answers.len() != calls.len() {
            return Err(self.bad("it attributed another number of calls than it was given"));
        }
        self.few(answers.iter().map(|answer| answer.permissions.len()).sum(), limit::ENTRIES)?;
        for answer in &mut answers {
            answer.note.clean();
            for permission in &mut answer.permissions {
                permission.action.clean();
                permission.origin.clean();
                permission.resources.clean();
            }
        }
        Ok(answers)
    }
}
