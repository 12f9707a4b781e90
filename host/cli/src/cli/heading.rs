//! The headings under which help lists options.

/// The help heading for options about the allowed permissions.
pub(super) const WHAT: &str = "What is allowed";
/// The help heading for options about the identity and the place.
pub(super) const WHO: &str = "By whom and where";
/// The help heading for options that narrow the grant or set its minimum requirements.
pub(super) const LIMITS: &str = "Limits";
/// The help heading for options about what the command cannot reach.
pub(super) const ISOLATION: &str = "Isolation";
/// The help heading for options about the program's output.
pub(super) const OUTPUT: &str = "Output";
