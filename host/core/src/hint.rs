//! The next step that an error suggests to the user.

use std::borrow::Cow;
use std::error::Error;

/// An error that may know a next step.
pub trait Hint: Error {
    /// Returns one action that may fix the error, without a full stop.
    fn hint(&self) -> Option<Cow<'static, str>>;
}
