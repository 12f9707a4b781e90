//! The calls about what is permitted already: by a principal's roles, by a document, and what patterns stand for.

use super::{KnownAction, Provider, ProviderError, Statement};
use crate::clean::Clean as _;
use crate::component::PluginError;
use crate::limit;
use crate::policy_scope::PolicyScope;

impl Provider {
    /// The known actions that `patterns` match.
    ///
    /// # Errors
    /// When it fails, or answers with more than anything honest has.
    pub fn expand(&self, patterns: &[String]) -> Result<Vec<KnownAction>, PluginError> {
        let mut known = self.call(PolicyScope::pure(), |guest, store| guest.call_expand(store, patterns))?.0;
        self.few(known.len(), limit::KNOWN_ACTIONS)?;
        for action in &mut known {
            action.name.clean();
        }
        Ok(known)
    }

    /// What `document` says.
    ///
    /// # Errors
    /// When it fails, or the document is none of this cloud's.
    pub fn statements(&self, document: &str) -> Result<Vec<Statement>, ProviderError> {
        let answer = self.call(PolicyScope::pure(), |guest, store| guest.call_statements(store, document))?.0;
        self.accepted(answer.map_err(|error| self.refused(error))?)
    }

    /// What `principal` may do now.
    ///
    /// # Errors
    /// When it fails or refuses.
    pub fn effective(&self, principal: &str) -> Result<Vec<Statement>, ProviderError> {
        let answer = self.call(PolicyScope::look(), |guest, store| guest.call_effective(store, principal))?.0;
        self.accepted(answer.map_err(|error| self.refused(error))?)
    }

    fn accepted(&self, mut statements: Vec<Statement>) -> Result<Vec<Statement>, ProviderError> {
        self.few(statements.len(), limit::ENTRIES)?;
        for statement in &mut statements {
            self.few(statement.actions.len().max(statement.resources.len()), limit::ENTRIES)?;
            if statement.actions.is_empty() {
                return Err(self.bad("a statement of its answer is about no action").into());
            }
            statement.actions.clean();
            statement.resources.clean();
            statement.undecided.clean();
            statement.source.clean();
        }
        Ok(statements)
    }
}
