//! A provider that reads the requests of one session. Its instance stays from request to request, because a
//! fresh one would cost more than the reading.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::Store;

use super::{Guest, KnownAction, Need, Provider, Reading, Reply, Scope, wit};
use crate::bindings::provider::ProviderPlugin;
use crate::call;
use crate::component::{Phase, PluginError};
use crate::context::CallContext;
use crate::engine::Engine;
use crate::limit;
use crate::policy_scope::PolicyScope;
use crate::state::{CallState as _, State};
use audex_core::printable::is_hidden;
use audex_wire::seen_request::SeenRequest;

/// The most permissions of one request, as in a batch.
const NEEDS: usize = 100;
/// The longest reply that denies a request; real ones have some hundred bytes.
const REPLY_BYTES: usize = 64 * 1024;
/// The most headers of such a reply.
const REPLY_HEADERS: usize = 10;

/// The largest memory of an instance that answers another call; a large request grows it to several times its body.
const KEPT_BYTES: usize = 12 * 1024 * 1024;

/// A provider that was granted nothing, and reads requests.
pub struct Reader {
    provider: Provider,
    live: Option<Live>,
}

/// An instance that answers one call after the other.
struct Live {
    store: Store<State>,
    plugin: ProviderPlugin,
}

impl Reader {
    /// Takes `provider`, which must have been opened without a backend.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self { provider, live: None }
    }

    /// Returns the known actions that `patterns` match.
    ///
    /// # Errors
    /// As [`Provider::expand`].
    pub fn expand(&self, patterns: &[String]) -> Result<Vec<KnownAction>, PluginError> {
        self.provider.expand(patterns)
    }

    /// Returns the permissions that a request needs; `account` is the caller's account.
    ///
    /// # Errors
    /// When the component fails, or its answer breaks the contract. The next call gets a new instance.
    pub fn read(
        &mut self,
        request: SeenRequest,
        account: Option<&str>,
    ) -> Result<Reading, PluginError> {
        let request = request.into();
        let mut reading = self.call(|guest, store| guest.call_read(store, &request, account))?;
        if let Reading::Calls(needs) = &mut reading {
            self.provider.few(needs.len(), NEEDS)?;
            if needs.is_empty() {
                return Err(self.provider.bad("it read a request and named no permission"));
            }
            for need in needs {
                self.accept(need)?;
            }
        }
        Ok(reading)
    }

    /// Returns the reply that denies a request.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn refuse(&mut self, request: SeenRequest, message: &str) -> Result<Reply, PluginError> {
        let request: wit::SeenRequest = request.into();
        let reply = self.call(|guest, store| guest.call_refuse(store, &request, message))?;
        self.provider.few(reply.headers.len(), REPLY_HEADERS)?;
        if !(400..600).contains(&reply.status) || reply.body.len() > REPLY_BYTES {
            return Err(self
                .provider
                .bad("its denial is not a short reply with an error's status"));
        }
        Ok(reply)
    }

    fn accept(&self, need: &mut Need) -> Result<(), PluginError> {
        if need.action.is_empty() || need.action.contains(|c: char| is_hidden(c) || c == '*') {
            return Err(self.provider.bad("it read a permission that is not one action"));
        }
        let Scope::These(named) = &need.on else { return Ok(()) };
        self.provider.few(named.len(), limit::ENTRIES)?;
        if named.is_empty() {
            return Err(self.provider.bad("it limits a permission to resources and names none"));
        }
        // A name that cannot be shown is not compared either.
        if named.iter().any(|name| name.contains(is_hidden)) {
            need.on = Scope::Unseen;
        }
        Ok(())
    }

    fn call<T>(
        &mut self,
        work: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<T, PluginError> {
        let mut live = match self.live.take() {
            Some(live) => live,
            None => self.instance()?,
        };
        live.store.data_mut().meter().restart();
        call::arm(&mut live.store);
        let ticking = self.provider.engine.tick();
        let outcome = work(live.plugin.audex_plugin_provider(), &mut live.store);
        drop(ticking);
        self.provider.messages.add(live.store.data_mut().take_messages());
        let value =
            outcome.map_err(|error| call::failure(&self.provider.loaded, Phase::Call, &error))?;
        // The memory of an instance never shrinks.
        let is_small = live.store.data_mut().meter().memory() <= KEPT_BYTES;
        self.live = is_small.then_some(live);
        Ok(value)
    }

    fn instance(&self) -> Result<Live, PluginError> {
        let Provider { engine, loaded, pre, imports, .. } = &self.provider;
        let settings = BTreeMap::new();
        let context = CallContext::new(loaded, &settings, PolicyScope::pure());
        let mut store = call::store(engine, State::new(context, Arc::clone(imports)));
        let _ticking = Engine::tick(engine);
        let plugin = pre
            .instantiate(&mut store)
            .map_err(|error| call::failure(loaded, Phase::Instantiate, &error))?;
        Ok(Live { store, plugin })
    }
}
