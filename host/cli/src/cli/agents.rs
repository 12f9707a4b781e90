//! `tryaudex agents`: sets coding agents up, looks at them, and takes the changes back.

mod check;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use similar::TextDiff;

use super::policies;
use crate::agents::setup::{Change, Setup};
use crate::agents::target::Ours;
use crate::agents::{Agent, Place, undo};
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::settings;
use audex_core::environment::Environment;
use audex_core::redact;

/// The profile of a launcher, unless another one is named.
const PROFILE: &str = "aws-readonly";
/// The lines around a change that a diff shows.
const CONTEXT: usize = 3;
/// The program in the files of a project, which several users share.
const PROGRAM: &str = "tryaudex";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what would be added to an agent's configuration; --write adds it
    Setup {
        /// The agent: claude, codex, gemini or vscode
        #[arg(value_name = "AGENT", value_parser = agent)]
        agent: Agent,
        /// Add it
        #[arg(long)]
        write: bool,
        /// Profile with which the launcher starts the agent
        #[arg(long, value_name = "NAME", default_value = PROFILE)]
        profile: String,
        #[command(flatten)]
        place: PlaceArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with the agents that were set up; 1 if anything is
    Check {
        /// The agents [default: every one that was set up]
        #[arg(value_name = "AGENT", value_parser = agent)]
        agents: Vec<Agent>,
        #[command(flatten)]
        place: PlaceArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Take what was added to an agent's configuration out again
    Undo {
        /// The agent: claude, codex, gemini or vscode
        #[arg(value_name = "AGENT", value_parser = agent)]
        agent: Agent,
        #[command(flatten)]
        place: PlaceArgs,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct PlaceArgs {
    /// The configuration of the user, for every project (the default)
    #[arg(long, conflicts_with = "project")]
    user: bool,
    /// The configuration in the current directory, which other users may share
    #[arg(long)]
    project: bool,
}

fn agent(name: &str) -> Result<Agent, String> {
    let known = || Agent::ALL.map(Agent::name).join("`, `");
    Agent::named(name).ok_or_else(|| format!("the agents are `{}`", known()))
}

pub(super) fn agents(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let state = settings::directories(environment)?.state;
    match args.command {
        Command::Setup { agent, write, profile, place, json } => {
            let place = place.resolve()?;
            let Some(provider) = policies::provider_of(environment, &profile)? else {
                return Err(Failure::usage(
                    &format!("there is no profile `{profile}`"),
                    "`tryaudex policies list` shows the profiles there are",
                ));
            };
            let ours = Ours { agent, program: program(&place)?, profile, provider };
            let planned = Setup::plan(environment, &state, &place, &ours)?;
            if write {
                planned.write(&state, agent, &place)?;
            }
            show(&planned.changes, json);
            if !json {
                report(&ours, &place, &planned.changes, write);
            }
        }
        Command::Check { agents, place, json } => {
            return check::check(environment, &state, &agents, &place.resolve()?, json);
        }
        Command::Undo { agent, place, json } => {
            let place = place.resolve()?;
            let changes = undo::plan(environment, &state, agent, &place)?;
            undo::write(&changes, &state, agent, &place)?;
            show(&changes, json);
            if changes.is_empty() && !json {
                say(&format!("the configuration of `{}` has nothing of ours", agent.name()));
            }
        }
    }
    Ok(0)
}

impl PlaceArgs {
    fn resolve(self) -> Result<Place, Failure> {
        if !self.project {
            return Ok(Place::User);
        }
        let root = std::env::current_dir().map_err(|error| Failure::internal("agents", error))?;
        Ok(Place::Project(root))
    }
}

/// Returns the program that an entry starts: this one by its path, or in shared files by its name.
fn program(place: &Place) -> Result<String, Failure> {
    if *place != Place::User {
        return Ok(PROGRAM.to_owned());
    }
    let program: PathBuf =
        std::env::current_exe().map_err(|error| Failure::internal("agents", error))?;
    Ok(program.to_string_lossy().into_owned())
}

fn show(changes: &[Change], json: bool) {
    if json {
        let change = |change: &Change| json!({ "path": change.path, "diff": diff(change) });
        let all: Vec<Value> = changes.iter().map(change).collect();
        console::result(&json!({ "changes": all }).to_string());
        return;
    }
    for change in changes {
        console::result(diff(change).trim_end());
    }
}

/// Returns the change as a unified diff. Security: a configuration may hold logins, also in a line to which a
/// comma is added, so every line is redacted.
fn diff(change: &Change) -> String {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let path = change.path.display().to_string();
    let name = |text: Option<&str>| {
        if text.is_some() { path.clone() } else { "/dev/null".to_owned() }
    };
    let mut out = format!("--- {}\n+++ {}\n", name(before), name(after));
    let compared = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
    for hunk in compared.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let _ = writeln!(out, "{}", hunk.header());
        for line in hunk.iter_changes() {
            let text = redact::redact_text(line.value().trim_end_matches(['\r', '\n']));
            let _ = writeln!(out, "{}{text}", line.tag());
        }
    }
    out
}

fn report(ours: &Ours, place: &Place, changes: &[Change], is_written: bool) {
    let agent = ours.agent.name();
    match (changes.is_empty(), is_written) {
        (true, _) => say(&format!("`{agent}` is set up; nothing changes")),
        (false, false) => say("nothing was written; --write writes it"),
        (false, true) => say(&format!("`tryaudex agents undo {agent}` takes it back")),
    }
    if !ours.agent.is_started_by_a_command() {
        say(
            "`code` hands over to a window that runs already, so no command can put it in a session: its agent uses the MCP server",
        );
    } else if *place == Place::User {
        say(&format!(
            "`audex-{agent}` starts {agent} in a session with the profile `{}`",
            ours.profile
        ));
    }
}

fn say(text: &str) {
    Console::default().notice(text);
}
