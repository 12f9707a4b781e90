//! The person who answers: through the client, or through the webhook of `[approve]`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResponse};
use rmcp::service::RequestContext;

use super::approval::{Memory, PATIENCE, Question};
use super::elicit;
use crate::asks::webhook::WebhookClient;
use crate::asks::{self, Ask, ID_PREFIX, State, Wanted};
use crate::failure::Failure;
use crate::pipeline::attempt::NO_SESSION;
use audex_audit::{Answered, Asked, AskedPermission, Audit, Event};
use audex_core::redact::redact_text;
use audex_core::{clock, printable, random};

/// The digits of the id of an ask that is on no board.
const ID_DIGITS: usize = 8;
const NEXT: &str = "ask for less, or give a better reason; do not repeat the same call";

/// The ways to a person.
#[derive(Clone)]
pub(super) struct Person {
    memory: Arc<Mutex<Memory>>,
    webhook: Option<WebhookClient>,
    /// True if the organisation lets only its webhook answer.
    is_webhook_only: bool,
    /// The log of questions and answers, which belong to no session yet.
    audit: Audit,
}

/// What the person said.
pub(super) enum Said {
    Yes {
        /// Who said it.
        by: String,
        /// The longest time, if it was limited.
        seconds: Option<u64>,
        /// True if it is for one run.
        once: bool,
    },
    /// The client has to ask first, and to repeat its call.
    AskFirst(Box<CallToolResponse>),
}

/// What came of a question to the client.
pub(super) enum Elicited {
    Answer(elicit::Answer),
    Nobody,
    AskFirst(Box<CallToolResponse>),
}

impl Person {
    pub(super) fn new(webhook: Option<WebhookClient>, is_webhook_only: bool, audit: Audit) -> Self {
        Self { memory: Arc::default(), webhook, is_webhook_only, audit }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the person. Question and answer are recorded; without a record there is no yes.
    ///
    /// # Errors
    /// When there is no yes.
    pub(super) async fn approved(
        &self,
        question: &Question,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Said, Failure> {
        let asks_client = !self.is_webhook_only && elicit::is_possible(context);
        if !asks_client && self.webhook.is_none() {
            return Err(cannot_ask(question));
        }
        // The question must fit before anything is recorded of it.
        question.text()?;
        let handle = call.request_state.as_deref();
        let known = handle.and_then(|handle| self.memory().ask(handle));
        let id = match known {
            Some(id) => id,
            None => self.record_asked(question)?,
        };
        let said = if asks_client {
            self.by_client(question, &id, call, context).await
        } else {
            self.by_webhook(question, &id, context).await
        };
        let name = context.client_info().map(|client| client.name).unwrap_or_default();
        let client = printable::line(&format!("client `{name}` over MCP"));
        let answered = Answered { ask: id, by: client.clone(), ..Answered::default() };
        match said {
            Ok(Said::Yes { by, seconds, once }) => {
                let by = format!("{by}, {client}");
                let answered = Answered { granted: true, by: by.clone(), once, ..answered };
                self.record(&Event::Answered(answered))?;
                Ok(Said::Yes { by, seconds, once })
            }
            Ok(first) => Ok(first),
            Err(failure) => {
                let reason = Some(failure.line());
                self.record(&Event::Answered(Answered { reason, ..answered }))?;
                Err(failure)
            }
        }
    }

    async fn by_client(
        &self,
        question: &Question,
        id: &str,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Said, Failure> {
        match self.elicited(question, Some(id), call, context).await? {
            Elicited::AskFirst(first) => Ok(Said::AskFirst(first)),
            Elicited::Answer(elicit::Answer::Yes) => {
                let by = "a person".to_owned();
                Ok(Said::Yes { by, seconds: None, once: false })
            }
            Elicited::Answer(elicit::Answer::No) => {
                Err(refused("the person who was asked said no"))
            }
            Elicited::Nobody => Err(refused("nobody answered the question")),
        }
    }

    async fn by_webhook(
        &self,
        question: &Question,
        id: &str,
        context: &RequestContext<RoleServer>,
    ) -> Result<Said, Failure> {
        let Some(webhook) = &self.webhook else { return Err(cannot_ask(question)) };
        let ask = ask(question, id);
        let asked = tokio::time::timeout(PATIENCE, webhook.answered(&ask));
        let answer = context.ct.run_until_cancelled(asked).await;
        match answer.and_then(Result::ok).flatten() {
            Some((asks::Answer::Yes { once, seconds }, by)) => Ok(Said::Yes { by, seconds, once }),
            Some((asks::Answer::No, by)) => Err(refused(&format!("{by} said no"))),
            None => Err(refused("nobody answered the question")),
        }
    }

    /// Records a question, and returns its id.
    fn record_asked(&self, question: &Question) -> Result<String, Failure> {
        let digits = random::text(ID_DIGITS, random::HEX);
        let digits = digits.map_err(|error| Failure::internal("approve", error))?;
        let id = format!("{ID_PREFIX}{digits}");
        let permission = |wanted: &Wanted| AskedPermission {
            action: wanted.action.clone(),
            resources: wanted.resources.clone(),
        };
        self.record(&Event::Asked(Asked {
            ask: id.clone(),
            provider: question.provider.clone(),
            permissions: question.wanted.iter().map(permission).collect(),
            why: question.reason.clone(),
        }))?;
        Ok(id)
    }

    fn record(&self, event: &Event) -> Result<(), Failure> {
        self.audit.record(NO_SESSION, event, &[])?;
        Ok(())
    }

    /// Asks the person through the client, about the `ask` of a session or about a run.
    ///
    /// # Errors
    /// When the question cannot be asked, or the answer is for another one.
    pub(super) async fn elicited(
        &self,
        question: &Question,
        ask: Option<&str>,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Elicited, Failure> {
        let text = question.text()?;
        if !elicit::repeats_calls(context) {
            let answer = elicit::ask(context, &text).await;
            return Ok(answer.map_or(Elicited::Nobody, Elicited::Answer));
        }
        let responses = call.request_state.as_deref().zip(call.input_responses.as_ref());
        let Some((handle, responses)) = responses else {
            let handle = self.memory().open(question, ask)?;
            let required = elicit::required(&text, handle);
            let required = required.ok_or_else(|| cannot_ask(question))?;
            return Ok(Elicited::AskFirst(Box::new(required.into())));
        };
        if !self.memory().take(handle, question) {
            return Err(refused("the answer is not for this request, or came too late"));
        }
        Ok(elicit::repeated(responses).map_or(Elicited::Nobody, Elicited::Answer))
    }
}

/// Returns the question as the webhook gets it.
fn ask(question: &Question, id: &str) -> Ask {
    Ask {
        id: id.to_owned(),
        session: NO_SESSION.to_owned(),
        provider: question.provider.clone(),
        agent: None,
        command: question.command.iter().map(|word| redact_text(word)).collect(),
        wanted: question.wanted.clone(),
        why: question.reason.clone(),
        asked_at: clock::unix_seconds(),
        state: State::Pending,
    }
}

pub(super) fn refused(message: &str) -> Failure {
    Failure::refused(message, NEXT).at("approve")
}

fn cannot_ask(question: &Question) -> Failure {
    let names: Vec<_> = question.wanted.iter().map(|one| format!("`{}`", one.action)).collect();
    let message = format!(
        "{} need the yes of a person, and this client cannot ask one (it has no elicitation)",
        names.join(", ")
    );
    let hint = "ask the user to run it: tryaudex run … -- COMMAND; or use a client with elicitation, or `[approve] webhook`; permissions that only read and list need no yes";
    Failure::refused(&message, hint).at("approve")
}
