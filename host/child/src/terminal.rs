//! Hands the controlling terminal to the command's process group, and takes it back.
//!
//! Only the foreground group may read a terminal and gets its Ctrl-C, so the command's own group must
//! be in front when the command uses the terminal. Where Audex stands in a pipeline
//! (`tryaudex run … | less`), the terminal may belong to a neighbour: there the command starts in the
//! background and gets the terminal when it first asks for it, which stops it with SIGTTIN or SIGTTOU.

use std::fs::{File, OpenOptions};
use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::{Pid, getpgid, getpgrp, getppid, getsid, tcgetpgrp, tcsetpgrp};

/// The controlling terminal of this session and who has it.
pub(super) struct Terminal {
    device: File,
    ours: Pid,
    command: Pid,
    wanted: bool,
    handed: bool,
}

impl Terminal {
    /// Opens the controlling terminal; `None` when there is none.
    pub(super) fn open(command: Pid) -> Option<Self> {
        let device = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let ours = getpgrp();
        let is_ours = |front: nix::Result<Pid>| front == Ok(ours);
        let wanted = is_ours(tcgetpgrp(io::stdin())) && is_ours(tcgetpgrp(io::stdout()));
        Some(Self { device, ours, command, wanted, handed: false })
    }

    /// Hands the terminal over if the command is meant to have it; see [`Terminal::give`].
    pub(super) fn give_if_wanted(&mut self) {
        if self.wanted {
            self.give();
        }
    }

    /// Hands the terminal to the command if it is ours to give. Returns whether the command has it.
    pub(super) fn give(&mut self) -> bool {
        let front = tcgetpgrp(&self.device).ok();
        if front == Some(self.ours) && tcsetpgrp(&self.device, self.command).is_ok() {
            self.wanted = true;
            self.handed = true;
        }
        self.handed && matches!(front, Some(front) if front == self.ours || front == self.command)
    }

    /// Takes back what was handed over.
    pub(super) fn take(&mut self) {
        if std::mem::take(&mut self.handed) {
            // A failure means that the terminal is gone, and then there is nothing to take.
            let _ = tcsetpgrp(&self.device, self.ours);
        }
    }

    /// Stops this process's whole group, as Ctrl-Z would have; returns after SIGCONT.
    ///
    /// The whole group, because a shell counts a pipeline as stopped only when all of it is.
    pub(super) fn stop_ourselves(&mut self) -> io::Result<()> {
        self.take();
        kill(Pid::from_raw(0), Signal::SIGSTOP).map_err(io::Error::from)
    }

    /// Tells whether a job-control shell is there that could continue this process once it has stopped.
    ///
    /// In a group without one (an orphaned group: `docker run`, `ssh -t host command`) the kernel lets
    /// Ctrl-Z do nothing; stopping there would be for ever.
    pub(super) fn can_be_continued(&self) -> bool {
        let session = getsid(None).ok();
        // The session leader's own group has nobody above it in the session.
        if session.is_none() || session == Some(self.ours) {
            return false;
        }
        let parent = getppid();
        getsid(Some(parent)).ok() == session && getpgid(Some(parent)).is_ok()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.take();
    }
}

/// Blocks SIGTTOU in this thread while it lives.
///
/// Handing over a terminal from the background, and writing to one set to `tostop`, would stop us.
pub(super) struct UnstoppedOutput(Option<SigSet>);

impl UnstoppedOutput {
    pub(super) fn begin() -> Self {
        let mut set = SigSet::empty();
        set.add(Signal::SIGTTOU);
        Self(set.thread_swap_mask(SigmaskHow::SIG_BLOCK).ok())
    }
}

impl Drop for UnstoppedOutput {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            // Cannot fail with a mask the system itself returned.
            let _ = before.thread_set_mask();
        }
    }
}
