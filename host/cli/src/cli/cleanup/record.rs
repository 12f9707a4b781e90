//! The leases that the audit log records and that were not revoked.

use std::collections::BTreeMap;

use crate::failure::Failure;
use crate::pipeline::REVOKED;
use audex_audit::{Event, Record};

/// A lease of a session that has not been revoked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub session: String,
    pub provider: String,
    pub lease: String,
}

/// Returns the leases that were not revoked, of sessions that are over at `now` (RFC 3339 in UTC, so that the
/// order of the texts is the order of the times).
///
/// A session without a recorded end may still run, so its leases are kept until its access has ended.
pub(super) fn left(records: &[Record], now: &str) -> Vec<Left> {
    let over = open(records, now).into_values().filter(|open| open.is_over);
    over.map(|open| open.left).collect()
}

/// Returns the leases of `session` that were not revoked, even if its access has not ended.
pub(super) fn of_session(records: &[Record], session: &str) -> Result<Vec<Left>, Failure> {
    if !records.iter().any(|record| record.session == session) {
        let message = format!("the audit log has no session `{session}`");
        return Err(Failure::usage(&message, "see `tryaudex audit list`"));
    }
    let all = open(records, "").into_values().map(|open| open.left);
    Ok(all.filter(|left| left.session == session).collect())
}

/// A lease that was not revoked, with the state of its session.
struct Open {
    left: Left,
    /// True if the session is over.
    is_over: bool,
    /// True if the credentials of the session belong to the lease. Then the record of the session's end also
    /// says whether the lease was revoked.
    is_issued: bool,
}

/// Returns the leases that were not revoked, by the number of their record. `now` decides which sessions are
/// over.
fn open(records: &[Record], now: &str) -> BTreeMap<u64, Open> {
    let mut open: BTreeMap<u64, Open> = BTreeMap::new();
    for record in records {
        let is_same = |open: &Open| open.left.session == record.session;
        let mut add = |provider: &str, lease: &str, ends_at: &str, is_issued: bool| {
            let (session, provider, lease) =
                (record.session.clone(), provider.to_owned(), lease.to_owned());
            let left = Left { session, provider, lease };
            // A lease that was announced and then issued is one lease.
            open.retain(|_, known| known.left != left);
            open.insert(record.seq, Open { left, is_over: ends_at < now, is_issued });
        };
        match &record.event {
            Event::Leasing(leasing) => {
                add(&leasing.provider, &leasing.lease, &leasing.ends_at, false);
            }
            Event::Issued(issued) => {
                if let Some(lease) = &issued.lease {
                    add(&issued.provider, lease, &issued.expires_at, true);
                }
            }
            Event::Renewed(renewed) => {
                if let Some(lease) = &renewed.lease {
                    add(&renewed.provider, lease, &renewed.expires_at, false);
                }
            }
            Event::Added(added) => {
                if let Some(lease) = &added.lease {
                    add(&added.provider, lease, &added.expires_at, false);
                }
            }
            Event::Ended(ended) => {
                if ended.reason.as_deref() == Some(REVOKED) {
                    open.retain(|_, open| !(is_same(open) && open.is_issued));
                }
                open.values_mut().filter(|open| is_same(open)).for_each(|open| open.is_over = true);
            }
            Event::Failed(_) | Event::Denied(_) => {
                open.values_mut().filter(|open| is_same(open)).for_each(|open| open.is_over = true);
            }
            Event::CleanedUp(cleaned) if cleaned.outcome == REVOKED => {
                open.retain(|_, open| !(is_same(open) && open.left.lease == cleaned.lease));
            }
            Event::CleanedUp(_)
            | Event::Issuing(_)
            | Event::Used(_)
            | Event::Asked(_)
            | Event::Answered(_)
            | Event::Adding(_) => {}
        }
    }
    open
}

