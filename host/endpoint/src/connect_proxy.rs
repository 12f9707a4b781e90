//! An HTTP proxy on loopback that opens tunnels (CONNECT) to the hosts that were allowed, and to nothing else.
//!
//! Security: the proxy resolves the name itself and connects to exactly the addresses that it checked. It reads nothing of
//! what a tunnel carries, and keeps nothing but some refusals. A refusal repeats only the host and the port of its request.

mod allowed;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use audex_wire::server::{Port, Request, Server};

pub use self::allowed::{AllowedHost, AllowedHostError};
use self::allowed::{NotAllowed, Target};

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

/// The state that all requests share.
struct Proxy {
    allowed: Vec<AllowedHost>,
    tunnels: Arc<Semaphore>,
    refused: Arc<Refusals>,
}

/// Serves tunnels to the hosts in `allowed` on `port`, until the proxy is dropped.
///
/// # Errors
/// If the system has no thread, or no resources for the runtime.
pub fn start(port: Port, allowed: Vec<AllowedHost>) -> io::Result<ConnectProxy> {
    let refused = Arc::new(Refusals::default());
    let tunnels = Arc::new(Semaphore::new(TUNNELS));
    let proxy = Arc::new(Proxy { allowed, tunnels, refused: Arc::clone(&refused) });
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
    async fn answer(&self, request: Request) -> Reply {
        match self.open(&request).await {
            Ok((stream, place)) => {
                tokio::spawn(tunnel(request, stream, place));
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

    /// Connects to the target of `request`, and takes a place for its tunnel.
    async fn open(&self, request: &Request) -> Result<(TcpStream, OwnedSemaphorePermit), Refused> {
        if request.method() != Method::CONNECT {
            return Err(Refused::Method);
        }
        let authority = request.uri().authority();
        let target = authority.and_then(Target::of).ok_or(Refused::Target)?;
        target.check_name(&self.allowed)?;
        let place = Arc::clone(&self.tunnels).try_acquire_owned().map_err(|_| Refused::Full)?;
        match timeout(CONNECT_TIME, self.connect(&target)).await {
            Ok(connected) => Ok((connected?, place)),
            Err(_) => Err(Refused::TimedOut(target.to_string())),
        }
    }

    /// Connects to one of the target's addresses, after all of them were checked.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Refused> {
        let unreachable = |error| Refused::Unreachable(target.to_string(), error);
        let found = tokio::net::lookup_host((target.host(), target.port())).await;
        let addresses: Vec<SocketAddr> = found.map_err(unreachable)?.collect();
        target.check_addresses(&addresses, &self.allowed)?;
        // INVARIANT: the connection goes to an address of this list, which is checked; the name is not looked up again.
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)?;
        // The client decides how bytes are put into packets.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

/// The error for a tunnel that is not opened.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("this proxy opens tunnels (CONNECT) only; use https")]
    Method,
    #[error("expected `CONNECT HOST:PORT`")]
    Target,
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("{TUNNELS} tunnels are open already, and more are not allowed")]
    Full,
    #[error("{0}: no answer within {seconds} s", seconds = CONNECT_TIME.as_secs())]
    TimedOut(String),
    #[error("cannot connect to {0}: {1}")]
    Unreachable(String, io::Error),
}

impl Refused {
    fn reply(&self) -> Reply {
        let status = match self {
            Self::Method | Self::NotAllowed(_) => StatusCode::FORBIDDEN,
            Self::Target => StatusCode::BAD_REQUEST,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Unreachable(..) => StatusCode::BAD_GATEWAY,
        };
        let mut reply = Response::new(Full::from(format!("audex: {self}\n")));
        *reply.status_mut() = status;
        // Python's clients and `curl -v` show the status line, and none shows the body.
        if let Ok(reason) = ReasonPhrase::try_from(format!("audex: {self}").into_bytes()) {
            reply.extensions_mut().insert(reason);
        }
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        reply.headers_mut().insert(CONTENT_TYPE, kind);
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
