//! `tryaudex approve` and `tryaudex refuse`: the asks of running sessions, and the answers to them.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use crate::asks::{Answer, Ask, State};
use crate::console::{self, Console, lines};
use crate::control::{self, Client, Found, NotCounted};
use crate::failure::{Failure, Kind};
use crate::settings::config_file::parse_ttl;
use crate::settings::directories;
use audex_core::environment::Environment;
use audex_sdk::spelling::likely;

const SEE: &str = "see `tryaudex approve`";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The ask to grant; without it, the asks that wait are listed
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Grant one request alone
    #[arg(long, requires = "id", conflicts_with = "time")]
    once: bool,
    /// Grant it for at most this time, and not until the end of the session
    #[arg(id = "time", long = "for", value_name = "DURATION", value_parser = parse_ttl, requires = "id")]
    time: Option<Duration>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct RefuseArgs {
    /// The ask to refuse
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    id: String,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn approve(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let Some(id) = &args.id else { return list(environment, args.json) };
    let seconds = args.time.map(|time| time.as_secs());
    let ask = answer(environment, id, Answer::Yes { once: args.once, seconds })?;
    show(&ask, args.json);
    match &ask.state {
        State::Refused { .. } => {
            let message = format!("`{id}` was {}", ask.state.text());
            Err(Failure::refused(&message, "ask for less").at("approve"))
        }
        _ => Ok(0),
    }
}

pub(super) fn refuse(environment: &Environment, args: &RefuseArgs) -> Result<u8, Failure> {
    let ask = answer(environment, &args.id, Answer::No)?;
    show(&ask, args.json);
    Ok(0)
}

fn show(ask: &Ask, as_json: bool) {
    if as_json {
        console::result(&json!(ask).to_string());
    } else {
        console::result(&format!("{} {}", ask.id, ask.state.text()));
    }
}

/// The asks of every session that answers, each with its session. What cannot be reached is said.
fn asks(environment: &Environment) -> Result<Vec<(Found, Vec<Ask>)>, Failure> {
    let paths = directories(environment)?;
    let (found, errors) = control::living(&paths.state)?;
    let notice = |error| Console::default().notice(&Failure::from(error).line());
    errors.into_iter().for_each(notice);
    let mut all = Vec::new();
    for mut one in found {
        match one.client.asks() {
            Ok(asks) => all.push((one, asks)),
            Err(error) => notice(error),
        }
    }
    Ok(all)
}

fn list(environment: &Environment, as_json: bool) -> Result<u8, Failure> {
    let mut all = asks(environment)?;
    for (_, asks) in &mut all {
        asks.retain(|ask| ask.state == State::Pending);
    }
    all.retain(|(_, asks)| !asks.is_empty());
    for (Found { hello, .. }, _) in all.iter().filter(|(one, _)| !one.hello.takes_answers) {
        Console::default().notice(&format!(
            "answers to session `{}` from this machine do not count",
            hello.session
        ));
    }
    let waiting = all.iter().flat_map(|(one, asks)| asks.iter().map(move |ask| (one, ask)));
    if as_json {
        let object = |(one, ask): (&Found, &Ask)| {
            let mut object = json!(ask);
            if let Value::Object(fields) = &mut object {
                fields.insert("access".to_owned(), json!(ask.access()));
                fields.insert("takes_answers".to_owned(), one.hello.takes_answers.into());
            }
            object
        };
        console::result(&Value::from(waiting.map(object).collect::<Vec<_>>()).to_string());
        return Ok(0);
    }
    let row = |(_, ask): (&Found, &Ask)| {
        let (id, session) = (ask.id.clone(), ask.session.clone());
        vec![id, session, ask.who(), ask.level().to_owned(), ask.what(), ask.reason()]
    };
    let rows: Vec<_> = waiting.map(row).collect();
    console::result(&lines(&["ASK", "SESSION", "WHO", "ACCESS", "WANTS", "WHY"], &rows));
    Ok(0)
}

/// Answers an ask of whatever session has it.
fn answer(environment: &Environment, id: &str, answer: Answer) -> Result<Ask, Failure> {
    let mut known = Vec::new();
    for (Found { mut client, .. }, asks) in asks(environment)? {
        if asks.iter().any(|ask| ask.id == id) {
            return answered(&mut client, id, answer);
        }
        known.extend(asks.into_iter().map(|ask| ask.id));
    }
    let meant = likely(id, known.iter());
    let hint = meant.map_or_else(|| SEE.to_owned(), |meant| format!("did you mean `{meant}`"));
    Err(Failure::usage(&format!("no running session has an ask `{id}`"), &hint))
}

fn answered(client: &mut Client, id: &str, answer: Answer) -> Result<Ask, Failure> {
    client.answer(id, answer, None)?.map_err(|why| {
        let kind = match why {
            NotCounted::NotIsolated | NotCounted::OnlyWebhook | NotCounted::FromInside => {
                Kind::Denied
            }
            NotCounted::Unknown | NotCounted::NotOpen => Kind::Usage,
            NotCounted::StillRunning => Kind::Unavailable,
        };
        let hint = match why {
            NotCounted::NotIsolated => {
                "run the command with --isolate credentials, or set a webhook under [approve]"
            }
            NotCounted::OnlyWebhook => "answer where the webhook asks",
            NotCounted::FromInside => "answer from a terminal outside the session",
            NotCounted::Unknown | NotCounted::NotOpen | NotCounted::StillRunning => SEE,
        };
        Failure { kind, ..Failure::usage(&why.text(id), hint).at("approve") }
    })
}
