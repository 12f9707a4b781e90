//! A token that a cloud's own login gave.

use crate::secret::Secret;

/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The text.
    pub value: Secret,
    /// Seconds since the Unix epoch, where known.
    pub expires_at: Option<u64>,
}
