//! The configuration of coding agents: what `tryaudex agents` adds to it, takes out of it and looks at.
//!
//! Each agent has a few files. An edit keeps everything else in a file as it is, and a record of what was added
//! lets it be taken out again byte for byte.

pub mod agent;
mod block;
pub mod checkup;
mod edit;
mod file;
mod json;
mod launcher;
pub mod places;
pub mod record;
pub mod setup;
pub mod target;
mod toml;
pub mod undo;

pub use agent::{Agent, Place};
pub use file::FileError;
pub use target::EditError;

/// The name of the entry in every agent's list of MCP servers.
pub const ENTRY: &str = "audex";
