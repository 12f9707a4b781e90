//! Access levels: what a permission lets a command do, in the words of the clouds' catalogues.

use std::fmt;

use serde::{Deserialize, Serialize};

use audex_components::provider::AccessLevel;

/// What a permission lets a command do, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// It lists names.
    List,
    /// It reads contents.
    Read,
    /// It changes labels.
    Tagging,
    /// It changes contents.
    Write,
    /// It changes who may do what.
    Permissions,
}

impl Access {
    const ALL: [Self; 5] = [Self::List, Self::Read, Self::Tagging, Self::Write, Self::Permissions];

    /// Returns the word for the level.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Tagging => "tagging",
            Self::Write => "write",
            Self::Permissions => "permissions",
        }
    }

    /// Returns the level called `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl From<AccessLevel> for Access {
    fn from(level: AccessLevel) -> Self {
        match level {
            AccessLevel::Read => Self::Read,
            AccessLevel::List => Self::List,
            AccessLevel::Write => Self::Write,
            AccessLevel::Permissions => Self::Permissions,
            AccessLevel::Tagging => Self::Tagging,
        }
    }
}
