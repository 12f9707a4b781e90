//! The WebAssembly engine, and the clock that stops guests which run too long.

use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::thread;

use wasmtime::Config;

use super::limit::TICK;
use super::{compiled, engine_config};

/// A WebAssembly engine whose epochs advance while a call is running.
#[derive(Clone)]
pub struct Engine {
    inner: wasmtime::Engine,
    ticker: Arc<Ticker>,
}

/// The number of running calls; the ticking thread sleeps while the number is zero.
struct Ticker {
    running: Mutex<usize>,
    woken: Condvar,
    started: Once,
}

/// A guard: epochs advance until it is dropped.
pub(crate) struct Ticking(Arc<Ticker>);

impl Engine {
    /// Builds an engine for this machine.
    ///
    /// # Errors
    /// When the machine cannot run WebAssembly as configured.
    pub fn new() -> wasmtime::Result<Self> {
        let mut config = Config::new();
        engine_config::configure(&mut config);
        config.with_custom_code_memory(compiled::code_memory());
        let ticker = Ticker { running: Mutex::new(0), woken: Condvar::new(), started: Once::new() };
        Ok(Self { inner: wasmtime::Engine::new(&config)?, ticker: Arc::new(ticker) })
    }

    /// Returns the wasmtime engine.
    #[must_use]
    pub fn inner(&self) -> &wasmtime::Engine {
        &self.inner
    }

    /// Advances epochs every [`TICK`] until the guard is dropped.
    #[must_use]
    pub(crate) fn tick(&self) -> Ticking {
        self.ticker.started.call_once(|| {
            let (engine, ticker) = (self.inner.clone(), Arc::clone(&self.ticker));
            thread::spawn(move || run(&engine, &ticker));
        });
        *self.ticker.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.ticker.woken.notify_one();
        Ticking(Arc::clone(&self.ticker))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running = running.saturating_sub(1);
    }
}

/// Advances the epoch while calls are running. Runs until the program ends.
fn run(engine: &wasmtime::Engine, ticker: &Ticker) {
    loop {
        let mut running = ticker.running.lock().unwrap_or_else(PoisonError::into_inner);
        while *running == 0 {
            running = ticker.woken.wait(running).unwrap_or_else(PoisonError::into_inner);
        }
        drop(running);
        thread::sleep(TICK);
        engine.increment_epoch();
    }
}
