//! The other end of a control socket. Every wait is bounded, because the server may be stopped or no session at all.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;

use super::line::{self, REPLY_BYTES};
use super::message::{Event, Hello, NotCounted, Reply, Request};
use super::{Directory, ENDING, directory};
use crate::asks::{Answer, Ask};
use audex_core::hint::Hint;
use audex_core::private_file;

/// The longest wait for a reply: a living session answers within milliseconds, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// The longest wait for an answer to be carried out: a little longer than the session tries.
const CARRIED_OUT: Duration = Duration::from_secs(130);

/// The error for a session that cannot be reached by its control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// There is no socket, or its session was killed.
    #[error("session `{session}` is not running")]
    NotRunning {
        /// The session.
        session: String,
    },
    /// Something that no session of this user made lies in the place of the socket.
    #[error("`{}` is not a control socket of this user: it is {what}", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// A few words about the file.
        what: &'static str,
    },
    /// The session did not reply, or not as this program does.
    #[error("session `{session}` does not answer on its control socket")]
    NoAnswer {
        /// The session.
        session: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The session has no place for one more watcher.
    #[error("too many watch session `{session}` already")]
    TooManyWatch {
        /// The session.
        session: String,
    },
    /// The directory of the sockets cannot be used.
    #[error("cannot use `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Hint for ControlError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotRunning { .. } => "`tryaudex sessions list` shows what runs".into(),
            Self::Foreign { .. } => "remove it: a session makes its socket itself".into(),
            Self::TooManyWatch { .. } => "end another `tryaudex sessions watch` first".into(),
            Self::NoAnswer { .. } => "look at its process: it may be stopped".into(),
            Self::Directory { .. } => return None,
        })
    }
}

/// A living session.
pub(crate) struct Found {
    /// Its description.
    pub hello: Hello,
    /// The connection.
    pub client: Client,
}

/// Connects to every session with a control socket below `state`, and returns the errors of those that cannot be reached. A socket
/// that a killed session left is neither.
///
/// # Errors
/// When the directory cannot be read, or is not this user's.
pub(crate) fn living(state: &Path) -> Result<(Vec<Found>, Vec<ControlError>), ControlError> {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for session in names(state)? {
        match Client::connect(state, &session).and_then(Client::greeted) {
            Ok(one) => found.push(one),
            Err(ControlError::NotRunning { .. }) => {}
            Err(error) => errors.push(error),
        }
    }
    Ok((found, errors))
}

/// Returns the names of the sessions with a control socket below `state`.
///
/// # Errors
/// As [`living`].
pub(crate) fn names(state: &Path) -> Result<Vec<String>, ControlError> {
    let path = directory(state);
    let failed = |source| ControlError::Directory { path: path.clone(), source };
    match private_file::check_directory(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    }
    let entries = fs::read_dir(&path).map_err(failed)?.flatten().map(|entry| entry.file_name());
    let session = |name: OsString| Some(name.to_str()?.strip_suffix(ENDING)?.to_owned());
    let mut names: Vec<String> = entries.filter_map(session).collect();
    names.sort();
    Ok(names)
}

