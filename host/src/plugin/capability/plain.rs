//! The imports that reach nothing: log, clock and settings.

use crate::clock;
use crate::plugin::bindings::provider::{clock as clock_import, log, settings, types};
use crate::plugin::state::State;
use crate::plugin::tape::Tape;
use crate::plugin::{clean, limit};

impl types::Host for State {}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        if self.logged.len() < limit::LOG_MESSAGES {
            let level = match level {
                log::Level::Debug => "debug",
                log::Level::Info => "info",
                log::Level::Warn => "warn",
            };
            self.logged.push(format!("{level}: {}", clean::line(&message)));
        }
        Ok(())
    }
}

impl clock_import::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        let tape = self.reach()?.outside.tape();
        Ok(tape.map_or_else(clock::unix_seconds, Tape::now))
    }
}

impl settings::Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.reach()?.settings.get(&key).cloned())
    }
}
