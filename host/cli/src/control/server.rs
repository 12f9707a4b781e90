//! The session's end of its control socket: a thread that serves other programs of the user.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::line::{self, REQUEST_BYTES};
use super::message::{Event, Hello, NotCounted, Reply, Request};
use super::peer::Peer;
use super::{Directory, ENDING, directory};
use crate::asks::{self, Board};
use crate::settings::Settings;
use audex_audit::Audit;
use audex_core::private_file;

/// The most connections at once: some watchers, and the short ones of commands.
const CONNECTIONS: u32 = 64;
/// The most watchers at once.
const WATCHERS: usize = 16;
/// The longest wait for a request, and for a client to take a reply.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause between a failed accept (too many open files) and the next attempt.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// The time after which a thread looks if its watcher is still there.
const PRESENCE: Duration = Duration::from_secs(1);
/// The time that watchers have to read the last events when the session ends.
const GRACE: Duration = Duration::from_millis(250);

/// The reason why a session takes no asks.
const NO_GATEWAY: &str =
    "the session has no gateway, so it can ask for nothing: start it with --deliver gateway";

/// What the socket serves.
pub(crate) struct Served {
    /// The description of the session.
    pub hello: Hello,
    /// Begins the end of the session.
    pub stop: Box<dyn Fn() + Send + Sync>,
}

/// The progress of the session.
#[derive(Clone, Default)]
struct Progress {
    /// The asks and decisions, once there is a gateway.
    board: Option<Arc<Board>>,
    /// The exit status of the command, once it has ended.
    exit_code: Option<u8>,
}

/// A served control socket. Dropping the value ends the connections and removes the socket.
pub(crate) struct Control {
    shared: Arc<Shared>,
    /// Dropping the sender tells every connection to end.
    running: Option<watch::Sender<Progress>>,
    thread: Option<JoinHandle<()>>,
    directory: Directory,
    session: String,
}

struct Shared {
    hello: Mutex<Hello>,
    stop: Box<dyn Fn() + Send + Sync>,
    ended_by: OnceLock<String>,
    /// The id of the command's first process; 0 before its start.
    command: AtomicI32,
    /// The places of watchers.
    watchers: Semaphore,
}

impl Control {
    /// Serves a new socket in the state directory of `settings`, and removes the sockets of killed sessions.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) fn of(settings: &Settings, served: Served) -> io::Result<Self> {
        let audit = Audit::new(&settings.paths.audit);
        Self::start(&settings.paths.state, served, |one| audit.is_live(one).unwrap_or(true))
    }

    /// Serves a new socket below `state`, and removes the sockets of sessions for which `is_live` returns false.
    ///
    /// # Errors
    /// When the directory is not this user's alone, or the system has no socket or thread.
    pub(crate) fn start(
        state: &Path,
        served: Served,
        is_live: impl Fn(&str) -> bool,
    ) -> io::Result<Self> {
        let path = directory(state);
        private_file::create_directory(&path)?;
        sweep(&path, is_live);
        let directory = Directory::open(&path)?;
        let Served { hello, stop } = served;
        let session = hello.session.clone();
        let socket = directory.socket(&session);
        let listener = UnixListener::bind(&socket)?;
        // The directory is closed to others already.
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            hello: Mutex::new(hello),
            stop,
            ended_by: OnceLock::new(),
            command: AtomicI32::default(),
            watchers: Semaphore::new(WATCHERS),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (running, mut stopped) = watch::channel(Progress::default());
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            runtime.block_on(async {
                let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
                let accepting =
                    tokio::spawn(accept(listener, serving, Arc::clone(&places), stopped.clone()));
                // This returns when `drop` drops the sender.
                while stopped.changed().await.is_ok() {}
                accepting.abort();
                let _ = timeout(GRACE, places.acquire_many(CONNECTIONS)).await;
            });
            // A thread that still waits for an answer ends with its work.
            runtime.shutdown_background();
        })?;
        let (running, thread) = (Some(running), Some(thread));
        Ok(Self { shared, running, thread, directory, session })
    }

    /// Notes the exit status of the command, for those who watch.
    pub(crate) fn set_exit_code(&self, code: u8) {
        self.progress(|progress| progress.exit_code = Some(code));
    }

    /// Notes the asks and decisions of the session.
    pub(crate) fn set_board(&self, board: Arc<Board>) {
        self.progress(|progress| progress.board = Some(board));
    }

    fn progress(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(running) = &self.running {
            running.send_modify(change);
        }
    }

    /// Notes the end of access, in seconds since the Unix epoch.
    pub(crate) fn set_end(&self, ends_at: u64) {
        self.shared.hello().ends_at = Some(ends_at);
    }

    /// Notes the command's first process.
    pub(crate) fn set_command(&self, id: i32) {
        self.shared.command.store(id, Ordering::SeqCst);
    }

    /// Returns the user that ended the session, if one did.
    pub(crate) fn ended_by(&self) -> Option<String> {
        self.shared.ended_by.get().cloned()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.running.take();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported already, and there is nothing left to stop.
            let _ = thread.join();
        }
        // If the removal fails, the next session sweeps the socket.
        let _ = fs::remove_file(self.directory.socket(&self.session));
    }
}

