//! The door of a session: a loopback server by which its command asks for one thing more. It takes asks and shows
//! their states; it takes no answers.
//!
//! Security: whoever knows the token speaks for the command. The token is in a private file of the session.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
pub struct Way {
    /// The address, such as `http://127.0.0.1:40123`.
    pub address: String,
    /// The token.
    pub token: String,
}

/// What a command asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
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
pub(crate) enum WishError {
    /// It is malformed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// It has too many items.
    #[error("an ask has at most {ITEMS} permissions and {ITEMS} resources")]
    TooLong,
    /// The session takes it not.
    #[error(transparent)]
    NotAsked(#[from] NotAsked),
}

impl Wish {
    /// Puts the wish on the board.
    ///
    /// # Errors
    /// [`WishError`].
    pub(crate) fn ask(&self, board: &Board) -> Result<Ask, WishError> {
        let (allow, resources) =
            (items("--allow", &self.allow)?, items("--resource", &self.resources)?);
        if allow.is_empty() {
            return Err(RequestError::Nothing.into());
        }
        if allow.len() > ITEMS || resources.len() > ITEMS {
            return Err(WishError::TooLong);
        }
        let wanted = |action| Wanted { action, resources: resources.clone(), access: None };
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
    authority: String,
    token: Secret,
    ends_at: u64,
}

type Reply = Response<Full<Bytes>>;

impl Door {
    /// Opens the door to `board` until `ends_at`, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// If the system has no socket, thread or random numbers.
    pub(crate) fn open(board: Arc<Board>, ends_at: u64) -> io::Result<Self> {
        let port = Port::open(0)?;
        let authority = port.address().to_string();
        let token = Secret::new(random::text(TOKEN_DIGITS, random::HEX)?);
        let address = format!("http://{authority}");
        let service = Arc::new(Service { board, authority, token: token.clone(), ends_at });
        let answer = move |request, _| {
            let service = Arc::clone(&service);
            async move { service.reply(request).await }
        };
        Ok(Self { server: Server::start("door", vec![(port, answer)])?, token, address })
    }

    /// Adds the file that leads the command here, and its variable.
    pub(crate) fn configure(&self, settings: &mut EndpointSettings) {
        let way = Way { address: self.address.clone(), token: self.token.expose().to_owned() };
        let way = serde_json::to_string(&way).unwrap_or_default();
        settings.files.push(SessionFile {
            name: FILE.to_owned(),
            contents: delivery::Value::Secret(Secret::new(way)),
            variable: Some(AUDEX_SESSION_DOOR.to_owned()),
        });
    }

    pub(crate) fn secret(&self) -> Secret {
        self.token.clone()
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
        let refused = |status: StatusCode, message: &str| (status, message.to_owned());
        // Security: a browser page whose own host name resolves to this server sends that name as host (DNS rebinding).
        let host = header(&parts.headers, "host");
        let token =
            header(&parts.headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
        let is_ours =
            token.is_some_and(|token| equal(token.as_bytes(), self.token.expose().as_bytes()));
        if host != Some(self.authority.as_str()) || !is_ours {
            return Err(refused(
                StatusCode::UNAUTHORIZED,
                "this door is for the command of one session",
            ));
        }
        if clock::unix_seconds() >= self.ends_at {
            return Err(refused(StatusCode::FORBIDDEN, "the session's access has ended"));
        }
        let path = parts.uri.path();
        match (&parts.method, path.strip_prefix(ASKS).map(|id| id.trim_start_matches('/'))) {
            (&Method::POST, Some("")) => {
                let body = whole_within(body, BODY_BYTES, BODY_TIME).await;
                let body = body
                    .ok_or_else(|| refused(StatusCode::PAYLOAD_TOO_LARGE, "the ask is too long"))?;
                let wish: Wish = serde_json::from_slice(&body).map_err(|error| {
                    (StatusCode::BAD_REQUEST, format!("malformed ask: {error}"))
                })?;
                let ask = wish.ask(&self.board).map_err(|error| {
                    let hint = match &error {
                        WishError::Request(error) => error.hint().map(|hint| format!("; {hint}")),
                        _ => None,
                    };
                    let status = match error {
                        WishError::NotAsked(_) => StatusCode::TOO_MANY_REQUESTS,
                        _ => StatusCode::BAD_REQUEST,
                    };
                    (status, format!("{error}{}", hint.unwrap_or_default()))
                })?;
                Ok((StatusCode::CREATED, shown(&ask)))
            }
            (&Method::GET, Some(id)) if !id.is_empty() => match self.board.get(id) {
                Some(ask) => Ok((StatusCode::OK, shown(&ask))),
                None => Err(refused(StatusCode::NOT_FOUND, "there is no such ask")),
            },
            _ => Err(refused(StatusCode::NOT_FOUND, "this door takes asks, and shows them")),
        }
    }
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
