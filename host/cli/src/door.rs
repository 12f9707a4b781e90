//! The door of a session: a loopback server by which its command asks for one thing more. It takes asks and shows
//! their states; it takes no answers.
//!
//! Security: whoever knows the token speaks for the command. The token is in a private file of the session.

pub(crate) mod sessions;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::sessions::{Inside, SESSIONS};
use crate::asks::board::{Board, NotAsked};
use crate::asks::{Ask, Wanted};
use crate::request::{RequestError, items};
use audex_core::clock;
use audex_core::delivery::{self, EndpointSettings, SessionFile};
use audex_core::environment::AUDEX_SESSION_DOOR;
use audex_core::hint::Hint as _;
use audex_core::random;
use audex_core::secret::{Secret, equal};
use audex_wire::body::whole_within;
use audex_wire::header::header;
use audex_wire::server::{BODY_TIME, Port, Request, Server};

/// The name of the file that leads the command to the door.
const FILE: &str = "door.json";
/// The longest body of an ask.
const BODY_BYTES: usize = 64 * 1024;
/// The most permissions, and the most resources, of one ask: a person has to read them.
const ITEMS: usize = 50;
/// The digits of the token.
const TOKEN_DIGITS: usize = 64;
/// The path of the asks.
pub const ASKS: &str = "/asks";

/// The way to a door: the contents of the file.
#[derive(Serialize, Deserialize)]
pub struct DoorFile {
    /// The address, such as `http://127.0.0.1:40123`.
    pub address: String,
    /// The token.
    pub token: String,
}

/// What a command asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    /// The values of `--allow`.
    pub allow: Vec<String>,
    /// The values of `--resource`.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The reason.
    #[serde(default)]
    pub why: Option<String>,
}

/// The reason why a wish is no ask.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskRequestError {
    /// It is malformed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It has too many items.
    #[error("an ask has at most {ITEMS} permissions and {ITEMS} resources")]
    TooLong,
    /// The board takes no such ask.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

impl AskRequest {
    /// Puts the wish on the board.
    ///
    /// # Errors
    /// [`AskRequestError`].
    pub(crate) fn ask(&self, board: &Board) -> Result<Ask, AskRequestError> {
        let (allow, resources) =
            (items("--allow", &self.allow)?, items("--resource", &self.resources)?);
        if allow.is_empty() {
            return Err(RequestError::Nothing.into());
        }
        if allow.len() > ITEMS || resources.len() > ITEMS {
            return Err(AskRequestError::TooLong);
        }
        let wanted = |action| Wanted::new(action, resources.clone());
        Ok(board.ask(allow.into_iter().map(wanted).collect(), self.why.as_deref())?)
    }
}

/// An open door, which closes when this value is dropped.
pub(crate) struct Door {
    pub(crate) server: Server,
    token: Secret,
    address: String,
}

struct Service {
    board: Arc<Board>,
    inside: Arc<dyn Inside>,
    authority: String,
    token: Secret,
    ends_at: u64,
}

type Reply = Response<Full<Bytes>>;

impl Door {
    /// Opens the door to `board`, and to the sessions `inside`, until `ends_at`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// If the system has no socket, thread or random numbers.
    pub(crate) fn open(
        board: Arc<Board>,
        inside: Arc<dyn Inside>,
        ends_at: u64,
    ) -> io::Result<Self> {
        let port = Port::open(0)?;
        let authority = port.address().to_string();
        let token = Secret::new(random::text(TOKEN_DIGITS, random::HEX)?);
        let address = format!("http://{authority}");
        let service = Arc::new(Service { board, inside, authority, token: token.clone(), ends_at });
        let answer = move |request, _| {
            let service = Arc::clone(&service);
            async move { service.reply(request).await }
        };
        Ok(Self { server: Server::start("door", vec![(port, answer)])?, token, address })
    }

    /// Adds the file that leads the command here, and its variable.
    pub(crate) fn configure(&self, settings: &mut EndpointSettings) {
        let way = DoorFile { address: self.address.clone(), token: self.token.expose().to_owned() };
        settings.files.push(file(&way));
    }

    pub(crate) fn secret(&self) -> Secret {
        self.token.clone()
    }
}

