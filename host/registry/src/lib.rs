//! Installed components: their sources, the signatures that they need, and the organisation's requirements.

pub mod rules;
pub mod signature;
pub mod sigstore;
pub mod source;
pub mod store;
