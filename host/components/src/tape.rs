//! The recorded requests of a component under test and their replies: enough to repeat the test without the
//! network.
//!
//! Security: a tape contains no secrets. A secret in a request is replaced by a placeholder, and a secret
//! that the component lifted is no longer in the reply. Everything that the component itself could read is on
//! the tape.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::bindings::provider::http::{Auth, Chunk, Request, Response};
use super::bindings::provider::types::{Error, ErrorKind};

/// The placeholder for a secret.
const SECRET: &str = "<secret>";

/// A request in its recorded form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lift: Vec<String>,
}

/// The recorded result of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Got {
    /// A reply without the lifted values; `lifted` says which pointers found a value.
    Reply {
        /// The HTTP status.
        status: u16,
        /// The headers that the component received.
        headers: Vec<(String, String)>,
        /// The body that the component received.
        body: String,
        /// One entry for each pointer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lifted: Vec<bool>,
    },
    /// An error instead of a reply.
    Failure {
        /// The kind of the error, as the contract names it.
        kind: String,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
}

/// One request and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    sent: Sent,
    got: Got,
}

/// A tape with one fixed time: the component's clock stands still.
#[derive(Debug)]
pub struct Tape {
    now: u64,
    mode: Mutex<Mode>,
}

#[derive(Debug)]
enum Mode {
    Recording(Vec<Exchange>),
    Replaying(VecDeque<Exchange>),
}

impl Tape {
    /// Returns an empty tape that records.
    #[must_use]
    pub fn recording(now: u64) -> Self {
        Self { now, mode: Mutex::new(Mode::Recording(Vec::new())) }
    }

    /// Returns a tape that answers with recorded exchanges, in order.
    #[must_use]
    pub fn replaying(now: u64, exchanges: Vec<Exchange>) -> Self {
        Self { now, mode: Mutex::new(Mode::Replaying(exchanges.into())) }
    }

    /// Returns the fixed time, in seconds since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Returns `true` if recorded exchanges answer the requests.
    #[must_use]
    pub(crate) fn is_replaying(&self) -> bool {
        matches!(*self.mode.lock().unwrap_or_else(PoisonError::into_inner), Mode::Replaying(_))
    }

    /// Returns the recorded exchanges, or the ones that remain for replay.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        match &*self.mode.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Recording(exchanges) => exchanges.clone(),
            Mode::Replaying(left) => left.iter().cloned().collect(),
        }
    }

    /// Records an exchange; does nothing while replaying.
    pub fn record(&self, sent: Sent, answer: &Result<Response, Error>) {
        if let Mode::Recording(exchanges) =
            &mut *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
        {
            exchanges.push(Exchange { sent, got: Got::of(answer) });
        }
    }

    /// Returns the recorded result of the same request, or `None` while recording.
    ///
    /// # Errors
    /// When the request differs from the next recorded one.
    pub(crate) fn replay(&self, sent: &Sent) -> Result<Option<Got>, String> {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        let Mode::Replaying(left) = &mut *mode else { return Ok(None) };
        match left.pop_front() {
            Some(next) if next.sent == *sent => Ok(Some(next.got)),
            Some(next) => {
                Err(format!("it sent {}, and {} was recorded", sent.told(), next.sent.told()))
            }
            None => Err(format!("it sent {}, and nothing more was recorded", sent.told())),
        }
    }
}

impl Sent {
    /// Returns `asked` with each secret replaced.
    #[must_use]
    pub fn of(asked: &Request) -> Self {
        let text = |chunks: &[Chunk]| -> String {
            let text = |chunk: &Chunk| match chunk {
                Chunk::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Chunk::Secret(_) | Chunk::FormSecret(_) | Chunk::JsonSecret(_) => SECRET.to_owned(),
            };
            chunks.iter().map(text).collect()
        };
        let auth = asked.auth.as_ref().map(|auth| match auth {
            Auth::Aws(scope) => format!("aws {} {}", scope.service, scope.region),
            Auth::Bearer(slot) => format!("bearer {slot}"),
            Auth::Header(key) => format!("header {} {}", key.name, key.slot),
        });
        Self {
            method: asked.method.clone(),
            url: asked.url.clone(),
            headers: asked.headers.iter().map(|one| (one.name.clone(), text(&one.value))).collect(),
            body: text(&asked.body),
            auth,
            lift: asked.lift.clone(),
        }
    }

    fn told(&self) -> String {
        format!(
            "`{} {}` with `{}`",
            self.method,
            self.url,
            self.body.chars().take(200).collect::<String>()
        )
    }
}

impl Got {
    fn of(answer: &Result<Response, Error>) -> Self {
        match answer {
            Ok(response) => Self::Reply {
                status: response.status,
                headers: response.headers.clone(),
                body: String::from_utf8_lossy(&response.body).into_owned(),
                lifted: response.lifted.iter().map(Option::is_some).collect(),
            },
            Err(error) => Self::Failure {
                kind: kind_name(error.kind).to_owned(),
                code: error.code.clone(),
                message: error.message.clone(),
            },
        }
    }
}

const KINDS: [ErrorKind; 5] = [
    ErrorKind::InvalidInput,
    ErrorKind::Unsupported,
    ErrorKind::Denied,
    ErrorKind::Unavailable,
    ErrorKind::Internal,
];

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidInput => "invalid-input",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::Denied => "denied",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Internal => "internal",
    }
}

/// Returns the error kind with this name; an unknown name becomes [`ErrorKind::Internal`].
#[must_use]
pub(crate) fn kind_named(name: &str) -> ErrorKind {
    KINDS.into_iter().find(|kind| kind_name(*kind) == name).unwrap_or(ErrorKind::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str) -> Sent {
        Sent::of(&Request {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: vec![Chunk::Plain(b"a=1&".to_vec())],
            auth: Some(Auth::Bearer("secret:API_KEY".to_owned())),
            lift: vec!["/token".to_owned()],
            timeout_ms: None,
        })
    }

    fn refused() -> Result<Response, Error> {
        Err(Error {
            kind: ErrorKind::Denied,
            code: "no".to_owned(),
            message: "no".to_owned(),
            hint: None,
        })
    }

    #[test]
    fn what_was_recorded_is_replayed_in_order_and_nothing_else_is() {
        let tape = Tape::recording(7);
        assert_eq!(tape.replay(&sent("https://x/1")), Ok(None));
        tape.record(sent("https://x/1"), &refused());
        let text = serde_json::to_string(&tape.exchanges()).unwrap();
        let again = Tape::replaying(7, serde_json::from_str(&text).unwrap());
        assert!(again.is_replaying() && !tape.is_replaying());
        let wrong = again.replay(&sent("https://x/2")).unwrap_err();
        assert!(wrong.contains("https://x/2") && wrong.contains("https://x/1"), "{wrong}");
        let again = Tape::replaying(7, tape.exchanges());
        assert!(
            matches!(again.replay(&sent("https://x/1")), Ok(Some(Got::Failure { kind, .. })) if kind == "denied")
        );
        assert!(
            again.replay(&sent("https://x/1")).unwrap_err().contains("nothing more was recorded")
        );
    }

    #[test]
    fn kinds_are_written_as_they_are_read() {
        for kind in KINDS {
            assert_eq!(kind_named(kind_name(kind)), kind);
        }
    }
}
