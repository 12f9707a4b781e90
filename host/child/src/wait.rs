//! Waits for the command's end; meanwhile passes signals on, follows job control and enforces the deadline.
//!
//! One loop does all of this. It sleeps in one place; signals (SIGCHLD among them) and the deadline wake it.

use std::io;
use std::net::TcpListener;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use super::deadline::{Action, Watch};
use super::isolate::Session;
use super::tree::Tree;
use super::{ChildError, Deadline, Ended, Running, Status};

impl Running {
    /// Returns the command's process id, which is also the id of its process group.
    #[must_use]
    pub fn id(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Returns the listeners inside the command's network namespace: one for each port that the isolation leaves open, in order.
    /// Connections wait until the listeners are served.
    #[must_use]
    pub fn take_listeners(&mut self) -> Vec<TcpListener> {
        self.session.as_mut().map(Session::take_listeners).unwrap_or_default()
    }

    /// Waits until the command ends. If the deadline passes and [`super::OnExpiry::Keep`] lets the command go
    /// on, calls `on_expiry` once.
    ///
    /// If the command is stopped from the terminal (Ctrl-Z), this process stops too, so that the shell gets
    /// the terminal. If the deadline passes meanwhile, the policy is applied when the job continues.
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
        // The processes that a request ends.
        let mut tree = None;
        loop {
            while let Some(signal) = self.signals.next() {
                self.pass_on(signal, &mut stopped);
            }
            match self.state().map_err(ChildError::Wait)? {
                WaitStatus::Exited(_, code) => {
                    self.is_over = true;
                    return Ok(self.end(Status::Exited(code), &watch, tree));
                }
                WaitStatus::Signaled(_, signal, _) => {
                    self.is_over = true;
                    if let Some(reason) = self.isolation_failure() {
                        return Err(ChildError::Isolation { reason });
                    }
                    return Ok(self.end(Status::Signalled(signal as i32), &watch, tree));
                }
                WaitStatus::Stopped(_, signal) => {
                    stopped = true;
                    self.follow_stop(signal, &mut stopped).map_err(ChildError::Wait)?;
                    continue;
                }
                _ => {}
            }
            if self.signals.is_stop_requested() && watch.stop() {
                tree = Some(Tree::of(self.pid));
                self.terminate();
            }
            match watch.next() {
                Action::Sleep(timeout) => {
                    self.signals.wait(timeout).map_err(ChildError::Signals)?;
                }
                Action::Notify => on_expiry(),
                Action::Terminate => self.terminate(),
                Action::Kill => {
                    if let Some(tree) = &mut tree {
                        tree.kill();
                    }
                    self.signal_group(Signal::SIGKILL);
                }
            }
        }
    }

    /// Returns the reason if the command was ended because its isolation could not be kept.
    fn isolation_failure(&self) -> Option<String> {
        self.session.as_ref().and_then(Session::failure)
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
                // A signal that requests an end must reach a stopped command too.
                if *stopped && !matches!(signal, Signal::SIGTSTP | Signal::SIGWINCH) {
                    self.signal_group(Signal::SIGCONT);
                    *stopped = false;
                }
            }
        }
    }

    /// Stops this process after the command was stopped; if the command stopped because it needs the
    /// terminal, gives it the terminal and continues it.
    fn follow_stop(&mut self, signal: Signal, stopped: &mut bool) -> io::Result<()> {
        // Without a terminal there is no job control: the process that stopped the command must continue it.
        let Some(terminal) = &mut self.terminal else { return Ok(()) };
        let asked_for_it = matches!(signal, Signal::SIGTTIN | Signal::SIGTTOU);
        if asked_for_it && terminal.give() {
            self.signal_group(Signal::SIGCONT);
            *stopped = false;
            // If Ctrl-Z came before the terminal was handed over, SIGTSTP was pending for the stopped
            // command, and SIGCONT discarded it.
            if std::mem::take(&mut self.stop_wanted) {
                self.signal_group(Signal::SIGTSTP);
            }
            return Ok(());
        }
        self.stop_wanted = false;
        if terminal.can_be_continued() {
            // When this process continues, SIGCONT is in the queue, and `go_on` continues the command.
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

    fn terminate(&self) {
        self.signal_group(Signal::SIGTERM);
        // A stopped group does not receive SIGTERM until it continues.
        self.signal_group(Signal::SIGCONT);
    }

    fn end(self, status: Status, watch: &Watch, tree: Option<Tree>) -> Ended {
        let (ended_by_deadline, ended_by_request) = (watch.has_ended_it(), watch.is_stopped());
        if let Some(mut tree) = tree {
            tree.end(watch.grace());
        }
        if ended_by_deadline || ended_by_request {
            // The other processes of the group have had SIGTERM and must not outlive the access either.
            self.signal_group(Signal::SIGKILL);
        }
        Ended { status, ended_by_deadline, ended_by_request, duration: self.started.elapsed() }
    }

    fn signal_group(&self, signal: Signal) {
        // The only failures are a group that is gone (ESRCH) and members that changed user (EPERM). There is
        // no remedy for either.
        let _ = killpg(self.pid, signal);
    }
}

impl Drop for Running {
    /// Ends the command if an error or a panic ended the wait for it.
    ///
    /// Security: without the wait, the command's access would never be taken away.
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.signal_group(Signal::SIGKILL);
        // The command may have left its group. After SIGKILL the command ends soon, so the wait below is
        // short.
        let _ = kill(self.pid, Signal::SIGKILL);
        let _ = waitpid(self.pid, None);
    }
}

#[cfg(test)]
pub(super) mod tests;