/// Returns a notice for each session whose access lasts beyond `now` and whose end is not recorded. The log
/// cannot tell a running session from a killed session, and a killed session revokes nothing.
pub(super) fn unended(records: &[Record], now: &str) -> Vec<String> {
    let mut open = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Leasing(leasing) => {
                let _ = open.insert(
                    record.session.as_str(),
                    (leasing.provider.as_str(), leasing.ends_at.as_str(), true),
                );
            }
            Event::Issued(issued) => {
                let until = issued.credentials_expire_at.as_ref().unwrap_or(&issued.expires_at);
                let can_revoke = issued.lease.is_some();
                open.insert(
                    record.session.as_str(),
                    (issued.provider.as_str(), until.as_str(), can_revoke),
                );
            }
            Event::Renewed(renewed) => {
                let can_revoke = renewed.lease.is_some();
                open.insert(
                    record.session.as_str(),
                    (renewed.provider.as_str(), renewed.expires_at.as_str(), can_revoke),
                );
            }
            Event::Ended(_) | Event::Failed(_) | Event::Denied(_) => {
                let _ = open.remove(record.session.as_str());
            }
            Event::CleanedUp(_)
            | Event::Issuing(_)
            | Event::Used(_)
            | Event::Asked(_)
            | Event::Answered(_)
            | Event::Adding(_)
            | Event::Added(_) => {}
        }
    }
    let lasting = open.into_iter().filter(|(_, (_, until, _))| *until > now);
    let line = |(session, (provider, until, can_revoke))| {
        let next = if can_revoke {
            format!("if it was killed, revoke its access: `tryaudex cleanup --session {session}`")
        } else {
            "its credentials cannot be revoked".to_owned()
        };
        format!(
            "session `{session}` ({provider}) was not recorded as ended: its command may still run, and its access lasts until \
             {until}; {next}"
        )
    };
    lasting.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;
    use audex_audit::{CleanedUp, Ended, Failed, Issued, Leasing};

    fn record(seq: u64, session: &str, event: Event) -> Record {
        let (time, prev) = ("2026-11-24T10:00:00Z".to_owned(), String::new());
        Record { v: 1, seq, time, session: session.to_owned(), event, prev }
    }

    fn issued(seq: u64, session: &str, expires_at: &str) -> Record {
        let (lease, expires_at) = (Some(format!("aws/sts/ci/{session}")), expires_at.to_owned());
        let issued =
            Issued { provider: "vault".to_owned(), lease, expires_at, ..Issued::default() };
        record(seq, session, Event::Issued(issued))
    }

    fn ended(seq: u64, session: &str, reason: Option<&str>) -> Record {
        let reason = reason.map(str::to_owned);
        record(seq, session, Event::Ended(Ended { reason, ..Ended::default() }))
    }

    const NOW: &str = "2026-11-24T12:00:00Z";
    const PAST: &str = "2026-11-24T11:00:00Z";
    const FUTURE: &str = "2026-11-24T13:00:00Z";

    fn sessions(records: &[Record]) -> Vec<String> {
        left(records, NOW).into_iter().map(|left| left.session).collect()
    }

    #[test]
    fn what_was_not_revoked_is_left_and_what_was_is_not() {
        let records = [
            issued(1, "a", FUTURE),
            ended(2, "a", Some("revoked")),
            issued(3, "b", FUTURE),
            ended(4, "b", Some("not revoked: sealed")),
        ];
        assert_eq!(sessions(&records), ["b"]);
    }

    #[test]
    fn a_session_that_may_still_run_is_left_alone_until_its_access_is_over() {
        assert_eq!(sessions(&[issued(1, "running", FUTURE)]), [""; 0]);
        assert_eq!(sessions(&[issued(1, "killed", PAST)]), ["killed"]);
    }

    fn leasing(seq: u64, session: &str, ends_at: &str) -> Record {
        let (lease, ends_at) = (format!("aws/sts/ci/{session}"), ends_at.to_owned());
        record(
            seq,
            session,
            Event::Leasing(Leasing { provider: "vault".to_owned(), lease, ends_at }),
        )
    }

    #[test]
    fn what_was_announced_is_left_once_the_session_is_over() {
        assert_eq!(sessions(&[leasing(1, "killed", PAST)]), ["killed"]);
        assert_eq!(sessions(&[leasing(1, "running", FUTURE)]), [""; 0]);
        let failed = record(2, "failed", Event::Failed(Failed::default()));
        assert_eq!(sessions(&[leasing(1, "failed", FUTURE), failed]), ["failed"]);
        let taken_back =
            [leasing(1, "a", FUTURE), issued(2, "a", FUTURE), ended(3, "a", Some("revoked"))];
        assert_eq!(sessions(&taken_back), [""; 0]);
    }

    #[test]
    fn a_session_that_took_back_its_own_lease_says_nothing_of_another_that_it_announced() {
        let mut other = leasing(1, "a", FUTURE);
        let Event::Leasing(leasing) = &mut other.event else { unreachable!() };
        leasing.lease = "another".to_owned();
        let records = [other, issued(2, "a", FUTURE), ended(3, "a", Some("revoked"))];
        let left: Vec<String> = left(&records, NOW).into_iter().map(|left| left.lease).collect();
        assert_eq!(left, ["another"]);
    }

    #[test]
    fn what_was_announced_and_issued_is_one_lease() {
        let records = [leasing(1, "a", PAST), issued(2, "a", PAST)];
        assert_eq!(left(&records, NOW).len(), 1);
        assert_eq!(of_session(&records, "a").unwrap().len(), 1);
    }

    #[test]
    fn a_session_that_is_named_is_taken_back_although_its_access_lasts() {
        let records = [leasing(1, "a", FUTURE), leasing(2, "b", FUTURE)];
        let named: Vec<String> =
            of_session(&records, "b").unwrap().into_iter().map(|left| left.session).collect();
        assert_eq!(named, ["b"]);
        assert_eq!(of_session(&records, "c").unwrap_err().kind, Kind::Usage);
    }

    #[test]
    fn what_was_cleaned_up_is_not_tried_again_and_what_failed_is() {
        let cleaned = |outcome: &str| {
            let (provider, lease) = ("vault".to_owned(), "aws/sts/ci/a".to_owned());
            record(
                3,
                "a",
                Event::CleanedUp(CleanedUp { provider, lease, outcome: outcome.to_owned() }),
            )
        };
        let begin = [issued(1, "a", FUTURE), ended(2, "a", Some("not revoked: x"))];
        let with = |last| [begin[0].clone(), begin[1].clone(), last];
        assert_eq!(sessions(&with(cleaned("revoked"))), [""; 0]);
        assert_eq!(sessions(&with(cleaned("not revoked: y"))), ["a"]);
    }

    #[test]
    fn a_session_that_may_have_been_killed_is_named_until_its_access_is_over() {
        let of = |records: &[Record]| unended(records, NOW);
        let killed = issued(1, "a", FUTURE);
        let said = of(std::slice::from_ref(&killed));
        assert_eq!(
            said,
            [format!(
                "session `a` (vault) was not recorded as ended: its command may still run, and its access lasts until {FUTURE}; \
                 if it was killed, revoke its access: `tryaudex cleanup --session a`"
            )]
        );
        let mut without_lease = issued(1, "a", FUTURE);
        let Event::Issued(issued_keys) = &mut without_lease.event else { panic!() };
        issued_keys.lease = None;
        let said = of(&[without_lease]).concat();
        assert!(said.ends_with("; its credentials cannot be revoked"), "{said}");
        assert!(of(&[issued(1, "a", PAST)]).is_empty());
        assert!(of(&[killed, ended(2, "a", None)]).is_empty());
        let mut later = issued(1, "a", PAST);
        let Event::Issued(issued) = &mut later.event else { unreachable!() };
        issued.credentials_expire_at = Some(FUTURE.to_owned());
        assert_eq!(of(&[later]).len(), 1);
    }
}
