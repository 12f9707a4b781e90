//! Remembers the signatures that have been used, so that the gateway accepts each only once.
//!
//! A client can make identical calls within one second. Their signatures are equal, because a signature's
//! time has a resolution of one second. So a signature may repeat shortly after its first use: over the same
//! connection, with another invocation id from the SDK, or if it reads (GET, HEAD) and has no such id: two
//! processes of s3cmd or rclone may ask the same at once. Every other repetition is refused.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use http::Method;
use http::request::Parts;

use audex_core::clock;
use audex_core::percent::decode_pairs;
use audex_wire::header::header;
use audex_wire::sigv4::{Claim, Rejected};

/// The time after its first use in which a signature may repeat: identical calls of one second arrive within
/// it.
const SAME_SECOND: Duration = Duration::from_secs(2);
/// The most requests that are remembered; they take about 10 MB.
const REMEMBERED: usize = 100_000;

/// The headers in which SDKs number a call and each attempt. Source: AWS SDKs and Tools Reference Guide,
/// "Retry behavior".
const CALL: [&str; 2] = ["amz-sdk-invocation-id", "amz-sdk-request"];

/// One request with this signature.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Use {
    connection: u64,
    call: Option<String>,
    /// True if the request changes nothing.
    reads: bool,
}

#[derive(Debug)]
struct Signature {
    first: Instant,
    uses: Vec<Use>,
}

#[derive(Debug, Default)]
pub(crate) struct UsedSignatures {
    /// The signatures, by the second of their date.
    seconds: BTreeMap<u64, HashMap<String, Signature>>,
    count: usize,
    /// Signatures of this second and earlier are no longer remembered, so they are refused.
    forgotten: u64,
}

/// Checks that the date of a signature is near the current time; `skew` is the number of seconds by which the
/// endpoint's clock is ahead of this machine's clock.
///
/// # Errors
/// `Rejected::Skewed`.
pub(crate) fn in_time(claim: &Claim, skew: i64) -> Result<(), Rejected> {
    let now = clock::unix_seconds();
    // If the endpoint's clock differs, the client signs by the endpoint's clock.
    if claim.is_near(now) || claim.is_near(now.saturating_add_signed(skew)) {
        Ok(())
    } else {
        Err(Rejected::Skewed)
    }
}

impl UsedSignatures {
    /// Records that a request over `connection` used a verified signature.
    ///
    /// # Errors
    /// `Rejected::Repeated` if the signature may not repeat, or `Rejected::Skewed` if it is older than the
    /// remembered signatures.
    pub(crate) fn take(
        &mut self,
        claim: &Claim,
        parts: &Parts,
        connection: u64,
    ) -> Result<(), Rejected> {
        let reads = reads(parts);
        self.take_at(claim, Use { connection, call: call(parts), reads }, Instant::now())
    }

    fn take_at(&mut self, claim: &Claim, this: Use, now: Instant) -> Result<(), Rejected> {
        let date = claim.seconds();
        if date <= self.forgotten {
            return Err(Rejected::Skewed);
        }
        let known = self.seconds.entry(date).or_default().entry(claim.signature.clone());
        let known = known.or_insert_with(|| Signature { first: now, uses: Vec::new() });
        let is_again = |one: &Use| {
            let is_alike = one.connection != this.connection && one.call == this.call;
            is_alike && (this.call.is_some() || !this.reads)
        };
        let is_late = now.duration_since(known.first) > SAME_SECOND;
        if !known.uses.is_empty() && (is_late || known.uses.iter().any(is_again)) {
            return Err(Rejected::Repeated);
        }
        known.uses.push(this);
        self.count += 1;
        self.forget(date);
        Ok(())
    }

    /// Forgets the oldest signatures if there are too many; their dates are refused from then on. The date
    /// `at_hand` of the current request is kept.
    fn forget(&mut self, at_hand: u64) {
        while self.count > REMEMBERED
            && let Some(oldest) =
                self.seconds.first_entry().filter(|oldest| *oldest.key() < at_hand)
        {
            self.forgotten = self.forgotten.max(*oldest.key());
            let uses: usize = oldest.remove().values().map(|signature| signature.uses.len()).sum();
            self.count -= uses;
        }
    }
}

/// Returns true if a request changes nothing. In the query protocol, a GET can change something.
fn reads(parts: &Parts) -> bool {
    let query = decode_pairs(parts.uri.query().unwrap_or_default());
    matches!(parts.method, Method::GET | Method::HEAD)
        && !query.iter().any(|(name, _)| name == "Action")
}

