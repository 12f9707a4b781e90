//! One call of one export: a fresh store, limits always set, failures named.

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Store, Trap};

use super::bindings::intent::IntentEngine;
use super::bindings::provider::ProviderPlugin;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::log::Log;
use super::misbehaved::{LimitReached, Misbehaved};
use super::state::State;
use super::wasi;

/// Wasmtime's message when a guest passes more than [`limit::ANSWER_BYTES`].
const ANSWER_TOO_LARGE: &str = "fuel allocated for hostcalls has been exhausted";

/// Runs `work` in a fresh store; returns its result and the final state. The guest's messages go to `log`, also when it
/// fails.
///
/// If `work` fails, it returns the error together with the phase that it was in.
///
/// # Errors
/// A trap, a limit, or misbehaviour, with the plugin, its digest and the phase.
pub(crate) fn call<T>(
    engine: &Engine,
    loaded: &Loaded,
    state: State,
    log: &Log,
    work: impl FnOnce(&mut Store<State>) -> Result<T, (Phase, wasmtime::Error)>,
) -> Result<(T, State), PluginError> {
    let mut store = Store::new(engine.inner(), state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limit::ANSWER_BYTES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|context| context.data().tick());
    let _ticking = engine.tick();
    let outcome = work(&mut store);
    log.add(store.data_mut().take_lines());
    match outcome {
        Ok(value) => Ok((value, store.into_data())),
        Err((phase, error)) => Err(failure(loaded, phase, &error)),
    }
}

/// Returns the linker of pure worlds, which offers no imports but WASI's.
///
/// # Errors
/// See [`provider_linker`].
pub(crate) fn pure_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.inner());
    wasi::link(engine, &mut linker, &loaded.component)?;
    Ok(linker)
}

/// Returns the linker of providers.
///
/// # Errors
/// When two imports have the same name, which the contract rules out.
pub(crate) fn provider_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.inner());
    ProviderPlugin::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::link(engine, &mut linker, &loaded.component)?;
    Ok(linker)
}

/// Returns the linker of intent engines.
///
/// # Errors
/// See [`provider_linker`].
pub(crate) fn intent_linker(engine: &Engine, loaded: &Loaded) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine.inner());
    IntentEngine::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    wasi::link(engine, &mut linker, &loaded.component)?;
    Ok(linker)
}

fn failure(loaded: &Loaded, phase: Phase, error: &wasmtime::Error) -> PluginError {
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
    // Wasmtime does not export the type of this error; tests with hostile guests pin its message.
    if error.root_cause().to_string().contains(ANSWER_TOO_LARGE) {
        return PluginError::new(loaded, Phase::Limit, LimitReached::Answer.to_string());
    }
    // The root cause is the most useful; the chain above it names wasm frames.
    PluginError::new(loaded, phase, error.root_cause().to_string())
}
