//! Runs one endpoint in its own thread.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::AbortHandle;

use super::ask::{Ask, Reply, pairs, refusal};
use audex_core::clock;

/// The longest body of a request; a form consists of a token and a few words.
const BODY_BYTES: usize = 64 * 1024;
/// The pause between a failed accept (too many open files) and the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A running server; dropping this value stops the server and joins its thread.
pub(super) struct Server {
    #[cfg_attr(not(test), expect(dead_code, reason = "tests ask it"))]
    pub authority: String,
    abort: AbortHandle,
    thread: Option<JoinHandle<()>>,
}

/// The state that all requests to one server share.
struct Service<A> {
    authority: String,
    ends_at: u64,
    answer: A,
}

/// Opens a listener on a loopback port that the system chooses.
pub(super) fn bind() -> io::Result<TcpListener> {
    // Security: the address is a constant, and no setting can change it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Server {
    /// Answers requests on `listener` until the server is dropped; from `ends_at` on, every answer is a refusal.
    pub(crate) fn start<A>(listener: TcpListener, ends_at: u64, answer: A) -> io::Result<Self>
    where
        A: Fn(&Ask) -> Reply + Send + Sync + 'static,
    {
        let authority = listener.local_addr()?.to_string();
        let service = Arc::new(Service { authority: authority.clone(), ends_at, answer });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let task = runtime.spawn(serve(listener, service));
        let abort = task.abort_handle();
        let thread = std::thread::Builder::new().name("endpoint".to_owned()).spawn(move || {
            // This returns when `drop` aborts the task; the runtime then closes the open connections.
            let _ = runtime.block_on(task);
        })?;
        Ok(Self { authority, abort, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.abort.abort();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported already, and there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

async fn serve<A: Fn(&Ask) -> Reply + Send + Sync + 'static>(
    listener: TcpListener,
    service: Arc<Service<A>>,
) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let service = service_fn(|request| service.reply(request));
            let mut http = http1::Builder::new();
            // An early end of a connection concerns only the client.
            let _ =
                http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl<A: Fn(&Ask) -> Reply> Service<A> {
    async fn reply(&self, request: Request<Incoming>) -> Result<Reply, Infallible> {
        let (parts, body) = request.into_parts();
        let refused = |code, message| Ok(refusal(StatusCode::FORBIDDEN, code, message));
        // Security: a browser page whose own host name resolves to this server sends that name as host (DNS rebinding).
        // A proxy announces itself by `x-forwarded-for`.
        let host = parts.headers.get("host").and_then(|host| host.to_str().ok());
        if host != Some(self.authority.as_str()) || parts.headers.contains_key("x-forwarded-for") {
            return refused(
                "foreign_request",
                "this server answers the command it was started for",
            );
        }
        let now = clock::unix_seconds();
        if now >= self.ends_at {
            return refused("access_ended", "the session's access has ended");
        }
        let Ok(body) = Limited::new(body, BODY_BYTES).collect().await else {
            return Ok(refusal(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too long"));
        };
        let ask = Ask {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: pairs(parts.uri.query().unwrap_or_default()),
            headers: parts.headers,
            form: pairs(&String::from_utf8_lossy(&body.to_bytes())),
            now,
        };
        Ok((self.answer)(&ask))
    }
}
