//! The reasons why there is no new ask, and why an answer does not count.

use std::fmt;

use super::{ASK_BYTES, NAME_BYTES, OPEN};

/// The reason why no answer from this machine counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotLocal {
    /// The command is not isolated, so it could answer itself.
    NotIsolated,
    /// The organisation's webhook answers alone.
    OnlyWebhook,
}

impl fmt::Display for NotLocal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotIsolated => {
                "the command is not isolated, so it could answer itself: a person answers under --isolate credentials or strict, or by an https webhook"
            }
            Self::OnlyWebhook => "your organisation's webhook answers",
        })
    }
}

/// The reason why there is no new ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// Too many new asks in a short time.
    #[error("this session asks too often; ask for everything at once")]
    TooOften,
    /// It names more than a person reads.
    #[error("an ask has names of at most {NAME_BYTES} bytes, and {ASK_BYTES} in all")]
    TooLong,
    /// Too many asks wait for an answer.
    #[error("{OPEN} asks of this session wait for an answer already")]
    TooMany,
    /// The session has ended, made too many asks, or was refused too often.
    #[error("this session can ask for nothing more")]
    Over,
}

/// The reason why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// There is no ask with this id.
    #[error("there is no ask `{0}`")]
    Unknown(String),
    /// The ask was answered, or has ended.
    #[error("`{0}` does not wait for an answer any more")]
    NotOpen(String),
    /// No answer from this machine counts.
    #[error("an answer from this machine does not count: {0}")]
    NotLocal(NotLocal),
    /// The yes could not be carried out in time. The ask stays open.
    #[error("`{0}` is still being carried out")]
    StillRunning(String),
}
