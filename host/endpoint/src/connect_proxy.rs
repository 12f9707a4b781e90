//! An HTTP proxy on loopback that opens tunnels (CONNECT): to the hosts that were allowed, or, for a command that can reach
//! everything anyway, to every host. Connections to some hosts can be served by an [`Interceptor`] instead.
//!
//! Security: with allowed hosts, the proxy resolves the name itself and connects to exactly the addresses that it checked. It
//! reads nothing of what a tunnel carries, and keeps nothing but some refusals. A refusal repeats only the host and the port of
//! its request.

mod allowed;
mod outward;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64_simd::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use audex_core::delivery::Value;
use audex_core::secret::{Secret, equal};
use audex_wire::header::header;
use audex_wire::server::{Port, Request, Server};

pub use self::allowed::{AllowedHost, AllowedHostError};
use self::allowed::{NotAllowed, Target};
use self::outward::Outward;

/// The maximum number of open tunnels; each needs two descriptors and some kilobytes. Package managers open some dozens.
const TUNNELS: usize = 96;
/// The maximum number of refusals that are kept: more than a user wants to read.
const NOTED: usize = 16;
/// The longest time for looking up a name and connecting to it.
const CONNECT_TIME: Duration = Duration::from_secs(15);

type Reply = Response<Full<Bytes>>;

/// A running proxy; it stops, with all tunnels, when this value is dropped.
#[derive(Debug)]
pub struct ConnectProxy {
    /// The server of the proxy.
    pub server: Server,
    refused: Arc<Refusals>,
}

/// The reasons of refusals, each once.
type Refusals = Mutex<BTreeSet<String>>;

/// The client's side of a tunnel.
pub type Connection = TokioIo<Upgraded>;

/// A served connection.
pub type Serving<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Serves connections to some hosts in place of a tunnel.
pub trait Interceptor: Send + Sync {
    /// Returns true if connections to this host, a name in lower case, and port are served here.
    fn covers(&self, host: &str, port: u16) -> bool;

    /// Serves a connection to `host` until it ends.
    fn serve(&self, host: String, stream: Connection) -> Serving<'_>;
}

/// The hosts that a proxy opens tunnels to.
pub enum Reach {
    /// These hosts alone.
    Hosts(Vec<AllowedHost>),
    /// Every host, directly or through the user's own proxy.
    Everywhere {
        /// The password of clients, because other users of this machine may not have the user's network.
        secret: Secret,
        /// The addresses that are refused all the same: the proxy is outside of the command's isolation.
        refused: Vec<IpAddr>,
    },
}

/// The state that all requests share.
struct Proxy {
    outward: Outward,
    /// The password of the proxy, if it has one.
    secret: Option<Secret>,
    interceptor: Option<Arc<dyn Interceptor>>,
    tunnels: Arc<Semaphore>,
    refused: Arc<Refusals>,
}

/// Serves tunnels within `reach` on `port`, until the proxy is dropped.
///
/// # Errors
/// If the system has no thread, or no resources for the runtime.
pub fn start(
    port: Port,
    reach: Reach,
    interceptor: Option<Arc<dyn Interceptor>>,
) -> io::Result<ConnectProxy> {
    let refused = Arc::new(Refusals::default());
    let tunnels = Arc::new(Semaphore::new(TUNNELS));
    let (outward, secret) = match reach {
        Reach::Hosts(allowed) => (Outward::checked(allowed), None),
        Reach::Everywhere { secret, refused } => (Outward::everywhere(refused), Some(secret)),
    };
    let proxy =
        Arc::new(Proxy { outward, secret, interceptor, tunnels, refused: Arc::clone(&refused) });
    let answer = move |request, _| {
        let proxy = Arc::clone(&proxy);
        async move { proxy.answer(request).await }
    };
    Ok(ConnectProxy { server: Server::start("connect proxy", vec![(port, answer)])?, refused })
}

impl ConnectProxy {
    /// Returns the reasons of the hosts that were refused: most tools show the status of a refusal and not its reason.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// The name of the user at a proxy with a secret.
const USER: &str = "session";

/// Returns the variables that lead a command's tools to the proxy at `address`, whose clients need `secret`. Plain http stays
/// direct, because no cloud is reached so. Sources: as [`variables`].
#[must_use]
pub fn https_variables(address: SocketAddr, secret: &Secret) -> Vec<(&'static str, Value)> {
    let proxy = Secret::new(format!("http://{USER}:{}@{address}", secret.expose()));
    let led = ["HTTPS_PROXY", "https_proxy"].map(|name| (name, Value::Secret(proxy.clone())));
    led.into_iter().chain([("NODE_USE_ENV_PROXY", Value::Plain("1".to_owned()))]).collect()
}

/// Returns the variables that lead a command's tools to the proxy at `address`.
///
/// Plain http is led there too, so that its refusal has a reason. Servers on loopback stay direct. Sources: curl(1), which git
/// and cargo use; `requests` and `urllib` of Python; npm's `https-proxy`; Node.js CLI, `NODE_USE_ENV_PROXY`.
#[must_use]
pub fn variables(address: SocketAddr) -> Vec<(&'static str, String)> {
    let proxy = format!("http://{address}");
    let direct = "127.0.0.1,::1,localhost";
    let led = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let led = led.into_iter().map(|name| (name, proxy.clone()));
    let others = [("NO_PROXY", direct), ("no_proxy", direct), ("NODE_USE_ENV_PROXY", "1")];
    led.chain(others.map(|(name, value)| (name, value.to_owned()))).collect()
}

impl Proxy {
    /// Opens the tunnel that `request` asks for, or says why not.
    async fn answer(self: Arc<Self>, request: Request) -> Reply {
        match self.open(&request).await {
            Ok((Opened::Tunnel(stream), place)) => {
                tokio::spawn(tunnel(request, stream, place));
                Reply::default()
            }
            Ok((Opened::Intercepted(interceptor, host), place)) => {
                tokio::spawn(async move {
                    if let Ok(client) = hyper::upgrade::on(request).await {
                        interceptor.serve(host, TokioIo::new(client)).await;
                    }
                    drop(place);
                });
                Reply::default()
            }
            Err(refused) => {
                if let Refused::NotAllowed(reason) = &refused {
                    self.note(reason);
                }
                refused.reply()
            }
        }
    }

