//! One call of one export: a fresh store, limits always set, failures named.

use wasmtime::component::{Linker, ResourceTableError};
use wasmtime::{Store, Trap};
use wasmtime_wasi::I32Exit;

use super::bindings::provider::{
    clock, http, identity, keep, keys, leases, log, secrets, settings, sts, types,
};
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::imports::Import;
use super::imports::clock::Clock;
use super::imports::http::Http;
use super::imports::identity::Identity;
use super::imports::keep::Keep;
use super::imports::keys::Keys;
use super::imports::log::Log;
use super::imports::secrets::Secrets;
use super::imports::settings::Settings;
use super::imports::sts::Sts;
use super::leases::Leases;
use super::limit;
use super::messages::Messages;
use super::misbehaved::{LimitReached, Misbehaved};
use super::state::{CallState, Pure, State};
use super::wasi;

/// Wasmtime's message when a guest passes more than [`limit::ANSWER_BYTES`].
const ANSWER_TOO_LARGE: &str = "fuel allocated for hostcalls has been exhausted";

/// Runs `work` in a fresh store; returns its result and the final state. The guest's messages go to `messages`, also
/// if it fails.
///
/// If `work` fails, it returns the error together with the phase that it was in.
///
/// # Errors
/// A trap, a limit, or misbehaviour, with the plugin, its digest and the phase.
pub(crate) fn call<S: CallState, T>(
    engine: &Engine,
    loaded: &Loaded,
    state: S,
    messages: &Messages,
    work: impl FnOnce(&mut Store<S>) -> Result<T, (Phase, wasmtime::Error)>,
) -> Result<(T, S), PluginError> {
    let mut store = store(engine, state);
    let _ticking = engine.tick();
    let outcome = work(&mut store);
    messages.add(store.data_mut().take_messages());
    match outcome {
        Ok(value) => Ok((value, store.into_data())),
        Err((phase, error)) => Err(failure(loaded, phase, &error)),
    }
}

/// Returns a store with every limit set.
pub(crate) fn store<S: CallState>(engine: &Engine, state: S) -> Store<S> {
    let mut store = Store::new(engine.inner(), state);
    store.limiter(|state| state.meter());
    store.epoch_deadline_callback(|mut context| context.data_mut().meter().tick());
    arm(&mut store);
    store
}

/// Sets the limits that each call uses up.
pub(crate) fn arm<S: CallState>(store: &mut Store<S>) {
    store.set_hostcall_fuel(limit::ANSWER_BYTES);
    store.set_epoch_deadline(1);
}

/// Returns the linker of pure worlds, which offers no imports but WASI's.
///
/// # Errors
/// When two imports have the same name, which WASI rules out.
pub(crate) fn pure_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<Pure>> {
    let mut linker = Linker::new(engine.inner());
    wasi::link(engine, &mut linker, &loaded.component)?;
    Ok(linker)
}

/// Returns the linker of intent engines: the imports that every world with imports has.
///
/// # Errors
/// When two imports have the same name, which the contract rules out.
pub(crate) fn intent_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.inner());
    types::add_to_linker::<_, Import<Log>>(&mut linker, |state: &mut State| state.view(|_| &Log))?;
    http::add_to_linker::<_, Import<Http>>(&mut linker, |state| state.view(|own| &own.http))?;
    log::add_to_linker::<_, Import<Log>>(&mut linker, |state| state.view(|_| &Log))?;
    secrets::add_to_linker::<_, Import<Secrets>>(&mut linker, |state| state.view(|_| &Secrets))?;
    settings::add_to_linker::<_, Import<Settings>>(&mut linker, |state| state.view(|_| &Settings))?;
    wasi::link(engine, &mut linker, &loaded.component)?;
    Ok(linker)
}

/// Returns the linker of providers.
///
/// # Errors
/// See [`intent_linker`].
pub(crate) fn provider_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<State>> {
    let mut linker = intent_linker(engine, loaded)?;
    clock::add_to_linker::<_, Import<Clock>>(&mut linker, |state| state.view(|own| &own.clock))?;
    identity::add_to_linker::<_, Import<Identity>>(&mut linker, |state| {
        state.view(|own| &own.identity)
    })?;
    keep::add_to_linker::<_, Import<Keep>>(&mut linker, |state| state.view(|own| &own.keep))?;
    keys::add_to_linker::<_, Import<Keys>>(&mut linker, |state| state.view(|own| &own.keys))?;
    leases::add_to_linker::<_, Import<Leases>>(&mut linker, |state| state.view(|own| &own.leases))?;
    sts::add_to_linker::<_, Import<Sts>>(&mut linker, |state| state.view(|own| &own.sts))?;
    Ok(linker)
}

/// Names the cause of a failed call.
pub(crate) fn failure(loaded: &Loaded, phase: Phase, error: &wasmtime::Error) -> PluginError {
    if let Some(limit) = error.downcast_ref::<LimitReached>() {
        return PluginError::new(loaded, Phase::Limit, limit.to_string());
    }
    if let Some(misbehaved) = error.downcast_ref::<Misbehaved>() {
        return PluginError::new(loaded, phase, misbehaved.to_string());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        let phase = if *trap == Trap::StackOverflow { Phase::Limit } else { phase };
        let meaning = match trap {
            Trap::UnreachableCodeReached => ": it panicked, or nobody caught an exception",
            _ => "",
        };
        return PluginError::new(loaded, phase, format!("{trap}{meaning}"));
    }
    if let Some(I32Exit(status)) = error.downcast_ref() {
        return PluginError::new(loaded, phase, format!("it exited with status {status}"));
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return PluginError::new(loaded, Phase::Limit, LimitReached::Resources.to_string());
    }
    // Wasmtime does not export the type of this error; tests with hostile guests pin its message.
    if error.root_cause().to_string().contains(ANSWER_TOO_LARGE) {
        return PluginError::new(loaded, Phase::Limit, LimitReached::Answer.to_string());
    }
    // The root cause is the most useful; the chain above it names wasm frames.
    PluginError::new(loaded, phase, error.root_cause().to_string())
}
