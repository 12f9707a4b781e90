//! Hands the controlling terminal to the command's process group, and takes it back.
//!
//! Only the foreground group may read a terminal, and only this group gets its Ctrl-C. So the command's group
//! must be in the foreground when the command uses the terminal.
//!
//! In a pipeline (`tryaudex run … | less`), the terminal may belong to another program. Then the command
//! starts in the background; when it first uses the terminal, it is stopped with SIGTTIN or SIGTTOU and then
//! gets the terminal.

use std::fs::{File, OpenOptions};
use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::unistd::{Pid, getpgid, getpgrp, getppid, getsid, tcgetpgrp, tcsetpgrp};

/// The controlling terminal of this session, with the process group that has it.
pub(super) struct Terminal {
    device: File,
    ours: Pid,
    command: Pid,
    wanted: bool,
    handed: bool,
}

impl Terminal {
    /// Opens the controlling terminal; `None` if the session has none.
    pub(super) fn open(command: Pid) -> Option<Self> {
        let device = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let ours = getpgrp();
        let is_ours = |front: nix::Result<Pid>| front == Ok(ours);
        let wanted = is_ours(tcgetpgrp(io::stdin())) && is_ours(tcgetpgrp(io::stdout()));
        Some(Self { device, ours, command, wanted, handed: false })
    }

    /// Hands the terminal to the command if the command should have it; see [`Terminal::give`].
    pub(super) fn give_if_wanted(&mut self) {
        if self.wanted {
            self.give();
        }
    }

    /// Hands the terminal to the command if Audex's group has it. Returns true if the command has it
    /// afterwards.
    pub(super) fn give(&mut self) -> bool {
        let front = tcgetpgrp(&self.device).ok();
        if front == Some(self.ours) && tcsetpgrp(&self.device, self.command).is_ok() {
            self.wanted = true;
            self.handed = true;
        }
        self.handed && matches!(front, Some(front) if front == self.ours || front == self.command)
    }

    /// Takes the terminal back if it was handed over.
    pub(super) fn take(&mut self) {
        if std::mem::take(&mut self.handed) {
            // A failure means that the terminal is gone, so there is nothing to take back.
            let _ = tcsetpgrp(&self.device, self.ours);
        }
    }

    /// Stops this process's whole group, as Ctrl-Z does; returns after SIGCONT.
    ///
    /// The whole group is stopped because a shell treats a pipeline as stopped only if all its processes are.
    pub(super) fn stop_ourselves(&mut self) -> io::Result<()> {
        self.take();
        kill(Pid::from_raw(0), Signal::SIGSTOP).map_err(io::Error::from)
    }

    /// Returns true if a job-control shell could continue this process after it has stopped.
    ///
    /// In a group without such a shell (an orphaned group: `docker run`, `ssh -t host command`), the kernel
    /// ignores Ctrl-Z. A process that stops itself there is never continued.
    pub(super) fn can_be_continued(&self) -> bool {
        let session = getsid(None).ok();
        // The session leader's own group has no parent process in the session.
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

/// A guard that blocks SIGTTOU in this thread until it is dropped.
///
/// Without the guard, SIGTTOU would stop this process when it hands over a terminal from the background, or
/// writes to a terminal that is set to `tostop`.
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
            // This call cannot fail with a mask that the operating system returned.
            let _ = before.thread_set_mask();
        }
    }
}
