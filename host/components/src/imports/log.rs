//! The `log` import: printable lines, at most [`limit::LOG_MESSAGES`] of them in a call.

use super::View;
use crate::bindings::provider::log::{Host, Level};
use crate::limit;
use audex_core::printable;

/// The context of the `log` import.
pub(crate) struct Log;

impl Host for View<'_, Log> {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if self.call.logged.len() < limit::LOG_MESSAGES {
            let level = match level {
                Level::Debug => "debug",
                Level::Info => "info",
                Level::Warn => "warn",
            };
            self.call.logged.push(format!("{level}: {}", printable::line(&message)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;

    #[test]
    fn messages_are_printable_and_there_are_only_so_many() {
        let mut call = CallContext::pure(&[]);
        let mut log = View::new(&mut call, &Log);
        for _ in 0..=limit::LOG_MESSAGES {
            log.write(Level::Warn, "a\u{1b}[2Jb".to_owned()).unwrap();
        }
        assert_eq!(call.logged.len(), limit::LOG_MESSAGES);
        assert!(call.logged.iter().all(|line| !line.contains('\u{1b}')));
    }
}
