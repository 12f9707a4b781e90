//! The calls about existing permissions: of a principal, of a document, and of action patterns.

use super::{KnownAction, Provider, ProviderError, Scope, Statement};
use crate::clean::Clean as _;
use crate::component::PluginError;
use crate::limit;
use crate::policy_scope::PolicyScope;

impl Provider {
    /// Returns the known actions that `patterns` match.
    ///
    /// # Errors
    /// When the provider fails, or returns more actions than `limit::KNOWN_ACTIONS`.
    pub fn expand(&self, patterns: &[String]) -> Result<Vec<KnownAction>, PluginError> {
        let mut known =
            self.call(PolicyScope::pure(), |guest, store| guest.call_expand(store, patterns))?.0;
        self.few(known.len(), limit::KNOWN_ACTIONS)?;
        for action in &mut known {
            action.name.clean();
        }
        Ok(known)
    }

    /// Returns the statements of `document`.
    ///
    /// # Errors
    /// When the provider fails, or the document is not in a format of this cloud.
    pub fn statements(&self, document: &str) -> Result<Vec<Statement>, ProviderError> {
        let answer = self
            .call(PolicyScope::pure(), |guest, store| guest.call_statements(store, document))?
            .0;
        Ok(self.accepted(answer.map_err(|error| self.refused(error))?)?)
    }

    /// Returns the statements that apply to `principal` now.
    ///
    /// # Errors
    /// When the provider fails or refuses.
    pub fn effective(&self, principal: &str) -> Result<Vec<Statement>, ProviderError> {
        let answer = self
            .call(PolicyScope::look(), |guest, store| guest.call_effective(store, principal))?
            .0;
        Ok(self.accepted(answer.map_err(|error| self.refused(error))?)?)
    }

    /// Checks and cleans statements of an answer.
    pub(super) fn accepted(
        &self,
        mut statements: Vec<Statement>,
    ) -> Result<Vec<Statement>, PluginError> {
        self.few(statements.len(), limit::ENTRIES)?;
        for statement in &mut statements {
            let named = statement.resources.named().len();
            self.few(statement.actions.len().max(named), limit::ENTRIES)?;
            self.must_name(&statement.resources, "a statement")?;
            if statement.actions.is_empty() {
                return Err(self.bad("a statement of its answer is about no action"));
            }
            statement.actions.clean();
            statement.resources.clean();
            statement.undecided.clean();
            statement.source.clean();
        }
        Ok(statements)
    }

    /// Rejects a scope without a resource: an empty list must not widen, nor make a denial of no effect.
    pub(super) fn must_name(&self, scope: &Scope, what: &str) -> Result<(), PluginError> {
        if scope.any(|_| true) {
            return Ok(());
        }
        Err(self.bad(&format!("{what} of its answer is limited to resources, and names none")))
    }
}
