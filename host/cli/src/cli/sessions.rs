//! `tryaudex sessions`: the sessions of the audit log, and the receipt of each.

mod end;
mod watch;

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::has_directory;
use super::learn::{check_name, profile_name, profiles_path};
use crate::components::Components;
use crate::console::{self, Console, lines};
use crate::failure::Failure;
use crate::learn::compile;
use crate::learn::recommend::Share;
use crate::learn::save::{self, SaveError};
use crate::pipeline::open;
use crate::receipt::show::Shown;
use crate::receipt::summary::{self, Summaries, Summary};
use crate::receipt::{Receipt, Tighter, tighter};
use crate::settings::{self, Flags, Settings};
use audex_audit::{Audit, Issuing, ReceiptFile};
use audex_components::provider::Provider;
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::environment::Environment;
use audex_core::private_file;
use audex_sdk::spelling::likely;

/// The default number of listed sessions: they fit on one screen.
const SESSIONS: usize = 20;
/// The maximum number of sessions that the error for an ambiguous ID names.
const NAMED: usize = 3;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// End a session: its command gets SIGTERM and, after the grace, SIGKILL; its credentials are revoked
    End {
        /// The session, or the beginning of its name
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Show the decisions and asks of running sessions as they happen; y and n answer an ask
    Watch {
        /// One session, or the beginning of its name
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Write JSON lines
        #[arg(long)]
        json: bool,
    },
    /// List the last sessions, the newest first, and what is still valid
    List {
        /// Only the last N sessions, and older ones that run or have valid credentials
        #[arg(long, value_name = "N", default_value_t = SESSIONS)]
        limit: usize,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what one session was granted, what it used, and the tighter grant
    Show {
        /// The session, or the beginning of its name
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Add the tighter grant to profiles.toml under this name
        #[arg(long, value_name = "NAME", value_parser = profile_name)]
        save: Option<String>,
        /// Also write the receipt to a new file; `audit verify --receipt` checks it
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn sessions(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let paths = settings::directories(environment)?;
    let audit = Audit::new(&paths.audit);
    match args.command {
        Command::End { id } => return end::end(environment, &paths, &audit, &id),
        Command::Watch { id, json } => return watch::watch(&paths, id.as_deref(), json),
        Command::List { limit, json } => console::result(&list(&audit, limit, json)?),
        Command::Show { id, save, receipt, json } => {
            receipt.as_deref().map_or(Ok(()), has_directory)?;
            let Read { sessions, live } = Read::of(&audit)?;
            let session = named(&sessions, id.as_deref())?;
            let is_live = live.contains(session);
            let to = To { name: save.as_deref(), file: receipt.as_deref(), json };
            console::result(&show(environment, &audit, session, is_live, &to)?);
        }
    }
    Ok(0)
}

/// The sessions of an intact log, and those of them whose process lives.
pub(super) struct Read {
    pub(super) sessions: Summaries,
    live: BTreeSet<String>,
}

impl Read {
    pub(super) fn of(audit: &Audit) -> Result<Self, Failure> {
        let sessions = Self::summaries(audit)?;
        let mut live = BTreeSet::new();
        for summary in sessions.values().filter(|summary| summary.is_open()) {
            if audit.is_live(&summary.session)? {
                live.insert(summary.session.clone());
            }
        }
        if sessions.values().all(|one| !one.is_open() || live.contains(&one.session)) {
            return Ok(Self { sessions, live });
        }
        // A session may have ended after the log was read and before its process was looked for. Only a log
        // that is read after the process was gone shows that there is no end.
        let again = Self::summaries(audit)?;
        let is_gone = |name: &String| {
            sessions.get(name).is_some_and(Summary::is_open) && !live.contains(name)
        };
        let live = again
            .values()
            .filter(|one| one.is_open() && !is_gone(&one.session))
            .map(|one| one.session.clone())
            .collect();
        Ok(Self { sessions: again, live })
    }

    fn summaries(audit: &Audit) -> Result<Summaries, Failure> {
        let mut sessions = Summaries::new();
        audit.verify_each(&mut |record, _| summary::add(&mut sessions, &record))?;
        Ok(sessions)
    }
}

/// Returns the last sessions as text or as JSON.
pub(super) fn list(audit: &Audit, limit: usize, as_json: bool) -> Result<String, Failure> {
    let Read { sessions, live } = Read::of(audit)?;
    let now = rfc3339(unix_seconds());
    let is_live = |summary: &Summary| live.contains(&summary.session);
    let mut newest: Vec<&Summary> = sessions.values().collect();
    newest.sort_by_key(|summary| std::cmp::Reverse(summary.first));
    let mut number = 0;
    newest.retain(|summary| {
        number += 1;
        number <= limit
            || is_live(summary)
            || summary.valid_until(&now).is_some()
            || summary.leases_left() > 0
    });
    if as_json {
        let object = |summary: &&Summary| {
            json!({
                "session": summary.session, "provider": summary.provider, "started": summary.started,
                "state": summary.state(is_live(summary)), "exit_code": summary.exit_code(),
                "valid_until": summary.valid_until(&now), "leases_left": summary.leases_left(),
            })
        };
        let all: Vec<Value> = newest.iter().map(object).collect();
        return Ok(Value::from(all).to_string());
    }
    let row = |summary: &&Summary| {
        let valid = match (summary.valid_until(&now), summary.leases_left()) {
            (Some(end), _) => format!("until {end}"),
            (None, 0) => "nothing".to_owned(),
            (None, _) => "leases; see `tryaudex cleanup`".to_owned(),
        };
        let state = summary.state_text(is_live(summary));
        let (session, provider) = (summary.session.clone(), summary.provider.clone());
        vec![session, provider, summary.started.clone(), state, valid]
    };
    let rows: Vec<_> = newest.iter().map(row).collect();
    let headings = ["SESSION", "PROVIDER", "STARTED", "STATE", "STILL VALID"];
    Ok(lines(&headings, &rows))
}

/// Returns the only session whose name begins with `id`.
pub(super) fn named<'a>(sessions: &'a Summaries, id: Option<&str>) -> Result<&'a str, Failure> {
    const SEE: &str = "see `tryaudex sessions list`";
    let Some(id) = id else {
        return Err(Failure::usage("there is no session ID to show", SEE));
    };
    if let Some((name, _)) = sessions.get_key_value(id) {
        return Ok(name);
    }
    let begin: Vec<&str> = match id {
        "" => Vec::new(),
        id => sessions.keys().map(String::as_str).filter(|name| name.starts_with(id)).collect(),
    };
    match begin.as_slice() {
        [name] => Ok(name),
        [] => {
            let meant = likely(id, sessions.keys());
            let hint =
                meant.map_or_else(|| SEE.to_owned(), |name| format!("did you mean `{name}`"));
            Err(Failure::usage(&format!("the audit log has no session `{id}`"), &hint))
        }
        many => {
            let some: Vec<_> = many.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
            let more = if many.len() > NAMED { ", …" } else { "" };
            let message = format!("{} sessions begin with `{id}`", many.len());
            let hint = format!("give more of the name: {}{more}", some.join(", "));
            Err(Failure::usage(&message, &hint))
        }
    }
}

/// The places to which `show` writes.
struct To<'a> {
    /// The name of the profile to save.
    name: Option<&'a str>,
    /// The file for the receipt.
    file: Option<&'a Path>,
    json: bool,
}

