//! AWS permissions, without any call to AWS: checks actions, lists profiles, compiles a grant to a policy or
//! writes it as a document.
//!
//! The crate is separate because every component that delivers AWS credentials uses it: `aws` and `vault`.

pub mod action;
pub mod arn;
pub mod compile;
pub mod document;
pub mod observed;
pub mod partition;
pub mod preflight;
pub mod profile;
pub mod readonly;
pub mod room;
pub mod statements;
mod suggestion;

use audex_sdk::provider::{Error, ErrorKind};

/// Returns an error that the request itself caused.
#[must_use]
pub fn invalid(code: &str, message: String, hint: &str) -> Error {
    refusal(ErrorKind::InvalidInput, code, message, hint)
}

/// Returns an error of the kind `kind`.
#[must_use]
pub fn refusal(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}
