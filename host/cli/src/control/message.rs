//! The messages on a control socket: JSON objects, each on one line of limited length.

use serde::{Deserialize, Serialize};

use crate::asks::board::{AnswerError, NotLocal};
use crate::asks::{self, Answer, Ask};
use crate::door::AskRequest;

/// A question to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Request {
    /// Describe the session.
    Hello,
    /// Send every ask of the session.
    Asks,
    /// Answer an ask.
    Answer {
        /// The ask's id.
        id: String,
        /// The answer.
        answer: Answer,
        /// The way on which the person gave it, if that is not a command of this program.
        #[serde(default)]
        via: Option<String>,
    },
    /// Ask for one thing more on behalf of the session.
    Ask(AskRequest),
    /// Send every event from here on.
    Watch,
    /// End the session. The connection closes when the session has ended.
    End,
}

/// The reply to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The session.
    Hello(Hello),
    /// The asks, the oldest first.
    Asks {
        /// All asks that a person may see.
        asks: Vec<Ask>,
        /// What a person has to know about them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<String>,
    },
    /// The ask after its answer.
    Answered(Ask),
    /// The new ask, or the same one as before.
    Asked(Ask),
    /// The session takes no such ask.
    NotAsked {
        /// The reason.
        message: String,
    },
    /// The answer does not count.
    NotCounted {
        /// The reason.
        why: NotCounted,
    },
    /// Events follow, one a line.
    Watching,
    /// Too many watch the session already.
    TooManyWatch,
    /// The session ends.
    Ending,
    /// The request was not understood.
    Malformed {
        /// The reason.
        message: String,
    },
}

/// The reason why an answer does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotCounted {
    /// The command is not isolated, so the answer may be its own.
    NotIsolated,
    /// The organisation's webhook answers alone.
    OnlyWebhook,
    /// The answer comes from the command itself.
    FromInside,
    /// The session has no such ask.
    Unknown,
    /// The ask does not wait for an answer any more.
    NotOpen,
    /// The yes is still being carried out.
    StillRunning,
}

impl NotCounted {
    /// Returns the reason as a sentence about the ask or session `id`.
    pub(crate) fn text(self, id: &str) -> String {
        match self {
            Self::NotIsolated => format!(
                "an answer to `{id}` does not count: its command is not isolated, so it could answer itself"
            ),
            Self::OnlyWebhook => {
                format!("an answer to `{id}` does not count: your organisation's webhook answers")
            }
            Self::FromInside => {
                format!("an answer to `{id}` does not count: it comes from inside the session")
            }
            Self::Unknown => format!("there is no ask `{id}`"),
            Self::NotOpen => format!("`{id}` does not wait for an answer any more"),
            Self::StillRunning => format!("the yes to `{id}` is still being carried out"),
        }
    }
}

impl From<AnswerError> for NotCounted {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Unknown(_) => Self::Unknown,
            AnswerError::NotOpen(_) => Self::NotOpen,
            AnswerError::NotLocal(NotLocal::NotIsolated) => Self::NotIsolated,
            AnswerError::NotLocal(NotLocal::OnlyWebhook) => Self::OnlyWebhook,
            AnswerError::StillRunning(_) => Self::StillRunning,
        }
    }
}

/// The description of a living session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The session's name.
    pub session: String,
    /// The id of the session's process.
    pub pid: u32,
    /// The start, in seconds since the Unix epoch.
    pub started: u64,
    /// The command and its arguments, redacted.
    pub command: Vec<String>,
    /// The coding agent that runs the command, if one does.
    pub agent: Option<String>,
    /// The provider's id.
    pub provider: String,
    /// The delivery of the credentials, as an option names it.
    pub deliver: String,
    /// The isolation of the command, as an option names it.
    pub isolation: String,
    /// True if answers on this socket count: the command cannot reach it.
    pub takes_answers: bool,
    /// The end of access, in seconds since the Unix epoch, once it is known.
    pub ends_at: Option<u64>,
    /// The sessions around this one, the outermost first.
    pub parents: Vec<String>,
}

/// An event of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "few events are short, and none is kept")]
pub(crate) enum Event {
    /// The session is watched from here on.
    Watched(Box<Hello>),
    /// The command ended.
    Ended {
        /// The exit status that Audex passes on; `None` if the command was not started.
        exit_code: Option<u8>,
        /// The user that ended the session, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Something about its requests and asks.
    #[serde(untagged)]
    Of(asks::Event),
}
