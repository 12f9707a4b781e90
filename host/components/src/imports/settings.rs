//! The `settings` import: the component's own settings.

use super::View;
use crate::bindings::provider::settings::Host;

/// The context of the `settings` import.
pub(crate) struct Settings;

impl Host for View<'_, Settings> {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.call.settings.get(&key).cloned())
    }
}
