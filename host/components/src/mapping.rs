//! Calls to the mapping component.

use super::bindings::mapping::MappingTablePre;
use super::call::{call, pure_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::messages::Messages;
use super::state::Pure;

pub use super::bindings::mapping::exports::audex::plugin::mapping::{Expansion, Row};

/// A mapping component that is ready to be called.
pub struct Mapping {
    engine: Engine,
    loaded: Loaded,
    pre: MappingTablePre<Pure>,
    /// The time that WASI shows, in seconds since the Unix epoch.
    now: u64,
    messages: Messages,
}

impl Mapping {
    /// Links `loaded`. Its clock stands at `now`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When the component is not a mapping of this contract version, or has imports other than WASI's.
    pub fn new(engine: &Engine, loaded: Loaded, now: u64) -> Result<Self, PluginError> {
        let link = |error: wasmtime::Error| {
            PluginError::new(&loaded, Phase::Link, error.root_cause().to_string())
        };
        let pre = pure_linker(engine, &loaded)
            .map_err(link)?
            .instantiate_pre(&loaded.component)
            .and_then(MappingTablePre::new)
            .map_err(link)?;
        Ok(Self { engine: engine.clone(), loaded, pre, now, messages: Messages::default() })
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

    /// Returns all rows of the table.
    ///
    /// # Errors
    /// When the component fails.
    pub fn rows(&self) -> Result<Vec<Row>, PluginError> {
        let state = Pure::new(self.now);
        let work = call(&self.engine, &self.loaded, state, &self.messages, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            instance.audex_plugin_mapping().call_rows(store).map_err(|error| (Phase::Call, error))
        });
        let mut rows = work?.0;
        rows.clean();
        Ok(rows)
    }

    /// Returns the native actions of each permission, or `None` for a permission that is not universal.
    ///
    /// # Errors
    /// When the component fails, or returns another number of entries than permissions, or too many actions.
    pub fn expand(
        &self,
        provider: &str,
        permissions: &[String],
    ) -> Result<Vec<Option<Expansion>>, PluginError> {
        let state = Pure::new(self.now);
        let (mut expansions, _) =
            call(&self.engine, &self.loaded, state, &self.messages, |store| {
                let instance = self
                    .pre
                    .instantiate(&mut *store)
                    .map_err(|error| (Phase::Instantiate, error))?;
                let mapping = instance.audex_plugin_mapping();
                mapping
                    .call_expand(store, provider, permissions)
                    .map_err(|error| (Phase::Call, error))
            })?;
        if expansions.len() != permissions.len() {
            let reason = "it expanded another number of permissions than it was given";
            return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
        }
        if expansions.iter().flatten().map(|expansion| expansion.actions.len()).sum::<usize>()
            > limit::ENTRIES
        {
            let reason = format!("it expanded to more than {} actions", limit::ENTRIES);
            return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
        }
        expansions.clean();
        Ok(expansions)
    }
}
