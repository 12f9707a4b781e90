//! A file of an agent's configuration, and what is added to it.

use std::path::PathBuf;

use super::agent::Agent;

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
