//! The host's side: starts a stage, waits until the command runs, and ends everything with the session.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::net::{Shutdown, shutdown};

use super::assessment::availability;
use super::channel::{self, Message};
use super::description::{Description, variable};
use super::supervisor::{Sockets, Supervision, Supervisor};
use super::{Isolated, Mechanism, placeholder, stage};
use crate::{ChildError, Executable};

/// This executable, also if its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// An isolated command's session. Dropping this value ends every process of it.
pub(crate) struct Session {
    /// The stage ends the session when this end is closed.
    channel: OwnedFd,
    stage: Pid,
    listeners: Vec<TcpListener>,
    supervision: Option<Supervision>,
    /// The directory of the sessions, with the lock on the placeholders of all.
    sessions: PathBuf,
    placeholders: Option<File>,
}

/// Starts `executable` with `environment`; returns its process id once it was executed.
pub(crate) fn start(
    executable: &Executable,
    environment: &BTreeMap<OsString, OsString>,
    isolated: &Isolated,
) -> Result<(Pid, Session), ChildError> {
    let failed = |reason: String| ChildError::Isolation { reason };
    let described =
        describe(executable, environment, isolated).map_err(|e| failed(e.to_string()))?;
    let sessions = isolated.session.parent().unwrap_or(&isolated.session).to_owned();
    let placeholders = placeholder::keep(&sessions).map_err(|e| failed(e.to_string()))?;
    // Before the command runs: it could put something else in the place of a socket.
    let sockets = Sockets::of(&isolated.isolation);
    let (channel, stage) = start_stage(&described.encode()).map_err(|e| failed(e.to_string()))?;
    let mut session = Session {
        channel,
        stage,
        listeners: Vec::new(),
        supervision: None,
        sessions,
        placeholders: Some(placeholders),
    };
    let mut listener = None;
    loop {
        let received = channel::receive(&session.channel);
        let received = received.map_err(|error| failed(error.to_string()))?;
        match received {
            Some((Message::Listening, files)) => {
                session.listeners = files.into_iter().map(TcpListener::from).collect();
            }
            Some((Message::Supervised, files)) => listener = files.into_iter().next(),
            Some((Message::Started(id), _)) => {
                let command = Pid::from_raw(id);
                if let Some(listener) = listener {
                    let supervisor =
                        Supervisor::new(listener, command, &isolated.isolation, sockets);
                    session.supervision = Some(supervisor.start().map_err(|error| {
                        reap(command);
                        failed(error.to_string())
                    })?);
                }
                return Ok((command, session));
            }
            Some((Message::NotExecuted(id, error), _)) => {
                reap(Pid::from_raw(id));
                return Err(executable.refused(io::Error::from_raw_os_error(error)));
            }
            Some((Message::NotIsolated(id, reason), _)) => {
                reap(Pid::from_raw(id));
                return Err(failed(reason));
            }
            Some((Message::Failed(reason), _)) => return Err(failed(reason)),
            Some((Message::Tried(_) | Message::Ended, _)) | None => {
                return Err(failed("the stage ended without a reason".to_owned()));
            }
        }
    }
}

/// Waits for the end of a stage, in a thread: nothing depends on it.
fn reap_later(stage: Pid) {
    let wait = move || {
        // Signals are for the thread that waits for the command.
        let _ = SigSet::all().thread_block();
        let _ = waitpid(stage, None);
    };
    // Without a thread, the system reaps the stage when this process ends.
    let _ = thread::Builder::new().name("reap".to_owned()).spawn(wait);
}

/// Ends a command that must not run, and waits for its end.
fn reap(command: Pid) {
    let _ = kill(command, Signal::SIGKILL);
    let _ = waitpid(command, None);
}

fn describe(
    executable: &Executable,
    environment: &BTreeMap<OsString, OsString>,
    isolated: &Isolated,
) -> io::Result<Description> {
    let Isolated { isolation, support, session } = isolated;
    let is_used = |mechanism: &Mechanism| availability(*mechanism, isolation, support).is_ok();
    let mut uses: BTreeSet<Mechanism> = Mechanism::ALL.into_iter().filter(is_used).collect();
    if isolation.level < audex_core::isolation::Level::Strict {
        uses.remove(&Mechanism::NetworkNamespace);
    }
    let name = [executable.name().to_owned()];
    Ok(Description {
        uses,
        path: executable.path().to_owned(),
        arguments: name.into_iter().chain(executable.arguments().iter().cloned()).collect(),
        environment: environment.iter().map(|(name, value)| variable(name, value)).collect(),
        directory: std::env::current_dir()?,
        session: session.clone(),
        ..Description::of(isolation)
    })
}

/// Starts this executable as a stage with a description.
fn start_stage(description: &[u8]) -> io::Result<(OwnedFd, Pid)> {
    let memory = memfd_create(c"audex", MFdFlags::MFD_CLOEXEC)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(description)?;
    let (ours, theirs) = channel::open()?;
    let (file, theirs_number) = (file.as_raw_fd(), theirs.as_raw_fd());
    let mut actions = PosixSpawnFileActions::init()?;
    for number in [file, theirs_number] {
        // A copy onto itself is inherited, and this process's own descriptor stays closed for other children.
        actions.add_dup2(number, number)?;
    }
    let mut attributes = PosixSpawnAttr::init()?;
    // A group of its own: Ctrl-C is for the command.
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    let mut defaults = SigSet::empty();
    defaults.add(Signal::SIGPIPE);
    attributes.set_sigdefault(&defaults)?;
    let arguments = [stage::NAME.to_owned(), file.to_string(), theirs_number.to_string()];
    let arguments = arguments.map(CString::new).into_iter().collect::<Result<Vec<_>, _>>()?;
    let none: [CString; 0] = [];
    let stage = posix_spawn(OURSELVES, &actions, &attributes, &arguments, &none)?;
    Ok((ours, stage))
}

/// Tries the mechanisms in a stage that ends afterwards.
pub(super) fn try_all() -> io::Result<Vec<(String, String)>> {
    let (channel, stage) = start_stage(&[])?;
    let received = channel::receive(&channel);
    reap_later(stage);
    match received? {
        Some((Message::Tried(tried), _)) => Ok(tried),
        _ => Err(io::Error::other("the stage gave no answer")),
    }
}

impl Session {
    /// Returns the listeners inside the network namespace, one for each port.
    pub(crate) fn take_listeners(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.listeners)
    }

    /// Returns the reason if the stage ended the command, because it could not keep the mounts.
    pub(crate) fn failure(&self) -> Option<String> {
        let mut on = [PollFd::new(self.channel.as_fd(), PollFlags::POLLIN)];
        if poll(&mut on, PollTimeout::ZERO) == Ok(0) {
            return None;
        }
        match channel::receive(&self.channel) {
            Ok(Some((Message::Failed(reason), _))) => Some(reason),
            _ => Some("the stage was ended".to_owned()),
        }
    }
}

impl Drop for Session {
    /// Ends every process of the session. INVARIANT: the command was waited for, because the namespace ends after its processes.
    fn drop(&mut self) {
        let _ = shutdown(&self.channel, Shutdown::Write);
        // Until the stage says that the session has ended, or has itself ended.
        while let Ok(Some((message, _))) = channel::receive(&self.channel) {
            if message == Message::Ended {
                break;
            }
        }
        reap_later(self.stage);
        self.placeholders = None;
        placeholder::remove_all(&self.sessions);
        // Now that no process is left, or none that this system can end.
        self.supervision = None;
    }
}
