//! The context of one call: what the guest may use, what it holds, and how much it has used.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use wasmtime::component::{Resource, ResourceTable};

use crate::capability::Capability;
use crate::component::Loaded;
use crate::limit;
use crate::meter::Meter;
use crate::misbehaved::{LimitReached, Misbehaved};
use crate::network::{Network, NetworkError};
use crate::policy_scope::PolicyScope;
use audex_core::source::Source;

/// The context of one call of one component, which every import sees.
pub(crate) struct CallContext {
    /// The origin of the component: built-in or installed.
    pub source: Source,
    /// The capabilities of the component.
    pub capabilities: BTreeSet<Capability>,
    /// The component's own settings.
    pub settings: BTreeMap<String, String>,
    /// The limits of policies and sessions in this call.
    pub scope: PolicyScope,
    /// The purpose of a scoped-down session; the cloud's own log shows it.
    pub purpose: Option<String>,
    /// The handles that the guest holds.
    pub table: ResourceTable,
    /// The messages that the guest has logged.
    pub logged: Vec<String>,
    pub meter: Meter,
}

impl CallContext {
    /// Returns the context of a call of `loaded`.
    pub(crate) fn new(
        loaded: &Loaded,
        settings: &BTreeMap<String, String>,
        scope: PolicyScope,
    ) -> Self {
        Self::with(loaded.source, loaded.capabilities.clone(), settings.clone(), scope)
    }

    fn with(
        source: Source,
        capabilities: BTreeSet<Capability>,
        settings: BTreeMap<String, String>,
        scope: PolicyScope,
    ) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limit::RESOURCES);
        let (purpose, logged, meter) = (None, Vec::new(), Meter::default());
        Self { source, capabilities, settings, scope, purpose, table, logged, meter }
    }

    /// Checks that the guest was granted `capability`.
    ///
    /// # Errors
    /// When it was not granted, or this call may not use the network and source credentials.
    pub(crate) fn require(&self, capability: &Capability) -> Result<(), Misbehaved> {
        self.require_or(capability, &[])
    }

    /// Checks that the guest was granted `capability`, or one of `others` that gives the same right.
    ///
    /// # Errors
    /// When none of them was granted, or this call may not use the network and source credentials.
    pub(crate) fn require_or(
        &self,
        capability: &Capability,
        others: &[Capability],
    ) -> Result<(), Misbehaved> {
        self.scope.may_reach()?;
        if std::iter::once(capability).chain(others).any(|one| self.capabilities.contains(one)) {
            return Ok(());
        }
        Err(Misbehaved::NotGranted(capability.clone()))
    }

    /// Stores `value` and gives the guest a handle to it.
    ///
    /// # Errors
    /// When the guest holds too many handles.
    pub(crate) fn hold<T: Send + 'static>(
        &mut self,
        value: T,
    ) -> Result<Resource<T>, LimitReached> {
        self.table.push(value).map_err(|_| LimitReached::Resources)
    }

    /// Waits for host I/O, for at most `limit` and the remaining time of the call.
    ///
    /// # Errors
    /// See [`Network::run`].
    pub(crate) fn wait<T>(
        &mut self,
        network: &Network,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, NetworkError> {
        self.meter.wait(|left| network.run(left.min(limit), work))
    }
}

#[cfg(test)]
impl CallContext {
    /// Returns the context of a call that may reach what `capabilities` name.
    pub(crate) fn granted(source: Source, capabilities: &[&str]) -> Self {
        let parsed = capabilities.iter().map(|text| text.parse().unwrap()).collect();
        Self::with(source, parsed, BTreeMap::new(), PolicyScope::look())
    }

    /// Returns the context of a call that must answer from what the component knows.
    pub(crate) fn pure(capabilities: &[&str]) -> Self {
        Self { scope: PolicyScope::pure(), ..Self::granted(Source::BuiltIn, capabilities) }
    }
}
