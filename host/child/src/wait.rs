//! Waits for the command's end, and meanwhile passes signals on, follows job control, keeps the deadline.
//!
//! One loop that sleeps in one place and is woken by signals (SIGCHLD among them) or by the deadline.

use std::io;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use super::deadline::{Action, Watch};
use super::{ChildError, Deadline, Ended, Running, Status};

impl Running {
    /// Returns the process id, which is also the id of the process group.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Waits until the command ends; `on_expiry` is called once if [`super::OnExpiry::Keep`] lets it go on
    /// past its deadline.
    ///
    /// While the command is stopped from the terminal (Ctrl-Z) this process stops with it, so that the
    /// shell gets the terminal; a deadline that passes meanwhile is acted on when the job continues.
    ///
    /// # Errors
    /// [`ChildError::Wait`], [`ChildError::Signals`].
    pub fn wait(
        mut self,
        deadline: Option<Deadline>,
        mut on_expiry: impl FnMut(),
    ) -> Result<Ended, ChildError> {
        let mut watch = Watch::new(deadline);
        let mut stopped = false;
        loop {
            while let Some(signal) = self.signals.next() {
                self.pass_on(signal, &mut stopped);
            }
            match self.state().map_err(ChildError::Wait)? {
                WaitStatus::Exited(_, code) => {
                    self.is_over = true;
                    return Ok(self.end(Status::Exited(code), &watch));
                }
                WaitStatus::Signaled(_, signal, _) => {
                    self.is_over = true;
                    return Ok(self.end(Status::Signalled(signal as i32), &watch));
                }
                WaitStatus::Stopped(_, signal) => {
                    stopped = true;
                    self.follow_stop(signal, &mut stopped).map_err(ChildError::Wait)?;
                    continue;
                }
                _ => {}
            }
            match watch.next() {
                Action::Sleep(timeout) => self.signals.wait(timeout).map_err(ChildError::Signals)?,
                Action::Notify => on_expiry(),
                Action::Terminate => {
                    self.signal_group(Signal::SIGTERM);
                    // A stopped group would not see the request.
                    self.signal_group(Signal::SIGCONT);
                }
                Action::Kill => self.signal_group(Signal::SIGKILL),
            }
        }
    }

    fn state(&self) -> io::Result<WaitStatus> {
        loop {
            match waitpid(self.pid, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
                Err(Errno::EINTR) => {}
                other => return other.map_err(io::Error::from),
            }
        }
    }

    fn pass_on(&mut self, signal: Signal, stopped: &mut bool) {
        match signal {
            Signal::SIGCHLD => {}
            Signal::SIGCONT => self.go_on(stopped),
            _ => {
                self.stop_wanted |= signal == Signal::SIGTSTP;
                self.signal_group(signal);
                // A signal that asks to end must reach a stopped command too.
                if *stopped && !matches!(signal, Signal::SIGTSTP | Signal::SIGWINCH) {
                    self.signal_group(Signal::SIGCONT);
                    *stopped = false;
                }
            }
        }
    }

    /// Follows the command into a stop, or gives it the terminal if that is what stopped it.
    fn follow_stop(&mut self, signal: Signal, stopped: &mut bool) -> io::Result<()> {
        // Without a terminal there is no job control: whoever stopped the command will continue it.
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let asked_for_it = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        if asked_for_it && terminal.give() {
            self.signal_group(Signal::SIGCONT);
            *stopped = false;
            // A Ctrl-Z that came before the terminal was handed over waited at the stopped command, and SIGCONT
            // took it away.
            if std::mem::take(&mut self.stop_wanted) {
                self.signal_group(Signal::SIGTSTP);
            }
            return Ok(());
        }
        self.stop_wanted = false;
        if terminal.can_be_continued() {
            // After this, SIGCONT is among the signals, and `go_on` continues the command.
            return terminal.stop_ourselves();
        }
        if signal == Signal::SIGTSTP {
            self.go_on(stopped);
        }
        Ok(())
    }

    fn go_on(&mut self, stopped: &mut bool) {
        if let Some(terminal) = &mut self.terminal {
            terminal.give_if_wanted();
        }
        self.signal_group(Signal::SIGCONT);
        *stopped = false;
    }

    fn end(self, status: Status, watch: &Watch) -> Ended {
        let ended_by_deadline = watch.has_ended_it();
        if ended_by_deadline {
            // Whatever the command left running in its group has had its SIGTERM and must not outlive
            // the access either.
            self.signal_group(Signal::SIGKILL);
        }
        Ended { status, ended_by_deadline, duration: self.started.elapsed() }
    }

    fn signal_group(&self, signal: Signal) {
        // The only failures are a group that is gone (ESRCH) and members that changed user (EPERM):
        // neither can be helped.
        let _ = killpg(self.pid, signal);
    }
}

impl Drop for Running {
    /// Ends the command if the wait for it was given up, by an error or a panic.
    ///
    /// Security: nothing would take its access away any more.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.signal_group(Signal::SIGKILL);
        // It may have left its group; and what is killed is gone soon.
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

#[cfg(test)]
pub(super) mod tests;
