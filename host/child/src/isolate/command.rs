//! The last steps in the command's own process, before it is executed.

use std::convert::Infallible;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use audex_core::isolation::Level;
use nix::errno::Errno;
use nix::unistd::{Pid, execve, setpgid};

use super::channel::{self, Message};
use super::description::Description;
use super::{Mechanism, capability, filter, kernel_call, rules};
use crate::spawn::SHELL;

/// The reason for which the command did not start.
pub(super) enum Failure {
    /// The operating system refused to execute the file.
    Execute(i32),
    /// A step of the isolation failed.
    Step(String),
}

impl Failure {
    fn encode(&self) -> String {
        match self {
            Self::Execute(error) => format!("e{error}"),
            Self::Step(reason) => format!("s{reason}"),
        }
    }

    /// Reads a failure; `None` for no bytes, which mean that the command was executed.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        match text.split_at_checked(1)? {
            ("e", error) => Some(Self::Execute(error.parse().unwrap_or(Errno::EIO as i32))),
            (_, reason) => Some(Self::Step(reason.to_owned())),
        }
    }
}

/// Becomes the command, or writes the failure into `report` and exits.
pub(super) fn become_command(
    description: &Description,
    environment: &[OsString],
    channel: &OwnedFd,
    mut report: File,
) -> ! {
    let Err(failure) = execute(description, environment, channel);
    let _ = report.write_all(failure.encode().as_bytes());
    std::process::exit(126)
}

fn execute(
    description: &Description,
    environment: &[OsString],
    channel: &OwnedFd,
) -> Result<Infallible, Failure> {
    let step = |name: &str, result: io::Result<()>| {
        result.map_err(|error| Failure::Step(format!("{name}: {error}")))
    };
    let has = |mechanism| description.has(mechanism);
    step("process group", setpgid(Pid::from_raw(0), Pid::from_raw(0)).map_err(Into::into))?;
    kernel_call::default_sigpipe();
    if has(Mechanism::Keyring) {
        step("keyring", kernel_call::join_session_keyring().map_err(Into::into))?;
    }
    if has(Mechanism::NoNewPrivileges) {
        step("privileges", capability::forbid_new_privileges())?;
    }
    step("Landlock", rules::restrict(description))?;
    if has(Mechanism::Capabilities) {
        let given = if has(Mechanism::UserNamespace) {
            capability::give_up()
        } else {
            capability::give_up_unusual()
        };
        step("capabilities", given)?;
    }
    // Prepared before the filter, so that nothing is left to do but to execute.
    let texts = Texts::of(&description.arguments, environment);
    let texts = texts.map_err(|error| Failure::Step(error.to_string()))?;
    if has(Mechanism::Seccomp) {
        let closed = description.level == Level::Strict;
        let program = filter::program(has(Mechanism::ConnectSupervisor), closed);
        step("filter", install_filter(&program, has(Mechanism::ConnectSupervisor), channel))?;
    }
    Err(Failure::Execute(texts.execute(&description.path) as i32))
}

fn install_filter(
    program: &[libc::sock_filter],
    supervised: bool,
    channel: &OwnedFd,
) -> io::Result<()> {
    if !supervised {
        kernel_call::install_filter(program, 0)?;
        return Ok(());
    }
    let listen = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // With the second flag (Linux 5.19), a signal that the process handles does not cut a call short that the host makes for it.
    let patient = listen | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let listener = match kernel_call::install_filter(program, patient) {
        Err(Errno::EINVAL) => kernel_call::install_filter(program, listen)?,
        other => other?,
    };
    let Some(listener) = listener else { return Err(Errno::EBADF.into()) };
    channel::send(channel, &Message::Supervised, &[listener.as_fd()])
}

/// The arguments and the environment in the form that the kernel takes.
struct Texts {
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Texts {
    fn of(arguments: &[OsString], environment: &[OsString]) -> io::Result<Self> {
        let all = |list: &[OsString]| {
            list.iter().map(|text| c_string(text)).collect::<io::Result<Vec<_>>>()
        };
        Ok(Self { arguments: all(arguments)?, environment: all(environment)? })
    }

    /// Executes `path`, with the shell if it is a script that names no interpreter, and returns the reason if it cannot.
    fn execute(&self, path: &Path) -> Errno {
        let Ok(file) = c_string(path.as_os_str()) else { return Errno::EINVAL };
        let Err(error) = execve(&file, &self.arguments, &self.environment);
        let Ok(shell) = c_string(OsStr::new(SHELL)) else { return error };
        if error != Errno::ENOEXEC {
            return error;
        }
        let rest = self.arguments.iter().skip(1).cloned();
        let arguments: Vec<CString> = [shell.clone(), file].into_iter().chain(rest).collect();
        let Err(error) = execve(&shell, &arguments, &self.environment);
        error
    }
}

fn c_string(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}