/// Removes the sockets of killed sessions.
fn sweep(path: &Path, is_live: impl Fn(&str) -> bool) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let session = name.to_str().and_then(|name| name.strip_suffix(ENDING));
        if session.is_some_and(|session| !is_live(session)) {
            // If the removal fails, the next session tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Shared {
    fn hello(&self) -> MutexGuard<'_, Hello> {
        self.hello.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends every event until the session has ended.
async fn watched(
    write: &mut OwnedWriteHalf,
    shared: &Shared,
    mut progress: watch::Receiver<Progress>,
) -> io::Result<()> {
    let board = progress.borrow_and_update().board.clone();
    let mut events = board.map(|board| forwarded(&board));
    send(write, &Reply::Watching).await?;
    while events.is_none() && progress.changed().await.is_ok() {
        events = progress.borrow_and_update().board.clone().map(|board| forwarded(&board));
    }
    if let Some(mut events) = events {
        while let Some(event) = events.recv().await {
            send(write, &event).await?;
        }
    }
    while progress.changed().await.is_ok() {}
    let (exit_code, by) = (progress.borrow().exit_code, shared.ended_by.get().cloned());
    send(write, &Event::Ended { exit_code, by }).await
}

/// Returns the events of a board. A thread waits for each, because the board knows no asynchronous watcher.
fn forwarded(board: &Board) -> mpsc::Receiver<Event> {
    let events = board.watch();
    let (sender, receiver) = mpsc::channel(1);
    spawn_blocking(move || {
        loop {
            match events.recv_timeout(PRESENCE) {
                Ok(event) => {
                    // The end of the session itself follows.
                    if event == asks::Event::Over || sender.blocking_send(Event::Of(event)).is_err()
                    {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) if !sender.is_closed() => {}
                Err(_) => return,
            }
        }
    });
    receiver
}

async fn accept(
    listener: UnixListener,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<Progress>,
) {
    let Ok(listener) = tokio::net::UnixListener::from_std(listener) else { return };
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (shared, stopped) = (Arc::clone(&shared), stopped.clone());
        tokio::spawn(async move {
            // An early end of a connection concerns only the client.
            let _ = serve(stream, &shared, stopped).await;
            drop(place);
        });
    }
}

async fn serve(
    stream: UnixStream,
    shared: &Arc<Shared>,
    mut stopped: watch::Receiver<Progress>,
) -> io::Result<()> {
    let Some(peer) = Peer::of(&stream)? else { return Ok(()) };
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    while let Some(line) = timeout(PATIENCE, line::read(&mut read, REQUEST_BYTES)).await?? {
        let request = match line::parsed(&line) {
            Ok(request) => request,
            Err(error) => {
                return send(&mut write, &Reply::Malformed { message: error.to_string() }).await;
            }
        };
        match request {
            Request::Hello => {
                let hello = shared.hello().clone();
                send(&mut write, &Reply::Hello(hello)).await?;
            }
            Request::Asks => {
                let board = stopped.borrow().board.clone();
                let asks = board.as_ref().map(|board| board.asks()).unwrap_or_default();
                let notice = board.and_then(|board| board.account().webhook_failure);
                send(&mut write, &Reply::Asks { asks, notice }).await?;
            }
            Request::Ask(wish) => {
                let board = stopped.borrow().board.clone();
                let asked = board.map_or_else(
                    || Err(NO_GATEWAY.to_owned()),
                    |board| wish.ask(&board).map_err(|error| error.to_string()),
                );
                let reply = asked.map_or_else(|message| Reply::NotAsked { message }, Reply::Asked);
                send(&mut write, &reply).await?;
            }
            Request::Answer { id, answer, via } => {
                let board = stopped.borrow().board.clone();
                let via = via.map(|via| format!(" by {via}")).unwrap_or_default();
                let by = format!("{}{via}", peer.by);
                let (shared, peer) = (Arc::clone(shared), peer.clone());
                // Security: isolation hides the socket from the command. A peer that descends from it all the same is refused too.
                let answer = move || {
                    if peer.is_of(shared.command.load(Ordering::SeqCst)) {
                        return Err(NotCounted::FromInside);
                    }
                    Ok(board.ok_or(NotCounted::Unknown)?.answer(&id, &answer, &by)?)
                };
                let answered = spawn_blocking(answer).await?;
                let reply = answered.map_or_else(|why| Reply::NotCounted { why }, Reply::Answered);
                send(&mut write, &reply).await?;
            }
            Request::End => {
                send(&mut write, &Reply::Ending).await?;
                // Only the first one has ended it.
                let _ = shared.ended_by.set(peer.by);
                (shared.stop)();
                while stopped.changed().await.is_ok() {}
                return Ok(());
            }
            Request::Watch => {
                // Answers and the end of the session always find room.
                let Ok(_place) = shared.watchers.try_acquire() else {
                    return send(&mut write, &Reply::TooManyWatch).await;
                };
                return watched(&mut write, shared, stopped).await;
            }
        }
    }
    Ok(())
}

async fn send(to: &mut OwnedWriteHalf, message: &impl Serialize) -> io::Result<()> {
    timeout(PATIENCE, to.write_all(&line::written(message)?)).await?
}
