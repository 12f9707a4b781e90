//! `tryaudex demo`: everything on a loopback cloud, without an account.

use std::time::Duration;

use crate::console::{self, Console};
use crate::demo::client::{self, Call};
use crate::demo::{self, Options, Outcome};
use crate::failure::{Failure, Kind};
use crate::settings::config_file::parse_ttl;
use audex_core::environment::Environment;

/// The exit code of the client if the cloud denied the call.
const REFUSED: u8 = 1;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Args {
    /// Keep the cloud up until Ctrl-C, and print how to reach it
    #[arg(long)]
    serve: bool,
    /// Port to listen on, always on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "N", requires = "serve")]
    port: Option<u16>,
    /// Serve an STS that does not know `GetScopedCredentials`
    #[arg(long, requires = "serve")]
    without_scoped_credentials: bool,
    /// Serve an STS that refuses `GetScopedCredentials`
    #[arg(long, requires = "serve", conflicts_with = "without_scoped_credentials")]
    deny_scoped_credentials: bool,
    /// Write endpoint and keys as one line of JSON
    #[arg(long, requires = "serve")]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Ask the S3 of the demo cloud, with the credentials of the environment
    #[command(hide = true)]
    Client(Client),
}

#[derive(Debug, clap::Args)]
struct Client {
    /// Use this profile's credentials, not those of the environment
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Ask once more, so much later
    #[arg(long, value_name = "DURATION", value_parser = parse_ttl)]
    again_after: Option<Duration>,
    /// What to do with the object
    #[arg(value_parser = ["get", "delete"])]
    operation: String,
    /// The bucket
    bucket: String,
    /// The object's key
    key: String,
}

pub(super) fn demo(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    if let Some(Command::Client(client)) = &args.command {
        return call(environment, client);
    }
    if args.serve {
        demo::serve(Options {
            port: args.port,
            without_scoped_credentials: args.without_scoped_credentials,
            deny_scoped_credentials: args.deny_scoped_credentials,
            json: args.json,
        })?;
        return Ok(0);
    }
    match demo::tour(environment)? {
        Outcome::Passed => Ok(0),
        Outcome::Failed(count) => {
            let message = format!("{count} of the steps did not come out as they must");
            let code = Kind::Internal.exit_code();
            let hint = "the rules in /etc/audex hold here too; if there are none, this is a defect";
            Console::default().error(&message, &[], Some(hint), code);
            Ok(code)
        }
        Outcome::Interrupted(signal) => Ok(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
    }
}

fn call(environment: &Environment, client: &Client) -> Result<u8, Failure> {
    let call = Call {
        method: if client.operation == "delete" { "DELETE" } else { "GET" },
        bucket: client.bucket.clone(),
        key: client.key.clone(),
        profile: client.profile.clone(),
        again_after: client.again_after,
    };
    let success = client::call(environment, &call, |answer| console::result(&answer.text))?;
    Ok(if success { 0 } else { REFUSED })
}
