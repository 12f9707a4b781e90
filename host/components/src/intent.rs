//! Calls to intent engines. What they answer is a proposal, checked like anything a user types.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bindings::intent::IntentEnginePre;
use super::call::{call, intent_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::manifest::World;
use super::provider::ProviderError;
use super::state::State;
use crate::context::CallContext;
use crate::outside::Outside;
use crate::policy_scope::PolicyScope;

pub use super::bindings::intent::exports::audex::plugin::intent::{Candidate, Proposal};

/// An engine that is ready to be asked.
pub struct Intent {
    engine: Engine,
    loaded: Loaded,
    pre: IntentEnginePre<State>,
    outside: Arc<Outside>,
    settings: BTreeMap<String, String>,
}

impl Intent {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When it is no intent engine of this contract.
    pub fn new(
        engine: &Engine,
        loaded: Loaded,
        outside: Arc<Outside>,
        settings: BTreeMap<String, String>,
    ) -> Result<Self, PluginError> {
        let link =
            |error: wasmtime::Error| PluginError::new(&loaded, Phase::Link, error.root_cause().to_string());
        let linker = intent_linker(engine).map_err(link)?;
        let pre = linker.instantiate_pre(&loaded.component).and_then(IntentEnginePre::new).map_err(link)?;
        Ok(Self { engine: engine.clone(), loaded, pre, outside, settings })
    }

    /// The component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// What `text` asks for, in the permissions of `provider`. Nothing but the two is given to the component.
    ///
    /// # Errors
    /// When it fails, or has no answer.
    pub fn translate(&self, text: &str, provider: &str) -> Result<Proposal, ProviderError> {
        let context = CallContext {
            source: self.loaded.source,
            capabilities: self.loaded.capabilities.clone(),
            settings: self.settings.clone(),
            scope: PolicyScope::look(),
            purpose: None,
            outside: Arc::clone(&self.outside),
        };
        let (answer, _) = call(&self.engine, &self.loaded, State::with_context(context), |store| {
            let instance = self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let intent = instance.audex_plugin_intent();
            intent.call_translate(store, text, provider).map_err(|error| (Phase::Call, error))
        })?;
        let mut proposal = answer.map_err(|mut error| {
            error.clean();
            ProviderError::Refused { world: World::Intent, name: self.loaded.name.clone(), error }
        })?;
        let longest = proposal.allow.len().max(proposal.resources.len()).max(proposal.candidates.len());
        if longest > limit::ENTRIES {
            let reason = format!("a list of its answer has more than {} entries", limit::ENTRIES);
            return Err(PluginError::new(&self.loaded, Phase::Answer, reason).into());
        }
        proposal.allow.clean();
        proposal.resources.clean();
        proposal.description.clean();
        for candidate in &mut proposal.candidates {
            candidate.action.clean();
            candidate.reason.clean();
        }
        Ok(proposal)
    }
}
