//! `tryaudex audit`: the recorded use of credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::console::{self, lines, table};
use crate::failure::Failure;
use crate::pipeline::attempt::NO_SESSION;
use crate::settings;
use audex_audit::{Audit, Event, Filter, Record};
use audex_core::environment::Environment;
use audex_logins::aws::MAX_SCOPED_POLICIES;

/// The default number of listed sessions: they fit on one screen.
const SESSIONS: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the last sessions, one on a line; with --session, --event or --json each record
    List {
        /// Only the last N sessions, or records [default: 20 sessions, every record]
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// Every session
        #[arg(long, conflicts_with = "limit")]
        all: bool,
        /// Only this session, record by record
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
        /// Only this event
        #[arg(long, value_name = "EVENT", value_parser = ["issuing", "issued", "renewed", "used", "ended", "denied", "failed", "cleaned_up"])]
        event: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that no record was changed, removed, reordered or cut off
    Verify {
        /// Also check this receipt: that it was not changed, and that the log has the records it covers and no later ones of its session
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the log is
    Path,
}

pub(super) fn audit(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let audit = Audit::new(settings::directories(environment)?.audit);
    match args.command {
        Command::List { limit, all, session, event, json } => {
            if json || session.is_some() || event.is_some() {
                list(&audit.list(&Filter { limit, session, event })?, json);
            } else {
                let limit = if all { usize::MAX } else { limit.unwrap_or(SESSIONS) };
                let rows = sessions(&audit.list(&Filter::default())?, limit);
                console::result(&lines(&["TIME", "SESSION", "OUTCOME", "WHAT"], &rows));
            }
        }
        Command::Verify { receipt: Some(file), json } => verify_receipt(&audit, &file, json)?,
        Command::Verify { receipt: None, json } => {
            let verified = audit.verify()?;
            console::result(&if json {
                json!({ "records": verified.records, "last": verified.last }).to_string()
            } else {
                format!("{} records, unbroken", verified.records)
            });
        }
        Command::Path => console::result(&audit.path().display().to_string()),
    }
    Ok(0)
}

fn verify_receipt(audit: &Audit, file: &Path, as_json: bool) -> Result<(), Failure> {
    let receipt = audit.verify_receipt(file)?;
    let records: Vec<u64> = receipt.entries.iter().map(|entry| entry.seq).collect();
    let is_complete = receipt.account.get("complete").is_none_or(|complete| *complete != false);
    console::result(&if as_json {
        json!({ "session": receipt.session, "records": records, "complete": is_complete })
            .to_string()
    } else {
        let records: Vec<_> = records.iter().map(u64::to_string).collect();
        let (session, records) = (receipt.session, records.join(", "));
        let end = if is_complete { "" } else { "; it was written before the session ended" };
        format!("unchanged receipt of session {session}, over records {records} of the log{end}")
    });
    Ok(())
}

fn list(records: &[Record], json: bool) {
    if json {
        let all: Vec<Value> =
            records.iter().filter_map(|record| serde_json::to_value(record).ok()).collect();
        return console::result(&Value::from(all).to_string());
    }
    let row = |record: &Record| {
        let (time, session) = (record.time.clone(), record.session.clone());
        vec![time, session, record.event.name().to_owned(), what(&record.event)]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    console::result(&table(&["TIME", "SESSION", "EVENT", "WHAT"], &rows));
}

/// Returns one row for each of the last `limit` sessions, the oldest first. An attempt that failed before it
/// had a session is a row of its own.
fn sessions(records: &[Record], limit: usize) -> Vec<Vec<String>> {
    let mut rows: Vec<Row> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        let known = places.get(record.session.as_str()).filter(|_| record.session != NO_SESSION);
        if let Some(row) = known.and_then(|place| rows.get_mut(*place)) {
            row.outcome =
                outcome(&record.event).unwrap_or_else(|| std::mem::take(&mut row.outcome));
            continue;
        }
        places.insert(&record.session, rows.len());
        rows.push(Row {
            time: record.time.clone(),
            session: record.session.clone(),
            outcome: outcome(&record.event).unwrap_or_else(|| "not ended".to_owned()),
            what: match &record.event {
                // The exit code has its own column.
                Event::Failed(failed) => failed.reason.clone(),
                event => what(event),
            },
        });
    }
    let old = rows.len().saturating_sub(limit);
    rows.into_iter()
        .skip(old)
        .map(|row| vec![row.time, row.session, row.outcome, row.what])
        .collect()
}

struct Row {
    time: String,
    session: String,
    outcome: String,
    what: String,
}

/// Returns the outcome of a session, if the event ends the session.
fn outcome(event: &Event) -> Option<String> {
    match event {
        Event::Ended(ended) if ended.ended_by_deadline => Some("ttl ended".to_owned()),
        Event::Ended(ended) if ended.ended_by.is_some() => Some("ended early".to_owned()),
        Event::Ended(ended) => Some(format!("exit {}", ended.exit_code)),
        Event::Denied(_) => Some("denied".to_owned()),
        Event::Failed(failed) => Some(format!("exit {}", failed.exit_code)),
        Event::Issuing(_)
        | Event::Issued(_)
        | Event::Used(_)
        | Event::Renewed(_)
        | Event::Leasing(_)
        | Event::Asked(_)
        | Event::Answered(_)
        | Event::Adding(_)
        | Event::Added(_)
        | Event::CleanedUp(_) => None,
    }
}

fn what(event: &Event) -> String {
    match event {
        Event::Issuing(issuing) => {
            let actions: Vec<_> = issuing.permissions.iter().map(|p| p.action.as_str()).collect();
            let why =
                issuing.justification.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let command = issuing.command.join(" ");
            format!("{} {} for: {command}{why}", issuing.provider, actions.join(","))
        }
        Event::Issued(issued) => {
            let who = issued.identity.as_deref().unwrap_or("-");
            let layer = issued
                .scoped_policies
                .map(|count| format!(", layer {count} of {MAX_SCOPED_POLICIES}"));
            let layer = layer.unwrap_or_default();
            format!("{} by {} until {}{layer}", who, issued.method, issued.expires_at)
        }
        Event::Used(used) => {
            let count = |allowed| -> u64 {
                let decisions = used.decisions.iter().filter(|one| one.allowed == allowed);
                decisions.map(|decision| decision.count).sum()
            };
            format!("{} requests allowed, {} refused", count(true) + used.uncounted, count(false))
        }
        Event::Renewed(renewed) => {
            let who = renewed.identity.as_deref().unwrap_or("-");
            format!("{who} until {}", renewed.expires_at)
        }
        Event::Asked(asked) => {
            let actions: Vec<_> = asked.permissions.iter().map(|p| p.action.as_str()).collect();
            let why = asked.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} for {}{why}", asked.ask, actions.join(","))
        }
        Event::Answered(answered) => {
            let what = match (&answered.until, &answered.reason) {
                (Some(until), _) => format!("granted until {until}"),
                (None, Some(reason)) => format!("refused: {reason}"),
                (None, None) => "refused".to_owned(),
            };
            format!("{} {what}, by {}", answered.ask, answered.by)
        }
        Event::Adding(adding) => {
            let actions: Vec<_> = adding.permissions.iter().map(|p| p.action.as_str()).collect();
            format!("{} {} for {}", adding.provider, actions.join(","), adding.ask)
        }
        Event::Added(added) => {
            let who = added.identity.as_deref().unwrap_or("-");
            format!("{who} until {} for {}", added.expires_at, added.ask)
        }
        Event::Ended(ended) => {
            let because = match &ended.ended_by {
                Some(by) => format!(", ended by {by}"),
                None if ended.ended_by_deadline => ", ended at its ttl".to_owned(),
                None => String::new(),
            };
            format!("exit {} after {} ms{because}", ended.exit_code, ended.duration_ms)
        }
        Event::Denied(denied) => format!("{}: {}", denied.provider, denied.reason),
        Event::Leasing(leasing) => format!("{} lease {}", leasing.provider, leasing.lease),
        Event::CleanedUp(cleaned) => {
            format!("{} lease {}: {}", cleaned.provider, cleaned.lease, cleaned.outcome)
        }
        Event::Failed(failed) => {
            format!("exit {} at {}: {}", failed.exit_code, failed.stage, failed.reason)
        }
    }
}
