//! `tryaudex audit`: what was done with credentials.

use serde_json::{Value, json};

use crate::console;
use crate::console::table;
use crate::failure::Failure;
use crate::settings;
use audex_audit::{Audit, Event, Filter, Record};
use audex_core::environment::Environment;
use audex_logins::aws::MAX_SCOPED_POLICIES;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List what was recorded, oldest first
    List {
        /// Only the last N records
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// Only this session
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
        /// Only this event
        #[arg(long, value_name = "EVENT", value_parser = ["issuing", "issued", "ended", "denied", "failed", "cleaned_up"])]
        event: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that no record was changed, removed, reordered or cut off
    Verify {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Print where the log is
    Path,
}

pub fn audit(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let audit = Audit::new(settings::directories(environment)?.audit);
    match args.command {
        Command::List { limit, session, event, json } => {
            list(&audit.list(&Filter { limit, session, event })?, json);
        }
        Command::Verify { json } => {
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

fn list(records: &[Record], json: bool) {
    if json {
        let all: Vec<Value> = records.iter().filter_map(|record| serde_json::to_value(record).ok()).collect();
        return console::result(&Value::from(all).to_string());
    }
    let row = |record: &Record| {
        let (time, session) = (record.time.clone(), record.session.clone());
        vec![time, session, record.event.name().to_owned(), what(&record.event)]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    console::result(&table(&["TIME", "SESSION", "EVENT", "WHAT"], &rows));
}

/// An event in one line.
fn what(event: &Event) -> String {
    match event {
        Event::Issuing(issuing) => {
            let actions: Vec<_> = issuing.permissions.iter().map(|p| p.action.as_str()).collect();
            let why = issuing.justification.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let command = issuing.command.join(" ");
            format!("{} {} for: {command}{why}", issuing.provider, actions.join(","))
        }
        Event::Issued(issued) => {
            let who = issued.identity.as_deref().unwrap_or("-");
            let layer =
                issued.scoped_policies.map(|count| format!(", layer {count} of {MAX_SCOPED_POLICIES}"));
            let layer = layer.unwrap_or_default();
            format!("{} by {} until {}{layer}", who, issued.method, issued.expires_at)
        }
        Event::Ended(ended) => {
            let because = if ended.ended_by_deadline { ", ended at its ttl" } else { "" };
            format!("exit {} after {} ms{because}", ended.exit_code, ended.duration_ms)
        }
        Event::Denied(denied) => format!("{}: {}", denied.provider, denied.reason),
        Event::Leasing(leasing) => format!("{} lease {}", leasing.provider, leasing.lease),
        Event::CleanedUp(cleaned) => {
            format!("{} lease {}: {}", cleaned.provider, cleaned.lease, cleaned.outcome)
        }
        Event::Failed(failed) => format!("exit {} at {}: {}", failed.exit_code, failed.stage, failed.reason),
    }
}
