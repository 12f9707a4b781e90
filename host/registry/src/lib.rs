//! Installed components: where they come from, whose signature they need, and what the organisation requires.

pub mod rules;
pub mod signature;
pub mod sigstore;
pub mod source;
pub mod store;
