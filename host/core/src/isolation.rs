//! The levels of isolation: how much of the user's account a command can reach.

use std::fmt;
use std::str::FromStr;

/// A level of isolation; a later level holds everything that an earlier one holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The command reaches everything that its user reaches.
    #[default]
    Off,
    /// The command does not reach what holds credentials; everything else is as without isolation.
    Credentials,
    /// Besides, the command writes, reads and connects only where it was allowed to.
    Strict,
}

/// The error for a text that names no level.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a level of isolation: expected `off`, `credentials` or `strict`")]
pub struct LevelError(String);

impl Level {
    /// Every level, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Off, Self::Credentials, Self::Strict];

    /// Returns the level's name in options, settings and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Credentials => "credentials",
            Self::Strict => "strict",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(text: &str) -> Result<Self, LevelError> {
        let found = Self::ALL.into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| LevelError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_by_its_name_and_nothing_else_is_a_level() {
        for level in Level::ALL {
            assert_eq!(level.name().parse(), Ok(level));
        }
        for other in ["", "Strict", "on", "strict "] {
            assert_eq!(other.parse::<Level>(), Err(LevelError(other.to_owned())));
        }
    }

    #[test]
    fn a_later_level_is_more() {
        assert!(Level::Off < Level::Credentials && Level::Credentials < Level::Strict);
    }
}
