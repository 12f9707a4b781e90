//! Receives the signals sent to Audex, so that no signal is lost and no signal ends Audex before its command.
//!
//! The handlers are installed before any credentials are minted. From then on, every signal is kept until it
//! is read ([`Signals::interrupted`]) or passed on to the command. After [`Signals`] is dropped, these
//! signals do nothing for the short rest of the process.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nix::sys::signal::Signal;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use signal_hook::{SigId, flag, low_level};

use super::{ChildError, Stop};
use audex_core::deferral;
use audex_core::ignored_signal::{ignored_signals, is_in};
use audex_core::interruption::{ENDING, Interruption};

/// The signals that are kept from the start and passed on to the command.
pub(super) const PASSED_ON: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// The shortest wait: to the socket, a timeout of zero means no timeout.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// A queue of the signals that have arrived, in the order in which they were read.
pub struct Signals {
    interruption: Interruption,
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    flags: Vec<SigId>,
    ignored: u64,
    queue: VecDeque<Signal>,
    stop: Stop,
}

impl Signals {
    /// Installs the handlers. The first signal that requests an end is kept. If the same signal arrives again
    /// before credentials were minted and before a command was started, the second one ends Audex at once.
    ///
    /// If Audex's parent had set a signal to be ignored (`nohup`, a background job of a script), no handler
    /// is installed for that signal until the command has started: a handler would reset the signal to its
    /// default in the command.
    ///
    /// # Errors
    /// [`ChildError::Signals`] if the operating system refuses a handler.
    pub fn install() -> Result<Self, ChildError> {
        Self::try_install().map_err(ChildError::Signals)
    }

