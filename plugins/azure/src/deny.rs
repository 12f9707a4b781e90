//! Deny patterns. Neither a token nor a signature can express a deny, so a credential that would allow a
//! denied operation is not made at all.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, ErrorKind};

use crate::refusal;

/// Returns true if `name` is denied, in any case.
pub fn is_denied(deny: &[String], name: &str) -> bool {
    denying(deny, name).is_some()
}

/// Returns the pattern that denies `name`.
pub fn denying<'a>(deny: &'a [String], name: &str) -> Option<&'a str> {
    deny.iter()
        .map(String::as_str)
        .find(|pattern| pattern::matches_ignore_ascii_case(pattern, name))
}

/// Returns the error for a denied pattern that the credential would allow; `how` explains the reason.
pub fn not_enforceable(pattern: &str, how: &str) -> Error {
    refusal(
        ErrorKind::Denied,
        "deny-not-enforceable",
        format!("`{pattern}` is denied, and {how}"),
        "ask for blobs with --resource, which gives a signature without it, or run under an identity whose own role \
         lacks it (`tryaudex policies export NAME --provider azure` prints such a role)",
    )
}