fn show(
    environment: &Environment,
    audit: &Audit,
    session: &str,
    is_live: bool,
    to: &To<'_>,
) -> Result<String, Failure> {
    let mut receipt = Receipt::default();
    audit.verify_each(&mut |record, mac| {
        if record.session == session {
            receipt.add(record, mac);
        }
    })?;
    let tighter = match (&receipt.issuing, &receipt.used) {
        (Some(issuing), Some(used)) => {
            let provider = provider(environment, issuing);
            let compile =
                |shares: &[Share]| compile::allowed(provider.as_ref()?, &issuing.provider, shares);
            Some(tighter(issuing, used, &compile))
        }
        _ => None,
    };
    let profile = |tighter: &Tighter| match (tighter, &receipt.issuing) {
        (Tighter::Recommended(recommendation), Some(issuing)) => {
            let description = format!("What session {session} used");
            recommendation.profile(to.name.unwrap_or(session), &issuing.provider, &description)
        }
        _ => String::new(),
    };
    let tighter = tighter.map(|tighter| {
        let profile = profile(&tighter);
        (tighter, profile)
    });
    let now = rfc3339(unix_seconds());
    let shown = Shown { receipt: &receipt, is_live, now, tighter };
    let account = shown.json();
    let text = if to.json { account.to_string() } else { shown.text() };
    if let Some(name) = to.name {
        save(environment, &shown, name)?;
    }
    if let Some(file) = to.file {
        write(audit, &receipt, account, file)?;
        if !shown.is_complete() {
            let line = format!("session `{session}` has not ended; the receipt is not complete");
            Console::default().notice(&line);
        }
    }
    Ok(text)
}

