//! Runs the servers on a thread of their own, until access ends or the command does.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::metadata::FLAVOR;
use super::{Answer, Asked, Endpoint, identity};
use crate::clock;
use crate::deliver::{SessionFile, Value};
use crate::secret::Secret;

/// A client sends its few headers at once; one that does not is not waited for.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// Connections at a time: more than a parallel build opens, few enough to bound memory.
const CONNECTIONS: usize = 64;
/// How often the thread looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A form of a token exchange is a few hundred bytes.
const BODY_BYTES: usize = 16 * 1024;

/// A server that could not start.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve tokens on loopback")]
pub struct EndpointError(#[from] io::Error);

/// Servers that run. They end when this is dropped.
pub struct Running {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// What leads the command's clients to them.
    pub variables: Vec<(String, Secret)>,
    /// Files that do.
    pub files: Vec<SessionFile>,
}

impl Running {
    /// Starts `endpoints`, which answer until `ends_at` (seconds since the Unix epoch). None if there are none to start.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(endpoints: Vec<Endpoint>, ends_at: u64) -> Result<Option<Self>, EndpointError> {
        if endpoints.is_empty() {
            return Ok(None);
        }
        let over = Arc::new(AtomicBool::new(false));
        let (mut variables, mut files, mut bound) = (Vec::new(), Vec::new(), Vec::new());
        for endpoint in endpoints {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?.to_string();
            variables.extend(leading_to(&endpoint, &address));
            files.extend(file_for(&endpoint, &address));
            bound.push((listener, Arc::new(Served { endpoint, address, ends_at })));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ended = Arc::clone(&over);
        let thread = std::thread::Builder::new().name("endpoints".to_owned()).spawn(move || {
            runtime.block_on(async {
                for (listener, served) in bound {
                    tokio::spawn(accept(listener, served));
                }
                while !ended.load(Ordering::Acquire) && clock::unix_seconds() < ends_at {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            });
            // Dropping the runtime closes every connection and every port.
        })?;
        Ok(Some(Self { over, thread: Some(thread), variables, files }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The variables by which clients find `endpoint`.
fn leading_to(endpoint: &Endpoint, address: &str) -> Vec<(String, Secret)> {
    let named = |name: &str, value: String| (name.to_owned(), Secret::new(value));
    match endpoint {
        Endpoint::Metadata(_) => ["GCE_METADATA_HOST", "GCE_METADATA_ROOT", "GCE_METADATA_IP"]
            .map(|name| named(name, address.to_owned()))
            .into(),
        Endpoint::Identity(served) => vec![
            named("IDENTITY_ENDPOINT", format!("http://{address}{}", identity::PATH)),
            named("IDENTITY_HEADER", served.header.expose().to_owned()),
        ],
    }
}

/// The file by which client libraries find `endpoint`, where they read one.
fn file_for(endpoint: &Endpoint, address: &str) -> Option<SessionFile> {
    let Endpoint::Metadata(metadata) = endpoint else { return None };
    Some(SessionFile {
        name: "gcp-credentials.json".to_owned(),
        contents: Value::Secret(Secret::new(metadata.credentials_file(address))),
        variable: Some("GOOGLE_APPLICATION_CREDENTIALS".to_owned()),
    })
}

struct Served {
    endpoint: Endpoint,
    address: String,
    ends_at: u64,
}

async fn accept(listener: TcpListener, served: Arc<Served>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let room = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let served = Arc::clone(&served);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| async {
                let (parts, body) = request.into_parts();
                let body = Limited::new(body, BODY_BYTES).collect().await;
                let body = body.map(|body| body.to_bytes()).unwrap_or_default();
                Ok::<_, Infallible>(served.reply(&parts, &String::from_utf8_lossy(&body)))
            });
            let mut http = http1::Builder::new();
            let _ = http
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIME)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(place);
        });
    }
}

impl Served {
    fn reply(&self, request: &Parts, body: &str) -> Response<Full<Bytes>> {
        let header = |name: &str| request.headers.get(name)?.to_str().ok().map(str::to_owned);
        let now = clock::unix_seconds();
        // Security: a page in a browser whose name was made to lead here (DNS rebinding) sends that name.
        let named = header("host").is_some_and(|host| self.is_own(&host));
        let answer = if now >= self.ends_at || !named {
            Answer { status: 403, kind: "text/plain", body: "no longer, or not for you\n".to_owned() }
        } else {
            let (path, query) = (request.uri.path(), request.uri.query().unwrap_or_default());
            let asked = Asked { method: request.method.as_str(), path, query, header: &header, body, now };
            match &self.endpoint {
                Endpoint::Metadata(metadata) => metadata.answer(&asked),
                Endpoint::Identity(identity) => identity.answer(&asked),
            }
        };
        self.response(answer)
    }

    /// Clients name the server by its address, or by the names that a metadata server has.
    fn is_own(&self, host: &str) -> bool {
        let metadata = matches!(self.endpoint, Endpoint::Metadata(_));
        host == self.address
            || (metadata && matches!(host, "metadata.google.internal" | "metadata" | "169.254.169.254"))
    }

    fn response(&self, answer: Answer) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(answer.body)));
        *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(answer.kind));
        headers.insert("cache-control", HeaderValue::from_static("no-store"));
        if matches!(self.endpoint, Endpoint::Metadata(_)) {
            headers.insert(FLAVOR.0, HeaderValue::from_static(FLAVOR.1));
        }
        response
    }
}
