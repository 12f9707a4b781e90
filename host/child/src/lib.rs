//! Runs the one command that gets the credentials: looks it up, starts it, waits for it.
//!
//! The command inherits stdin, stdout, stderr and the terminal, and no other open file except those that its
//! arguments name. Its input and output do not pass through Audex. It runs in a process group of its own, so
//! that Audex can end all its processes at once. If processes stay in the group after the command has ended, Audex
//! neither waits for them nor ends them, as in a shell. If the deadline ended the command, Audex ends them too; it
//! does not reach a process that left the group (`setsid`, a daemon). If a request ended the command ([`Stop`]),
//! Audex ends every descendant that it finds.

pub mod captured;
pub mod deadline;
pub mod deliver;
mod descriptor;
mod ended;
pub mod isolate;
mod look_up;
mod notification;
mod signals;
mod spawn;
mod stop;
mod terminal;
mod tree;
mod wait;

use audex_core::hint::Hint;
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

pub use deadline::{Deadline, OnExpiry};
pub use descriptor::note_inherited;
pub use ended::{Ended, Status};
pub use isolate::Isolated;
pub use look_up::{Executable, look_up};
pub use notification::notify;
pub use signals::Signals;
pub use spawn::{Running, spawn};
pub use stop::Stop;
pub use tree::end_marked;
#[cfg(test)]
pub(crate) use wait::tests::one_at_a_time;

/// The error for a command that did not run or could not be waited for.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// No directory of `PATH` has a file of this name, or there is no file at the given path.
    #[error("command `{command}` not found")]
    NotFound {
        /// The command as the user wrote it.
        command: String,
    },
    /// The file exists and cannot be executed.
    #[error("command `{command}` cannot be executed: {reason}")]
    NotExecutable {
        /// The command as the user wrote it.
        command: String,
        /// The reason, in a few words.
        reason: String,
    },
    /// The operating system refused to start the process.
    #[error("cannot start `{}`", path.display())]
    Spawn {
        /// The file that Audex tried to execute.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// Signal handlers could not be installed, or no longer deliver signals.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
    /// The isolation could not be set up, so the command was not started.
    #[error("cannot isolate the command: {reason}")]
    Isolation {
        /// The step that failed, with the operating system's reason.
        reason: String,
    },
    /// The operating system does not list the files that the command would inherit.
    #[error("cannot list this process's open descriptors")]
    Descriptors(#[source] io::Error),
    /// Waiting for the command failed.
    #[error("cannot wait for the command")]
    Wait(#[source] io::Error),
}

impl Hint for ChildError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::NotFound { command }
                if command.split_once('=').is_some_and(|(name, _)| is_variable(name)) =>
            {
                Some("set variables with `env`: -- env NAME=VALUE COMMAND".into())
            }
            Self::NotFound { command } if command.trim().contains(char::is_whitespace) => Some(
                "give the command and each argument as a word of its own, without quotes around the whole"
                    .into(),
            ),
            Self::NotExecutable { reason, .. } if reason.contains("CRLF") => {
                Some("write the file with Unix line ends: sed -i 's/\\r$//' FILE".into())
            }
            _ => None,
        }
    }
}

impl ChildError {
    /// Returns the exit status: 127 if the command was not found and 126 if it cannot run, as in a shell; 69
    /// if it cannot be isolated; 70 for an internal error.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } | Self::Spawn { .. } => 126,
            Self::Isolation { .. } => 69,
            Self::Signals(_) | Self::Descriptors(_) | Self::Wait(_) => 70,
        }
    }
}

/// Returns true if `name` is the name of a shell variable.
fn is_variable(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_allowed)
}
