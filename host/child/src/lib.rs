//! Runs the one command that gets the credentials: looks it up, starts it, waits for it.
//!
//! The command inherits stdin, stdout, stderr and the terminal, and no other open file; nothing it reads
//! or writes passes through Audex. It runs in a process group of its own, so that all of it can be ended at once. What
//! leaves that group (`setsid`, a daemon) is out of reach, and what stays in the group after the
//! command itself has ended is neither waited for nor ended, as in a shell, unless the deadline
//! ended the command.

pub mod deadline;
pub mod deliver;
mod descriptor;
mod ended;
mod look_up;
mod signals;
mod spawn;
mod terminal;
mod wait;

use std::io;
use std::path::PathBuf;

pub use deadline::{Deadline, OnExpiry};
pub use descriptor::note_inherited;
pub use ended::{Ended, Status};
pub use look_up::{Executable, look_up};
pub use signals::Signals;
pub use spawn::{Running, spawn};
#[cfg(test)]
pub(crate) use wait::tests::one_at_a_time;

/// Says why a command did not run, or could not be waited for.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// No file of that name is in any directory of `PATH`, or at the path given.
    #[error("command `{command}` not found")]
    NotFound {
        /// The command as the user wrote it.
        command: String,
    },
    /// The file is there and cannot be executed.
    #[error("command `{command}` cannot be executed: {reason}")]
    NotExecutable {
        /// The command as the user wrote it.
        command: String,
        /// What is in the way, in a few words.
        reason: String,
    },
    /// The system refused to start the process.
    #[error("cannot start `{}`", path.display())]
    Spawn {
        /// The file that was to be executed.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The signal handlers could not be set up, or stopped delivering.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
    /// The system does not say which files the command would inherit.
    #[error("cannot list this process's open descriptors")]
    Descriptors(#[source] io::Error),
    /// The child could not be waited for.
    #[error("cannot wait for the command")]
    Wait(#[source] io::Error),
}

impl ChildError {
    /// Returns what the user may have meant.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { command }
                if command.split_once('=').is_some_and(|(name, _)| is_variable(name)) =>
            {
                Some("set variables with `env`: -- env NAME=VALUE COMMAND")
            }
            Self::NotFound { command } if command.trim().contains(char::is_whitespace) => Some(
                "give the command and each argument as a word of its own, without quotes around the whole",
            ),
            Self::NotExecutable { reason, .. } if reason.contains("CRLF") => {
                Some("write the file with Unix line ends: sed -i 's/\\r$//' FILE")
            }
            _ => None,
        }
    }

    /// Returns the exit status a shell would give: 127 not found, 126 cannot run, 70 internal.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound { .. } => 127,
            Self::NotExecutable { .. } | Self::Spawn { .. } => 126,
            Self::Signals(_) | Self::Descriptors(_) | Self::Wait(_) => 70,
        }
    }
}

/// Tells whether a shell would take `name` for a variable.
fn is_variable(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_allowed)
}
