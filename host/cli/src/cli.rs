//! The command line. Each command has its own file with an argument struct and one function.

mod agents;
mod approve;
mod ask;
mod audit;
mod cleanup;
mod completions;
mod delivery_args;
mod demo;
mod drift;
mod explain;
mod gateway;
mod heading;
mod health;
mod identity_args;
mod intent;
mod isolate;
mod isolation_args;
mod learn;
mod mcp;
mod mistake;
mod plan;
mod plugin;
mod policies;
mod policy_args;
mod request_args;
mod run;
mod sessions;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::console::{self, Console};
use crate::failure::Failure;
use crate::pipeline::guard::guarded;
use audex_components::compiler;
use audex_core::environment::Environment;
use audex_core::{printable, process, unwind};
use clap::error::ContextValue;
use clap::{CommandFactory as _, Parser, Subcommand};

/// Least-privilege, short-lived cloud credentials for one command
#[derive(Debug, Parser)]
#[command(name = "tryaudex", bin_name = "tryaudex", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: the command's own; 126 / 127 when it cannot run; 2 usage, 69 unavailable, 70 internal, 77 denied, 78 config";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a command with credentials for what is allowed, and nothing else
    Run(run::Args),
    /// Show what `run` would ask of the cloud, and mint nothing
    Plan(plan::Args),
    /// List, check and export permissions and profiles
    Policies(policies::Args),
    /// Compare what a role may do with what it should
    Drift(drift::Args),
    /// Serve a gateway until it is ended, and print what leads to it
    Gateway(gateway::Args),
    /// Run a command with a broad grant, and print the least it needed
    Learn(learn::Args),
    /// Turn a sentence into permissions; nothing is run
    Intent(intent::Args),
    /// Check with real calls that credentials can be minted
    Health(health::Args),
    /// Show what this system can keep a command from
    Isolate(isolate::Args),
    /// Set coding agents up, check them, and take the changes back
    Agents(agents::Args),
    /// Read and verify the audit log
    Audit(audit::Args),
    /// From inside a session: ask for one thing more
    Ask(ask::Args),
    /// List what running sessions ask for, or grant an ask
    Approve(approve::Args),
    /// Refuse what a running session asks for
    Refuse(approve::RefuseArgs),
    /// List, watch and end sessions, and show what is still valid and what each of them used
    Sessions(sessions::Args),
    /// Explain a denial: what is missing, who refused it, and what to do
    Explain(explain::Args),
    /// Revoke what earlier sessions could not revoke
    Cleanup(cleanup::Args),
    /// Serve the tools of a coding agent over MCP, on standard input and output
    Mcp(mcp::Args),
    /// Install and inspect WebAssembly components
    Plugin(plugin::Args),
    /// Try everything on a loopback cloud, without an account
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// Runs the program and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    if compiler::is_wanted() {
        return compiler::serve();
    }
    audex_child::note_inherited();
    compiler::use_this_program();
    unwind::silence(console::tell);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(unparsed(error)),
    };
    process::harden();
    let environment = Environment::capture();
    console::hide(&environment);
    let console = cli.command.console();
    let outcome = guarded(|| run_command(cli.command, &environment));
    let unwritten = || console::unwritten().map_or(Ok(()), |error| Err(Failure::unwritten(error)));
    match outcome.and_then(|code| unwritten().map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(report(console, &failure)),
    }
}

impl Command {
    fn console(&self) -> Console {
        match self {
            Self::Run(args) => args.console(),
            Self::Plan(args) => args.console(),
            Self::Gateway(args) => args.console(),
            Self::Learn(args) => args.console(),
            _ => Console::default(),
        }
    }
}

fn run_command(command: Command, environment: &Environment) -> Result<u8, Failure> {
    match command {
        Command::Ask(args) => ask::ask(environment, args),
        Command::Run(args) => run::run(environment, args),
        Command::Plan(args) => plan::plan(environment, &args),
        Command::Policies(args) => policies::policies(environment, args),
        Command::Drift(args) => drift::drift(environment, &args),
        Command::Gateway(args) => gateway::gateway(environment, &args),
        Command::Learn(args) => learn::learn(environment, &args),
        Command::Intent(args) => intent::intent(environment, &args),
        Command::Health(args) => health::health(environment, args),
        Command::Isolate(args) => Ok(isolate::isolate(environment, &args)),
        Command::Agents(args) => agents::agents(environment, args),
        Command::Audit(args) => audit::audit(environment, args),
        Command::Approve(args) => approve::approve(environment, &args),
        Command::Refuse(args) => approve::refuse(environment, &args),
        Command::Sessions(args) => sessions::sessions(environment, args),
        Command::Explain(args) => explain::explain(environment, args),
        Command::Cleanup(args) => cleanup::cleanup(environment, &args),
        Command::Mcp(args) => mcp::mcp(environment, &args),
        Command::Plugin(args) => plugin::plugin(environment, args),
        Command::Demo(args) => demo::demo(environment, &args),
        Command::Completions(args) => completions::completions(&args, &mut Cli::command()),
    }
}

/// Prints the help text or the error of the command line, and returns the exit status.
fn unparsed(mut error: clap::Error) -> u8 {
    if !error.use_stderr() {
        console::help(&error.render());
        return 0;
    }
    let mut program = Cli::command();
    program.build();
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let hint = mistake::hint(&mut error, &program, &words, policies::is_known);
    let mut text = error.render().to_string();
    for (_, value) in error.context() {
        // Security: a line break in an argument could forge a line of this program's output. clap strips
        // escape sequences when it renders the error, so the argument is searched for in both forms.
        if let ContextValue::String(quoted) = value
            && quoted.contains(char::is_control)
        {
            let shown = anstream::adapter::strip_str(quoted).to_string();
            for raw in [quoted.as_str(), shown.as_str()].into_iter().filter(|raw| !raw.is_empty()) {
                text = text.replace(raw, &printable::line(raw));
            }
        }
    }
    console::tell(text.trim_end());
    if let Some(hint) = hint {
        console::tell(&format!("hint: {}", printable::line(&hint)));
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// Rejects an output path whose directory does not exist. Commands check this before they start work that
/// would be lost.
fn has_directory(path: &Path) -> Result<(), Failure> {
    if path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
        return Ok(());
    }
    let message = format!("there is no directory for `{}`", path.display());
    Err(Failure::usage(&message, "make it first"))
}

/// Prints the failure and returns the exit status.
fn report(console: Console, failure: &Failure) -> u8 {
    let code = failure.kind.exit_code();
    console.error(&failure.message(), &failure.causes(), failure.hint.as_deref(), code);
    code
}
