//! The host's side: starts a stage, lets it set the isolation up and start the command, and ends everything with the session.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::thread;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::net::{Shutdown, shutdown};

use super::assessment::{availability, may_start};
use super::channel::{self, Message};
use super::description::{Description, Start, variable};
use super::placeholder::Placeholders;
use super::supervisor::{Sockets, Supervision, Supervisor};
use super::{Isolated, Isolation, Mechanism, Support, stage};
use crate::{ChildError, Executable};

/// The reason if the stage did not answer as it should.
const UNEXPECTED: &str = "the stage ended without a reason";
/// This executable, also if its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";

/// A stage that tries the mechanisms of this system, and then waits for a command. Dropping this value ends it.
///
/// It starts in an instant and works beside the caller. So a caller starts it as soon as it knows that it needs one.
#[derive(Debug)]
pub struct Stage {
    /// The stage, or the reason if there is none.
    process: Result<Process, String>,
    support: Option<Support>,
}

/// An isolation that stands, or is about to, and waits for its command. Dropping this value ends it.
#[derive(Debug)]
pub struct Prepared {
    session: Session,
    isolation: Isolation,
    sockets: Sockets,
    is_ready: bool,
    ports: Vec<u16>,
}

/// An isolated command's session. Dropping this value ends every process of it, and then removes what only held during the session.
#[derive(Debug)]
pub(crate) struct Session {
    process: Process,
    _placeholders: Placeholders,
    // After the processes have ended, or those that this system can end.
    supervision: Option<Supervision>,
    listeners: Vec<TcpListener>,
}

/// The process of a stage.
#[derive(Debug)]
struct Process {
    /// The stage ends the session when this end is closed.
    channel: OwnedFd,
    id: Pid,
}

impl Stage {
    /// Starts a stage.
    #[must_use]
    pub fn begin() -> Self {
        let process = Process::start().map_err(|error| format!("cannot be tried: {error}"));
        Self { process, support: None }
    }

    /// Returns a stage that was not started, on a system with this support: for tests.
    #[must_use]
    pub fn not_started(support: Support) -> Self {
        Self { process: Err("not started".to_owned()), support: Some(support) }
    }

    /// Returns the mechanisms of this system.
    #[must_use]
    pub fn support(&mut self) -> Support {
        let process = &self.process;
        let ask = || match process.as_ref().map(|process| channel::receive(&process.channel)) {
            Ok(Ok(Some((Message::Tried(tried), _)))) => Support::read(tried),
            Ok(Err(error)) => Support::none(&format!("cannot be tried: {error}")),
            Ok(_) => Support::none("cannot be tried: the stage gave no answer"),
            Err(reason) => Support::none(reason),
        };
        self.support.get_or_insert_with(ask).clone()
    }

    /// Lets the stage set the isolation of `executable` up. Does not wait for it: [`Prepared::wait`] does.
    ///
    /// # Errors
    /// [`ChildError::Isolation`] if the level is `strict` and does not hold here, or there is no stage.
    pub fn isolate(
        mut self,
        executable: &Executable,
        isolated: &Isolated,
    ) -> Result<Prepared, ChildError> {
        may_start(isolated)?;
        // The stage waits for nothing before it has said what it tried.
        let _ = self.support();
        let process = self.process.map_err(failed)?;
        let sessions = isolated.session.parent().unwrap_or(&isolated.session).to_owned();
        let placeholders = Placeholders::keep(sessions).map_err(failed)?;
        let described = describe(executable, isolated).map_err(failed)?;
        process.send(&Message::Isolate, &described.encode()).map_err(failed)?;
        let session = Session {
            process,
            _placeholders: placeholders,
            supervision: None,
            listeners: Vec::new(),
        };
        let isolation = isolated.isolation.clone();
        // Before the command runs: it could put something else in the place of a socket.
        let sockets = Sockets::of(&isolation);
        Ok(Prepared { session, isolation, sockets, is_ready: false, ports: Vec::new() })
    }
}

impl Prepared {
    /// Waits until the isolation stands.
    ///
    /// # Errors
    /// [`ChildError::Isolation`] if a step failed.
    pub fn wait(&mut self) -> Result<(), ChildError> {
        while !self.is_ready {
            match self.session.receive()? {
                (Message::Ready, _) => self.is_ready = true,
                (Message::Failed(reason), _) => return Err(failed(reason)),
                _ => return Err(failed(UNEXPECTED)),
            }
        }
        Ok(())
    }

    /// Opens these ports of 127.0.0.1 in the command's own network, if it has one: this process serves them.
    pub fn open_ports(&mut self, ports: Vec<u16>) {
        self.ports = ports;
    }

    /// Returns true if the command is to inherit every descriptor.
    pub(crate) fn keeps_descriptors(&self) -> bool {
        self.isolation.without.contains(&Mechanism::Descriptors)
    }

