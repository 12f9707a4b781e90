//! `tryaudex explain denial`: from a denial to the missing permission, who refused it, and the next step.

use std::io::Read as _;

use serde_json::Value;

use super::sessions::{Read, named};
use crate::console;
use crate::explain::step::Session;
use crate::explain::{self, Denial, MAX_BYTES, Step, recorded, show};
use crate::failure::Failure;
use crate::receipt::Receipt;
use crate::settings;
use audex_audit::Audit;
use audex_core::environment::{AUDEX_SESSION_DOOR, Environment};

/// The text that stands for standard input.
const STDIN: &str = "-";
const EXAMPLES: &str = "\
Examples:
  tryaudex explain denial                  # the last refusal in the audit log
  aws s3 ls 2>&1 | tryaudex explain denial -
  tryaudex explain denial 'User: … is not authorized to perform: s3:GetObject on resource: …'";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Explain an error message of a cloud or of Audex, or the last refusal in the audit log
    #[command(after_help = EXAMPLES)]
    Denial {
        /// The error message; `-` reads it from standard input
        #[arg(value_name = "TEXT", conflicts_with = "session")]
        text: Option<String>,
        /// The session whose refusals to explain, or the beginning of its name
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn explain(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let Command::Denial { text, session, json } = args.command;
    let text = match text {
        Some(text) if text == STDIN => Some(read()?),
        text => text,
    };
    let explained = explained(environment, text.as_deref(), session.as_deref())?;
    console::result(&if json { explained.json().to_string() } else { explained.text() });
    Ok(0)
}

/// Denials with their next steps, and the session that the audit log has them of.
pub(super) struct Explained {
    session: Option<String>,
    denials: Vec<(Denial, Vec<Step>)>,
}

impl Explained {
    fn text(&self) -> String {
        let session = self.session.as_ref();
        let session = session.map(|name| format!("session     {name}\n\n")).unwrap_or_default();
        session + &show::text(&self.denials)
    }

    pub(super) fn json(&self) -> Value {
        show::json(&self.denials, self.session.as_deref())
    }
}

/// Explains a text, or what was refused to a session: the named one, or the last one with a refusal.
pub(super) fn explained(
    environment: &Environment,
    text: Option<&str>,
    session: Option<&str>,
) -> Result<Explained, Failure> {
    let can_ask = environment.get_os(AUDEX_SESSION_DOOR).is_some();
    if let Some(text) = text {
        let with_steps = |denial: Denial| {
            let steps = explain::steps(&denial, None, can_ask);
            (denial, steps)
        };
        let denials = explain::text(text)?.into_iter().map(with_steps).collect();
        return Ok(Explained { session: None, denials });
    }
    let audit = Audit::new(settings::directories(environment)?.audit);
    let name = match session {
        Some(id) => named(&Read::of(&audit)?.sessions, Some(id))?.to_owned(),
        None => last(&audit)?,
    };
    let mut receipt = Receipt::default();
    audit.verify_each(&mut |record, mac| {
        if record.session == name {
            receipt.add(record, mac);
        }
    })?;
    let issuing = receipt.issuing.as_ref();
    let with_steps = |denial: Denial| {
        let steps = explain::steps(&denial, issuing.map(|issuing| Session { issuing }), can_ask);
        (denial, steps)
    };
    let denials: Vec<_> = recorded::denials(&receipt).into_iter().map(with_steps).collect();
    if denials.is_empty() {
        let message = format!("the audit log has no refusal of session `{name}`");
        let hint = "only a gateway records what it refused, at the end of the session: give the error message as TEXT";
        return Err(Failure::usage(&message, hint));
    }
    Ok(Explained { session: Some(name), denials })
}

/// Returns the last session with a refusal.
fn last(audit: &Audit) -> Result<String, Failure> {
    let mut last = None;
    audit.verify_each(&mut |record, _| {
        if recorded::is_refusal(&record) {
            last = Some(record.session);
        }
    })?;
    last.ok_or_else(|| {
        let message = "the audit log has no refusal";
        Failure::usage(message, "give the error message: tryaudex explain denial TEXT")
    })
}

fn read() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::internal("explain", error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
