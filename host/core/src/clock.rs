//! The only reader of the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the seconds since the Unix epoch; 0 if the system clock is set before it.
#[must_use]
pub fn unix_seconds() -> u64 {
    now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Returns the current wall-clock time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the clock's one home")]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Returns seconds since the Unix epoch as RFC 3339 text in UTC: `2026-11-22T09:30:00Z`.
#[must_use]
pub fn rfc3339(unix_seconds: u64) -> String {
    // RFC 3339 ends at year 9999, and humantime refuses to format later years.
    let bounded = unix_seconds.min(253_402_300_799);
    humantime::format_rfc3339_seconds(UNIX_EPOCH + std::time::Duration::from_secs(bounded))
        .to_string()
}
