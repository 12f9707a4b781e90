//! What the user is told when a command fails: kind, exit code, message, causes and hint.

mod told;

use std::error::Error;

use crate::filter::Denied;

/// What an exit code says. Numbers: `sysexits.h` where it has one; 126 and 127 are the shell's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// The cloud, the network or source credentials are not there.
    Unavailable,
    /// A defect, a component that misbehaved, or a log that was tampered with.
    Internal,
    /// Somebody who may decide said no.
    Denied,
    /// A settings file is wrong, or a grant cannot be expressed.
    Config,
    /// What a shell would say of the command itself.
    Command(u8),
}

impl Kind {
    /// The exit status.
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

/// An error on its way to the user.
#[derive(Debug)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: Kind,
    /// The stage it comes from, for the audit log.
    pub stage: &'static str,
    /// What to do.
    pub hint: Option<String>,
    /// What filters took away, for the audit log.
    pub denied: Vec<Denied>,
    pub(crate) error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    pub(crate) fn new(kind: Kind, stage: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self { kind, stage, hint: None, denied: Vec::new(), error: Box::new(error) }
    }

    /// A wrong command line, in the caller's words.
    #[must_use]
    pub fn usage(message: &str, hint: &str) -> Self {
        let (hint, error) = (Some(hint.to_owned()), message.to_owned().into());
        Self { kind: Kind::Usage, stage: "usage", hint, denied: Vec::new(), error }
    }

    /// Somebody who was asked said no.
    #[must_use]
    pub fn refused(message: &str, hint: &str) -> Self {
        Self { kind: Kind::Denied, stage: "intent", ..Self::usage(message, hint) }
    }

    /// The same at another stage.
    #[must_use]
    pub fn at(self, stage: &'static str) -> Self {
        Self { stage, ..self }
    }

    /// The system refused something the program itself needs.
    #[must_use]
    pub fn internal(stage: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self::new(Kind::Internal, stage, error)
    }

    /// A result that nobody got.
    #[must_use]
    pub fn unwritten(error: &std::io::Error) -> Self {
        let error = format!("cannot write to standard output: {error}").into();
        Self { kind: Kind::Internal, stage: "output", hint: None, denied: Vec::new(), error }
    }

    /// Ended by a signal before the command began.
    #[must_use]
    pub fn interrupted(signal: i32) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        let error = "interrupted before the command was started".to_owned().into();
        Self { kind: Kind::Command(code), stage: "interrupted", hint: None, denied: Vec::new(), error }
    }

    pub(crate) fn saying(mut self, message: &str) -> Self {
        self.error = message.to_owned().into();
        self
    }

    pub(crate) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What failed.
    #[must_use]
    pub fn message(&self) -> String {
        self.error.to_string()
    }

    /// Why, outermost first.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut source = self.error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        causes
    }

    /// What failed and why, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let mut parts = vec![self.message()];
        parts.extend(self.causes());
        parts.join(": ")
    }
}
