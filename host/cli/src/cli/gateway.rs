//! `tryaudex gateway`: serves a gateway until it is ended, for commands that run under another sandbox.
//!
//! The command of the session is this program itself: it prints what leads to the gateway, and waits.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::thread;

use super::delivery_args::GatewayArgs;
use super::request_args::RequestArgs;
use super::run;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::settings::Flags;
use crate::settings::delivery::Deliver;
use crate::settings::isolation::{GATEWAY, IsolationFlags};
use audex_core::environment::Environment;
use audex_core::isolation::Level;

/// The variables that lead a tool to the gateway, besides those that begin with [`ENDPOINT`].
const VARIABLES: [&str; 7] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "NO_PROXY",
    "no_proxy",
];
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// The option by which this program is its own command.
const PRINT: &str = "--print-exports";

const EXAMPLES: &str = "\
Examples:
  tryaudex gateway --allow s3:GetObject --resource 'arn:aws:s3:::reports/*'
  tryaudex gateway --profile ci --ttl 1h --gateway-listen 127.0.0.1:9911 > exports.sh";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    gateway: GatewayArgs,
    /// Print the exports of this process, and wait
    #[arg(long, hide = true)]
    print_exports: bool,
}

impl Args {
    pub(super) fn console(&self) -> Console {
        self.request.console()
    }
}

pub(super) fn gateway(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    if args.print_exports {
        print(environment);
        // A signal ends the process; the session ends it at the ttl if it is to.
        loop {
            thread::park();
        }
    }
    let program = std::env::current_exe().map_err(|error| Failure::internal("gateway", error))?;
    let command: [OsString; 3] = [program.into(), "gateway".into(), PRINT.into()];
    let flags = args.gateway.add_to(args.request.flags());
    // The commands that use the gateway are not this program's, so nothing isolates them.
    let isolation =
        IsolationFlags { level: Some(Level::Off), asker: GATEWAY, ..IsolationFlags::default() };
    let flags = Flags { isolation, ..flags.delivering(Deliver::Gateway) };
    run::with(environment, &args.request, flags, &command, |_, _| Ok(args.request.ask(&command)))
}

/// Prints the variables as lines for a shell.
fn print(environment: &Environment) {
    let mut lines = String::new();
    for (name, value) in environment.iter() {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
        if VARIABLES.contains(&name) || name.starts_with(ENDPOINT) {
            let _ = writeln!(lines, "export {name}='{}'", value.replace('\'', r"'\''"));
        }
    }
    console::result(&lines);
}
