//! The entries of `[isolate]` and of the options that belong to it, each read from its text.

use std::path::{Component, Path, PathBuf};

use audex_core::isolation::Level;
use audex_core::printable::is_hidden;
use audex_endpoint::connect_proxy::AllowedHost;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::isolation::family::Family;

/// An entry of `hide`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hide {
    /// A family of files by its name.
    Family(Family),
    /// A path, as it was written.
    Path(PathBuf),
}

impl Hide {
    /// Reads the name of a family, or a path.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(family) = Family::parse(text) {
            return Ok(Self::Family(family));
        }
        if text.starts_with('/') || text.starts_with("~/") {
            return own_path(text).map(Self::Path);
        }
        let names: Vec<_> = Family::ALL.iter().map(|family| family.name()).collect();
        let names = names.join("`, `");
        Err(format!("`{text}` is not a family (`{names}`) or a path that begins with `/` or `~/`"))
    }
}

/// Something that is hidden and can be kept by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The socket of ssh-agent.
    SshAgent,
}

impl Keep {
    /// Returns what `name` stands for.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "ssh-agent" => Ok(Self::SshAgent),
            other => Err(format!("`{other}` cannot be kept: only `ssh-agent` can")),
        }
    }
}

/// Reads `HOST` or `HOST:PORT`.
///
/// # Errors
/// A text with the right form.
pub(crate) fn parse_host(text: &str) -> Result<AllowedHost, String> {
    text.parse::<AllowedHost>().map_err(|error| error.to_string())
}

/// The defaults for coding agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agents {
    /// A run for an agent is isolated and has a gateway, unless something else was chosen.
    #[default]
    On,
    /// A run for an agent is like every other.
    Off,
}

impl Agents {
    /// Returns the defaults called `name`.
    ///
    /// # Errors
    /// A text with the valid names.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        match name {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(format!("`{other}` is not `on` or `off`")),
        }
    }
}

/// Returns the level called `name`.
///
/// # Errors
/// A text with the valid names.
pub(crate) fn parse_level(name: &str) -> Result<Level, String> {
    name.parse::<Level>().map_err(|error| error.to_string())
}

/// Returns a path that a user wrote.
///
/// # Errors
/// A text that says what is wrong.
pub(crate) fn own_path(text: &str) -> Result<PathBuf, String> {
    let is_up = |path: &Path| path.components().any(|part| part == Component::ParentDir);
    match PathBuf::from(text) {
        path if text.is_empty() || text.contains(is_hidden) || is_up(&path) => {
            Err(format!("`{}` is not a path without `..`", text.escape_debug()))
        }
        path => Ok(path),
    }
}

fn listed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    list.iter().map(|text| parse(text)).collect::<Result<_, _>>().map_err(D::Error::custom)
}

pub(super) fn hide<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Hide>, D::Error> {
    listed(deserializer, Hide::parse)
}

pub(super) fn keep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Keep>, D::Error> {
    listed(deserializer, Keep::parse)
}

pub(super) fn hosts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<AllowedHost>, D::Error> {
    listed(deserializer, parse_host)
}

/// Reads paths of a file, which has no working directory of its own.
pub(super) fn rooted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    listed(deserializer, |text| {
        if text.starts_with('/') || text.starts_with("~/") {
            return own_path(text);
        }
        Err(format!("`{text}` is not a path that begins with `/` or `~/`"))
    })
}

/// Reads a level, for a field that need not be there.
pub(crate) fn optional_level<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Level>, D::Error> {
    parse_level(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// Reads `on` or `off`.
pub(crate) fn agents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Agents, D::Error> {
    Agents::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_are_families_and_paths_and_nothing_else() {
        assert_eq!(Hide::parse("ssh"), Ok(Hide::Family(Family::Ssh)));
        assert_eq!(Hide::parse("~/x"), Ok(Hide::Path(PathBuf::from("~/x"))));
        for wrong in ["", "aws", "x/y", "/a/../b", "~b"] {
            assert!(Hide::parse(wrong).is_err(), "{wrong}");
        }
    }
}
