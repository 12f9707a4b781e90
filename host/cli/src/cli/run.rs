//! `tryaudex run`: runs a command through the whole pipeline.

use std::ffi::OsString;

use clap::builder::NonEmptyStringValueParser;

use super::delivery_args::DeliveryArgs;
use super::heading::OUTPUT;
use super::intent::{EngineArgs, WORDS, told};
use super::isolation_args::IsolationArgs;
use super::plan;
use super::request_args::RequestArgs;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::intent::{self, Proposed};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::guard::recorded;
use crate::pipeline::observer::NoObserver;
use crate::pipeline::{self, Context};
use crate::request::Arguments;
use crate::settings::{self, Flags, Settings};
use audex_core::environment::Environment;

/// Examples for the end of the help text.
const EXAMPLES: &str = "\
Examples:
  tryaudex run --allow s3:GetObject --resource 'arn:aws:s3:::reports/*' -- ./report.sh
  tryaudex run --profile s3-readonly --ttl 5m -- aws s3 ls s3://reports
  tryaudex run --allow s3:GetObject --dry-run";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// What the command is to do, in plain words, instead of permissions; asked about before anything is minted
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["allow", "profile", "resource", "dry_run"], help_heading = WORDS, hide_short_help = true)]
    intent: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
    /// Run what --intent came to without asking
    #[arg(long, help_heading = WORDS, hide_short_help = true)]
    yes: bool,
    /// Show the plan and mint nothing; the same as `tryaudex plan`
    #[arg(long, help_heading = OUTPUT)]
    dry_run: bool,
    /// The command and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn console(&self) -> Console {
        self.request.console()
    }
}

pub(super) fn run(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let Args { request, delivery, isolation, intent, engine, yes, dry_run, command } = args;
    // clap drops a requirement if another option conflicts with the required option.
    if yes && intent.is_none() {
        return Err(Failure::usage("--yes is for --intent", "leave it out"));
    }
    let flags = isolation.add_to(delivery.add_to(request.flags()), environment, &command);
    if dry_run {
        return plan::show(environment, &request, flags, &command);
    }
    if command.is_empty() {
        return Err(Failure::usage(
            "there is no command to run",
            "put it after `--`: tryaudex run --allow … -- COMMAND",
        ));
    }
    with(environment, &request, flags, &command, |context, attempt| {
        let ask = request.ask(&command);
        let Some(text) = &intent else { return Ok(ask) };
        let proposed = intent::propose(context, text, &engine.choice())?;
        attempt.add_intent(text, &proposed.engine);
        confirm(context, &proposed, yes)?;
        Ok(proposed.ask(ask))
    })
}

/// Runs `command` with these options, for the request that `ask` returns.
pub(super) fn with(
    environment: &Environment,
    request: &RequestArgs,
    flags: Flags,
    command: &[OsString],
    ask: impl FnOnce(Context<'_>, &mut Attempt) -> Result<Arguments, Failure>,
) -> Result<u8, Failure> {
    let paths = settings::directories(environment)?;
    let mut attempt = Attempt::new(&paths);
    attempt.add_arguments(&request.ask(command));
    let console = request.console();
    recorded(environment, console, &mut attempt, |attempt| {
        let settings = Settings::resolve_in(paths, flags)?;
        let context = Context { environment, settings: &settings, console };
        let ask = ask(context, attempt)?;
        let chain = pipeline::request(context, ask, attempt)?;
        let planned = chain.expand()?.check()?.filter()?.plan()?;
        let grant = &planned.output.planned.grant;
        if request.expect_grant.as_ref().is_some_and(|expected| *expected != grant.digest()) {
            let message = "the grant is not the one that was planned and approved";
            let hint = "settings, profiles or filters changed meanwhile: plan again";
            return Err(Failure::refused(message, hint).at("filter"));
        }
        planned.approve()?.start(command, &mut NoObserver)
    })
}

/// Shows the proposal for a sentence, and asks the user on the terminal.
///
/// Security: the proposal does not come from the user. Standard input belongs to the command, and a program
/// that writes into it must not be able to agree.
fn confirm(context: Context<'_>, proposed: &Proposed, yes: bool) -> Result<(), Failure> {
    told(context.console, proposed);
    let on = if proposed.resources.is_empty() {
        "every resource".to_owned()
    } else {
        proposed.resources.join(", ")
    };
    let summary = format!("{} on {on}", proposed.allow.join(", "));
    if yes {
        context.console.notice(&format!("{} proposes {summary}", proposed.engine.name));
        return Ok(());
    }
    console::tell(&format!(
        "{} proposes:\n  allow     {}\n  resource  {on}\n  {}",
        proposed.engine.name,
        proposed.allow.join(", "),
        proposed.description
    ));
    match console::ask("run with these permissions? [y/N] ") {
        Some(answer) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Some(_) => Err(Failure::refused(
            "the proposal was not accepted",
            "give the permissions yourself: --allow",
        )),
        None => Err(Failure::usage(
            "cannot ask for confirmation: there is no terminal",
            "look at it first: tryaudex intent TEXT; then give --allow, or --yes",
        )),
    }
}
