//! One file of an agent's configuration, and the edit of its text.

use std::path::PathBuf;

use super::agent::Agent;
use super::{block, json, launcher, toml};

/// A file, and the form of what is added to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The path, which may be a link.
    pub path: PathBuf,
    /// The form of the addition.
    pub form: Form,
}

/// The form of an addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An entry in an object of MCP servers, in JSON with comments.
    Json {
        /// The name of the object.
        servers: &'static str,
        /// True if an entry says that its server speaks over standard input and output.
        is_typed: bool,
    },
    /// A table of MCP servers in TOML.
    Toml,
    /// Marked lines of instructions in Markdown.
    Block,
    /// A file of instructions, all of it ours.
    Instructions,
    /// A script that starts the agent, all of it ours.
    Launcher,
}

/// What is added for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ours {
    /// The agent.
    pub agent: Agent,
    /// The program that an entry and the launcher start.
    pub program: String,
    /// The profile of the launcher.
    pub profile: String,
    /// The provider of the profile.
    pub provider: String,
}

/// The error for a text that cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not in the file's format.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The reason.
        reason: String,
    },
    /// A place of the entry has another kind of value.
    #[error("line {line}: `{key}` is not {expected}")]
    Kind {
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The expected kind.
        expected: &'static str,
    },
    /// A marked block has no end, or there are several.
    #[error("line {line}: expected one block from `{begin}` to `{end}`")]
    Marks {
        /// The line of the first mark.
        line: usize,
        /// The first mark.
        begin: &'static str,
        /// The last mark.
        end: &'static str,
    },
    /// A file that would be all ours exists, and `tryaudex agents` did not write it.
    #[error("`tryaudex agents` did not write it")]
    Foreign,
}

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
