//! The sockets outside the session that stay.
//!
//! Security: the command can put a link to another socket, a hard link too, wherever it can write. So a socket in a directory that this
//! user can write is the one that was there before the command started; in other directories it may be made anew.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::isolate::Isolation;

/// The directories below a directory of sockets in which sockets are looked for.
const DEPTH: usize = 2;

/// The sockets that stay.
#[derive(Debug)]
pub(in crate::isolate) struct Sockets {
    /// Paths without symbolic links.
    paths: BTreeSet<PathBuf>,
    /// Devices and numbers of the sockets in directories that this user can write.
    files: BTreeSet<(u64, u64)>,
}

impl Sockets {
    /// Looks up the sockets of an isolation. INVARIANT: the command has not started.
    pub(in crate::isolate) fn of(isolation: &Isolation) -> Self {
        let mut found = Self { paths: BTreeSet::new(), files: BTreeSet::new() };
        for path in isolation.sockets.iter().chain(&isolation.show) {
            if let Ok(path) = fs::canonicalize(path) {
                found.add(&path, DEPTH);
                found.paths.insert(path);
            }
        }
        found
    }

    fn add(&mut self, path: &Path, depth: usize) {
        let Ok(metadata) = fs::symlink_metadata(path) else { return };
        if metadata.file_type().is_socket() {
            self.files.insert((metadata.dev(), metadata.ino()));
        } else if metadata.is_dir() && depth > 0 {
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                self.add(&entry.path(), depth - 1);
            }
        }
    }

    /// Returns true if the open socket is one of these.
    pub(super) fn have(&self, socket: &OwnedFd) -> bool {
        let own = format!("/proc/self/fd/{}", socket.as_raw_fd());
        let (Ok(path), Ok(inside)) = (fs::read_link(&own), fs::metadata(&own)) else {
            return false;
        };
        let identity = (inside.dev(), inside.ino());
        if self.files.contains(&identity) {
            return true;
        }
        let is_below = self.paths.iter().any(|of| path.starts_with(of));
        let is_fixed = path.parent().is_some_and(|on| access(on, AccessFlags::W_OK).is_err());
        // The process can mount another socket at a path, in a namespace of its own.
        let is_outside = || {
            fs::symlink_metadata(&path).is_ok_and(|found| (found.dev(), found.ino()) == identity)
        };
        is_below && is_fixed && is_outside()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn open(path: &Path) -> OwnedFd {
        let flags = rustix::fs::OFlags::PATH;
        rustix::fs::open(path, flags, rustix::fs::Mode::empty()).unwrap()
    }

    #[test]
    fn what_was_there_stays_and_what_was_put_there_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("sockets")).unwrap();
        let names = ["sockets/own", "other", "late"];
        let listeners = names.map(|name| UnixListener::bind(at(name)).unwrap());
        File::create(at("sockets/file")).unwrap();
        let sockets = vec![at("sockets"), at("absent")];
        let sockets = Sockets::of(&Isolation { sockets, ..Isolation::default() });
        fs::hard_link(at("other"), at("sockets/posing")).unwrap();
        fs::hard_link(at("other"), at("absent")).unwrap();
        assert!(sockets.have(&open(&at("sockets/own"))));
        for name in ["sockets/posing", "absent", "other", "late"] {
            assert!(!sockets.have(&open(&at(name))), "{name}");
        }
        drop(listeners);
    }
}
