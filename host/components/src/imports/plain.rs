//! The imports without network access: log, clock and settings.

use crate::bindings::provider::{clock as clock_import, log, settings, types};
use crate::limit;
use crate::state::State;
use crate::tape::Tape;
use audex_core::{clock, printable};

impl types::Host for State {}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        if self.logged.len() < limit::LOG_MESSAGES {
            let level = match level {
                log::Level::Debug => "debug",
                log::Level::Info => "info",
                log::Level::Warn => "warn",
            };
            self.logged.push(format!("{level}: {}", printable::line(&message)));
        }
        Ok(())
    }
}

impl clock_import::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        let tape = self.context()?.outside.tape();
        Ok(tape.map_or_else(clock::unix_seconds, Tape::now))
    }
}

impl settings::Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.context()?.settings.get(&key).cloned())
    }
}
