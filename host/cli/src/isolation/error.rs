//! The error for an isolation that cannot be provided.

use std::borrow::Cow;
use std::path::PathBuf;

use audex_core::hint::Hint;

/// The error for an isolation that cannot be provided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IsolationError {
    /// This system does not hold a part of it, and something demands all of it.
    #[error(
        "{demand}, and on this system the command could still {part} (`{mechanism}`: {reason})"
    )]
    NotHeld {
        /// The party that demands the level, and the level.
        demand: String,
        /// The part that is not held.
        part: &'static str,
        /// The mechanism that is missing.
        mechanism: &'static str,
        /// The reason why it is missing.
        reason: String,
    },
    /// A run inside an isolated session cannot add an isolation of its own, and something demands it.
    #[error(
        "{demand}, and a run inside the isolated session `{outer}` cannot add a level of its own"
    )]
    Inner {
        /// The party that demands the level, and the level.
        demand: String,
        /// The session around this run.
        outer: String,
    },
    /// The organisation's log is out of reach inside an isolated session.
    #[error(
        "your organisation keeps the audit log in `{}`, which a run inside an isolated session cannot write",
        .0.display()
    )]
    LogOutside(PathBuf),
    /// The command would have no working directory.
    #[error("the working directory `{}` is hidden from the command", .0.display())]
    HiddenWorkingDirectory(PathBuf),
    /// The user shows what the organisation hides.
    #[error("`{}` is to be shown, and your organisation hides `{}`", shown.display(), hidden.display())]
    Theirs {
        /// The user's path.
        shown: PathBuf,
        /// The organisation's path.
        hidden: PathBuf,
    },
    /// The user undoes a part of what the organisation's minimum holds.
    #[error("`{choice}` of `{}` undoes a part of the isolation that your organisation requires", path.display())]
    Undone {
        /// The user's path.
        path: PathBuf,
        /// `show` or `write`.
        choice: &'static str,
    },
    /// The user wants to write to a part of what is read-only as a whole.
    #[error("`{}` cannot be written alone: `{}` is read-only as a whole", wanted.display(), whole.display())]
    PartOfWhole {
        /// The user's path.
        wanted: PathBuf,
        /// The path that is read-only.
        whole: PathBuf,
    },
    /// The working directory is unknown, so nothing can be said about paths.
    #[error("cannot isolate the command: the working directory cannot be determined")]
    NoWorkingDirectory(#[source] std::io::Error),
}

impl Hint for IsolationError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NotHeld { .. } => {
                "run `tryaudex isolate --check`; docs/isolation.md says what this system lacks"
                    .into()
            }
            Self::Inner { .. } | Self::LogOutside(_) => "start this run outside the session".into(),
            Self::HiddenWorkingDirectory(_) => {
                "change to a directory that is not hidden, or name it in `show` under `[isolate]`"
                    .into()
            }
            Self::Theirs { .. } => "leave it out of `show`".into(),
            Self::Undone { choice, .. } => format!("leave it out of `{choice}`").into(),
            Self::PartOfWhole { whole, .. } => format!("name `{}`", whole.display()).into(),
            Self::NoWorkingDirectory(_) => "change to a directory that exists".into(),
        })
    }
}
