//! What answers the imports: the live world here, a recording in `tape.rs`. Chosen when a component is made.

use crate::bindings::provider::http::{Request, Response};
use crate::import_error::ImportError;
use crate::imports::View;
use crate::imports::http::{Composed, Http};
use audex_core::clock;
use audex_core::secret::Secret;
use audex_logins::signature::{self, Algorithm, UnusableKey};

/// The other side of the imports.
pub(crate) trait Transport: Send + Sync {
    /// Returns the time in seconds since the Unix epoch.
    fn now(&self) -> u64;

    /// Returns the signature of `message` by `key`.
    fn sign(
        &self,
        key: &Secret,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, UnusableKey>;

    /// Answers a request that the guest may send.
    fn send(
        &self,
        http: &mut View<'_, Http>,
        asked: &Request,
        composed: Composed,
    ) -> Result<Response, ImportError>;
}

/// The machine's clock, the user's keys and the network.
pub(crate) struct Live;

impl Transport for Live {
    fn now(&self) -> u64 {
        clock::unix_seconds()
    }

    fn sign(
        &self,
        key: &Secret,
        algorithm: Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, UnusableKey> {
        signature::sign(key, algorithm, message)
    }

    fn send(
        &self,
        http: &mut View<'_, Http>,
        asked: &Request,
        composed: Composed,
    ) -> Result<Response, ImportError> {
        http.exchange(asked, composed)
    }
}
