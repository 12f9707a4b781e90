//! The end of the command's access, and the policy for a command that outlives it.

use std::time::{Duration, Instant, SystemTime};

use audex_core::clock;

/// The longest sleep before a deadline. Timers stop while the machine is suspended, but the wall clock goes
/// on, so the wall clock is read this often.
pub(crate) const WALL_CLOCK_POLL: Duration = Duration::from_secs(30);

/// The default time between SIGTERM and SIGKILL: enough for a command to flush and unlock, and short compared
/// to the shortest useful access.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// The policy for a command that outlives its access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExpiry {
    /// The command goes on without access, and the user is notified.
    Keep,
    /// The process group gets SIGTERM and, after the grace, SIGKILL.
    End,
}

/// The moment at which access ends, with the policy for the command.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    /// The moment by the wall clock, because the cloud uses the wall clock too.
    pub at: SystemTime,
    /// The policy for the command at that moment.
    pub policy: OnExpiry,
    /// With [`OnExpiry::End`], the time between SIGTERM and SIGKILL.
    pub grace: Duration,
}

/// The next action of the waiting loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Sleep for this time, or until the next signal.
    Sleep(Option<Duration>),
    /// Notify the user that access has ended.
    Notify,
    /// Send SIGTERM to the process group.
    Terminate,
    /// Send SIGKILL to the process group.
    Kill,
}

/// A state machine for one deadline: waiting, then (with [`OnExpiry::End`]) the grace, then done.
pub(super) struct Watch {
    deadline: Option<Deadline>,
    kill_at: Option<Instant>,
    ended: bool,
    /// The time between SIGTERM and SIGKILL if a request ends the command.
    grace: Duration,
    stopped: bool,
}

impl Watch {
    pub(super) fn new(deadline: Option<Deadline>) -> Self {
        let grace = deadline.map_or(DEFAULT_GRACE, |deadline| deadline.grace);
        Self { deadline, kill_at: None, ended: false, grace, stopped: false }
    }

    /// Returns the next action; each action except `Sleep` is returned once.
    pub(super) fn next(&mut self) -> Action {
        if let Some(kill_at) = self.kill_at {
            let left = kill_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.kill_at = None;
                return Action::Kill;
            }
            return Action::Sleep(Some(left));
        }
        let Some(deadline) = self.deadline else { return Action::Sleep(None) };
        match deadline.at.duration_since(clock::now()) {
            Ok(left) if !left.is_zero() => Action::Sleep(Some(left.min(WALL_CLOCK_POLL))),
            _ => {
                self.deadline = None;
                match deadline.policy {
                    OnExpiry::Keep => Action::Notify,
                    OnExpiry::End => {
                        self.kill_at = Some(Instant::now() + deadline.grace);
                        self.ended = true;
                        Action::Terminate
                    }
                }
            }
        }
    }

    /// Begins to end the command on request, once. Returns true if it is to get SIGTERM now.
    pub(super) fn stop(&mut self) -> bool {
        let is_first = !std::mem::replace(&mut self.stopped, true);
        if !is_first || self.ended {
            return false;
        }
        self.deadline = None;
        self.kill_at = Some(Instant::now() + self.grace);
        true
    }

    /// Returns true if a request has begun to end the command.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns the time between SIGTERM and SIGKILL for a request.
    pub(super) fn grace(&self) -> Duration {
        self.grace
    }

    /// Returns true if the deadline has begun to end the command.
    pub(super) fn has_ended_it(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(at: SystemTime, policy: OnExpiry, grace: Duration) -> Watch {
        Watch::new(Some(Deadline { at, policy, grace }))
    }

    #[test]
    fn a_far_deadline_is_looked_at_every_half_minute() {
        let mut watch =
            watch(clock::now() + Duration::from_hours(2), OnExpiry::End, Duration::ZERO);
        assert_eq!(watch.next(), Action::Sleep(Some(WALL_CLOCK_POLL)));
        assert!(!watch.has_ended_it());
    }

    #[test]
    fn a_passed_deadline_that_keeps_notifies_once() {
        let mut watch = watch(SystemTime::UNIX_EPOCH, OnExpiry::Keep, Duration::ZERO);
        assert_eq!(watch.next(), Action::Notify);
        assert_eq!(watch.next(), Action::Sleep(None));
        assert!(!watch.has_ended_it());
    }

    #[test]
    fn a_passed_deadline_that_ends_terminates_then_kills() {
        let mut watch = watch(SystemTime::UNIX_EPOCH, OnExpiry::End, Duration::ZERO);
        assert_eq!(watch.next(), Action::Terminate);
        assert_eq!(watch.next(), Action::Kill);
        assert_eq!(watch.next(), Action::Sleep(None));
        assert!(watch.has_ended_it());
    }

    #[test]
    fn a_request_terminates_once_waits_for_the_grace_and_takes_the_place_of_the_deadline() {
        let mut later = watch(SystemTime::UNIX_EPOCH, OnExpiry::End, Duration::from_mins(1));
        assert_eq!((later.stop(), later.stop()), (true, false));
        assert!(matches!(later.next(), Action::Sleep(Some(_))));
        let mut now = watch(SystemTime::UNIX_EPOCH, OnExpiry::Keep, Duration::ZERO);
        assert!(now.stop());
        assert_eq!((now.next(), now.next()), (Action::Kill, Action::Sleep(None)));
        assert!(now.is_stopped() && !now.has_ended_it());
        let mut ended = watch(SystemTime::UNIX_EPOCH, OnExpiry::End, Duration::ZERO);
        assert_eq!(ended.next(), Action::Terminate);
        assert!(!ended.stop(), "the deadline has begun to end it already");
        assert_eq!(ended.next(), Action::Kill);
    }

    #[test]
    fn the_grace_is_waited_for() {
        let mut watch = watch(SystemTime::UNIX_EPOCH, OnExpiry::End, Duration::from_mins(1));
        assert_eq!(watch.next(), Action::Terminate);
        assert!(matches!(watch.next(), Action::Sleep(Some(_))));
    }
}