    /// Starts the command with `environment`; returns its process id once it was executed. `executable` is the one that it was
    /// prepared for.
    pub(crate) fn start(
        mut self,
        executable: &Executable,
        environment: &BTreeMap<OsString, OsString>,
    ) -> Result<(Pid, Session), ChildError> {
        self.wait()?;
        let Self { mut session, isolation, sockets, ports, .. } = self;
        let environment = environment.iter().map(|(name, value)| variable(name, value)).collect();
        let order = Start { environment, ports }.encode();
        session.process.send(&Message::Start, &order).map_err(failed)?;
        let mut listener = None;
        loop {
            match session.receive()? {
                (Message::Listening, files) => {
                    session.listeners = files.into_iter().map(TcpListener::from).collect();
                }
                (Message::Supervised, files) => listener = files.into_iter().next(),
                (Message::Started(id), _) => {
                    let command = Pid::from_raw(id);
                    if let Some(listener) = listener {
                        let supervisor = Supervisor::new(listener, command, &isolation, sockets);
                        session.supervision = Some(supervisor.start().map_err(|error| {
                            reap(command);
                            failed(error)
                        })?);
                    }
                    return Ok((command, session));
                }
                (Message::NotExecuted(id, error), _) => {
                    reap(Pid::from_raw(id));
                    return Err(executable.refused(io::Error::from_raw_os_error(error)));
                }
                (Message::NotIsolated(id, reason), _) => {
                    reap(Pid::from_raw(id));
                    return Err(failed(reason));
                }
                (Message::Failed(reason), _) => return Err(failed(reason)),
                _ => return Err(failed(UNEXPECTED)),
            }
        }
    }
}

fn failed(reason: impl Display) -> ChildError {
    ChildError::Isolation { reason: reason.to_string() }
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

fn describe(executable: &Executable, isolated: &Isolated) -> io::Result<Description> {
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
        directory: std::env::current_dir()?,
        session: session.clone(),
        ..Description::of(isolation)
    })
}

impl Process {
    /// Starts this executable as a stage.
    fn start() -> io::Result<Self> {
        let (ours, theirs) = channel::open()?;
        let number = theirs.as_raw_fd();
        let mut actions = PosixSpawnFileActions::init()?;
        // A copy onto itself is inherited, and this process's own descriptor stays closed for other children.
        actions.add_dup2(number, number)?;
        let mut attributes = PosixSpawnAttr::init()?;
        // A group of its own: Ctrl-C is for the command.
        attributes.set_flags(
            PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
        )?;
        attributes.set_pgroup(Pid::from_raw(0))?;
        let mut defaults = SigSet::empty();
        defaults.add(Signal::SIGPIPE);
        attributes.set_sigdefault(&defaults)?;
        let arguments = [stage::NAME.to_owned(), number.to_string()];
        let arguments = arguments.map(CString::new).into_iter().collect::<Result<Vec<_>, _>>()?;
        let none: [CString; 0] = [];
        let id = posix_spawn(OURSELVES, &actions, &attributes, &arguments, &none)?;
        Ok(Self { channel: ours, id })
    }

    /// Sends a message with these bytes, in memory.
    fn send(&self, message: &Message, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::from(memfd_create(c"audex", MFdFlags::MFD_CLOEXEC)?);
        file.write_all(bytes)?;
        channel::send(&self.channel, message, &[file.as_fd()])
    }
}

impl Drop for Process {
    /// Ends every process of the session. INVARIANT: the command was waited for, because the namespace ends after its processes.
    fn drop(&mut self) {
        let _ = shutdown(&self.channel, Shutdown::Write);
        // Until the stage says that the session has ended, or has itself ended.
        while let Ok(Some((message, _))) = channel::receive(&self.channel) {
            if message == Message::Ended {
                break;
            }
        }
        reap_later(self.id);
    }
}

impl Session {
    fn receive(&self) -> Result<(Message, Vec<OwnedFd>), ChildError> {
        let received = channel::receive(&self.process.channel).map_err(failed)?;
        received.ok_or_else(|| failed(UNEXPECTED))
    }

    /// Returns the listeners inside the network namespace, one for each port.
    pub(crate) fn take_listeners(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.listeners)
    }

    /// Returns the reason if the stage ended the command, because it could not keep the mounts.
    pub(crate) fn failure(&self) -> Option<String> {
        let channel = &self.process.channel;
        let mut on = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
        if poll(&mut on, PollTimeout::ZERO) == Ok(0) {
            return None;
        }
        match channel::receive(channel) {
            Ok(Some((Message::Failed(reason), _))) => Some(reason),
            _ => Some("the stage was ended".to_owned()),
        }
    }
}
