//! The times at which keys are renewed, in seconds since the Unix epoch.

use crate::pipeline::access::EXPIRY_SLACK_SECONDS;

/// The share of a set's life after which the next set is asked for. SDKs ask again from ten seconds (Rust) to fifteen
/// minutes (boto3) before the end, and a renewal that fails has time for further attempts.
const SHARE: (u64, u64) = (2, 3);
/// The time for the request of the last set, so that the set ends before the access.
const REQUEST_SECONDS: u64 = 3;
/// The bounds of the pause between two renewals: STS limits the requests of an account.
const PAUSE_SECONDS: (u32, u32) = (1, 60);

/// The life of one set of keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub from: u64,
    pub until: u64,
}

impl Life {
    fn seconds(self) -> u64 {
        self.until.saturating_sub(self.from)
    }
}

/// Returns the time to renew the newest set; `None` if it lasts until the end of access.
///
/// Every further set has the whole life: a shorter last one could need another method than the planned one (STS makes
/// no session under 15 minutes). So the last set is asked for early enough.
pub(super) fn due(newest: Life, ends_at: u64) -> Option<u64> {
    if newest.until.saturating_add(EXPIRY_SLACK_SECONDS) >= ends_at {
        return None;
    }
    let usual = newest.from.saturating_add(newest.seconds().saturating_mul(SHARE.0) / SHARE.1);
    let last = ends_at.saturating_sub(newest.seconds()).saturating_sub(REQUEST_SECONDS);
    Some(usual.min(last))
}

/// Returns the shortest pause between two renewals of keys that are asked to live `seconds`. It counts after a failed
/// renewal, and where the cloud's clock is so late that its keys seem to have ended.
pub(super) fn pause(seconds: u32) -> u64 {
    (seconds / 15).clamp(PAUSE_SECONDS.0, PAUSE_SECONDS.1).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the start and the end of every set, if each lives `life` and every request takes a second.
    fn sets(life: u64, ttl: u64) -> Vec<(u64, u64)> {
        let mut newest = Life { from: 0, until: life.min(ttl) };
        let mut all = vec![(newest.from, newest.until)];
        while let Some(next) = due(newest, ttl) {
            newest = Life { from: next + 1, until: next + 1 + life };
            all.push((newest.from, newest.until));
        }
        all
    }

    #[test]
    fn three_hours_run_on_fifteen_minutes() {
        let sets = sets(900, 3 * 3600);
        assert_eq!(sets[..3], [(0, 900), (601, 1501), (1202, 2102)]);
        assert!(sets.windows(2).all(|two| two[1].0 + 60 < two[0].1), "{sets:?}");
    }

    #[test]
    fn no_set_ends_after_the_access_and_the_last_ends_just_before() {
        for life in [10, 60, 899, 900, 901, 3600] {
            for ttl in [life + 1, life + 7, life + life / 2, 2 * life, 3 * life + 5, 43_200] {
                let sets = sets(life, ttl);
                let last = sets.last().unwrap().1;
                assert!(sets.iter().all(|set| set.1 <= ttl), "{life} {ttl}: {sets:?}");
                assert!(last + EXPIRY_SLACK_SECONDS >= ttl, "{life} {ttl}: {sets:?}");
            }
        }
    }

    #[test]
    fn keys_that_last_until_the_end_are_not_renewed() {
        assert_eq!(sets(900, 900).len(), 1);
        assert_eq!(sets(900, 60).len(), 1);
        assert_eq!(due(Life { from: 0, until: 5000 }, 900), None);
    }

    #[test]
    fn a_failed_renewal_waits_and_has_several_attempts() {
        assert_eq!((pause(900), pause(5), pause(86_400)), (60, 1, 60));
    }
}
