//! `tryaudex approve` and `tryaudex refuse`: the asks of running sessions, and the answers to them.

use std::fs::OpenOptions;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use nix::sys::termios::{FlushArg, tcflush};
use serde_json::{Value, json};

use crate::asks::{Answer, Ask, State};
use crate::console::{self, Console};
use crate::control::{self, Client, Found, NotCounted};
use crate::failure::{Failure, Kind};
use crate::settings::config_file::parse_ttl;
use crate::settings::directories;
use audex_core::environment::Environment;
use audex_sdk::spelling::likely;

const SEE: &str = "see `tryaudex approve`";
/// The shortest time of a grant: a shorter one ends before the command has repeated its request.
const SHORTEST: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask to grant; lists the open asks if omitted
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Grant a single request
    #[arg(long, requires = "id", conflicts_with = "time")]
    once: bool,
    /// Limit the grant to this time [default: until the session ends]
    #[arg(id = "time", long = "for", value_name = "DURATION", value_parser = parse_time, requires = "id")]
    time: Option<Duration>,
    /// Grant without a question on the terminal
    #[arg(long, requires = "id")]
    yes: bool,
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

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = parse_ttl(text)?;
    if time < SHORTEST {
        return Err(format!("`{text}` is shorter than {}s", SHORTEST.as_secs()));
    }
    Ok(time)
}

pub(super) fn approve(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let Some(id) = &args.id else { return list(environment, args.json) };
    let (mut one, ask) = find(environment, id)?;
    // What does not wait, or cannot be answered here, is refused by the session.
    if ask.state == State::Pending && one.hello.takes_answers {
        confirm(&ask, args)?;
    }
    let seconds = args.time.map(|time| time.as_secs());
    let ask = answered(&mut one.client, id, Answer::Yes { once: args.once, seconds })?;
    show(&ask, args.json);
    outcome(&ask)
}

/// Returns the exit status after a yes: only a grant is a success.
fn outcome(ask: &Ask) -> Result<u8, Failure> {
    let hint = match &ask.state {
        State::Granted { .. } | State::Used => return Ok(0),
        State::Refused { .. } => "ask for less",
        State::Ended | State::Pending | State::Considered => SEE,
    };
    let message = format!("`{}` was not granted: {}", ask.id, ask.state.text());
    Err(Failure::refused(&message, hint).at("approve"))
}

/// Prints everything that a yes grants, and asks for it on a terminal.
fn confirm(ask: &Ask, args: &Args) -> Result<(), Failure> {
    let text = described(ask);
    if args.json {
        console::tell(&text);
    } else {
        console::result(&text);
    }
    if args.yes || !console::is_result_watched() {
        return Ok(());
    }
    discard_typed();
    match console::ask("grant? [y/N] ") {
        Some(answer) if matches!(answer.trim(), "y" | "Y" | "yes") => Ok(()),
        Some(_) => {
            let hint = format!("the ask still waits; to refuse it: tryaudex refuse {}", ask.id);
            let message = format!("`{}` was not granted: the answer was not yes", ask.id);
            Err(Failure::refused(&message, &hint).at("approve"))
        }
        None => {
            let message = "cannot ask for confirmation: there is no terminal";
            Err(Failure::usage(message, "look at the permissions first, then give --yes"))
        }
    }
}

/// Discards what was typed before a question, which so is not an answer to it.
pub(super) fn discard_typed() {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    // Without a terminal, nothing was typed.
    let _ = terminal.map(|terminal| tcflush(terminal, FlushArg::TCIFLUSH));
}

/// Returns a line about the ask, and below it one line for each action and resource.
fn described(ask: &Ask) -> String {
    let (id, session, level) = (&ask.id, &ask.session, ask.level());
    let head = format!("{id}  {session}  {level}  by {}  {}", ask.who(), ask.reason());
    let items = ask.items().into_iter().map(|item| format!("\n  {item}"));
    items.fold(head.trim_end().to_owned(), |text, item| text + &item)
}

pub(super) fn refuse(environment: &Environment, args: &RefuseArgs) -> Result<u8, Failure> {
    let (mut one, _) = find(environment, &args.id)?;
    let ask = answered(&mut one.client, &args.id, Answer::No)?;
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
        match one.client.asks_and_notice() {
            Ok((asks, said)) => {
                if let Some(text) = said {
                    Console::default().notice(&format!("session `{}`: {text}", one.hello.session));
                }
                all.push((one, asks));
            }
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
    let asks: Vec<String> = waiting.map(|(_, ask)| described(ask)).collect();
    if asks.is_empty() {
        console::result("no ask waits for an answer");
    } else {
        console::result(&asks.join("\n"));
    }
    Ok(0)
}

/// Finds an ask and the session that has it.
fn find(environment: &Environment, id: &str) -> Result<(Found, Ask), Failure> {
    let mut known = Vec::new();
    for (one, asks) in asks(environment)? {
        for ask in asks {
            if ask.id == id {
                return Ok((one, ask));
            }
            known.push(ask.id);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_yes_only_a_grant_is_a_success() {
        let exit_code = |state| {
            let ask = json!({ "id": "ask-1", "session": "audex-1", "provider": "aws", "command": [],
                "wanted": [], "asked_at": 0, "state": state });
            outcome(&serde_json::from_value(ask).unwrap()).map_err(|failure| failure.kind)
        };
        let granted = json!({ "state": "granted", "by": "ann", "until": 1, "once": false });
        let refused = json!({ "state": "refused", "by": "ann", "reason": "no" });
        assert_eq!(exit_code(granted), Ok(0));
        assert_eq!(exit_code(json!({ "state": "used" })), Ok(0));
        assert_eq!(exit_code(refused), Err(Kind::Denied));
        for state in ["ended", "pending", "considered"] {
            assert_eq!(exit_code(json!({ "state": state })), Err(Kind::Denied), "{state}");
        }
    }
}
