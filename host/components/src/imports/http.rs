//! The `http` import: https to granted hosts, with credentials the guest never sees.

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

/// A body a guest may send: policies and forms are a few kilobytes.
const REQUEST_BYTES: usize = 1024 * 1024;
/// A body a guest may receive; a page of a cloud's log is under a megabyte.
const RESPONSE_BYTES: usize = 8 * 1024 * 1024;
/// One exchange, unless the guest asks for less.
const EXCHANGE_TIME: Duration = Duration::from_secs(30);
