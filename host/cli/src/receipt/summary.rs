//! The state of a session and of its credentials.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::pipeline::REVOKED;
use crate::pipeline::attempt::NO_SESSION;
use audex_audit::{Event, Record};

/// The state of a session, as far as the log and the operating system show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing was issued yet, and the session's process lives.
    Starting,
    /// The session's process lives.
    Running,
    /// The command ended.
    Ended,
    /// The request was denied.
    Denied,
    /// A stage failed.
    Failed,
    /// The session has no end in the log, and its process is gone.
    HostKilled,
}

/// The outcome of a session that has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Ended { exit_code: u8, by_deadline: bool, by_request: bool },
    Denied,
    Failed { exit_code: u8 },
}

/// Credentials that a session was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Credentials {
    /// RFC 3339 in UTC, so that the order of the texts is the order of the times.
    end_at: String,
    lease: Option<String>,
}

/// A session in short.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The session's name.
    pub session: String,
    /// The provider's id; empty if it was not known.
    pub provider: String,
    /// The time of the first record, RFC 3339.
    pub started: String,
    /// The number of the first record.
    pub first: u64,
    outcome: Option<Outcome>,
    is_issued: bool,
    /// The lease of the credentials that were issued last.
    issued_lease: Option<String>,
    /// The credentials that were not revoked.
    credentials: Vec<Credentials>,
    /// The leases that were announced, not issued and not revoked, with the end of their session.
    leases: BTreeMap<String, String>,
}

/// The sessions of a log by their name.
pub type Summaries = BTreeMap<String, Summary>;

/// Adds a record to the summary of its session. An attempt that ended before it had a session is left out.
pub fn add(summaries: &mut Summaries, record: &Record) {
    if record.session != NO_SESSION {
        summaries.entry(record.session.clone()).or_default().add(record);
    }
}

impl Summary {
    pub(super) fn add(&mut self, record: &Record) {
        if self.session.is_empty() {
            self.session.clone_from(&record.session);
            self.started.clone_from(&record.time);
            self.first = record.seq;
        }
        match &record.event {
            Event::Issuing(issuing) => self.provider.clone_from(&issuing.provider),
            Event::Leasing(leasing) => {
                self.leases.insert(leasing.lease.clone(), leasing.ends_at.clone());
            }
            Event::Issued(issued) => {
                self.is_issued = true;
                if let Some(lease) = &issued.lease {
                    self.leases.remove(lease);
                }
                self.issued_lease.clone_from(&issued.lease);
                let end_at = issued.credentials_expire_at.as_ref().unwrap_or(&issued.expires_at);
                self.hold(end_at.clone(), issued.lease.clone());
            }
            Event::Renewed(renewed) => {
                if let Some(lease) = &renewed.lease {
                    self.leases.remove(lease);
                }
                self.hold(renewed.expires_at.clone(), renewed.lease.clone());
            }
            Event::Added(added) => {
                if let Some(lease) = &added.lease {
                    self.leases.remove(lease);
                }
                self.hold(added.expires_at.clone(), added.lease.clone());
            }
            Event::Ended(ended) => {
                let (by_deadline, by_request) = (ended.ended_by_deadline, ended.ended_by.is_some());
                let exit_code = ended.exit_code;
                self.outcome = Some(Outcome::Ended { exit_code, by_deadline, by_request });
                // This is the outcome for the credentials that were issued. The leases of renewed ones have records
                // of their own.
                if ended.reason.as_deref() == Some(REVOKED) {
                    let lease = self.issued_lease.clone();
                    self.credentials.retain(|credentials| credentials.lease != lease);
                }
            }
            Event::Denied(denied) => {
                self.provider.clone_from(&denied.provider);
                self.outcome = Some(Outcome::Denied);
            }
            Event::Failed(failed) => {
                if let Some(provider) = &failed.provider {
                    self.provider.clone_from(provider);
                }
                self.outcome = Some(Outcome::Failed { exit_code: failed.exit_code });
            }
            Event::CleanedUp(cleaned) => {
                if cleaned.outcome == REVOKED {
                    self.leases.remove(&cleaned.lease);
                    self.credentials
                        .retain(|credentials| credentials.lease.as_ref() != Some(&cleaned.lease));
                }
            }
            Event::Used(_) | Event::Asked(_) | Event::Answered(_) | Event::Adding(_) => {}
        }
    }

