//! The one error of every host function. Its conversions stand in `imports/convert.rs`.

use wasmtime::component::ResourceTableError;

use crate::bindings::provider::types::{Error, ErrorKind};

/// The error of a host function: the guest receives it, or it ends the call.
#[derive(Debug)]
pub enum ImportError {
    /// An error of the contract, for the guest.
    Guest(Error),
    /// A limit or a misbehaviour, which ends the call.
    Trap(wasmtime::Error),
}

impl ImportError {
    /// Returns the guest's error.
    ///
    /// # Errors
    /// When the error ends the call.
    pub(crate) fn for_guest(self) -> wasmtime::Result<Error> {
        match self {
            Self::Guest(error) => Ok(error),
            Self::Trap(trap) => Err(trap),
        }
    }
}

/// Returns an error of the host itself.
#[must_use]
pub(crate) fn plain_error(kind: ErrorKind, code: &str, message: String) -> Error {
    Error { kind, code: code.to_owned(), message, hint: None }
}

impl From<Error> for ImportError {
    fn from(error: Error) -> Self {
        Self::Guest(error)
    }
}

impl From<ResourceTableError> for ImportError {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}
