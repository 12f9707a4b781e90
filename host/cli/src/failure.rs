//! The failure of a command as the user sees it: kind, exit code, message, causes and hint.

mod told;

use std::error::Error;

use crate::filter::Denied;
use audex_core::error_chain;

/// The stage of a failure by a signal.
const INTERRUPTED: &str = "interrupted";

/// The kind of a failure, which decides the exit code. Source of the numbers: `sysexits.h`, and the shell for
/// 126 and 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// The cloud, the network or the source credentials are not available.
    Unavailable,
    /// There is a defect, a component misbehaved, or the audit log was changed.
    Internal,
    /// A filter, a rule, a cloud or the user denied the request.
    Denied,
    /// A settings file is wrong, or a grant cannot be expressed.
    Config,
    /// The command itself failed, with the exit code that a shell would return.
    Command(u8),
}

impl Kind {
    /// Returns the exit status.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::Denied => 77,
            Self::Config => 78,
            Self::Command(code) => code,
        }
    }
}

/// An error with everything that the user sees of it.
#[derive(Debug)]
pub struct Failure {
    /// The kind, which decides the exit code.
    pub kind: Kind,
    /// The stage that failed, for the audit log.
    pub stage: &'static str,
    /// The next step for the user.
    pub hint: Option<String>,
    /// The permissions that filters removed, for the audit log.
    pub denied: Vec<Denied>,
    pub(crate) error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(
        kind: Kind,
        stage: &'static str,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self { kind, stage, hint: None, denied: Vec::new(), error: Box::new(error) }
    }

    /// Returns the failure for a wrong command line.
    #[must_use]
    pub fn usage(message: &str, hint: &str) -> Self {
        let (hint, error) = (Some(hint.to_owned()), message.to_owned().into());
        Self { kind: Kind::Usage, stage: "usage", hint, denied: Vec::new(), error }
    }

    /// Returns the failure for a proposal that the user declined.
    #[must_use]
    pub fn refused(message: &str, hint: &str) -> Self {
        Self { kind: Kind::Denied, stage: "intent", ..Self::usage(message, hint) }
    }

    /// Returns the same failure at another stage.
    #[must_use]
    pub fn at(self, stage: &'static str) -> Self {
        Self { stage, ..self }
    }

    /// Returns the failure for an internal error, such as a system call that failed.
    #[must_use]
    pub fn internal(stage: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self::new(Kind::Internal, stage, error)
    }

    /// Returns the failure for a result that could not be written.
    #[must_use]
    pub(crate) fn unwritten(error: &std::io::Error) -> Self {
        let error = format!("cannot write to standard output: {error}").into();
        Self { kind: Kind::Internal, stage: "output", hint: None, denied: Vec::new(), error }
    }

    /// Returns the failure for a signal that arrived before the command was started.
    #[must_use]
    pub fn interrupted(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        let error = "interrupted before the command was started".to_owned().into();
        Self {
            kind: Kind::Command(code),
            stage: INTERRUPTED,
            hint: None,
            denied: Vec::new(),
            error,
        }
    }

    /// Returns the failure of a session that `by` ended before its command was started.
    pub(crate) fn ended_by(self, by: &str) -> Self {
        if self.stage != INTERRUPTED {
            return self;
        }
        self.saying(&format!("{by} ended the session before the command was started"))
    }

    pub(crate) fn saying(mut self, message: &str) -> Self {
        self.error = message.to_owned().into();
        self
    }

    pub(crate) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the message of the error itself.
    #[must_use]
    pub fn message(&self) -> String {
        self.error.to_string()
    }

    /// Returns the messages of the causes, outermost first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        error_chain::links(self.error.as_ref()).skip(1).map(ToString::to_string).collect()
    }

    /// Returns the message and its causes as one line.
    #[must_use]
    pub fn line(&self) -> String {
        error_chain::line(self.error.as_ref())
    }
}