    /// Adds credentials. Those that could not be revoked are recorded twice.
    fn hold(&mut self, end_at: String, lease: Option<String>) {
        let credentials = Credentials { end_at, lease };
        if !self.credentials.contains(&credentials) {
            self.credentials.push(credentials);
        }
    }

    /// Returns true if the log has no end of the session.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Returns the state; `is_live` says if the session's process lives.
    #[must_use]
    pub fn state(&self, is_live: bool) -> State {
        match self.outcome {
            Some(Outcome::Ended { .. }) => State::Ended,
            Some(Outcome::Denied) => State::Denied,
            Some(Outcome::Failed { .. }) => State::Failed,
            None if !is_live => State::HostKilled,
            None if self.is_issued => State::Running,
            None => State::Starting,
        }
    }

    /// Returns the exit status, if the session has one.
    #[must_use]
    pub fn exit_code(&self) -> Option<u8> {
        match self.outcome? {
            Outcome::Ended { exit_code, .. } | Outcome::Failed { exit_code } => Some(exit_code),
            Outcome::Denied => None,
        }
    }

    /// Returns the state in words.
    #[must_use]
    pub fn state_text(&self, is_live: bool) -> String {
        match (self.state(is_live), self.outcome) {
            (State::Starting, _) => "starting".to_owned(),
            (State::Running, _) => "running".to_owned(),
            (State::HostKilled, _) => "host killed".to_owned(),
            (State::Denied, _) => "denied".to_owned(),
            (_, Some(Outcome::Ended { by_deadline: true, .. })) => "ttl ended".to_owned(),
            (_, Some(Outcome::Ended { by_request: true, .. })) => "ended early".to_owned(),
            (State::Failed, Some(Outcome::Failed { exit_code })) => {
                format!("failed, exit {exit_code}")
            }
            (_, Some(Outcome::Ended { exit_code, .. })) => format!("exit {exit_code}"),
            (State::Ended | State::Failed, _) => "ended".to_owned(),
        }
    }

    /// Returns the time until which credentials of the session are valid, if some are at `now` (RFC 3339).
    #[must_use]
    pub fn valid_until(&self, now: &str) -> Option<&str> {
        let ends = self.credentials.iter().map(|credentials| credentials.end_at.as_str());
        ends.filter(|end| *end > now).max()
    }