    fn try_install() -> io::Result<Self> {
        let ignored = ignored_signals();
        let is_free = |signal: &Signal| !is_in(ignored, *signal);
        let (mut ending, mut flags, mut all_seen) = (Vec::new(), Vec::new(), Vec::new());
        for signal in ENDING.into_iter().filter(is_free) {
            let seen = Arc::new(AtomicBool::new(false));
            // The order matters: at the first signal, the first handler reads the flag before the second sets
            // it.
            ending.push(flag::register_conditional_default(signal as i32, Arc::clone(&seen))?);
            flags.push(flag::register(signal as i32, Arc::clone(&seen))?);
            all_seen.push(seen);
        }
        let interruption = Interruption::new(all_seen, ending);
        let (read, write) = UnixStream::pair()?;
        let stop = Stop::new(&write)?;
        let kept = PASSED_ON.into_iter().filter(is_free).map(|signal| signal as i32);
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, kept)?;
        deferral::take_over();
        Ok(Self { interruption, delivery, flags, ignored, queue: VecDeque::new(), stop })
    }

    /// Returns a shared flag that is set once a signal that requests an end has arrived. The work before the
    /// command's start checks this flag and stops.
    #[must_use]
    pub fn interruption(&self) -> Interruption {
        self.interruption.clone()
    }

    /// Returns a handle by which another thread ends the command before its deadline.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Returns the first signal that requests an end, if one has arrived. The signal stays in the queue.
    #[must_use]
    pub fn interrupted(&mut self) -> Option<Signal> {
        self.drain();
        self.queue.iter().copied().find(|signal| ENDING.contains(signal))
    }

    /// Sleeps until a signal requests an end, and returns that signal. The signal stays in the queue.
    ///
    /// # Errors
    /// [`ChildError::Signals`] if signals no longer arrive.
    pub fn wait_until_interrupted(&mut self) -> Result<Signal, ChildError> {
        loop {
            if let Some(signal) = self.interrupted() {
                return Ok(signal);
            }
            // If a signal that does not request an end stayed in the queue, the next wait would return at
            // once.
            self.queue.clear();
            self.wait(None).map_err(ChildError::Signals)?;
        }
    }

    /// Prepares for a command: from here on, the command's state changes and job control signals arrive too,
    /// and no signal ends Audex.
    ///
    /// [`Signals::install`] does not do this, because before the command starts, Ctrl-Z must stop Audex
    /// itself.
    pub(super) fn watch_command(&mut self) -> io::Result<()> {
        self.stop_telling();
        self.stop.has_command();
        let handle = self.delivery.handle();
        for signal in [Signal::SIGCHLD, Signal::SIGCONT, Signal::SIGWINCH] {
            handle.add_signal(signal as i32)?;
        }
        if !is_in(self.ignored, Signal::SIGTSTP) {
            handle.add_signal(Signal::SIGTSTP as i32)?;
        }
        Ok(())
    }

    /// Adds the signals that Audex's own parent had set to be ignored.
    ///
    /// This function is called after the command has started, so that the command inherits these signals as
    /// ignored, as users of `nohup` expect. If the command handles such a signal all the same, the signal is
    /// passed on, as without Audex.
    pub(super) fn watch_ignored(&mut self) -> io::Result<()> {
        let handle = self.delivery.handle();
        for signal in PASSED_ON.into_iter().filter(|signal| is_in(self.ignored, *signal)) {
            handle.add_signal(signal as i32)?;
        }
        Ok(())
    }

    /// Returns true if another thread has requested the end of the command.
    pub(super) fn is_stop_requested(&self) -> bool {
        self.stop.is_requested()
    }

    pub(super) fn next(&mut self) -> Option<Signal> {
        if self.queue.is_empty() {
            self.drain();
        }
        self.queue.pop_front()
    }

    /// Sleeps until a signal arrives or `timeout` has passed. The function may also return early.
    pub(super) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        if !self.queue.is_empty() {
            return Ok(());
        }
        let pipe = self.delivery.get_read_mut();
        pipe.set_read_timeout(timeout.map(|timeout| timeout.max(SHORTEST_WAIT)))?;
        // A handler first marks its signal and then writes a byte. So `drain` finds the signal of every byte
        // read here, and a signal that arrived earlier has left its byte in the pipe.
        match pipe.read(&mut [0]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Removes the handlers that end Audex or interrupt its work.
    fn stop_telling(&mut self) {
        self.interruption.ignore();
        for id in self.flags.drain(..) {
            low_level::unregister(id);
        }
    }

    fn drain(&mut self) {
        let arrived = self.delivery.pending();
        self.queue.extend(arrived.filter_map(|number| Signal::try_from(number).ok()));
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.stop_telling();
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::kill;
    use nix::unistd::Pid;

    use super::*;
    use crate::one_at_a_time;

    #[test]
    fn a_signal_before_the_command_is_kept() {
        let _turn = one_at_a_time();
        let mut signals = Signals::install().unwrap();
        assert_eq!(signals.interrupted(), None);
        kill(Pid::this(), Signal::SIGTERM).unwrap();
        signals.wait(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(signals.interrupted(), Some(Signal::SIGTERM));
        assert_eq!(signals.interrupted(), Some(Signal::SIGTERM));
        assert_eq!(signals.next(), Some(Signal::SIGTERM));
        assert_eq!(signals.interrupted(), None);
    }

    #[test]
    fn a_second_signal_ends_nothing_once_there_is_something_to_take_back() {
        let _turn = one_at_a_time();
        let mut signals = Signals::install().unwrap();
        let interruption = signals.interruption();
        interruption.ignore();
        for _ in 0..3 {
            kill(Pid::this(), Signal::SIGTERM).unwrap();
        }
        signals.wait(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(signals.interrupted(), Some(Signal::SIGTERM));
        assert!(interruption.is_set());
    }

    #[test]
    fn a_signal_that_does_not_end_programs_is_no_interruption() {
        let _turn = one_at_a_time();
        let mut signals = Signals::install().unwrap();
        kill(Pid::this(), Signal::SIGUSR1).unwrap();
        signals.wait(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(signals.interrupted(), None);
        assert_eq!(signals.next(), Some(Signal::SIGUSR1));
    }
}
