//! Tables of environment variables: those that belong to a cloud, a tool or an identity, and those that a provider may set.
//!
//! Security: these tables decide which variables pass to the command. They belong to the host, and no component can change them.

pub mod family;
pub mod identity_token;
pub mod installed;
pub mod tool_family;
pub mod tool_login;

/// Endings of variable names that providers of other clouds may set.
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

/// Returns true if `name` has the ending of a credential's name.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    CREDENTIAL_ENDINGS.iter().any(|ending| name.ends_with(ending))
}
