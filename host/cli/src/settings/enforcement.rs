//! The least enforcement that a run requires, and who requires it.

use std::path::{Path, PathBuf};

use audex_components::provider::Enforcer;
use audex_core::toml_place::location;

/// The origin of the enforcement that a run requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredBy {
    /// The program's default.
    Default,
    /// `--require`.
    Flag,
    /// The user's file.
    User(PathBuf),
    /// The organisation's file.
    Organisation(PathBuf),
}

impl RequiredBy {
    /// Returns the subject and the verb of a sentence about the requirement, with its `PATH:LINE`. Reads the
    /// file, so it is for errors only.
    #[must_use]
    pub fn requires(&self) -> String {
        let place = |file: &Path| {
            location(file, &["enforcement", "require"])
                .unwrap_or_else(|| file.display().to_string())
        };
        match self {
            Self::Default => "the default is at least".to_owned(),
            Self::Flag => "--require asks for".to_owned(),
            Self::User(file) => format!("{} requires", place(file)),
            Self::Organisation(file) => format!("your organisation ({}) requires", place(file)),
        }
    }
}

/// Returns the requirement of a run, and who makes it: the option, then the user's file, then the default.
///
/// Security: the organisation can raise the requirement; the user's settings cannot lower it again.
pub(super) fn enforcement(
    flag: Option<Enforcer>,
    (user, user_at): (Option<Enforcer>, &Path),
    (organisation, at): (Option<Enforcer>, &Path),
) -> (Enforcer, RequiredBy) {
    let asked = match (flag, user) {
        (Some(flag), _) => flag,
        (None, Some(user)) => user,
        (None, None) => Enforcer::Token,
    };
    match organisation {
        Some(theirs) if strength(theirs) > strength(asked) => {
            (theirs, RequiredBy::Organisation(at.to_owned()))
        }
        _ if flag.is_some() => (asked, RequiredBy::Flag),
        _ if user.is_some() => (asked, RequiredBy::User(user_at.to_owned())),
        _ => (asked, RequiredBy::Default),
    }
}

/// Returns the strength of an enforcer; a greater number is stricter.
#[must_use]
pub(crate) fn strength(enforcer: Enforcer) -> u8 {
    match enforcer {
        Enforcer::None => 0,
        Enforcer::Token => 1,
        Enforcer::Gateway => 2,
        Enforcer::Cloud => 3,
    }
}
