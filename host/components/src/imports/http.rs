//! The `http` import: https to granted hosts, with credentials that the guest never sees.

mod compose;
mod exchange;
mod family;
mod lift;
mod reply;
mod retry;
mod route;
mod send;
mod signing;

use std::time::Duration;

/// The size of a request body: policies and forms are a few kilobytes.
const REQUEST_BYTES: usize = 1024 * 1024;
/// The size of a reply body; a page of a cloud's log is under a megabyte.
const RESPONSE_BYTES: usize = 8 * 1024 * 1024;
/// The time of one exchange, unless the guest asks for less.
const EXCHANGE_TIME: Duration = Duration::from_secs(30);
