//! The server: which tool a call means, and what it answers.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorCode, Implementation,
    ListToolsResult, PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities,
    ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer;
use super::approval::{self, Judged, Memory, Question};
use super::arguments::{self, Request, read};
use super::elicit::{self, Answer};
use super::program::{self, Running};
use super::tool::{self, Name};
use crate::asks::Wanted;
use crate::cli::{explain, plan, policies, sessions};
use crate::failure::Failure;
use crate::pipeline::guard::guarded;
use crate::settings;
use audex_audit::{Audit, Filter};
use audex_core::clock::{rfc3339, unix_seconds};
use audex_core::environment::Environment;

/// The time between two reports of progress.
const PROGRESS: Duration = Duration::from_millis(500);
const INSTRUCTIONS: &str = "Audex gives commands short-lived cloud credentials that can do only what is asked. Ask for the least: name permissions and resources. `plan` shows what a run would get. `run` runs one command. Permissions that write, tag or manage permissions need the yes of a person, who is asked when you call `run` or `request_access`. After an AccessDenied, call `explain_denial`.";

/// The server for one client.
#[derive(Clone)]
pub(super) struct Server {
    environment: Arc<Environment>,
    /// The commands that may run; `None` if the settings name none.
    commands: Option<Arc<[PathBuf]>>,
    running: Running,
    memory: Arc<Mutex<Memory>>,
}

/// A plan, as the approval needs it.
struct Made {
    plan: Value,
    digest: String,
    judged: Vec<Judged>,
    provider: String,
    ttl_seconds: u64,
}

/// What a call comes to.
enum Outcome {
    Done(Value),
    Ask(Box<CallToolResponse>),
}

impl Server {
    pub(super) fn new(environment: &Environment, commands: Option<Vec<PathBuf>>) -> Self {
        Self {
            environment: Arc::new(program::for_agent(environment)),
            commands: commands.map(Into::into),
            running: Running::default(),
            memory: Arc::default(),
        }
    }

