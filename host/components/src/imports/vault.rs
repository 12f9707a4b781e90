//! Vault behind the imports: the token of its slot, and the route to the configured address.

use std::sync::Arc;

use reqwest::Request;

use crate::bindings::provider::types::Error;
use crate::capability::Capability;
use crate::state::State;
use audex_core::secret::Secret;
use audex_logins::vault::{self, VaultError};

impl State {
    /// Returns the token of the user's login, and its expiry (slot `vault`).
    pub(super) fn vault_login(&mut self) -> wasmtime::Result<Result<(Secret, Option<u64>), Error>> {
        self.require(&Capability::Vault)?;
        let outside = Arc::clone(&self.context()?.outside);
        let answer = self.outside_time(|limit| outside.run(limit, outside.vault().token()));
        Ok(match answer {
            Ok(answer) => answer.map_err(Into::into),
            Err(error) => Err(error.into()),
        })
    }

    /// Redirects `request` to the configured Vault if `host` is Vault's placeholder name.
    ///
    /// Security: the user chooses the address, so it may be private; only a holder of the slot gets there.
    pub(super) fn lead_to_vault(
        &self,
        host: &str,
        request: &mut Request,
    ) -> wasmtime::Result<Result<bool, Error>> {
        if host != vault::HOST {
            return Ok(Ok(false));
        }
        self.require(&Capability::Vault)?;
        Ok(self.context()?.outside.vault().lead(request).map(|()| true).map_err(Into::into))
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        let (why, code) = error.sort();
        let mut message = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            message = format!("{message}: {cause}");
        }
        Self {
            kind: why.into(),
            code: code.to_owned(),
            message,
            hint: error.hint().map(ToOwned::to_owned),
        }
    }
}
