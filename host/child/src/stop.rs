//! The end of a command on request, from another thread, before its deadline.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A handle that ends the command: it gets SIGTERM and, after the grace, SIGKILL, with all its descendants.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_requested: AtomicBool,
    has_command: AtomicBool,
    /// The end of the pipe by which signals wake the waiting loop.
    wake: UnixStream,
}

impl Stop {
    pub(super) fn new(wake: &UnixStream) -> io::Result<Self> {
        let wake = wake.try_clone()?;
        let shared = Shared {
            is_requested: AtomicBool::default(),
            has_command: AtomicBool::default(),
            wake,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// Requests the end. Further requests change nothing.
    pub fn request(&self) {
        if self.0.is_requested.swap(true, Ordering::SeqCst) {
            return;
        }
        if !self.0.has_command.load(Ordering::SeqCst) {
            // The work before the command's start heeds signals. If SIGTERM is ignored, the command ends right after its start.
            let _ = kill(Pid::this(), Signal::SIGTERM);
        }
        // The pipe does not block. If it is full, the loop is awake anyway.
        let _ = (&self.0.wake).write(&[0]);
    }

    pub(super) fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::SeqCst)
    }

    /// Notes that the waiting loop heeds requests from here on.
    pub(super) fn has_command(&self) {
        self.0.has_command.store(true, Ordering::SeqCst);
    }
}
