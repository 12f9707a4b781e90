//! Sessions inside the session of a door: opened, held and ended by their own hosts.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{Service, refused};
use crate::asks::Board;
use crate::failure::{Failure, Kind};
use audex_child::{Ended, Status};

/// The path of the sessions.
pub(crate) const SESSIONS: &str = "/sessions";
/// The path where the host of a session waits for its end. The end of the connection is the end of the session.
pub(crate) const HOLD: &str = "/sessions/hold";
/// The path where the host of a session tells the end of its command.
pub(crate) const END: &str = "/sessions/end";
/// The longest request for a session: its command has at most as many bytes as the log takes.
pub(super) const BODY_BYTES: usize = 512 * 1024;
/// The time in which the host of a new session has to hold it.
const HOLD_TIME: Duration = Duration::from_secs(20);

/// What an inner session asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inner {
    /// The values of `--allow`.
    pub allow: Vec<String>,
    /// The values of `--profile`.
    pub profiles: Vec<String>,
    /// The values of `--resource`.
    pub resources: Vec<String>,
    /// The value of `--justification`.
    pub justification: Option<String>,
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The value of `--provider`.
    pub provider: Option<String>,
    /// The value of `--ttl`, in seconds.
    pub ttl: Option<u64>,
    /// The values of `--limit`.
    pub limits: Vec<(String, u64)>,
}

/// A receiver of the end of a session.
pub(crate) type Over = watch::Receiver<bool>;

/// An inner session for its own host: what its command gets.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opened {
    /// The session's name.
    pub session: String,
    /// The sessions around it, the outermost first.
    pub parents: Vec<String>,
    /// The variables of the command.
    pub variables: Vec<(String, String)>,
    /// The names of those whose values are secrets.
    pub secret: Vec<String>,
    /// The settings that lead the command to the gateway.
    pub endpoints: Vec<(String, String)>,
    /// The end of access, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// The token of the session at the door.
    pub token: String,
    /// A few words about the grant.
    pub granted: String,
    /// Notices for the user.
    pub notices: Vec<String>,
}

/// The end of the command of an inner session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// The exit code; `None` if a signal ended the command.
    pub code: Option<i32>,
    /// The signal.
    pub signal: Option<i32>,
    /// The time from start to end, in milliseconds.
    pub duration_ms: u64,
    /// True if the deadline ended the command.
    pub by_deadline: bool,
}

impl Ending {
    /// Returns the end of a command that `by_request` was ended, or ended by itself. It lasted at most `most`.
    pub(crate) fn ended(self, by_request: bool, most: Duration) -> Ended {
        let code = Status::Exited(self.code.unwrap_or_default());
        Ended {
            status: self.signal.map_or(code, Status::Signalled),
            ended_by_deadline: self.by_deadline,
            ended_by_request: by_request,
            duration: Duration::from_millis(self.duration_ms).min(most),
        }
    }
}

/// What opens and ends sessions inside this one.
pub(crate) trait Inside: Send + Sync {
    /// Returns the id of the provider of the outermost session.
    fn provider(&self) -> &str;

    /// Opens a session inside the one with `token`; `None` stands for the outermost one.
    ///
    /// # Errors
    /// Those of a run up to its command.
    fn open(&self, token: Option<&str>, inner: Inner) -> Result<Opened, Failure>;

    /// Returns the asks of the inner session.
    fn board(&self, token: &str) -> Option<Arc<Board>>;

    /// Returns true if `token` is that of an inner session.
    fn knows(&self, token: &str) -> bool;

    /// Returns a receiver that learns of the end of the inner session.
    fn over(&self, token: &str) -> Option<Over>;

    /// Returns true if the host of the inner session waits for its end.
    fn is_held(&self, token: &str) -> bool;

    /// Ends an inner session with those inside it, as its own host says; `None` if its host is gone. Further calls change nothing.
    fn end(&self, token: &str, ending: Option<Ending>);
}

