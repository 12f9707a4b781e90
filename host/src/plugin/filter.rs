//! Calls to filter components.

use super::bindings::filter::PolicyFilterPre;
use super::bindings::filter::exports::audex::plugin::types;
use super::call::{call, pure_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::provider;
use super::state::State;

pub use super::bindings::filter::exports::audex::plugin::filter::{Restriction, Verdict};

/// A filter that is ready to be called.
pub struct Filter {
    engine: Engine,
    loaded: Loaded,
    pre: PolicyFilterPre<State>,
    /// Its settings, a JSON object.
    settings: String,
}

impl Filter {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When it is no filter of this contract, or imports anything.
    pub fn new(engine: &Engine, loaded: Loaded, settings: String) -> Result<Self, PluginError> {
        let link =
            |error: wasmtime::Error| PluginError::new(&loaded, Phase::Link, error.root_cause().to_string());
        let pre = pure_linker(engine)
            .instantiate_pre(&loaded.component)
            .and_then(PolicyFilterPre::new)
            .map_err(link)?;
        Ok(Self { engine: engine.clone(), loaded, pre, settings })
    }

    /// The component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Its verdict on `grant`, whose permissions it may drop by position.
    ///
    /// # Errors
    /// When it fails, or drops what is not there.
    pub fn review(&self, grant: &provider::Grant, command: &[String]) -> Result<Verdict, PluginError> {
        let shown = shown(grant);
        let (mut verdict, _) = call(&self.engine, &self.loaded, State::pure(), |store| {
            let instance = self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let filter = instance.audex_plugin_filter();
            filter.call_review(store, &shown, command, &self.settings).map_err(|error| (Phase::Call, error))
        })?;
        clean(&mut verdict);
        if let Verdict::Restrict(restrictions) = &verdict {
            let entries =
                restrictions.iter().map(|restriction| 1 + restriction.drop.len() + restriction.deny.len());
            if entries.sum::<usize>() > limit::ENTRIES {
                let reason = format!("its verdict has more than {} entries", limit::ENTRIES);
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
            let dropped = restrictions.iter().flat_map(|restriction| &restriction.drop);
            if dropped.into_iter().any(|position| *position as usize >= grant.permissions.len()) {
                let reason = "it dropped a permission that is not there";
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
        }
        Ok(verdict)
    }
}

/// Makes a verdict's words fit to be shown.
fn clean(verdict: &mut Verdict) {
    match verdict {
        Verdict::Pass => {}
        Verdict::Refuse(reason) => reason.clean(),
        Verdict::Restrict(restrictions) => restrictions.iter_mut().for_each(|restriction| {
            restriction.reason.clean();
            restriction.deny.clean();
        }),
    }
}

/// The grant in the filter world's own types, which are exported so that a filter imports nothing.
fn shown(grant: &provider::Grant) -> types::Grant {
    let permission = |permission: &provider::Permission| types::Permission {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        resources: permission.resources.clone(),
    };
    types::Grant {
        provider: grant.provider.clone(),
        permissions: grant.permissions.iter().map(permission).collect(),
        deny: grant.deny.clone(),
        ttl_seconds: grant.ttl_seconds,
        session: grant.session.clone(),
    }
}