fn call(parts: &Parts) -> Option<String> {
    let numbers: Vec<&str> =
        CALL.into_iter().filter_map(|name| header(&parts.headers, name)).collect();
    (!numbers.is_empty()).then(|| numbers.join(" "))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn signed(date: u64, signature: &str) -> Claim {
        Claim {
            access_key_id: "ASIASESSION".to_owned(),
            service: "s3".to_owned(),
            region: "eu-west-1".to_owned(),
            time: UNIX_EPOCH + Duration::from_secs(date),
            signed_headers: Vec::new(),
            signature: signature.to_owned(),
            token: None,
        }
    }

    fn of(connection: u64, call: Option<&str>) -> Use {
        Use { connection, call: call.map(str::to_owned), reads: false }
    }

    #[test]
    fn a_replayed_request_is_refused_over_any_connection() {
        for call in [None, Some("a attempt=1")] {
            let (mut once, now) = (UsedSignatures::default(), Instant::now());
            let request = signed(1_000, "s");
            assert!(once.take_at(&request, of(1, call), now).is_ok());
            assert_eq!(once.take_at(&request, of(2, call), now), Err(Rejected::Repeated));
            let later = now + SAME_SECOND + Duration::from_millis(1);
            for connection in [1, 2] {
                assert_eq!(
                    once.take_at(&request, of(connection, call), later),
                    Err(Rejected::Repeated)
                );
                assert_eq!(
                    once.take_at(&request, of(connection, Some("b")), later),
                    Err(Rejected::Repeated)
                );
            }
            assert!(once.take_at(&signed(1_000, "other"), of(2, call), now).is_ok());
        }
    }

    #[test]
    fn identical_calls_within_a_second_are_separate_calls() {
        let (mut once, now) = (UsedSignatures::default(), Instant::now());
        let request = signed(1_000, "s");
        assert!(once.take_at(&request, of(1, Some("a attempt=1")), now).is_ok());
        assert!(once.take_at(&request, of(2, Some("b attempt=1")), now).is_ok());
        let mut once = UsedSignatures::default();
        assert!(once.take_at(&request, of(1, None), now).is_ok());
        assert!(once.take_at(&request, of(1, None), now).is_ok(), "over its own connection");
        assert!(once.take_at(&request, of(2, None), now).is_err(), "it may change something");
        let read = |connection| Use { reads: true, ..of(connection, None) };
        let mut once = UsedSignatures::default();
        assert!(once.take_at(&request, read(1), now).is_ok());
        assert!(once.take_at(&request, read(2), now).is_ok(), "of another process");
    }

    #[test]
    fn a_query_that_names_an_action_may_change_something() {
        let of = |method: &str, uri: &str| {
            let request = http::Request::builder().method(method).uri(uri);
            reads(&request.body(()).unwrap().into_parts().0)
        };
        assert!(of("GET", "/b/k?versionId=1") && of("HEAD", "/b"));
        for uri in ["/?Action=Publish", "/?Version=1&%41ction=Publish"] {
            assert!(!of("GET", uri), "{uri}");
        }
        assert!(!of("PUT", "/b/k"));
    }

    #[test]
    fn memory_is_bounded_and_forgotten_signatures_are_refused() {
        let (mut once, now) = (UsedSignatures::default(), Instant::now());
        for number in 0..REMEMBERED + 2_000 {
            let date = 1_000 + number as u64 / 1_000;
            assert!(
                once.take_at(&signed(date, &number.to_string()), of(1, None), now).is_ok(),
                "{number}"
            );
            assert!(once.count <= REMEMBERED + 1_000);
        }
        assert!(once.seconds.values().map(HashMap::len).sum::<usize>() <= REMEMBERED + 1_000);
        assert_eq!(once.take_at(&signed(1_000, "0"), of(1, None), now), Err(Rejected::Skewed));
    }

    #[test]
    fn a_date_is_taken_up_to_fifteen_minutes_from_now_by_either_clock() {
        let now = clock::unix_seconds();
        for (date, skew, is_good) in [
            (now, 0, true),
            (now - 890, 0, true),
            (now + 890, 0, true),
            (now - 910, 0, false),
            (now + 920, 0, false),
            (now - 86_400, 0, false),
            (now + 86_400, 0, false),
            (now + 3_600, 3_600, true),
            (now, 3_600, true),
            (now - 3_600, 3_600, false),
        ] {
            assert_eq!(in_time(&signed(date, "s"), skew).is_ok(), is_good, "{date} {skew}");
        }
    }
}
