//! The end of a command, in the terms that a shell uses.

use std::time::Duration;

/// The number that a shell adds to a signal's number to make an exit status.
const SIGNAL_BASE: i32 = 128;

/// The way in which a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The process exited with this code, 0 to 255.
    Exited(i32),
    /// The signal of this number ended the process.
    Signalled(i32),
}

/// The facts about a command after its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// The way in which the command itself ended.
    pub status: Status,
    /// True if the deadline had begun to end the command.
    pub ended_by_deadline: bool,
    /// True if a request ([`super::Stop`]) had begun to end the command.
    pub ended_by_request: bool,
    /// The time from start to end, without the time in suspend.
    pub duration: Duration,
}

impl Ended {
    /// Returns the exit status to pass on: the command's own, or 128 plus the signal's number.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let code = match self.status {
            Status::Exited(code) => code,
            Status::Signalled(number) => SIGNAL_BASE + number,
        };
        // Exit codes are one byte and signal numbers end at 64, so the conversion loses nothing.
        u8::try_from(code).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_128_and_its_number() {
        let ended = |status| Ended {
            status,
            ended_by_deadline: false,
            ended_by_request: false,
            duration: Duration::ZERO,
        };
        assert_eq!(ended(Status::Exited(0)).exit_code(), 0);
        assert_eq!(ended(Status::Exited(255)).exit_code(), 255);
        assert_eq!(ended(Status::Signalled(15)).exit_code(), 143);
    }
}