/// Returns the receipt of the session whose name begins with `id`, as JSON.
pub(super) fn receipt(environment: &Environment, id: &str) -> Result<String, Failure> {
    let audit = Audit::new(settings::directories(environment)?.audit);
    let Read { sessions, live } = Read::of(&audit)?;
    let session = named(&sessions, Some(id))?;
    let to = To { name: None, file: None, json: true };
    show(environment, &audit, session, live.contains(session), &to)
}

/// Returns the provider whose compiler compares grants, or `None` if it cannot be loaded any more. Then the
/// recommendation is not joined, and allows the same.
fn provider(environment: &Environment, issuing: &Issuing) -> Option<Provider> {
    let settings = Settings::resolve(environment, Flags::default()).ok()?;
    let components = Components::open(&settings).ok()?;
    let opened = open::provider(environment, &settings, &components, &issuing.provider).ok()?;
    match opened.description.calls_to {
        Some(other) => {
            Some(open::provider(environment, &settings, &components, &other).ok()?.provider)
        }
        None => Some(opened.provider),
    }
}

/// Adds the recommended profile to the user's file.
fn save(environment: &Environment, shown: &Shown<'_>, name: &str) -> Result<(), Failure> {
    let Some((Tighter::Recommended(_), profile)) = &shown.tighter else {
        let session = &shown.receipt.summary.session;
        let message = format!("there is no tighter grant for session `{session}`");
        return Err(Failure::usage(&message, "leave out --save to see what is known of its use"));
    };
    let settings = Settings::resolve(environment, Flags::default())?;
    check_name(environment, &settings, name)?;
    let path = profiles_path(&settings);
    save::save(&path, name, profile)?;
    Console::default().notice(&format!("saved as profile `{name}` in {}", path.display()));
    Ok(())
}

fn write(audit: &Audit, receipt: &Receipt, account: Value, file: &Path) -> Result<(), Failure> {
    let (session, entries) = (receipt.summary.session.clone(), receipt.entries.clone());
    let Some(text) = audit.receipt_text(&ReceiptFile { session, entries, account })? else {
        return Err(Failure::usage("there is no audit log", "run something first"));
    };
    private_file::create(file, text.as_bytes()).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => {
            let message = format!("there is a file `{}` already", file.display());
            Failure::usage(&message, "choose another name: a receipt replaces no file")
        }
        _ => SaveError::Io { path: file.to_owned(), source }.into(),
    })?;
    let line = format!("wrote the receipt to `{}`", file.display());
    Console::default().say("receipt", &line, &Value::Null);
    Ok(())
}
