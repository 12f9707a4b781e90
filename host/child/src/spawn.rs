//! Starts the command. No other file of this crate starts processes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::isolate::{Isolated, assess};
use super::terminal::{Terminal, UnstoppedOutput};
use super::{ChildError, Executable, Signals, descriptor};

/// The interpreter of scripts that name none, as in `execvp`.
const SHELL: &str = "/bin/sh";

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
    // Declared last, so that dropping takes the terminal back while SIGTTOU is still blocked.
    pub(super) _unstopped: UnstoppedOutput,
}

/// Starts `executable` with exactly the variables of `environment`, in a process group of its own.
///
/// The command inherits standard input, output and error, and the descriptors that its arguments name. It
/// also inherits the signals that Audex's own parent had set to be ignored or blocked; all other signals have
/// their defaults. [`Running::wait`] passes on the signals that `signals` has kept since it was installed.
///
/// # Errors
/// [`ChildError::Spawn`] (126) if the operating system refuses, [`ChildError::NotFound`] (127) if the file
/// was removed after the look-up, [`ChildError::Signals`], [`ChildError::Descriptors`].
pub fn spawn(
    executable: &Executable,
    environment: &BTreeMap<OsString, OsString>,
    mut signals: Signals,
    isolated: Option<&Isolated>,
) -> Result<Running, ChildError> {
    if let Some(Isolated { isolation, support, .. }) = isolated
        && !assess(isolation, support).is_whole()
    {
        return Err(ChildError::Isolation { reason: "not built for this system".to_owned() });
    }
    descriptor::close_inherited(executable.arguments()).map_err(ChildError::Descriptors)?;
    signals.watch_command().map_err(ChildError::Signals)?;
    let started = Instant::now();
    let mut direct = command(executable.path(), executable.name(), environment);
    direct.args(executable.arguments());
    let mut child = match direct.spawn() {
        Err(error) if error.raw_os_error() == Some(Errno::ENOEXEC as i32) => {
            let mut script = command(Path::new(SHELL), OsStr::new(SHELL), environment);
            script.arg(executable.path()).args(executable.arguments()).spawn()
        }
        other => other,
    }
    .map_err(|source| refused(executable, source))?;
    // Process ids are positive 32-bit numbers on every supported system.
    let id = i32::try_from(child.id())
        .map_err(|_| ChildError::Wait(io::ErrorKind::InvalidData.into()))?;
    let pid = Pid::from_raw(id);
    // After the start, because the command inherits the signals that are ignored or blocked.
    if let Err(error) = signals.watch_ignored() {
        // The command must not run without supervision.
        let _ = (child.kill(), child.wait());
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
        _unstopped: unstopped,
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place that starts processes")]
fn command(path: &Path, name: &OsStr, environment: &BTreeMap<OsString, OsString>) -> Command {
    let mut command = Command::new(path);
    // The standard library resets SIGPIPE, which Rust programs ignore, to its default, and lets the command
    // inherit the signals that Audex's own parent had blocked.
    command.arg0(name).env_clear().envs(environment).process_group(0);
    command
}

fn refused(executable: &Executable, source: io::Error) -> ChildError {
    if source.kind() == io::ErrorKind::NotFound {
        return ChildError::NotFound { command: executable.name().to_string_lossy().into_owned() };
    }
    ChildError::Spawn { path: executable.path().to_owned(), source }
}
