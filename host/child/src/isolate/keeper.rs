//! Watches what is hidden and what is read-only, and mounts again what went or came.
//!
//! Guarantees: a file that was replaced from outside, or that appears while the command runs, is covered at once. Between the change
//! and the mount there is a moment (some microseconds) in which the command can open it; a hidden directory that exists has no such
//! moment, unless it is itself replaced.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::description::Description;
use super::mounts::{self, Covers};
use super::{Placeholder, placeholder};

/// The bytes that are read at a time; what they say does not matter, because every path is looked at again.
const EVENTS: usize = 16 * 1024;

/// A watch of the directories in which something may be replaced.
pub(super) struct Keeper {
    events: OwnedFd,
    watched: BTreeMap<PathBuf, i32>,
    hide: Vec<PathBuf>,
    read_only: Vec<PathBuf>,
    placeholders: Vec<Placeholder>,
    session: PathBuf,
}

impl Keeper {
    /// Begins to watch, before anything is mounted.
    pub(super) fn begin(description: &Description) -> io::Result<Self> {
        let is_shown = |path: &&PathBuf| !description.is_of_session(path);
        let mut keeper = Self {
            events: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            watched: BTreeMap::new(),
            hide: description.hide.iter().filter(is_shown).cloned().collect(),
            read_only: description.read_only.clone(),
            placeholders: description.placeholders.clone(),
            session: description.session.clone(),
        };
        keeper.watch();
        Ok(keeper)
    }

    /// Watches the directory of each path, or the nearest one above that exists.
    fn watch(&mut self) {
        let flags = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ONLYDIR;
        for path in self.hide.iter().chain(&self.read_only) {
            let above = path.ancestors().skip(1).find(|above| above.is_dir());
            let Some(above) = above else { continue };
            // The same directory gives the same number, so watching again adds nothing. A directory that cannot be read is
            // not watched.
            if let Ok(number) = inotify::add_watch(&self.events, above, flags) {
                self.watched.insert(above.to_owned(), number);
            }
        }
    }

    /// Keeps the mounts until the host closes `channel`.
    pub(super) fn keep(&mut self, channel: &OwnedFd, covers: &Covers) -> io::Result<()> {
        loop {
            // First, because something may have changed between the first watch and the first mount.
            if self.has_events()? {
                self.restore(covers)?;
                self.watch();
                // A directory that was not watched before may have got a file meanwhile.
                self.restore(covers)?;
            }
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

    fn has_events(&self) -> io::Result<bool> {
        let (mut bytes, mut found) = (vec![0; EVENTS], false);
        loop {
            match rustix::io::read(&self.events, &mut bytes) {
                Ok(1..) => found = true,
                Ok(0) | Err(rustix::io::Errno::AGAIN) => return Ok(found),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn restore(&self, covers: &Covers) -> io::Result<()> {
        for path in self.hide.iter().filter(|path| path.exists() && !covers.has(path)) {
            unless_gone(covers.cover(path))?;
        }
        if self.read_only.iter().any(|path| !path.exists()) {
            placeholder::create(&self.placeholders, &self.session)?;
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
