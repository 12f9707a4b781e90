//! `tryaudex run`: the whole pipeline.

use std::ffi::OsString;

use super::plan;
use super::request_args::RequestArgs;
use crate::console::Console;
use crate::environment::Environment;
use crate::error::Failure;
use crate::pipeline::attempt::Attempt;
use crate::pipeline::{self, Context};
use crate::settings::{self, Settings};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    request: RequestArgs,
    /// Show the plan and mint nothing; the same as `tryaudex plan`
    #[arg(long)]
    dry_run: bool,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    pub fn console(&self) -> Console {
        self.request.console()
    }
}

pub fn run(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let Args { request, dry_run, command } = args;
    if dry_run {
        return plan::show(environment, &request, &command);
    }
    if command.is_empty() {
        return Err(Failure::usage(
            "there is no command to run",
            "put it after `--`: tryaudex run --allow … -- COMMAND",
        ));
    }
    let paths = settings::directories(environment)?;
    let mut attempt = Attempt::new(&paths);
    attempt.asked_for(&request.ask(&command));
    let outcome = Settings::resolve_in(paths, request.flags()).map_err(Failure::from).and_then(|settings| {
        let context = Context { environment, settings: &settings, console: request.console() };
        go(context, &request, &command, &mut attempt)
    });
    if let Err(failure) = &outcome {
        // The log's own failure is the outcome then, and says so itself.
        if failure.stage != "audit"
            && let Err(unrecorded) = attempt.record_failure(failure)
        {
            request.console().notice(&format!("this attempt could not be recorded: {}", unrecorded.line()));
        }
    }
    outcome
}

fn go(
    context: Context<'_>,
    request: &RequestArgs,
    command: &[OsString],
    attempt: &mut Attempt,
) -> Result<u8, Failure> {
    let prepared = pipeline::prepare(context, request.ask(command), attempt)?;
    pipeline::run(context, prepared, command, attempt)
}
