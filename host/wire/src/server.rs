//! The HTTP server on loopback, for endpoints, the gateway and the demo cloud.
//!
//! Security: a server listens on 127.0.0.1 only. Callers decide who may ask, because any process of this machine can connect.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use http::Response;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

/// The pause between a failed accept (too many open files) and the next attempt.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The maximum number of simultaneous connections; others wait, because each needs a descriptor and a few kilobytes. Clients
/// use ten or some dozens at a time, and a process may have only 256 descriptors by default (macOS).
const CONNECTIONS: u32 = 128;
/// The longest time until the headers of a request are complete, so that an idle connection does not block others.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// The longest time until a body that is read before its request is judged has arrived, so that a slow client does not keep its
/// place.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// The most bytes of a request's headers: real ones have a few kilobytes, with a session token of at most 4 kB.
const HEADER_BYTES: usize = 64 * 1024;
/// The most bytes of a streamed body that a connection keeps in memory each way: a hundred streams at once take a few
/// megabytes.
const STREAM_BYTES: usize = HEADER_BYTES;
/// The time that requests under way have to end when the server stops.
const GRACE: Duration = Duration::from_millis(250);

/// The number of the next connection, over all servers.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A request with the body still to be read.
pub type Request = http::Request<Incoming>;

/// The error of a body that an answer streams.
pub type BodyError = Box<dyn Error + Send + Sync>;

/// An open port of 127.0.0.1, not served yet.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Opens `port`, or a port that the system chooses for 0.
    ///
    /// # Errors
    /// If the port is in use, or sockets are not available.
    pub fn open(port: u16) -> io::Result<Self> {
        // Security: the address is a constant, and no setting can change it.
        Self::of(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?)
    }

    fn of(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Returns the address, which is also the `Host` of requests to this port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A running server. Dropping this value stops the server: requests under way have a short time to end.
#[derive(Debug)]
pub struct Server {
    /// Dropping the sender tells every connection to end.
    stop: Option<watch::Sender<()>>,
    /// Takes more listeners for the ports of this server.
    more: mpsc::UnboundedSender<Port>,
    ports: Vec<u16>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `ports` in a thread called `name`, each with its own function. This function gets a request and the
    /// number of its connection; no two connections of this process have the same number.
    ///
    /// # Errors
    /// If the system has no thread, or no resources for the runtime.
    pub fn start<A, F, B>(name: &str, ports: Vec<(Port, A)>) -> io::Result<Self>
    where
        A: Fn(Request, u64) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data: Send, Error: Into<BodyError>> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, mut stopped) = watch::channel(());
        let (more, mut further) = mpsc::unbounded_channel::<Port>();
        let numbers = ports.iter().map(|(port, _)| port.address.port()).collect();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
                let mut accepting = JoinSet::new();
                let mut answers = BTreeMap::new();
                for (port, answer) in ports {
                    answers.insert(port.address.port(), answer.clone());
                    accepting.spawn(accept(port, answer, Arc::clone(&places), stopped.clone()));
                }
                let (shared, until) = (Arc::clone(&places), stopped.clone());
                accepting.spawn(async move {
                    // Dropping the set ends its tasks.
                    let mut later = JoinSet::new();
                    while let Some(port) = further.recv().await {
                        if let Some(answer) = answers.get(&port.address.port()).cloned() {
                            later.spawn(accept(port, answer, Arc::clone(&shared), until.clone()));
                        }
                    }
                });
                // This returns when `drop` drops the sender.
                let _ = stopped.changed().await;
                accepting.shutdown().await;
                // Waits until every connection has ended, at most for the grace time. The runtime then closes the others.
                let _ = tokio::time::timeout(GRACE, places.acquire_many(CONNECTIONS)).await;
            });
        })?;
        Ok(Self { stop: Some(stop), more, ports: numbers, thread: Some(thread) })
    }

    /// Returns the ports of this server.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Serves `listener` too, which has one of this server's ports in another network namespace. Returns the listener if it has
    /// none of them.
    ///
    /// # Errors
    /// If the address is not known, or is not on loopback.
    pub fn also_accept(&self, listener: TcpListener) -> io::Result<Option<TcpListener>> {
        let port = Port::of(listener)?;
        if !port.address.ip().is_loopback() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        if !self.ports.contains(&port.address.port()) {
            return Ok(Some(port.listener));
        }
        // The thread receives until this value is dropped.
        let _ = self.more.send(port);
        Ok(None)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported already, and there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

async fn accept<A, F, B>(
    port: Port,
    answer: A,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<()>,
) where
    A: Fn(Request, u64) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<BodyError>> + Send + 'static,
{
    let Ok(listener) = tokio::net::TcpListener::from_std(port.listener) else { return };
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Answers are small, so a wait to fill a packet would only slow the client down.
        let _ = stream.set_nodelay(true);
        let (answer, mut stopped) = (answer.clone(), stopped.clone());
        tokio::spawn(async move {
            let stopping = async move {
                let _ = stopped.changed().await;
            };
            serve(stream, answer, stopping).await;
            drop(place);
        });
    }
}

