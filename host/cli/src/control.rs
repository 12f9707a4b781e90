//! The control socket of a living session: other programs of the user look at the session, answer its asks, and end it.
//!
//! Security: the sockets lie in the state directory, which isolation hides from the command, and a peer must be a process of the
//! same user. A command that is not isolated can reach the socket as its user can, so answers then do not count.

mod client;
mod line;
mod message;
mod peer;
mod server;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

pub(crate) use self::client::{Client, ControlError, Found, living, names};
pub(crate) use self::message::{Event, Hello, NotCounted};
pub(crate) use self::server::{Control, Served};

/// The directory of the sockets, below the state directory.
const DIRECTORY: &str = "control";
/// The ending of a socket's name, after the session's.
const ENDING: &str = ".sock";

/// Returns the directory of the control sockets.
fn directory(state: &Path) -> PathBuf {
    state.join(DIRECTORY)
}

/// An open directory, through which a socket is named in few bytes: the path of a socket has at most 107 (`unix(7)`).
struct Directory {
    _open: File,
    path: PathBuf,
}

impl Directory {
    fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW;
        let open = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
        #[cfg(target_os = "linux")]
        let path = Path::new("/proc/self/fd").join(open.as_raw_fd().to_string());
        #[cfg(not(target_os = "linux"))]
        let path = path.to_owned();
        Ok(Self { _open: open, path })
    }

    /// Returns the path of the socket of `session`, which is valid as long as this value.
    fn socket(&self, session: &str) -> PathBuf {
        self.path.join(format!("{session}{ENDING}"))
    }
}
