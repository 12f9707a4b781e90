//! The one place that reads the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch; 0 if the system clock is set before it.
#[must_use]
pub fn unix_seconds() -> u64 {
    now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// The current wall-clock time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the clock's one home")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// `2026-11-22T09:30:00Z` for seconds since the Unix epoch (RFC 3339, UTC).
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    // Years past 9999 have no RFC 3339 form; humantime would refuse to format them.
    let bounded = unix_seconds.min(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + std::time::Duration::from_secs(bounded)).to_string()
}