    /// Returns the number of leases that were announced and never revoked or issued: they may exist in the cloud.
    #[must_use]
    pub fn leases_left(&self) -> usize {
        self.leases.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_audit::{CleanedUp, Denied, Ended, Failed, Issued, Issuing, Leasing, Renewed};

    const NOW: &str = "2026-11-30T12:00:00Z";
    const LATER: &str = "2026-11-30T12:15:00Z";
    const LATEST: &str = "2026-11-30T13:00:00Z";

    fn of(events: Vec<Event>) -> Summary {
        let mut summary = Summary::default();
        for (seq, event) in (1..).zip(events) {
            let (time, session) = (NOW.to_owned(), "audex-1".to_owned());
            summary.add(&Record { v: 1, seq, time, session, event, prev: String::new() });
        }
        summary
    }

    fn issuing() -> Event {
        Event::Issuing(Issuing { provider: "aws".to_owned(), ..Issuing::default() })
    }

    fn issued(until: &str, lease: Option<&str>) -> Event {
        let (expires_at, lease) = (until.to_owned(), lease.map(str::to_owned));
        Event::Issued(Issued { expires_at, lease, ..Issued::default() })
    }

    fn ended(reason: Option<&str>) -> Event {
        Event::Ended(Ended { exit_code: 3, reason: reason.map(str::to_owned), ..Ended::default() })
    }

    #[test]
    fn the_state_follows_the_end_in_the_log_and_else_the_process() {
        for (events, live, dead) in [
            (vec![issuing()], "starting", "host killed"),
            (vec![issuing(), issued(LATER, None)], "running", "host killed"),
            (vec![issuing(), issued(LATER, None), ended(None)], "exit 3", "exit 3"),
            (vec![Event::Denied(Denied::default())], "denied", "denied"),
            (
                vec![issuing(), Event::Failed(Failed { exit_code: 69, ..Failed::default() })],
                "failed, exit 69",
                "failed, exit 69",
            ),
            (
                vec![Event::Ended(Ended { ended_by_deadline: true, ..Ended::default() })],
                "ttl ended",
                "ttl ended",
            ),
            (
                vec![Event::Ended(Ended { ended_by: Some("me".to_owned()), ..Ended::default() })],
                "ended early",
                "ended early",
            ),
        ] {
            let summary = of(events);
            assert_eq!(
                (summary.state_text(true), summary.state_text(false)),
                (live.into(), dead.into())
            );
        }
    }

    #[test]
    fn renewed_credentials_that_were_not_revoked_stay_valid() {
        let renewed = |lease: &str| {
            let (expires_at, lease) = (LATEST.to_owned(), Some(lease.to_owned()));
            Event::Renewed(Renewed { expires_at, lease, ..Renewed::default() })
        };
        let cleaned = |outcome: &str| {
            let (lease, outcome) = ("second".to_owned(), outcome.to_owned());
            Event::CleanedUp(CleanedUp { lease, outcome, ..CleanedUp::default() })
        };
        let session = |outcome: &str| {
            let first = issued(LATER, Some("first"));
            of(vec![issuing(), first, renewed("second"), cleaned(outcome), ended(Some(REVOKED))])
        };
        assert_eq!(session("not revoked: x").valid_until(NOW), Some(LATEST));
        assert_eq!(session(REVOKED).valid_until(NOW), None);
    }

    #[test]
    fn credentials_are_valid_until_they_expire_or_were_revoked_and_not_longer() {
        assert_eq!(of(vec![issuing()]).valid_until(NOW), None);
        let ended_and_valid = of(vec![issuing(), issued(LATER, None), ended(None)]);
        assert_eq!(ended_and_valid.valid_until(NOW), Some(LATER));
        assert_eq!(ended_and_valid.valid_until(LATER), None);
        let revoked = of(vec![issuing(), issued(LATER, Some("l")), ended(Some(REVOKED))]);
        assert_eq!(revoked.valid_until(NOW), None);
        let unrevoked = of(vec![issued(LATER, Some("l")), ended(Some("not revoked: x"))]);
        assert_eq!(unrevoked.valid_until(NOW), Some(LATER));
        let outlives = Event::Issued(Issued {
            expires_at: LATER.to_owned(),
            credentials_expire_at: Some(LATEST.to_owned()),
            ..Issued::default()
        });
        assert_eq!(of(vec![outlives]).valid_until(LATER), Some(LATEST));
    }

    #[test]
    fn a_lease_is_left_until_it_is_revoked_and_only_its_own_credentials_end() {
        let (lease, ends_at) = ("l".to_owned(), LATER.to_owned());
        let leasing = Event::Leasing(Leasing { lease, ends_at, ..Leasing::default() });
        let cleaned = |outcome: &str| {
            let (lease, outcome) = ("l".to_owned(), outcome.to_owned());
            Event::CleanedUp(CleanedUp { lease, outcome, ..CleanedUp::default() })
        };
        assert_eq!(of(vec![issuing(), leasing.clone()]).leases_left(), 1);
        assert_eq!(of(vec![leasing.clone(), cleaned("not revoked: x")]).leases_left(), 1);
        assert_eq!(of(vec![leasing.clone(), cleaned(REVOKED)]).leases_left(), 0);
        let issued_too = of(vec![leasing, issued(LATER, Some("l"))]);
        assert_eq!((issued_too.leases_left(), issued_too.valid_until(NOW)), (0, Some(LATER)));
        let one_of_two =
            of(vec![issued(LATER, Some("l")), issued(LATEST, Some("m")), cleaned(REVOKED)]);
        assert_eq!(one_of_two.valid_until(NOW), Some(LATEST));
    }

    #[test]
    fn attempts_without_a_session_are_no_session() {
        let mut summaries = Summaries::new();
        let (time, session) = (NOW.to_owned(), NO_SESSION.to_owned());
        let event = Event::Failed(Failed::default());
        add(&mut summaries, &Record { v: 1, seq: 1, time, session, event, prev: String::new() });
        assert!(summaries.is_empty());
    }
}