/// Returns the file that leads a command to a door.
pub(crate) fn file(way: &DoorFile) -> SessionFile {
    let way = serde_json::to_string(way).unwrap_or_default();
    SessionFile {
        name: FILE.to_owned(),
        contents: delivery::Value::Secret(Secret::new(way)),
        variable: Some(AUDEX_SESSION_DOOR.to_owned()),
    }
}

impl Service {
    async fn reply(&self, request: Request) -> Reply {
        match self.answer(request).await {
            Ok((status, body)) => reply(status, &body),
            Err((status, message)) => reply(status, &json!({ "error": message })),
        }
    }

    async fn answer(&self, request: Request) -> Result<(StatusCode, Value), (StatusCode, String)> {
        let (parts, body) = request.into_parts();
        // Security: a browser page whose own host name resolves to this server sends that name as host (DNS rebinding).
        let host = header(&parts.headers, "host");
        let token =
            header(&parts.headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
        let is_ours =
            token.is_some_and(|token| equal(token.as_bytes(), self.token.expose().as_bytes()));
        let inner = token.filter(|token| !is_ours && self.inside.knows(token)).map(str::to_owned);
        let path = parts.uri.path();
        if path.starts_with(SESSIONS)
            && host == Some(self.authority.as_str())
            && (is_ours || inner.is_some())
        {
            let body = whole_within(body, sessions::BODY_BYTES, BODY_TIME).await;
            let too_long = || refused(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long");
            return self.session(&parts.method, path, inner, &body.ok_or_else(too_long)?).await;
        }
        // An inner session asks for itself.
        let board = if is_ours {
            Some(Arc::clone(&self.board))
        } else {
            inner.and_then(|token| self.inside.board(&token))
        };
        let Some(board) = board.filter(|_| host == Some(self.authority.as_str())) else {
            return Err(refused(
                StatusCode::UNAUTHORIZED,
                "the token or the host is not of this session",
            ));
        };
        if clock::unix_seconds() >= self.ends_at {
            return Err(refused(StatusCode::FORBIDDEN, "the session's access has ended"));
        }
        match (&parts.method, path.strip_prefix(ASKS).map(|id| id.trim_start_matches('/'))) {
            (&Method::POST, Some("")) => {
                let body = whole_within(body, BODY_BYTES, BODY_TIME).await;
                let body = body
                    .ok_or_else(|| refused(StatusCode::PAYLOAD_TOO_LARGE, "the ask is too long"))?;
                let wish: AskRequest = serde_json::from_slice(&body).map_err(|error| {
                    (StatusCode::BAD_REQUEST, format!("malformed ask: {error}"))
                })?;
                let ask = wish.ask(&board).map_err(|error| {
                    let hint = match &error {
                        AskRequestError::Request(error) => {
                            error.hint().map(|hint| format!("; {hint}"))
                        }
                        _ => None,
                    };
                    let status = match error {
                        AskRequestError::NotAsked(NotAsked::Over) => StatusCode::GONE,
                        AskRequestError::NotAsked(NotAsked::TooLong) => StatusCode::BAD_REQUEST,
                        AskRequestError::NotAsked(_) => StatusCode::TOO_MANY_REQUESTS,
                        _ => StatusCode::BAD_REQUEST,
                    };
                    (status, format!("{error}{}", hint.unwrap_or_default()))
                })?;
                Ok((StatusCode::CREATED, shown(&ask)))
            }
            (&Method::GET, Some(id)) if !id.is_empty() => match board.get(id) {
                Some(ask) => Ok((StatusCode::OK, shown(&ask))),
                None => Err(refused(StatusCode::NOT_FOUND, "there is no such ask")),
            },
            _ => {
                Err(refused(StatusCode::NOT_FOUND, "unknown path: use POST /asks or GET /asks/ID"))
            }
        }
    }
}

fn refused(status: StatusCode, message: &str) -> (StatusCode, String) {
    (status, message.to_owned())
}

fn shown(ask: &Ask) -> Value {
    serde_json::to_value(ask).unwrap_or_default()
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    let mut reply = Response::new(Full::from(body.to_string()));
    *reply.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(http::header::CONTENT_TYPE, json);
    reply
}
