//! Restricts what a command can reach, with the kernel's mechanisms and without root.
//!
//! This module knows no cloud and no tool: the caller says what is hidden, and each file below is one mechanism.

#[cfg(target_os = "linux")]
mod address;
mod assessment;
#[cfg(target_os = "linux")]
mod capability;
#[cfg(target_os = "linux")]
mod channel;
#[cfg(target_os = "linux")]
mod command;
#[cfg(target_os = "linux")]
mod description;
#[cfg(target_os = "linux")]
mod devices;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod init;
#[cfg(target_os = "linux")]
mod keeper;
#[cfg(target_os = "linux")]
mod kernel_call;
mod mechanism;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(target_os = "linux")]
mod namespace;
pub(crate) mod placeholder;
#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod start;
#[cfg(target_os = "linux")]
mod supervisor;
mod support;
#[cfg(target_os = "linux")]
mod trial;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;

use audex_core::isolation::Level;

pub use assessment::{Assessment, Part, Standing, assess};
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::Session;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Prepared, Stage, stage};
pub use mechanism::Mechanism;
#[cfg(target_os = "linux")]
pub use stage::stage;
#[cfg(target_os = "linux")]
pub(crate) use start::Session;
#[cfg(target_os = "linux")]
pub use start::{Prepared, Stage};
pub use support::Support;

/// The paths and addresses that a command must not reach, and the exceptions. Every path is absolute.
#[derive(Debug, Clone, Default)]
pub struct Isolation {
    /// The level, which decides the parts that must hold.
    pub level: Level,
    /// The files, directories and sockets that the command sees as empty or absent. A path that does not exist is hidden as soon
    /// as it does.
    pub hide: Vec<PathBuf>,
    /// The paths below a hidden directory that stay.
    pub show: Vec<PathBuf>,
    /// The files and directories that the command can read and not change.
    pub read_only: Vec<PathBuf>,
    /// The files and directories of [`Self::read_only`] that are created if they do not exist, so that the command cannot.
    pub placeholders: Vec<Placeholder>,
    /// The directories of sockets: the command sees only the entries that are shown.
    pub socket_directories: Vec<PathBuf>,
    /// The sockets outside the session, and directories of such sockets, that the command can connect to.
    pub sockets: Vec<PathBuf>,
    /// With [`Level::Strict`], the directories below which the command can write.
    pub write: Vec<PathBuf>,
    /// With [`Level::Strict`], the paths that the command can read, besides those that it can write. The caller includes the
    /// system's.
    pub read: Vec<PathBuf>,
    /// The addresses that the command can connect to.
    pub network: Network,
    /// The mechanisms that must not be used, for tests and for reports.
    pub without: BTreeSet<Mechanism>,
}

/// A file or a directory that stands where there was none, so that the command cannot create it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// A file with these contents.
    File {
        /// The file's path.
        path: PathBuf,
        /// The file's contents; they must not change what a program does that reads the file.
        contents: String,
    },
    /// An empty directory.
    Directory {
        /// The directory's path.
        path: PathBuf,
    },
}

/// The addresses that a command can connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// Every address of the machine's network but these.
    Shared {
        /// Networks, each an address and the number of bits that count.
        refused: Vec<(IpAddr, u8)>,
    },
    /// The ports of 127.0.0.1 alone that this process serves.
    Closed,
}

impl Default for Network {
    fn default() -> Self {
        Self::Shared { refused: Vec::new() }
    }
}

/// An isolation, with what this system holds of it, for [`Stage::isolate`].
#[derive(Debug, Clone)]
pub struct Isolated {
    /// The requested isolation.
    pub isolation: Isolation,
    /// The mechanisms of this system.
    pub support: Support,
    /// The session's own directory: it stays visible, and records the placeholders until they are removed.
    pub session: PathBuf,
}
