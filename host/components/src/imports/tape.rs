//! The recorded requests of a component under test and their replies: a transport that repeats the test without
//! the network.
//!
//! Security: a tape contains no whole secret. A secret in a request is replaced by a placeholder, and a secret that
//! the component lifted is no longer in the reply. Everything that the component itself could read is on the tape,
//! so also the part of a secret that a server quoted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::bindings::provider::http::{Auth, Chunk, Request, Response};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::import_error::{ImportError, plain_error};
use crate::imports::View;
use crate::imports::http::{Composed, Http, origin_of};
use crate::imports::transport::{Live, Transport};
use crate::misbehaved::Misbehaved;
use crate::resource::HeldSecret;
use audex_core::secret::Secret;
use audex_logins::signature::{Algorithm, UnusableKey};

/// A request in its recorded form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lift: Vec<String>,
}

/// The recorded result of a request: a reply without the lifted values, or an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Got {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
        /// For each pointer, `true` if it found a value.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lifted: Vec<bool>,
    },
    Failure {
        #[serde(with = "Kind")]
        kind: ErrorKind,
        code: String,
        message: String,
    },
}

/// The names of the contract for the kinds of errors.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ErrorKind", rename_all = "kebab-case")]
enum Kind {
    InvalidInput,
    Unsupported,
    Denied,
    Unavailable,
    Internal,
}

/// One request and its result.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    sent: Sent,
    got: Got,
}

/// A tape with one fixed time: the component's clock stands still.
#[derive(Debug)]
pub struct Tape {
    now: u64,
    exchanges: Mutex<VecDeque<Exchange>>,
}

impl Tape {
    /// Returns a tape with the time `now`, in seconds since the Unix epoch, and recorded exchanges.
    #[must_use]
    pub fn new(now: u64, exchanges: Vec<Exchange>) -> Self {
        Self { now, exchanges: Mutex::new(exchanges.into()) }
    }

    /// Returns the recorded exchanges, or the ones that remain for replay.
    #[must_use]
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The live transport with a tape beside it.
pub(crate) struct Recorder(pub Arc<Tape>);

impl Transport for Recorder {
    fn now(&self) -> u64 {
        self.0.now
    }

    fn sign(&self, key: &Secret, name: Algorithm, message: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        Live.sign(key, name, message)
    }

    fn send(
        &self,
        http: &mut View<'_, Http>,
        asked: &Request,
        composed: Composed,
    ) -> Result<Response, ImportError> {
        let answer = Live.send(http, asked, composed);
        let got = match &answer {
            Ok(response) => Got::Reply {
                status: response.status,
                headers: response.headers.clone(),
                body: String::from_utf8_lossy(&response.body).into_owned(),
                lifted: response.lifted.iter().map(Option::is_some).collect(),
            },
            Err(ImportError::Guest(Error { kind, code, message, .. })) => {
                Got::Failure { kind: *kind, code: code.clone(), message: message.clone() }
            }
            Err(ImportError::Trap(_)) => return answer,
        };
        self.0.lock().push_back(Exchange { sent: Sent::of(asked), got });
        answer
    }
}

/// A transport that answers with recorded exchanges, in order, and reaches nothing.
pub(crate) struct Player(pub Arc<Tape>);

impl Transport for Player {
    fn now(&self) -> u64 {
        self.0.now
    }

    fn sign(&self, _: &Secret, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, UnusableKey> {
        Ok(b"replayed signature".to_vec())
    }

    fn send(
        &self,
        http: &mut View<'_, Http>,
        asked: &Request,
        composed: Composed,
    ) -> Result<Response, ImportError> {
        let sent = Sent::of(asked);
        let (status, headers, body, lifted) = match self.0.lock().pop_front() {
            Some(Exchange { sent: recorded, .. }) if recorded != sent => {
                let reason =
                    format!("it sent {}, and {} was recorded", sent.told(), recorded.told());
                return Err(Misbehaved::OffTape(reason).into());
            }
            Some(Exchange { got: Got::Failure { kind, code, message }, .. }) => {
                return Err(plain_error(kind, &code, message).into());
            }
            Some(Exchange { got: Got::Reply { status, headers, body, lifted }, .. }) => {
                (status, headers, body, lifted)
            }
            None => {
                let reason = format!("it sent {}, and nothing more was recorded", sent.told());
                return Err(Misbehaved::OffTape(reason).into());
            }
        };
        let mut held = Vec::new();
        for is_found in lifted {
            let value = Secret::new("replayed-secret-of-the-reply".to_owned());
            let secret = HeldSecret::whole(value, origin_of(&composed.host));
            held.push(if is_found { Some(http.call.hold(secret)?) } else { None });
        }
        Ok(Response { status, headers, body: body.into_bytes(), lifted: held })
    }
}

impl Sent {
    /// Returns `asked` with each secret replaced.
    fn of(asked: &Request) -> Self {
        let text = |chunks: &[Chunk]| -> String {
            let text = |chunk: &Chunk| match chunk {
                Chunk::Plain(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Chunk::Secret(_) | Chunk::FormSecret(_) | Chunk::JsonSecret(_) => {
                    "<secret>".to_owned()
                }
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
        let body: String = self.body.chars().take(200).collect();
        format!("`{} {}` with `{body}`", self.method, self.url)
    }
}

#[cfg(test)]
mod tests;
