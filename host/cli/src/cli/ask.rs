//! `tryaudex ask`: asks the session around this command for one thing more.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::{Method, Url};
use serde_json::Value;

use crate::asks::{Ask, State};
use crate::console;
use crate::door::{ASKS, AskRequest, DoorFile};
use crate::failure::{Failure, Kind};
use crate::settings::config_file::parse_ttl;
use audex_core::clock::rfc3339;
use audex_core::delivery::AUDEX_SESSION_ID;
use audex_core::environment::{AUDEX_SESSION_DOOR, Environment};
use audex_core::shell;
use audex_wire::client::configured_client;
use audex_wire::exchange::exchange;
use audex_wire::patience::Patience;

const EXAMPLES: &str = "\
Examples:
  tryaudex ask --allow s3:PutObject --resource 'arn:aws:s3:::reports/out/*' --why 'the report is ready'
  tryaudex ask --allow sqs:SendMessage --resource 'arn:aws:sqs:eu-west-1:123456789012:jobs' --why 'to start the job' --wait";

/// The pause between two looks at an ask.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The time for which `--wait` waits if it names none.
const WAIT: &str = "10m";
/// The time in which the filters consider an ask.
const CONSIDER: Duration = Duration::from_secs(10);
/// The longest answer of the door.
const ANSWER_BYTES: usize = 256 * 1024;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A permission, such as `s3:PutObject` or `storage:write`; may be repeated
    #[arg(long, required = true, value_name = "PERMISSION")]
    allow: Vec<String>,
    /// A resource that the permissions are for; may be repeated [default: every resource]
    #[arg(long, value_name = "RESOURCE")]
    resource: Vec<String>,
    /// The reason, shown to the person who answers
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Wait for the answer, at most for DURATION [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = parse_ttl, num_args = 0..=1, default_missing_value = WAIT)]
    wait: Option<Duration>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn ask(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let Args { allow, resource, why, wait, json } = args;
    let wish = AskRequest { allow, resources: resource, why };
    let door = Door::of(environment, &wish)?;
    let mut ask = door.post(&wish)?;
    let began = Instant::now();
    let is_awaited = |ask: &Ask| match wait {
        Some(wait) => ask.state.is_open() && began.elapsed() < wait,
        None => ask.state == State::Considered && began.elapsed() < CONSIDER,
    };
    while is_awaited(&ask) {
        std::thread::sleep(LOOK_EVERY);
        ask = door.get(&ask.id)?;
    }
    if json {
        console::result(&serde_json::to_string(&ask).unwrap_or_default());
    }
    let outcome = outcome(&ask, wait.is_some())?;
    if !json {
        console::result(&format!("{}: {outcome}", ask.id));
    }
    Ok(0)
}

/// Returns the state in words.
///
/// # Errors
/// When it was refused, or was not answered in time.
fn outcome(ask: &Ask, has_waited: bool) -> Result<String, Failure> {
    let id = &ask.id;
    Ok(match &ask.state {
        State::Granted { until, once: true, .. } => {
            format!("granted for one request, until {}", rfc3339(*until))
        }
        State::Granted { until, .. } => format!("granted until {}", rfc3339(*until)),
        State::Considered | State::Pending if has_waited => {
            let message = format!("{id} was not answered in time");
            return Err(Failure::refused(&message, "the same ask finds the answer later").at("ask"));
        }
        State::Considered | State::Pending => {
            "waits for an answer; ask again to see it, or add --wait".to_owned()
        }
        State::Used => "was granted for one request, which was made".to_owned(),
        State::Refused { by, reason } => {
            let message = format!("{id} was refused by {by}: {reason}");
            return Err(Failure::refused(&message, "work without it, or tell the user").at("ask"));
        }
        State::Ended => {
            let message = format!("{id} has ended");
            return Err(Failure::refused(&message, "ask again").at("ask"));
        }
    })
}

/// The door of the session around this command.
struct Door {
    address: Url,
    token: String,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Door {
    /// Finds the door.
    ///
    /// # Errors
    /// Without a door. The hint has the options to start the session with.
    fn of(environment: &Environment, wish: &AskRequest) -> Result<Self, Failure> {
        let Some(path) = environment.get_os(AUDEX_SESSION_DOOR).map(PathBuf::from) else {
            let options = options(wish);
            let (message, hint) = if environment.get_os(AUDEX_SESSION_ID).is_some() {
                let message = "this session has no gateway, so nothing can be added to it";
                (message, format!("start it again with: {options} --deliver gateway"))
            } else {
                let message = "this command does not run in a session";
                (
                    message,
                    format!("start it with: tryaudex run {options} --deliver gateway -- COMMAND"),
                )
            };
            return Err(Failure::usage(message, &hint));
        };
        let DoorFile { address, token } = way(&path)?;
        let internal = |error: std::io::Error| Failure::internal("ask", error);
        let address = Url::parse(&address).map_err(|_| broken(&path))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(internal)?;
        let client =
            configured_client(environment).map_err(|error| Failure::internal("ask", error))?;
        Ok(Self { address, token, client, runtime })
    }

    fn post(&self, wish: &AskRequest) -> Result<Ask, Failure> {
        let body = serde_json::to_vec(wish).map_err(|error| Failure::internal("ask", error))?;
        self.send(Method::POST, ASKS, body)
    }

    fn get(&self, id: &str) -> Result<Ask, Failure> {
        self.send(Method::GET, &format!("{ASKS}/{id}"), Vec::new())
    }

    fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Ask, Failure> {
        let unreachable = |error: reqwest::Error| Failure::new(Kind::Unavailable, "ask", error);
        let mut url = self.address.clone();
        url.set_path(path);
        let request = self.client.request(method, url).bearer_auth(&self.token).body(body);
        let request = request.build().map_err(unreachable)?;
        let reply = self.runtime.block_on(exchange(
            &self.client,
            request,
            ANSWER_BYTES,
            Patience::new(Duration::ZERO, Duration::ZERO),
            |_| false,
        ));
        let reply = reply.map_err(|error| {
            Failure::new(Kind::Unavailable, "ask", error)
                .saying("the session around this command does not answer")
                .hinting("start a new session")
        })?;
        if reply.status < 300 {
            return serde_json::from_slice(&reply.body)
                .map_err(|error| Failure::internal("ask", error));
        }
        let said: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let said = said.as_ref().and_then(|said| said.get("error")).and_then(Value::as_str);
        let said = said.unwrap_or("the session refuses the ask");
        Err(match reply.status {
            400 | 413 => Failure::usage(said, "see `tryaudex ask --help`"),
            429 => Failure::refused(said, "ask later, and for everything at once").at("ask"),
            _ => Failure::refused(said, "start a new session").at("ask"),
        })
    }
}

fn way(path: &Path) -> Result<DoorFile, Failure> {
    let text = std::fs::read(path).map_err(|_| broken(path))?;
    serde_json::from_slice(&text).map_err(|_| broken(path))
}

fn broken(path: &Path) -> Failure {
    let message =
        format!("cannot read the file `{}` that {AUDEX_SESSION_DOOR} names", path.display());
    Failure::usage(&message, "leave the variable as the session sets it")
}

/// Returns the options of `run` for a wish.
fn options(wish: &AskRequest) -> String {
    let allow = wish.allow.iter().map(|value| ("--allow", value));
    let all = allow.chain(wish.resources.iter().map(|value| ("--resource", value)));
    let all: Vec<String> =
        all.map(|(option, value)| format!("{option} {}", shell::quoted(value))).collect();
    all.join(" ")
}
