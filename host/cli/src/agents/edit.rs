//! The edit of a text: with our part, and without it.

use super::target::{EditError, Form, Ours};
use super::{block, json, launcher, toml};

impl Form {
    /// Returns `text` with our part in it. Without a text, the file does not exist.
    ///
    /// # Errors
    /// When the text is not in the form's format.
    pub fn with(self, text: Option<&str>, ours: &Ours) -> Result<String, EditError> {
        match self {
            Self::Json { servers, is_typed } => {
                json::with(text.unwrap_or_default(), servers, &entry(ours, is_typed))
            }
            Self::Toml => toml::with(text.unwrap_or_default(), ours),
            Self::Block => block::with(text.unwrap_or_default()),
            Self::Instructions => whole(text, block::file(), block::is_ours),
            Self::Launcher => whole(text, launcher::script(ours), launcher::is_ours),
        }
    }

    /// Returns `text` without our part; none if nothing else would be left of a file that is all ours.
    ///
    /// # Errors
    /// As [`Form::with`].
    pub fn without(self, text: &str) -> Result<Option<String>, EditError> {
        match self {
            Self::Json { servers, .. } => json::without(text, servers).map(Some),
            Self::Toml => toml::without(text).map(Some),
            Self::Block => block::without(text).map(Some),
            Self::Instructions if block::is_ours(text) => Ok(None),
            Self::Launcher if launcher::is_ours(text) => Ok(None),
            Self::Instructions | Self::Launcher => Ok(Some(text.to_owned())),
        }
    }

    /// Returns true if `text` has a part of ours, whether it is the present one or not.
    ///
    /// # Errors
    /// As [`Form::with`].
    pub fn is_in(self, text: &str) -> Result<bool, EditError> {
        Ok(self.without(text)?.as_deref() != Some(text))
    }

    /// Returns true if an execute bit is needed.
    #[must_use]
    pub fn is_executable(self) -> bool {
        self == Self::Launcher
    }
}

/// Returns the text of a file that is all ours.
fn whole(text: Option<&str>, ours: String, is_ours: fn(&str) -> bool) -> Result<String, EditError> {
    match text {
        Some(text) if !is_ours(text) => Err(EditError::Foreign),
        _ => Ok(ours),
    }
}

/// Returns the entry of the MCP server.
fn entry(ours: &Ours, is_typed: bool) -> Vec<(&'static str, json::Field)> {
    let mut entry = vec![
        ("command", json::Field::Text(ours.program.clone())),
        ("args", json::Field::List(vec!["mcp".to_owned()])),
    ];
    if is_typed {
        entry.insert(0, ("type", json::Field::Text("stdio".to_owned())));
    }
    entry
}
