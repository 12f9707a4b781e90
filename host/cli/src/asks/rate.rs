//! The rate of new asks: a program in a loop must not flood a person.
//!
//! The numbers are those that a comparable tool publishes (nono: 10 a second, a burst of 5).

use std::time::Instant;

/// The most new asks in a second.
const PER_SECOND: f64 = 10.0;
/// The most new asks at once.
const BURST: f64 = 5.0;

/// A bucket of tokens, one for each new ask.
#[derive(Debug)]
pub(super) struct Rate {
    tokens: f64,
    at: Instant,
}

impl Rate {
    /// Starts with a full bucket.
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens: BURST, at: now }
    }

    /// Takes a token. Returns false if there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let grown = now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.tokens = (self.tokens + grown).min(BURST);
        self.at = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn five_at_once_pass_then_ten_a_second() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let taken = |rate: &mut Rate, at| (0..100).filter(|_| rate.take(at)).count();
        assert_eq!(taken(&mut rate, start), 5);
        assert_eq!(taken(&mut rate, start), 0);
        assert_eq!(taken(&mut rate, start + Duration::from_millis(200)), 2);
        assert_eq!(taken(&mut rate, start + Duration::from_mins(1)), 5);
    }
}