    pub(super) fn running(&self) -> Running {
        self.running.clone()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work that blocks on another thread.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Environment) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let environment = Arc::clone(&self.environment);
        let done = tokio::task::spawn_blocking(move || guarded(|| work(&environment)));
        done.await.map_err(|error| Failure::internal("mcp", error))?
    }

    async fn call(
        &self,
        name: Name,
        mut call: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome, Failure> {
        let given = call.arguments.take();
        let done = match name {
            Name::Plan => {
                let request: Request = read(given)?;
                let Made { mut plan, judged, .. } = self.plan(request, None).await?.1;
                let needs: Vec<_> = asked(judged).collect();
                if let Some(plan) = plan.as_object_mut() {
                    plan.insert("needs_approval".to_owned(), json!(needs));
                }
                plan
            }
            Name::Run => return self.run(read(given)?, &call, context).await,
            Name::RequestAccess => return self.request_access(read(given)?, &call, context).await,
            Name::CheckPermission => {
                let arguments::Check { permissions, provider } = read(given)?;
                let checked = self.work(move |environment| {
                    policies::check::json(environment, &permissions, provider.as_ref())
                });
                json!({ "permissions": checked.await? })
            }
            Name::ExplainDenial => {
                let arguments::Explain { text, session } = read(given)?;
                if text.is_some() && session.is_some() {
                    let message = "`text` and `session` cannot both be given";
                    return Err(Failure::usage(message, "leave one of them out"));
                }
                let explained = self.work(move |environment| {
                    let explained =
                        explain::explained(environment, text.as_deref(), session.as_deref())?;
                    Ok(explained.json())
                });
                explained.await?
            }
            Name::Sessions => {
                let limit = read::<arguments::Sessions>(given)?.limit()?;
                let listed = self.work(move |environment| {
                    let audit = Audit::new(settings::directories(environment)?.audit);
                    sessions::list(&audit, limit, true)
                });
                json!({ "sessions": parsed(&listed.await?) })
            }
            Name::Receipt => {
                let arguments::Receipt { session } = read(given)?;
                let shown = self.work(move |environment| sessions::receipt(environment, &session));
                parsed(&shown.await?)
            }
            Name::Audit => {
                let wanted: arguments::Audit = read(given)?;
                let limit = Some(wanted.limit()?);
                let (session, event) = (wanted.session, wanted.event);
                let records = self.work(move |environment| {
                    let audit = Audit::new(settings::directories(environment)?.audit);
                    let verified = audit.verify()?;
                    let records = audit.list(&Filter { limit, session, event })?;
                    Ok(json!({
                        "records": records, "verified": verified.records, "last": verified.last,
                    }))
                });
                records.await?
            }
        };
        Ok(Outcome::Done(done))
    }

    /// Makes the plan of a request, for `command` or for the command that the request names.
    async fn plan(
        &self,
        request: Request,
        command: Option<Vec<OsString>>,
    ) -> Result<(Request, Made), Failure> {
        self.work(move |environment| {
            let own = || request.command.iter().map(OsString::from).collect();
            let args = request.plan(&command.unwrap_or_else(own))?;
            let made = plan::of(environment, &args, |shown, chain| {
                let grant = &shown.planned.grant;
                Ok(Made {
                    plan: plan::to_json(shown),
                    digest: grant.digest(),
                    judged: approval::judged(chain)?,
                    provider: grant.shown().provider.clone(),
                    ttl_seconds: grant.shown().ttl_seconds.into(),
                })
            })?;
            Ok((request, made))
        })
        .await
    }

    /// Returns `None` if a person agreed, or what the client has to do first.
    async fn approved(
        &self,
        question: &Question,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<CallToolResponse>, Failure> {
        let text = question.text()?;
        if !elicit::is_possible(context) {
            return Err(cannot_ask(question));
        }
        let refused = |message: &str| {
            let hint = "ask for less, or give a better reason; do not repeat the same call";
            Err(Failure::refused(message, hint).at("approve"))
        };
        let answer = if elicit::is_repeated(context) {
            let handle = call.request_state.as_deref();
            let responses = call.input_responses.as_ref();
            let Some((handle, responses)) = handle.zip(responses) else {
                let handle = self.memory().open(question)?;
                let required = elicit::required(&text, handle);
                let required = required.ok_or_else(|| cannot_ask(question))?;
                return Ok(Some(required.into()));
            };
            if !self.memory().take(handle, question) {
                return refused("the answer is not for this request, or came too late");
            }
            elicit::repeated(responses)
        } else {
            elicit::ask(context, &text).await
        };
        match answer {
            Some(Answer::Yes) => Ok(None),
            Some(Answer::No) => refused("the person who was asked said no"),
            None => refused("nobody answered the question"),
        }
    }

    async fn run(
        &self,
        request: Request,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome, Failure> {
        if request.session.is_some() {
            let hint = "leave it out: `session` is for request_access";
            return Err(Failure::usage("`run` makes a session of its own", hint));
        }
        let list = self.commands.as_deref();
        let command = program::allowed(list, &request.command, &self.environment)?;
        let (request, made) = self.plan(request, Some(command.clone())).await?;
        let wanted: Vec<Wanted> = {
            let mut memory = self.memory();
            let is_new = |wanted: &Wanted| !memory.covers(&made.provider, wanted);
            asked(made.judged).filter(is_new).collect()
        };
        if !wanted.is_empty() {
            let question = Question {
                provider: made.provider,
                wanted,
                command: command.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
                reason: request.reason.clone(),
                ttl_seconds: made.ttl_seconds,
            };
            if let Some(required) = self.approved(&question, call, context).await? {
                return Ok(Outcome::Ask(Box::new(required)));
            }
        }
        let options = ["run".into(), "--json".into(), "--on-expiry=end".into()];
        let expected = format!("--expect-grant={}", made.digest);
        let end = [expected.into(), OsString::from("--")];
        let arguments: Vec<OsString> =
            options.into_iter().chain(request.options()).chain(end).chain(command).collect();
        self.started(&arguments, context).await.map(Outcome::Done)
    }

    async fn started(
        &self,
        arguments: &[OsString],
        context: &RequestContext<RoleServer>,
    ) -> Result<Value, Failure> {
        let (program, place) = self.running.start(&self.environment, arguments)?;
        let stop = place.stop();
        let state = settings::directories(&self.environment)?.state;
        let (bytes, seen) = watch::channel(0);
        report(context, seen);
        let mut ended = tokio::task::spawn_blocking(move || {
            let mut progress = |read| {
                let _ = bytes.send_replace(read);
            };
            let captured =
                program.wait(&mut progress, &mut |stderr| program::end_session(&state, stderr));
            drop(place);
            captured
        });
        let joined = context.ct.run_until_cancelled(&mut ended).await;
        let joined = if let Some(joined) = joined {
            joined
        } else {
            stop.stop();
            ended.await
        };
        let captured = joined.map_err(|error| Failure::internal("mcp", error))?;
        program::result(&captured.map_err(|error| Failure::internal("mcp", error))?)
    }

    async fn request_access(
        &self,
        request: Request,
        call: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome, Failure> {
        if !request.command.is_empty() {
            let hint = "leave it out; `run` takes the command";
            return Err(Failure::usage("`request_access` takes no command", hint));
        }
        let (request, made) = self.plan(request, None).await?;
        let needs_yes = made.judged.iter().any(|one| one.needs_yes);
        let question = Question {
            provider: made.provider,
            wanted: made.judged.into_iter().map(|one| one.wanted).collect(),
            command: Vec::new(),
            reason: request.reason,
            ttl_seconds: made.ttl_seconds,
        };
        let by = if needs_yes {
            if let Some(required) = self.approved(&question, call, context).await? {
                return Ok(Outcome::Ask(Box::new(required)));
            }
            self.memory().grant(&question);
            Some("a person, through the client")
        } else {
            None
        };
        let until = by.map(|_| rfc3339(unix_seconds().saturating_add(question.ttl_seconds)));
        Ok(Outcome::Done(json!({
            "state": "granted", "permissions": question.wanted, "until": until, "by": by,
            "next": "call `run` with these permissions",
        })))
    }
}

/// Returns the permissions that a person is asked for.
fn asked(judged: Vec<Judged>) -> impl Iterator<Item = Wanted> {
    judged.into_iter().filter(|one| one.needs_yes).map(|one| one.wanted)
}

/// Reports the number of bytes that a command has written, to a client that wants to know.
fn report(context: &RequestContext<RoleServer>, mut seen: watch::Receiver<u64>) {
    let Some(token) = context.meta.get_progress_token() else { return };
    let peer = context.peer.clone();
    tokio::spawn(async move {
        while seen.changed().await.is_ok() {
            let bytes = *seen.borrow_and_update();
            #[expect(
                clippy::cast_precision_loss,
                reason = "the protocol's number; it is for a person"
            )]
            let progress = ProgressNotificationParam::new(token.clone(), bytes as f64)
                .with_message(format!("{bytes} bytes of output"));
            if peer.notify_progress(progress).await.is_err() {
                return;
            }
            tokio::time::sleep(PROGRESS).await;
        }
    });
}

fn cannot_ask(question: &Question) -> Failure {
    let names: Vec<_> = question.wanted.iter().map(|one| format!("`{}`", one.action)).collect();
    let message = format!(
        "{} need the yes of a person, and this client cannot ask one (it has no elicitation)",
        names.join(", ")
    );
    let hint = "ask the user to run it: tryaudex run … -- COMMAND; or use a client with elicitation; permissions that only read and list need no yes";
    Failure::refused(&message, hint).at("approve")
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("tryaudex", env!("CARGO_PKG_VERSION"));
        info.with_instructions(INSTRUCTIONS)
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> {
        std::future::ready(Ok(ListToolsResult::with_all_items(tool::all())))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tool::all().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(name) = Name::parse(&call.name) else {
            let message = format!("there is no tool `{}`", program::safe(&call.name));
            return Err(ErrorData::new(ErrorCode::INVALID_PARAMS, message, None));
        };
        let answered = self.call(name, call, &context).await;
        let result: CallToolResult = match answered {
            Ok(Outcome::Ask(required)) => return Ok(*required),
            Ok(Outcome::Done(value)) => answer::result(value),
            Err(failure) => answer::error(&failure),
        };
        Ok(result.into())
    }
}
