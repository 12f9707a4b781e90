//! The least enforcement that a run requires, and who requires it.

use std::path::Path;

use super::source;
use audex_components::provider::Enforcer;

/// The origin of the enforcement that a run requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredBy {
    /// The program's default.
    Default,
    /// `--require`.
    Flag,
    /// The user's file, `PATH:LINE`.
    User(String),
    /// The organisation's file, `PATH:LINE`.
    Organisation(String),
}

impl RequiredBy {
    /// Returns the subject and the verb of a sentence about it, with the place where it is said.
    #[must_use]
    pub fn requires(&self) -> String {
        match self {
            Self::Default => "the default is at least".to_owned(),
            Self::Flag => "--require asks for".to_owned(),
            Self::User(place) => format!("{place} requires"),
            Self::Organisation(place) => format!("your organisation ({place}) requires"),
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
    let place = |file: &Path| {
        source::place(file, &["enforcement", "require"]).trim_end_matches([':', ' ']).to_owned()
    };
    let asked = match (flag, user) {
        (Some(flag), _) => flag,
        (None, Some(user)) => user,
        (None, None) => Enforcer::Token,
    };
    match organisation {
        Some(theirs) if strength(theirs) > strength(asked) => {
            (theirs, RequiredBy::Organisation(place(at)))
        }
        _ if flag.is_some() => (asked, RequiredBy::Flag),
        _ if user.is_some() => (asked, RequiredBy::User(place(user_at))),
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