/// A connection to a session.
pub(crate) struct Client {
    session: String,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to a session.
    ///
    /// # Errors
    /// Every variant of [`ControlError`].
    pub(crate) fn connect(state: &Path, session: &str) -> Result<Self, ControlError> {
        let path = directory(state);
        let not_running = || ControlError::NotRunning { session: session.to_owned() };
        let failed = |source: io::Error| match source.kind() {
            ErrorKind::NotFound => not_running(),
            _ => ControlError::Directory { path: path.clone(), source },
        };
        private_file::check_directory(&path).map_err(failed)?;
        let open = Directory::open(&path).map_err(failed)?;
        let socket = open.socket(session);
        // INVARIANT: the socket lies in the directory, whatever the session's name.
        if socket.parent() != Some(open.path.as_path()) {
            return Err(not_running());
        }
        let metadata = fs::symlink_metadata(&socket).map_err(failed)?;
        let kind = metadata.file_type();
        let what = if kind.is_symlink() {
            Some("a link")
        } else if !kind.is_socket() {
            Some("not a socket")
        } else if metadata.uid() != geteuid().as_raw() {
            Some("a socket of another user")
        } else {
            None
        };
        if let Some(what) = what {
            return Err(ControlError::Foreign {
                path: path.join(format!("{session}{ENDING}")),
                what,
            });
        }
        match connected(&socket) {
            Ok(stream) => Ok(Self { session: session.to_owned(), stream: BufReader::new(stream) }),
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) =>
            {
                Err(not_running())
            }
            Err(source) => Err(ControlError::NoAnswer { session: session.to_owned(), source }),
        }
    }

    /// Sends a request and returns the reply.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`], also after a few seconds.
    pub(crate) fn ask(&mut self, request: &Request) -> Result<Reply, ControlError> {
        let asked = line::written(request)
            .and_then(|line| self.stream.get_mut().write_all(&line))
            .and_then(|()| self.read_line())
            .and_then(|line| line.ok_or_else(|| ErrorKind::UnexpectedEof.into()))
            .and_then(|line| line::parsed(&line));
        asked.map_err(|source| self.no_answer(source))
    }

    /// Returns the session's description with this connection.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn greeted(mut self) -> Result<Found, ControlError> {
        match self.ask(&Request::Hello)? {
            Reply::Hello(hello) => Ok(Found { hello, client: self }),
            _ => Err(self.unexpected()),
        }
    }

    /// Answers an ask on the way `via`, and waits until a yes is carried out.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn answer(
        &mut self,
        id: &str,
        answer: Answer,
        via: Option<&str>,
    ) -> Result<Result<Ask, NotCounted>, ControlError> {
        self.wait_for(Some(CARRIED_OUT))?;
        let (id, via) = (id.to_owned(), via.map(str::to_owned));
        match self.ask(&Request::Answer { id, answer, via })? {
            Reply::Answered(ask) => Ok(Ok(ask)),
            Reply::NotCounted { why } => Ok(Err(why)),
            _ => Err(self.unexpected()),
        }
    }

    /// Returns the session's asks, the oldest first.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn asks(&mut self) -> Result<Vec<Ask>, ControlError> {
        self.asks_and_notice().map(|(asks, _)| asks)
    }

    /// Returns the session's asks, the oldest first, and what a person has to know about them.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn asks_and_notice(&mut self) -> Result<(Vec<Ask>, Option<String>), ControlError> {
        match self.ask(&Request::Asks)? {
            Reply::Asks { asks, notice } => Ok((asks, notice)),
            _ => Err(self.unexpected()),
        }
    }

    /// Ends the session, and waits at most for `patience` until it has ended. Returns false if it has not.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn end(mut self, patience: Duration) -> Result<bool, ControlError> {
        if self.ask(&Request::End)? != Reply::Ending {
            return Err(self.unexpected());
        }
        self.wait_for(Some(patience))?;
        // The session closes the connection at its end.
        match self.read_line() {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(false)
            }
            Ok(_) | Err(_) => Ok(true),
        }
    }

    /// Calls `first` once no event is missed any more, then `on` with every event of the session, until the session has ended or
    /// one of them returns false.
    ///
    /// # Errors
    /// [`ControlError::NoAnswer`].
    pub(crate) fn watch(
        mut self,
        first: impl FnOnce() -> bool,
        mut on: impl FnMut(Event) -> bool,
    ) -> Result<(), ControlError> {
        match self.ask(&Request::Watch)? {
            Reply::Watching => {}
            Reply::TooManyWatch => {
                return Err(ControlError::TooManyWatch { session: self.session });
            }
            _ => return Err(self.unexpected()),
        }
        self.wait_for(None)?;
        if !first() {
            return Ok(());
        }
        loop {
            let line = self.read_line().map_err(|source| self.no_answer(source))?;
            let Some(line) = line else { return Ok(()) };
            let event = line::parsed(&line).map_err(|source| self.no_answer(source))?;
            if !on(event) {
                return Ok(());
            }
        }
    }

    fn wait_for(&self, time: Option<Duration>) -> Result<(), ControlError> {
        self.stream.get_ref().set_read_timeout(time).map_err(|source| self.no_answer(source))
    }

    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = u64::try_from(REPLY_BYTES).unwrap_or(u64::MAX);
        self.stream.by_ref().take(limit).read_until(b'\n', &mut line)?;
        match line.pop() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(line)),
            Some(_) => Err(io::Error::new(ErrorKind::InvalidData, "a line was cut")),
        }
    }

    fn no_answer(&self, source: io::Error) -> ControlError {
        ControlError::NoAnswer { session: self.session.clone(), source }
    }

    fn unexpected(&self) -> ControlError {
        self.no_answer(io::Error::new(ErrorKind::InvalidData, "its reply is of another version"))
    }
}

/// Connects without waiting: a socket whose server does not accept has a full queue at some time.
fn connected(socket: &Path) -> io::Result<UnixStream> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stream = runtime.block_on(tokio::net::UnixStream::connect(socket))?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
