//! Calls to intent engines. An engine returns a proposal, which is checked like user input.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bindings::intent::IntentEnginePre;
use super::call::{call, intent_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::manifest::World;
use super::messages::Messages;
use super::provider::ProviderError;
use super::state::State;
use crate::backend::Backend;
use crate::context::CallContext;
use crate::imports::Imports;
use crate::policy_scope::PolicyScope;

pub use super::bindings::intent::exports::audex::plugin::intent::{Candidate, Proposal};

/// An intent engine that is ready to be called.
pub struct Intent {
    engine: Engine,
    loaded: Loaded,
    pre: IntentEnginePre<State>,
    imports: Arc<Imports>,
    settings: BTreeMap<String, String>,
    messages: Messages,
}

impl Intent {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When the component is not an intent engine of this contract version.
    pub fn new(
        engine: &Engine,
        loaded: Loaded,
        backend: &Backend,
        settings: BTreeMap<String, String>,
    ) -> Result<Self, PluginError> {
        let link = |error: wasmtime::Error| {
            PluginError::new(&loaded, Phase::Link, error.root_cause().to_string())
        };
        let linker = intent_linker(engine, &loaded).map_err(link)?;
        let pre = linker
            .instantiate_pre(&loaded.component)
            .and_then(IntentEnginePre::new)
            .map_err(link)?;
        let (imports, messages) = (backend.imports(), Messages::default());
        Ok(Self { engine: engine.clone(), loaded, pre, imports, settings, messages })
    }

    /// Returns the component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Returns the messages of the component since the last call.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.messages.take()
    }

    /// Translates `text` into permissions of `provider`. The component receives nothing else.
    ///
    /// # Errors
    /// When the engine fails, or has no answer.
    pub fn translate(&self, text: &str, provider: &str) -> Result<Proposal, ProviderError> {
        let context = CallContext::new(&self.loaded, &self.settings, PolicyScope::look());
        let state = State::new(context, Arc::clone(&self.imports));
        let (answer, _) = call(&self.engine, &self.loaded, state, &self.messages, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let intent = instance.audex_plugin_intent();
            intent.call_translate(store, text, provider).map_err(|error| (Phase::Call, error))
        })?;
        let mut proposal = answer.map_err(|mut error| {
            error.clean();
            ProviderError::Refused { world: World::Intent, name: self.loaded.name.clone(), error }
        })?;
        let longest =
            proposal.allow.len().max(proposal.resources.len()).max(proposal.candidates.len());
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
