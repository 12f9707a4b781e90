//! The decisions of policies, called in the same way as by the host.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy.toml's exceptions for tests do not reach what tests call"
)]

mod case;
mod enforcement;
mod example;
mod random;
mod refusal;
mod soundness;
mod wildcard;
