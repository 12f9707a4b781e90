//! Watches what is hidden and what is read-only, and mounts again what went or came.
//!
//! Guarantees: a file that was replaced from outside, or that appears while the command runs, is covered within microseconds; in that
//! time the command can open it. A hidden directory that exists has no such time, unless it is itself replaced. The command cannot
//! keep a namespace of mounts that these do not reach: `rules.rs` forbids it to mount.

use std::collections::BTreeSet;
use std::ffi::{CStr, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::Placeholder;
use super::description::Description;
use super::mounts::{self, Covers};
use super::placeholder::{self, Record};

/// The bytes that are read at a time: some hundred events.
const EVENTS: usize = 16 * 1024;

/// A watch of the directories in which something may be replaced.
pub(super) struct Keeper {
    events: OwnedFd,
    hide: Vec<PathBuf>,
    read_only: Vec<PathBuf>,
    placeholders: Vec<Placeholder>,
    record: Record,
}

impl Keeper {
    /// Begins to watch, before anything is mounted.
    pub(super) fn begin(description: &Description, record: Record) -> io::Result<Self> {
        let is_shown = |path: &&PathBuf| !description.is_of_session(path);
        let keeper = Self {
            events: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            hide: description.hide.iter().filter(is_shown).cloned().collect(),
            read_only: description.read_only.clone(),
            placeholders: description.placeholders.clone(),
            record,
        };
        keeper.watch()?;
        Ok(keeper)
    }

    /// Watches the directory of each path, or the nearest one above that exists.
    fn watch(&self) -> io::Result<()> {
        let flags = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        let parents = self.hide.iter().chain(&self.read_only).filter_map(|path| path.parent());
        let parents: BTreeSet<&Path> = parents.collect();
        let nearest =
            |path: &Path| path.ancestors().find(|above| above.is_dir()).map(Path::to_owned);
        let watched: BTreeSet<PathBuf> = parents.into_iter().filter_map(nearest).collect();
        for above in watched {
            use rustix::io::Errno as E;
            // Watching a directory again adds nothing. One that cannot be read is not watched.
            match inotify::add_watch(&self.events, above, flags) {
                Ok(_) | Err(E::ACCESS | E::NOENT | E::NOTDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Mounts again what has changed since the last call, or since the watch began.
    pub(super) fn catch_up(&self, covers: &Covers) -> io::Result<()> {
        let names = self.changed()?;
        if names.is_empty() {
            return Ok(());
        }
        // What has changed comes before anything else.
        let is_named = |path: &PathBuf| path.file_name().is_some_and(|n| names.contains(n));
        self.cover(covers, is_named)?;
        self.restore(covers)?;
        self.watch()?;
        // A directory that was not watched before may have got a file meanwhile.
        self.restore(covers)
    }

    /// Keeps the mounts until the host closes `channel`.
    pub(super) fn keep(&self, channel: &OwnedFd, covers: &Covers) -> io::Result<()> {
        loop {
            // First, because something may have changed while the command was started.
            self.catch_up(covers)?;
            let ends = PollFlags::POLLIN;
            let mut on =
                [PollFd::new(channel.as_fd(), ends), PollFd::new(self.events.as_fd(), ends)];
            match poll(&mut on, PollTimeout::NONE) {
                Err(nix::errno::Errno::EINTR) => continue,
                other => other?,
            };
            if on.first().is_some_and(|channel| channel.any() == Some(true)) {
                return Ok(());
            }
        }
    }

    /// Returns the names that were created, replaced or removed in the watched directories.
    fn changed(&self) -> io::Result<BTreeSet<OsString>> {
        let mut names = BTreeSet::new();
        let mut bytes = [MaybeUninit::uninit(); EVENTS];
        let mut events = inotify::Reader::new(&self.events, &mut bytes);
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(CStr::to_bytes).unwrap_or_default();
                    names.insert(OsStr::from_bytes(name).to_owned());
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(names),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn cover(&self, covers: &Covers, chosen: impl Fn(&PathBuf) -> bool) -> io::Result<()> {
        let chosen = self.hide.iter().filter(|path| chosen(path));
        for path in chosen.filter(|path| path.exists() && !covers.has(path)) {
            unless_gone(covers.cover(path))?;
        }
        Ok(())
    }

    fn restore(&self, covers: &Covers) -> io::Result<()> {
        self.cover(covers, |_| true)?;
        if self.read_only.iter().any(|path| !path.exists()) {
            placeholder::create(&self.placeholders, &self.record)?;
        }
        self.read_only.iter().try_for_each(|path| unless_gone(mounts::make_read_only(path)))
    }
}

/// Accepts that a file was replaced once more: another event comes.
fn unless_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Waits until the host closes `channel`.
pub(super) fn await_end(channel: impl AsFd) -> io::Result<()> {
    loop {
        let mut on = [PollFd::new(channel.as_fd(), PollFlags::POLLIN)];
        match poll(&mut on, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => {}
            other => return Ok(other.map(drop)?),
        }
    }
}
