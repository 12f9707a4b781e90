//! Asks: what the command of a session wants besides its grant, and what people and rules outside the session
//! say to it.
//!
//! Security: the command makes asks and never answers them. What it says of itself (`why`) is its own text.

pub mod board;
mod rate;
pub mod rules;
mod shown;
pub mod webhook;

use serde::{Deserialize, Serialize};

pub use self::board::Board;
pub use crate::access::Access;

/// The prefix of the ids of asks.
pub const ID_PREFIX: &str = "ask-";

/// One thing more that a session wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The id, such as `ask-3f9c01d2`.
    pub id: String,
    /// The session.
    pub session: String,
    /// The provider's id.
    pub provider: String,
    /// The coding agent of the session, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The session's command and its arguments, redacted.
    pub command: Vec<String>,
    /// Every permission of the call, also those that the session has already: one set of credentials carries the
    /// whole call.
    pub wanted: Vec<Wanted>,
    /// The reason, in the words of the command, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The time of the ask, in seconds since the Unix epoch.
    pub asked_at: u64,
    /// The state.
    pub state: State,
}

impl Ask {
    /// Returns the access level to show: the one that changes most. `None` if one of the levels is unknown.
    #[must_use]
    pub fn access(&self) -> Option<Access> {
        self.wanted.iter().map(|wanted| wanted.access).max_by_key(|access| match access {
            None => (1, None),
            some => (0, *some),
        })?
    }
}

/// A permission that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The native action.
    pub action: String,
    /// The resources; empty means every resource.
    #[serde(default)]
    pub resources: Vec<String>,
    /// The access level; `None` if it is not known.
    #[serde(default)]
    pub access: Option<Access>,
    /// True if the reply carries credentials, which work without the gateway and may outlive the session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yields_credentials: bool,
}

impl Wanted {
    /// Returns a permission of which nothing more is known.
    #[must_use]
    pub fn new(action: String, resources: Vec<String>) -> Self {
        Self { action, resources, access: None, yields_credentials: false }
    }
}

/// The state of an ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The filters and the rules have not spoken yet. Nobody is asked meanwhile.
    Considered,
    /// A person has to answer.
    Pending,
    /// Credentials for it work.
    Granted {
        /// Who said yes.
        by: String,
        /// The end, in seconds since the Unix epoch.
        until: u64,
        /// True if it is for one request.
        once: bool,
    },
    /// It is refused.
    Refused {
        /// Who said no: a person, a rule, or a filter.
        by: String,
        /// The reason.
        reason: String,
    },
    /// The one request for which it was granted was made.
    Used,
    /// The session, or the time of the grant, has ended.
    Ended,
}

impl State {
    /// Returns true if an answer is still awaited.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Considered | Self::Pending)
    }
}

/// An answer to an ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is granted, after the whole chain has agreed once more.
    Yes {
        /// True if it is for one request.
        once: bool,
        /// The longest time in seconds; `None` means until the end of the session.
        seconds: Option<u64>,
    },
    /// It is refused.
    No,
}

/// What happens in a session, for those who watch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The gateway decided about a permission of a request.
    Decided {
        /// The action.
        action: String,
        /// The resource.
        resource: String,
        /// True if the request was allowed.
        allowed: bool,
    },
    /// A person has to answer an ask.
    Asked(Ask),
    /// An ask was granted, refused, used or ended.
    Answered(Ask),
    /// Something that whoever watches has to know.
    Noted {
        /// The text.
        text: String,
    },
    /// The watcher was too slow.
    Lost {
        /// The number of events that it did not get.
        count: u64,
    },
    /// The session has ended.
    Over,
}
