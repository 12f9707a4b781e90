//! Retries of requests to a cloud that is busy or cannot be reached: their number, their pauses and their time limit.

use std::time::{Duration, Instant};

/// The time limit for all attempts and pauses of one request: an unreachable cloud is an error in seconds, not minutes.
const BUDGET: Duration = Duration::from_secs(15);
/// The first pause, before a random factor shortens it; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(400);
/// The number of attempts after the first; more attempts do not help within the budget.
const REPEATS: u32 = 4;
/// The longest failed connection attempt that is repeated; a second one as long would use up the budget.
const QUICK_FAILURE: Duration = Duration::from_secs(2);

/// The retry policy of one request.
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
    /// Makes a policy with another first pause and another time limit.
    #[must_use]
    pub fn new(pause: Duration, budget: Duration) -> Self {
        Self { began: Instant::now(), budget, pause, left: REPEATS }
    }

    /// Waits and returns true if another attempt may help. `wanted` is the pause that the server asked for.
    pub(crate) async fn again(&mut self, wanted: Option<Duration>) -> bool {
        let Some(pause) = self.next_pause(wanted) else { return false };
        tokio::time::sleep(pause).await;
        true
    }

    /// Does the same as [`Patience::again`] after a failure to connect; `took` is the time that the attempt took.
    pub(crate) async fn again_after_failure(&mut self, took: Duration) -> bool {
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

/// Returns the seconds in `Retry-After`. The header's other form, a date, is ignored in favour of our own pauses.
/// Source: RFC 9110, section 10.2.3.
pub(crate) fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns a factor between a half and one, so that many clients do not retry at the same time.
fn chance() -> f64 {
    let mut byte = [0_u8; 1];
    // Without random numbers all pauses are equal, which matters only for many clients.
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
