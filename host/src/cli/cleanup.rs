//! `tryaudex cleanup`: takes back what earlier sessions could not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::audit::{Audit, CleanedUp, Event, Filter, Record};
use crate::clock::{rfc3339, unix_seconds};
use crate::components::Components;
use crate::console::{self, Console, table};
use crate::environment::Environment;
use crate::error::{Failure, Kind};
use crate::pipeline::REVOKED;
use crate::pipeline::open::{self, Opened};
use crate::settings::{Flags, Settings};

/// Stands for a session that the log knows nothing of.
const NO_SESSION: &str = "-";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show what is left and take nothing back
    #[arg(long)]
    dry_run: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// A lease that a session had and nobody has ended.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    session: String,
    provider: String,
    lease: String,
}

pub fn cleanup(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let audit = Audit::new(&settings.paths.audit);
    // What cannot be trusted is not acted on.
    audit.verify()?;
    let (records, now) = (audit.list(&Filter::default())?, rfc3339(unix_seconds()));
    for line in unended(&records, &now) {
        Console::default().notice(&line);
    }
    let mut left = left(&records, &now);
    let components = Components::open(&settings)?;
    let unseen = add_leftovers(environment, &settings, &components, &mut left);
    let mut outcomes = Vec::new();
    if args.dry_run {
        outcomes.extend(left.into_iter().map(|left| (left, "not revoked".to_owned())));
    } else {
        for left in left {
            let outcome = match take_back(environment, &settings, &components, &left) {
                Ok(()) => REVOKED.to_owned(),
                Err(failure) => format!("not revoked: {}", failure.line()),
            };
            let (provider, lease) = (left.provider.clone(), left.lease.clone());
            let event = Event::CleanedUp(CleanedUp { provider, lease, outcome: outcome.clone() });
            audit.record(&left.session, &event, &[])?;
            outcomes.push((left, outcome));
        }
    }
    console::result(&if args.json { to_json(&outcomes) } else { to_text(&outcomes) });
    let remain = unseen || outcomes.iter().any(|(_, outcome)| outcome != REVOKED);
    Ok(if remain { Kind::Unavailable.exit_code() } else { 0 })
}

/// What the clouds themselves have of sessions whose end nobody recorded, behind what the log knows; whether one of them
/// could not be asked.
fn add_leftovers(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    left: &mut Vec<Left>,
) -> bool {
    let mut unseen = false;
    for id in components.provider_ids() {
        match leftovers(environment, settings, components, &id) {
            Ok(leases) => {
                let known = |lease: &String| left.iter().any(|left| left.lease == *lease);
                let unknown: Vec<String> = leases.into_iter().filter(|lease| !known(lease)).collect();
                let of_nobody = |lease| Left { session: NO_SESSION.to_owned(), provider: id.clone(), lease };
                left.extend(unknown.into_iter().map(of_nobody));
            }
            // One that is broken keeps nothing else from being taken back.
            Err(failure) => {
                unseen = true;
                Console::default().notice(&format!("`{id}` was not asked what is left: {}", failure.line()));
            }
        }
    }
    unseen
}

fn leftovers(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    id: &str,
) -> Result<Vec<String>, Failure> {
    let Opened { provider, .. } = open::provider(environment, settings, components, id)?;
    let leases = provider.leftovers();
    if let Err(reason) = provider.close() {
        Console::default().notice(&format!("the login for cleaning up was not ended: {reason}"));
    }
    Ok(leases?)
}

fn take_back(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    left: &Left,
) -> Result<(), Failure> {
    let Opened { provider, .. } = open::provider(environment, settings, components, &left.provider)?;
    let revoked = provider.revoke(&left.lease);
    if let Err(reason) = provider.close() {
        Console::default().notice(&format!("the login for cleaning up was not ended: {reason}"));
    }
    Ok(revoked?)
}

