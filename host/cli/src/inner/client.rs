//! The connection of an inner run to the door of the session around it.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use reqwest::{Method, Url};
use serde::Serialize;
use serde_json::Value;

use crate::door::sessions::{END, Ending, HOLD, Inner, Opened, SESSIONS, Told};
use crate::door::{DoorFile, file};
use crate::failure::{Failure, Kind};
use audex_child::Stop;
use audex_core::delivery::SessionFile;
use audex_core::environment::{AUDEX_SESSION_DOOR, Environment};
use audex_wire::client::configured_client;
use audex_wire::exchange::{Reply, exchange};
use audex_wire::patience::Patience;

/// The time in which the outer host has to take note that this process holds its session.
const HOLD_TIME: Duration = Duration::from_secs(10);
/// The pause between two looks at that.
const PAUSE: Duration = Duration::from_millis(5);
/// The longest answer of the door.
const ANSWER_BYTES: usize = 1024 * 1024;

/// A client of one session's door.
#[derive(Clone)]
pub(super) struct Client {
    way: Arc<DoorFile>,
    client: reqwest::Client,
}

impl Client {
    /// Finds the door of the session around this process, if there is one.
    ///
    /// # Errors
    /// When the file of the door cannot be read.
    pub(super) fn of(environment: &Environment) -> Result<Option<Self>, Failure> {
        let Some(path) = environment.get_os(AUDEX_SESSION_DOOR).map(PathBuf::from) else {
            return Ok(None);
        };
        // A session that has ended has taken its file away, and this process runs on without it.
        let Ok(text) = std::fs::read(&path) else { return Ok(None) };
        let way = serde_json::from_slice(&text).map_err(|_| {
            let message = format!("{AUDEX_SESSION_DOOR} leads to no door: `{}`", path.display());
            Failure::usage(&message, "leave the variable as the session sets it")
        })?;
        let client =
            configured_client(environment).map_err(|error| Failure::internal("nest", error))?;
        Ok(Some(Self { way: Arc::new(way), client }))
    }

    /// Returns the same door for the inner session with this token.
    pub(super) fn of_session(&self, token: &str) -> Self {
        let way = DoorFile { address: self.way.address.clone(), token: token.to_owned() };
        Self { way: Arc::new(way), client: self.client.clone() }
    }

    /// Returns the file that leads the command of the session here.
    pub(super) fn file(&self) -> SessionFile {
        file(&self.way)
    }

    /// Returns the provider of the outermost session.
    pub(super) fn provider(&self) -> Result<String, Failure> {
        let reply = self.send(Method::GET, SESSIONS, &())?;
        let reply: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let provider = reply.get("provider").and_then(Value::as_str);
        provider.map(str::to_owned).ok_or_else(unreachable)
    }

    /// Opens a session.
    pub(super) fn open(&self, inner: &Inner) -> Result<Opened, Failure> {
        let reply = self.send(Method::POST, SESSIONS, inner)?;
        if let Ok(opened) = serde_json::from_slice(&reply.body) {
            return Ok(opened);
        }
        Err(match serde_json::from_slice::<Told>(&reply.body) {
            Ok(told) => told.failure(),
            Err(_) => unreachable(),
        })
    }

    /// Holds the session until this process ends, and requests the end of the command when the session has ended.
    pub(super) fn hold(&self, stop: Stop) -> Result<(), Failure> {
        let client = self.clone();
        thread::Builder::new()
            .name("hold".to_owned())
            .spawn(move || {
                let _ = client.send(Method::POST, HOLD, &());
                stop.request();
            })
            .map_err(|error| Failure::internal("nest", error))?;
        // From then on the end of this process is the end of the session.
        let began = Instant::now();
        while began.elapsed() < HOLD_TIME {
            let reply = self.send(Method::GET, HOLD, &())?;
            let reply: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            if reply.get("held") == Some(&Value::Bool(true)) {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(unreachable())
    }

    /// Tells the end of the command. The outer host then revokes and records.
    pub(super) fn end(&self, ending: &Ending) {
        // If the outer host is gone, so is the session.
        let _ = self.send(Method::POST, END, ending);
    }

    fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Reply, Failure> {
        let internal = |error: std::io::Error| Failure::internal("nest", error);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(internal)?;
        let mut url = Url::parse(&self.way.address).map_err(|_| unreachable())?;
        url.set_path(path);
        let body = serde_json::to_vec(body).map_err(|error| Failure::internal("nest", error))?;
        let request = self.client.request(method, url).bearer_auth(&self.way.token).body(body);
        let request = request.build().map_err(|_| unreachable())?;
        let patience = Patience::new(Duration::ZERO, Duration::ZERO);
        let reply = exchange(&self.client, request, ANSWER_BYTES, patience, |_| false);
        runtime.block_on(reply).map_err(|_| unreachable())
    }
}

fn unreachable() -> Failure {
    let message = "the session around this run does not answer";
    let failure = Failure::usage(message, "it may have ended; start a new one outside");
    Failure { kind: Kind::Unavailable, ..failure }.at("nest")
}
