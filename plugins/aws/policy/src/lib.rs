//! What AWS permissions mean, without any call to AWS: actions checked, profiles, a grant compiled to a policy or written down.
//!
//! A crate of its own because everything that hands out AWS credentials speaks it: the `aws` component, and `vault`.

pub mod action;
pub mod arn;
pub mod compile;
pub mod document;
pub mod observed;
pub mod partition;
pub mod preflight;
pub mod profile;
pub mod room;
pub mod statements;
mod suggestion;

use audex_sdk::provider::{Error, ErrorKind};

/// An error of the request's own making.
#[must_use]
pub fn invalid(code: &str, message: String, hint: &str) -> Error {
    refusal(ErrorKind::InvalidInput, code, message, hint)
}

/// An error of the kind `kind`.
#[must_use]
pub fn refusal(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}