/// Serves one connection, which gets a number of its own, until its client ends it. After `stopping`, a request
/// under way is still answered.
pub async fn serve<S, A, F, B>(stream: S, answer: A, stopping: impl Future<Output = ()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request, u64) -> F,
    F: Future<Output = Response<B>>,
    B: Body<Data: Send, Error: Into<BodyError>> + Send + 'static,
{
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let service = service_fn(move |request| {
        let answer = answer(request, number);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(STREAM_BYTES);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let mut stopping = pin!(stopping);
    let mut is_stopping = false;
    // An early end of a connection concerns only the client.
    let _ = poll_fn(|context| {
        if !is_stopping && stopping.as_mut().poll(context).is_ready() {
            is_stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::sync::mpsc;

    use tokio::sync::Notify;

    use super::*;

    type Reply = Response<String>;

    fn started<F>(answer: impl Fn() -> F + Clone + Send + 'static) -> (Server, SocketAddr)
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let port = Port::open(0).unwrap();
        let address = port.address();
        let server = Server::start("test", vec![(port, move |_, _| answer())]).unwrap();
        (server, address)
    }

    fn send(address: SocketAddr, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn read(mut stream: TcpStream) -> String {
        let mut reply = String::new();
        // A connection that was cut gives an error or nothing; both are an empty reply.
        let _ = stream.read_to_string(&mut reply);
        reply
    }

    #[test]
    fn a_port_is_on_loopback_and_taken_once() {
        let port = Port::open(0).unwrap();
        assert_eq!(port.address().ip(), Ipv4Addr::LOCALHOST);
        assert!(Port::open(port.address().port()).is_err());
    }

    #[test]
    fn a_listener_of_the_same_port_is_served_and_another_is_given_back() {
        let (server, address) = started(|| async { Response::new("seen".to_owned()) });
        assert_eq!(server.ports(), [address.port()]);
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let other_address = other.local_addr().unwrap();
        assert!(server.also_accept(other).unwrap().is_some());
        assert!(TcpStream::connect(other_address).is_err());
        // Another loopback address stands in for the loopback of another network namespace.
        let inner = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), address.port())).unwrap();
        let inner_address = inner.local_addr().unwrap();
        assert!(server.also_accept(inner).unwrap().is_none());
        assert!(read(send(inner_address, "connection: close\r\n")).contains("seen"));
        let open = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        assert!(server.also_accept(open).is_err());
    }

    #[test]
    fn every_connection_has_a_number_of_its_own() {
        let port = Port::open(0).unwrap();
        let address = port.address();
        let answer = |_, number: u64| async move { Response::new(format!("<{number}>")) };
        let _server = Server::start("test", vec![(port, answer)]).unwrap();
        let number = |close: &str| {
            let reply = read(send(address, close));
            reply.split_once('<').map(|(_, rest)| rest.to_owned())
        };
        let (first, second) = (number("connection: close\r\n"), number("connection: close\r\n"));
        assert!(first.is_some() && first != second, "{first:?} {second:?}");
    }

    #[test]
    fn the_129th_connection_waits_for_the_end_of_another() {
        let port = Port::open(0).unwrap();
        let address = port.address();
        let answer = |_, _| async { Reply::default() };
        let _server = Server::start("test", vec![(port, answer)]).unwrap();
        let asked = |mut stream: &TcpStream| {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let (mut reply, mut byte) = (Vec::new(), [0]);
            while !reply.ends_with(b"\r\n\r\n") {
                stream.read_exact(&mut byte).unwrap();
                reply.push(byte[0]);
            }
        };
        let mut open: Vec<TcpStream> =
            (0..128).map(|_| TcpStream::connect(address).unwrap()).collect();
        open.iter().for_each(asked);
        let mut next = send(address, "connection: close\r\n");
        // One thread serves all connections, so these answers come after anything that it would have accepted.
        open.iter().take(3).for_each(asked);
        next.set_nonblocking(true).unwrap();
        let waits = next.read(&mut [0]).unwrap_err();
        assert_eq!(waits.kind(), io::ErrorKind::WouldBlock);
        next.set_nonblocking(false).unwrap();
        drop(open.pop());
        assert!(read(next).starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn headers_above_the_limit_are_refused() {
        let (_server, address) = started(|| async { Reply::default() });
        let reply = |bytes: usize| {
            read(send(address, &format!("x: {}\r\nconnection: close\r\n", "x".repeat(bytes))))
        };
        assert!(reply(HEADER_BYTES / 2).starts_with("HTTP/1.1 200 "));
        assert!(!reply(HEADER_BYTES * 2).starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn a_request_under_way_is_answered_when_the_server_stops_and_an_idle_connection_ends() {
        let (arrived, arrival) = mpsc::channel();
        let go = Arc::new(Notify::new());
        let waits = Arc::clone(&go);
        let (server, address) = started(move || {
            let (arrived, waits) = (arrived.clone(), Arc::clone(&waits));
            async move {
                arrived.send(()).unwrap();
                waits.notified().await;
                Response::new("done".to_owned())
            }
        });
        let mut idle = send(address, "");
        arrival.recv().unwrap();
        go.notify_one();
        let mut head = [0; 12];
        idle.read_exact(&mut head).unwrap();
        let stream = send(address, "");
        arrival.recv().unwrap();
        let stopping = std::thread::spawn(move || drop(server));
        assert!(read(idle).ends_with("done"), "it is open until the server stops");
        go.notify_one();
        assert!(read(stream).ends_with("done"));
        stopping.join().unwrap();
    }

    #[test]
    fn what_does_not_end_is_cut_when_the_server_stops() {
        let (arrived, arrival) = mpsc::channel();
        let (server, address) = started(move || {
            arrived.send(()).unwrap();
            std::future::pending()
        });
        let idle = TcpStream::connect(address).unwrap();
        let stream = send(address, "");
        arrival.recv().unwrap();
        drop(server);
        assert_eq!([read(stream), read(idle)], ["", ""]);
        assert!(TcpStream::connect(address).is_err());
    }
}
