//! The integration tests: the built binary, run as a user would run it, against clouds on loopback that enforce.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests: a panic is how a test says no, and the library's homes for processes and environment are its own"
)]

mod cases;
mod support;
