//! How often, and for how long in all, a cloud is asked again that is busy or cannot be reached.

use std::time::{Duration, Instant};

/// All attempts and pauses of one question together: a cloud that stays away is an error in seconds, not minutes.
const BUDGET: Duration = Duration::from_secs(15);
/// The first pause, before chance makes it shorter; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
/// Attempts after the first; more help nobody within the budget.
const REPEATS: u32 = 4;
/// A connection that failed later than this was waited for; to wait as long again would use the budget up.
const QUICK_FAILURE: Duration = Duration::from_secs(2);

/// Says when to ask again, and when to give up.
#[derive(Debug)]
pub struct Patience {
    began: Instant,
    budget: Duration,
    pause: Duration,
    left: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self::new(FIRST_PAUSE, BUDGET)
    }
}

impl Patience {
    /// Patience with a first pause and a budget of its own.
    #[must_use]
    pub fn new(pause: Duration, budget: Duration) -> Self {
        Self { began: Instant::now(), budget, pause, left: REPEATS }
    }

    /// Waits, if asking again may help; whether it may. `wanted` is the pause that the server asked for.
    pub async fn again(&mut self, wanted: Option<Duration>) -> bool {
        let Some(pause) = self.next_pause(wanted) else { return false };
        tokio::time::sleep(pause).await;
        true
    }

    /// The same after a failure to connect that took `took`.
    pub async fn again_after_failure(&mut self, took: Duration) -> bool {
        took <= QUICK_FAILURE && self.again(None).await
    }

    fn next_pause(&mut self, wanted: Option<Duration>) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let own = self.pause.mul_f64(chance());
        self.pause = self.pause.saturating_mul(2);
        let pause = own.max(wanted.unwrap_or_default());
        let ends = self.began.elapsed().saturating_add(pause);
        (ends < self.budget).then_some(pause)
    }
}

/// What `Retry-After` says in seconds; its other form, a date, is left to the pauses of our own.
/// Source: RFC 9110, section 10.2.3.
#[must_use]
pub fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Between a half and one, so that a crowd does not come back at once.
fn chance() -> f64 {
    let mut byte = [0_u8; 1];
    // Without randomness the pauses are equal, which only matters to a crowd.
    let _ = getrandom::fill(&mut byte);
    0.5 + f64::from(byte.first().copied().unwrap_or_default()) / 510.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_the_attempts() {
        let mut patience = Patience::new(Duration::from_millis(100), Duration::from_mins(1));
        let pauses: Vec<Duration> = std::iter::from_fn(|| patience.next_pause(None)).collect();
        assert_eq!(pauses.len(), 4);
        for (index, pause) in pauses.iter().enumerate() {
            let most = Duration::from_millis(100 << index);
            assert!(*pause <= most && *pause >= most / 2, "{index} {pause:?}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_within_the_budget_only() {
        let mut patience = Patience::new(Duration::from_millis(1), Duration::from_secs(5));
        assert_eq!(patience.next_pause(Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        assert_eq!(patience.next_pause(Some(Duration::from_mins(1))), None);
    }

    #[test]
    fn a_connection_that_was_waited_for_is_not_tried_again() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut patience = Patience::new(Duration::from_millis(1), Duration::from_secs(5));
        assert!(runtime.block_on(patience.again_after_failure(Duration::from_millis(1))));
        assert!(!runtime.block_on(patience.again_after_failure(Duration::from_secs(5))));
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        let said = |text: &'static str| {
            let name = reqwest::header::RETRY_AFTER;
            retry_after(&reqwest::header::HeaderMap::from_iter([(name, text.parse().unwrap())]))
        };
        assert_eq!(said("7"), Some(Duration::from_secs(7)));
        assert_eq!(said("Fri, 31 Dec 2026 23:59:59 GMT"), None);
    }
}
