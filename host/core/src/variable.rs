//! Which environment variables belong to a cloud, to a tool or to an identity, and which of them a provider may set.
//!
//! Security: these tables decide what passes to the command, so they are the host's and no component can change them.

pub mod family;
pub mod identity_token;
pub mod installed;
pub mod tool_family;

/// Endings of names that providers of other clouds may set.
const CREDENTIAL_ENDINGS: &[&str] = &[
    "_TOKEN",
    "_KEY",
    "_KEY_ID",
    "_SECRET",
    "_PASSWORD",
    "_USERNAME",
    "_CREDENTIALS",
    "_ACCOUNT",
    "_PROJECT",
];

/// Whether `name` ends as those of credentials do.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    CREDENTIAL_ENDINGS.iter().any(|ending| name.ends_with(ending))
}