/// A failure on its way to the host of an inner session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The message.
    pub error: String,
    /// The causes, outermost first.
    pub causes: Vec<String>,
    /// The next step.
    pub hint: Option<String>,
    /// The exit status.
    pub code: u8,
}

impl Told {
    /// Returns the failure as the user of the inner session sees it.
    pub(crate) fn failure(self) -> Failure {
        let kind = Kind::of(self.code);
        let message = std::iter::once(self.error).chain(self.causes).collect::<Vec<_>>().join(": ");
        let hint = self.hint.unwrap_or_default();
        let failure = Failure { kind, ..Failure::usage(&message, &hint) }.at("nest");
        Failure { hint: failure.hint.clone().filter(|hint| !hint.is_empty()), ..failure }
    }

    fn of(failure: &Failure) -> Self {
        Self {
            error: failure.message(),
            causes: failure.causes(),
            hint: failure.hint.clone(),
            code: failure.kind.exit_code(),
        }
    }
}

/// Ends a session whose host is gone.
struct Held {
    inside: Arc<dyn Inside>,
    token: Option<String>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            let inside = Arc::clone(&self.inside);
            let end = move || inside.end(&token, None);
            match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(end)),
                Err(_) => end(),
            }
        }
    }
}

type Answer = Result<(StatusCode, Value), (StatusCode, String)>;

impl Service {
    /// Answers a request about sessions; `token` is that of an inner session, or `None` for the door's own.
    pub(super) async fn session(
        &self,
        method: &Method,
        path: &str,
        token: Option<String>,
        body: &[u8],
    ) -> Answer {
        let inside = Arc::clone(&self.inside);
        match (method, path, token) {
            (&Method::GET, SESSIONS, _) => {
                Ok((StatusCode::OK, json!({ "provider": inside.provider() })))
            }
            (&Method::POST, SESSIONS, token) => {
                let inner: Inner = read(body)?;
                let work = move || inside.open(token.as_deref(), inner);
                let opened = spawn_blocking(work).await.map_err(|_| failed())?;
                Ok(match opened {
                    Ok(opened) => {
                        self.expect(opened.token.clone());
                        (StatusCode::CREATED, json!(opened))
                    }
                    Err(failure) => (StatusCode::FORBIDDEN, json!(Told::of(&failure))),
                })
            }
            (&Method::POST, HOLD, Some(token)) => {
                let mut over = inside.over(&token).ok_or_else(|| {
                    refused(StatusCode::NOT_FOUND, "this session has ended already")
                })?;
                let mut held = Held { inside, token: Some(token) };
                let _ = over.wait_for(|is_over| *is_over).await;
                // The host tells the end of its command now.
                if let Some(token) = held.token.take() {
                    self.expect(token);
                }
                Ok((StatusCode::OK, json!({})))
            }
            (&Method::GET, HOLD, Some(token)) => {
                Ok((StatusCode::OK, json!({ "held": inside.is_held(&token) })))
            }
            (&Method::POST, END, Some(token)) => {
                let ending: Ending = read(body)?;
                let work = move || inside.end(&token, Some(ending));
                spawn_blocking(work).await.map_err(|_| failed())?;
                Ok((StatusCode::OK, json!({})))
            }
            _ => Err(refused(StatusCode::NOT_FOUND, "this door takes no such request")),
        }
    }

    /// Ends a new session that its host does not hold in time.
    fn expect(&self, token: String) {
        let inside = Arc::clone(&self.inside);
        tokio::spawn(async move {
            tokio::time::sleep(HOLD_TIME).await;
            if !inside.is_held(&token) {
                let _ = spawn_blocking(move || inside.end(&token, None)).await;
            }
        });
    }
}

fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, (StatusCode, String)> {
    serde_json::from_slice(body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("malformed request: {error}")))
}

fn failed() -> (StatusCode, String) {
    refused(StatusCode::INTERNAL_SERVER_ERROR, "the session around this one failed")
}