    fn note(&self, reason: &NotAllowed) {
        let mut noted = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < NOTED {
            noted.insert(reason.to_string());
        }
    }

    /// Opens what `request` asks for, and takes a place for it.
    async fn open(&self, request: &Request) -> Result<(Opened, OwnedSemaphorePermit), Refused> {
        if request.method() != Method::CONNECT {
            return Err(Refused::Method);
        }
        if self.secret.as_ref().is_some_and(|secret| !knows(request, secret)) {
            return Err(Refused::Stranger);
        }
        let authority = request.uri().authority();
        let target = authority.and_then(Target::of).ok_or(Refused::Target)?;
        let place = || Arc::clone(&self.tunnels).try_acquire_owned().map_err(|_| Refused::Full);
        let covers = |one: &&Arc<dyn Interceptor>| one.covers(target.host(), target.port());
        if let Some(interceptor) = self.interceptor.as_ref().filter(covers) {
            let opened = Opened::Intercepted(Arc::clone(interceptor), target.host().to_owned());
            return Ok((opened, place()?));
        }
        self.outward.check_name(&target)?;
        let place = place()?;
        match timeout(CONNECT_TIME, self.outward.connect(&target)).await {
            Ok(connected) => Ok((Opened::Tunnel(connected?), place)),
            Err(_) => Err(Refused::TimedOut(target.to_string())),
        }
    }
}

/// What a client's connection leads to.
enum Opened {
    Tunnel(TcpStream),
    Intercepted(Arc<dyn Interceptor>, String),
}

/// Returns true if a request proves that its client knows `secret`. Source: RFC 7617.
fn knows(request: &Request, secret: &Secret) -> bool {
    let login = Secret::new(format!("{USER}:{}", secret.expose()));
    let expected = Secret::new(STANDARD.encode_to_string(login.expose()));
    let said = header(request.headers(), PROXY_AUTHORIZATION.as_str());
    said.and_then(|said| said.split_once(' ')).is_some_and(|(scheme, said)| {
        let is_equal = equal(said.trim().as_bytes(), expected.expose().as_bytes());
        scheme.eq_ignore_ascii_case("basic") && is_equal
    })
}

/// The error for a tunnel that is not opened.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("this proxy opens tunnels (CONNECT) only; use https")]
    Method,
    #[error("this proxy serves the command of its session only")]
    Stranger,
    #[error("expected `CONNECT HOST:PORT`")]
    Target,
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("{0} is an address of this machine's own credentials")]
    Metadata(String),
    #[error("{TUNNELS} tunnels are open already, and more are not allowed")]
    Full,
    #[error("{0}: no answer within {seconds} s", seconds = CONNECT_TIME.as_secs())]
    TimedOut(String),
    #[error("cannot connect to {0}: {1}")]
    Unreachable(String, io::Error),
    #[error("cannot connect to {0} through the user's own proxy: {1}")]
    Proxy(String, String),
}

impl Refused {
    fn reply(&self) -> Reply {
        let status = match self {
            Self::Method | Self::NotAllowed(_) | Self::Metadata(_) => StatusCode::FORBIDDEN,
            Self::Target => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unreachable(..) | Self::Proxy(..) => StatusCode::BAD_GATEWAY,
            Self::Stranger => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        };
        let mut reply = Response::new(Full::from(format!("audex: {self}\n")));
        *reply.status_mut() = status;
        // Python's clients and `curl -v` show the status line, and none shows the body.
        if let Ok(reason) = ReasonPhrase::try_from(format!("audex: {self}").into_bytes()) {
            reply.extensions_mut().insert(reason);
        }
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
        if matches!(self, Self::Stranger) {
            // Some clients send their login only after this question.
            let question = HeaderValue::from_static("Basic realm=\"audex\"");
            reply.headers_mut().insert(PROXY_AUTHENTICATE, question);
        }
        reply
    }
}

/// Carries bytes both ways until both sides have ended. A slow reader stops its own tunnel alone, with a few kilobytes in memory.
async fn tunnel(request: Request, mut stream: TcpStream, place: OwnedSemaphorePermit) {
    // An early end of a connection concerns only its two sides.
    if let Ok(client) = hyper::upgrade::on(request).await {
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut stream).await;
    }
    drop(place);
}
