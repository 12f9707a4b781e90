//! Asks on behalf of a running session, through its control socket.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::approval::{Question, UNTIL_THE_END};
use super::arguments::Request as Asked;
use super::elicit;
use super::person::{self, Elicited};
use super::server::{Outcome, Server};
use crate::asks::{Answer, Ask, State};
use crate::control::{self, Client, Found, Hello, NotCounted, Reply, Request};
use crate::door::AskRequest;
use crate::failure::Failure;
use crate::settings;
use crate::settings::config_file::parse_ttl;
use audex_core::clock::rfc3339;

/// The time in which the filters of the session consider an ask.
const CONSIDER: Duration = Duration::from_secs(20);
/// The time between two looks at an ask.
const LOOK: Duration = Duration::from_millis(50);
/// The way on which the answer came, for the session's log.
const VIA: &str = "elicitation over MCP";

impl Server {
    /// Asks for one thing more in a running session. The session's own filters and rules decide first.
    pub(super) async fn ask_session(
        &self,
        request: Asked,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome, Failure> {
        let Asked { allow, profile, resource, provider, region, ttl, reason, session, .. } =
            request;
        if !profile.is_empty() || provider.is_some() || region.is_some() {
            let message = "with `session`, only `allow`, `resource`, `ttl` and `reason` are taken";
            return Err(Failure::usage(message, "leave the others out"));
        }
        let seconds = ttl.as_deref().map(parse_ttl).transpose();
        let seconds = seconds.map_err(|message| Failure::usage(&message, "write it like `5m`"))?;
        let seconds = seconds.map(|ttl| ttl.as_secs());
        let id = session.unwrap_or_default();
        let state = settings::directories(&self.environment)?.state;
        let wish = AskRequest { allow, resources: resource, why: reason };
        let handle = call.request_state.as_deref();
        let known = handle.and_then(|handle| self.person.memory().ask(handle));
        let (asked, hello) = self
            .work(move |_| match known {
                Some(known) => find(&state, &id, &known),
                None => ask(&state, &id, wish),
            })
            .await?;
        let pending = |why: &str| {
            let next = format!("{why}; call request_access again to see whether it is answered");
            let (ask, wanted) = (&asked.id, &asked.wanted);
            json!({ "state": "pending", "permissions": wanted, "ask": ask, "next": next })
        };
        match &asked.state {
            State::Considered | State::Pending => {}
            other => return stated(other, &asked).map(Outcome::Done),
        }
        let answers = format!("a person answers with `tryaudex approve {}`", asked.id);
        if !hello.takes_answers {
            return Ok(Outcome::Done(pending("only the webhook can answer")));
        }
        if asked.state == State::Considered || !elicit::is_possible(context) {
            return Ok(Outcome::Done(pending(&answers)));
        }
        let question = Question {
            provider: asked.provider.clone(),
            wanted: asked.wanted.clone(),
            command: asked.command.clone(),
            reason: asked.why.clone(),
            ttl_seconds: seconds.unwrap_or(UNTIL_THE_END),
        };
        let said = match self.person.elicited(&question, Some(&asked.id), call, context).await? {
            Elicited::AskFirst(first) => return Ok(Outcome::Ask(first)),
            Elicited::Nobody => return Ok(Outcome::Done(pending(&answers))),
            Elicited::Answer(elicit::Answer::Yes) => Answer::Yes { once: false, seconds },
            Elicited::Answer(elicit::Answer::No) => Answer::No,
        };
        let (id, name) = (asked.id.clone(), hello.session);
        let state = settings::directories(&self.environment)?.state;
        let answered = self.work(move |_| answer(&state, &name, &id, said)).await?;
        match answered {
            Ok(ask) => stated(&ask.state, &ask).map(Outcome::Done),
            Err(why) => Ok(Outcome::Done(pending(&why.text(&asked.id)))),
        }
    }
}

/// Returns the result for an ask that was answered.
fn stated(state: &State, ask: &Ask) -> Result<Value, Failure> {
    match state {
        State::Granted { by, until, .. } => Ok(json!({
            "state": "granted", "permissions": ask.wanted, "until": rfc3339(*until), "by": by,
            "ask": ask.id, "next": "the command of the session can try again",
        })),
        State::Refused { by, reason } => {
            Err(person::refused(&format!("`{}` was refused by {by}: {reason}", ask.id)))
        }
        _ => Err(person::refused(&format!("`{}` has ended", ask.id))),
    }
}

/// Asks for one thing more in the session whose name begins with `id`, and waits until its filters and rules have spoken.
///
/// # Errors
/// When the session does not run, or takes no such ask.
fn ask(state: &Path, id: &str, wish: AskRequest) -> Result<(Ask, Hello), Failure> {
    let Found { hello, mut client } = connected(state, id)?;
    let ask = match client.ask(&Request::Ask(wish))? {
        Reply::Asked(ask) => ask,
        Reply::NotAsked { message } => {
            let hint = "see the permissions with `plan`, and what runs with `sessions`";
            return Err(Failure::refused(&message, hint).at("approve"));
        }
        _ => {
            let message = format!("session `{}` answered something else", hello.session);
            return Err(Failure::refused(&message, "it may be of another version").at("approve"));
        }
    };
    let begun = Instant::now();
    loop {
        // An ask that is being considered is not in the list.
        if let Some(ask) = client.asks()?.into_iter().find(|one| one.id == ask.id) {
            return Ok((ask, hello));
        }
        if begun.elapsed() >= CONSIDER {
            return Ok((ask, hello));
        }
        thread::sleep(LOOK);
    }
}

/// Returns an ask of the session.
///
/// # Errors
/// When the session does not run, or has no such ask.
fn find(state: &Path, id: &str, ask: &str) -> Result<(Ask, Hello), Failure> {
    let Found { hello, mut client } = connected(state, id)?;
    let found = client.asks()?.into_iter().find(|one| one.id == ask);
    let gone = || Failure::usage(&format!("there is no ask `{ask}` any more"), "ask again");
    Ok((found.ok_or_else(gone)?, hello))
}

/// Answers an ask of the session, and waits until a yes is carried out.
///
/// # Errors
/// When the session does not run.
fn answer(
    state: &Path,
    session: &str,
    ask: &str,
    answer: Answer,
) -> Result<Result<Ask, NotCounted>, Failure> {
    let mut client = Client::connect(state, session)?;
    Ok(client.answer(ask, answer, Some(VIA))?)
}

fn connected(state: &Path, id: &str) -> Result<Found, Failure> {
    let names = control::names(state)?;
    let mut begin = names.iter().filter(|name| name.starts_with(id) && !id.is_empty());
    let name = match (names.iter().find(|name| *name == id), begin.next(), begin.next()) {
        (Some(name), _, _) | (None, Some(name), None) => name,
        (None, None, _) => {
            let message = format!("no session `{id}` is running");
            return Err(Failure::usage(
                &message,
                "`sessions` lists what runs; without `session`, the yes is for later calls of `run`",
            ));
        }
        (None, Some(_), Some(_)) => {
            let message = format!("several running sessions begin with `{id}`");
            return Err(Failure::usage(&message, "give more of the name: see `sessions`"));
        }
    };
    Ok(Client::connect(state, name)?.greeted()?)
}
