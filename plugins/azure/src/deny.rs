//! Deny patterns. Neither a token nor a signature can say what is denied, so what would let a denied operation through is not
//! made at all.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, ErrorKind};

use crate::refusal;

/// Whether `name` is denied, in any case.
pub fn is_denied(deny: &[String], name: &str) -> bool {
    denying(deny, name).is_some()
}

/// The pattern that denies `name`.
pub fn denying<'a>(deny: &'a [String], name: &str) -> Option<&'a str> {
    deny.iter().map(String::as_str).find(|pattern| pattern::matches_ignore_ascii_case(pattern, name))
}

/// The error for a denied pattern that the credential would let through; `how` says in what way.
pub fn not_enforceable(pattern: &str, how: &str) -> Error {
    refusal(
        ErrorKind::Denied,
        "deny-not-enforceable",
        format!("`{pattern}` is denied, and {how}"),
        "ask for blobs with --resource, which gives a signature without it, or run under an identity whose own role \
         lacks it (`tryaudex policies export NAME --provider azure` prints such a role)",
    )
}
