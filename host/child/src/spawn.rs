//! Starts the command. No other file of this crate starts processes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::isolate::{Prepared, Session};
use super::terminal::{Terminal, UnstoppedOutput};
use super::{ChildError, Executable, Signals, descriptor};

/// The interpreter of scripts that name none, as in `execvp`.
pub(super) const SHELL: &str = "/bin/sh";

/// A command that has been started.
pub struct Running {
    pub(super) pid: Pid,
    pub(super) signals: Signals,
    pub(super) terminal: Option<Terminal>,
    /// True if Ctrl-Z was passed on and has not stopped the command yet.
    pub(super) stop_wanted: bool,
    pub(super) started: Instant,
    /// True if the command has ended and was waited for.
    pub(super) is_over: bool,
    /// The processes of an isolated command, which end with this value.
    pub(super) session: Option<Session>,
    // Declared last, so that dropping takes the terminal back while SIGTTOU is still blocked.
    pub(super) _unstopped: UnstoppedOutput,
}

/// Starts `executable` with exactly the variables of `environment`, in a process group of its own.
///
/// The command inherits standard input, output and error, and the descriptors that its arguments name. It
/// also inherits the signals that Audex's own parent had set to be ignored or blocked; all other signals have
/// their defaults. With `isolated`, the command does not reach what its isolation withholds, and every process that it leaves behind
/// ends with it. [`Running::wait`] passes on the signals that `signals` has kept since it was installed.
///
/// # Errors
/// [`ChildError::Spawn`] (126) if the operating system refuses, [`ChildError::NotFound`] (127) if the file
/// was removed after the look-up, [`ChildError::Signals`], [`ChildError::Descriptors`],
/// [`ChildError::Isolation`] (69) if a step of the isolation failed.
pub fn spawn(
    executable: &Executable,
    environment: &BTreeMap<OsString, OsString>,
    mut signals: Signals,
    prepared: Option<Prepared>,
) -> Result<Running, ChildError> {
    if !prepared.as_ref().is_some_and(Prepared::keeps_descriptors) {
        descriptor::close_inherited(executable.arguments()).map_err(ChildError::Descriptors)?;
    }
    signals.watch_command().map_err(ChildError::Signals)?;
    let started = Instant::now();
    let (pid, session) = match prepared {
        Some(prepared) => {
            let (pid, session) = prepared.start(executable, environment)?;
            (pid, Some(session))
        }
        None => (start(executable, environment)?, None),
    };
    // After the start, because the command inherits the signals that are ignored or blocked.
    if let Err(error) = signals.watch_ignored() {
        // The command must not run without supervision.
        let _ = (kill(pid, Signal::SIGKILL), waitpid(pid, None));
        return Err(ChildError::Signals(error));
    }
    let unstopped = UnstoppedOutput::begin();
    let mut terminal = Terminal::open(pid);
    if let Some(terminal) = &mut terminal {
        terminal.give_if_wanted();
    }
    Ok(Running {
        pid,
        signals,
        terminal,
        stop_wanted: false,
        started,
        is_over: false,
        session,
        _unstopped: unstopped,
    })
}

/// Starts the command as a child of this process, and returns its id.
pub(super) fn start(
    executable: &Executable,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Pid, ChildError> {
    let mut direct = command(executable.path(), executable.name(), environment);
    direct.args(executable.arguments());
    let child = match direct.spawn() {
        Err(error) if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            let mut script = command(Path::new(SHELL), OsStr::new(SHELL), environment);
            script.arg(executable.path()).args(executable.arguments()).spawn()
        }
        other => other,
    }
    .map_err(|source| executable.refused(source))?;
    // Process ids are positive 32-bit numbers on every supported system.
    let id = i32::try_from(child.id());
    Ok(Pid::from_raw(id.map_err(|_| ChildError::Wait(io::ErrorKind::InvalidData.into()))?))
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts processes")]
fn command(path: &Path, name: &OsStr, environment: &BTreeMap<OsString, OsString>) -> Command {
    let mut command = Command::new(path);
    // The standard library resets SIGPIPE, which Rust programs ignore, to its default, and lets the command
    // inherit the signals that Audex's own parent had blocked.
    command.arg0(name).env_clear().envs(environment).process_group(0);
    command
}