/// The leases that were issued and not ended, of sessions that are over at `now` (RFC 3339, in UTC, so that text compares).
///
/// A session without a recorded end may still run: it is left alone until its access is over.
fn left(records: &[Record], now: &str) -> Vec<Left> {
    let mut open: BTreeMap<u64, (Left, bool)> = BTreeMap::new();
    for record in records {
        let of_session = |left: &Left| left.session == record.session;
        match &record.event {
            Event::Issued(issued) => {
                let Some(lease) = issued.lease.clone() else { continue };
                // A session that failed while it took its lease back may have recorded it twice.
                if open.values().any(|(left, _)| of_session(left) && left.lease == lease) {
                    continue;
                }
                let (session, provider) = (record.session.clone(), issued.provider.clone());
                let is_over = issued.expires_at.as_str() < now;
                open.insert(record.seq, (Left { session, provider, lease }, is_over));
            }
            Event::Ended(ended) if ended.reason.as_deref() == Some(REVOKED) => {
                open.retain(|_, (left, _)| !of_session(left));
            }
            Event::Ended(_) | Event::Failed(_) | Event::Denied(_) => {
                let ended = open.values_mut().filter(|(left, _)| of_session(left));
                ended.for_each(|(_, is_over)| *is_over = true);
            }
            Event::CleanedUp(cleaned) if cleaned.outcome == REVOKED => {
                open.retain(|_, (left, _)| !(of_session(left) && left.lease == cleaned.lease));
            }
            Event::CleanedUp(_) | Event::Issuing(_) => {}
        }
    }
    open.into_values().filter(|(_, is_over)| *is_over).map(|(left, _)| left).collect()
}

/// What there is to say of sessions that were issued, have no recorded end, and whose access lasts beyond `now`: nobody can
/// tell one that runs from one that was killed, and what was killed takes nothing back.
fn unended(records: &[Record], now: &str) -> Vec<String> {
    let mut open = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::Issued(issued) => {
                let until = issued.credentials_expire_at.as_ref().unwrap_or(&issued.expires_at);
                open.insert(record.session.as_str(), (issued.provider.as_str(), until.as_str()));
            }
            Event::Ended(_) | Event::Failed(_) | Event::Denied(_) => {
                let _ = open.remove(record.session.as_str());
            }
            Event::CleanedUp(_) | Event::Issuing(_) => {}
        }
    }
    let lasting = open.into_iter().filter(|(_, (_, until))| *until > now);
    let line = |(session, (provider, until))| {
        format!(
            "session `{session}` ({provider}) has not ended: it runs, or was killed and its access lasts until {until}"
        )
    };
    lasting.map(line).collect()
}

fn to_json(outcomes: &[(Left, String)]) -> String {
    let row = |(left, outcome): &(Left, String)| {
        json!({
            "session": left.session, "provider": left.provider, "lease": left.lease, "outcome": outcome,
        })
    };
    Value::from(outcomes.iter().map(row).collect::<Vec<_>>()).to_string()
}

fn to_text(outcomes: &[(Left, String)]) -> String {
    if outcomes.is_empty() {
        return "nothing is left to take back".to_owned();
    }
    let row = |(left, outcome): &(Left, String)| {
        vec![left.session.clone(), left.provider.clone(), left.lease.clone(), outcome.clone()]
    };
    table(&["SESSION", "PROVIDER", "LEASE", "OUTCOME"], &outcomes.iter().map(row).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Ended, Issued};

    fn record(seq: u64, session: &str, event: Event) -> Record {
        let (time, prev) = ("2026-11-24T10:00:00Z".to_owned(), String::new());
        Record { v: 1, seq, time, session: session.to_owned(), event, prev }
    }

    fn issued(seq: u64, session: &str, expires_at: &str) -> Record {
        let (lease, expires_at) = (Some(format!("aws/sts/ci/{session}")), expires_at.to_owned());
        let issued = Issued { provider: "vault".to_owned(), lease, expires_at, ..Issued::default() };
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

    #[test]
    fn what_was_cleaned_up_is_not_tried_again_and_what_failed_is() {
        let cleaned = |outcome: &str| {
            let (provider, lease) = ("vault".to_owned(), "aws/sts/ci/a".to_owned());
            record(3, "a", Event::CleanedUp(CleanedUp { provider, lease, outcome: outcome.to_owned() }))
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
                "session `a` (vault) has not ended: it runs, or was killed and its access lasts until {FUTURE}"
            )]
        );
        assert!(of(&[issued(1, "a", PAST)]).is_empty());
        assert!(of(&[killed, ended(2, "a", None)]).is_empty());
        let mut later = issued(1, "a", PAST);
        let Event::Issued(issued) = &mut later.event else { unreachable!() };
        issued.credentials_expire_at = Some(FUTURE.to_owned());
        assert_eq!(of(&[later]).len(), 1);
    }
}
