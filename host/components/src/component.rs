//! A component that is ready to be called.

use std::collections::BTreeSet;
use std::fmt;

use super::capability::Capability;
use super::manifest::World;
use audex_core::printable;
use audex_core::source::Source;

/// A compiled component and what is known of it.
#[derive(Clone)]
pub struct Loaded {
    /// Its name, unique among loaded components.
    pub name: String,
    /// SHA-256 of the `.wasm`, lower-case hex.
    pub digest: String,
    /// What it exports.
    pub world: World,
    /// Where it came from.
    pub source: Source,
    /// What it may use.
    pub capabilities: BTreeSet<Capability>,
    /// The code.
    pub component: wasmtime::component::Component,
}

/// How far a component got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading and compiling it.
    Load,
    /// Connecting its imports.
    Link,
    /// Starting it.
    Instantiate,
    /// Running an export.
    Call,
    /// It ran into a limit.
    Limit,
    /// It answered what it must not.
    Answer,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Load => "load",
            Self::Link => "link",
            Self::Instantiate => "instantiate",
            Self::Call => "call",
            Self::Limit => "limit",
            Self::Answer => "answer",
        })
    }
}

/// A component failed, as opposed to answering with an error of its contract.
#[derive(Debug, thiserror::Error)]
#[error("plugin `{plugin}` ({}) failed in phase {phase}: {reason}", short(digest))]
pub struct PluginError {
    /// The component's name.
    pub plugin: String,
    /// Its digest.
    pub digest: String,
    /// How far it got.
    pub phase: Phase,
    /// One sentence.
    pub reason: String,
}

impl PluginError {
    /// An error of `loaded`.
    #[must_use]
    pub fn new(loaded: &Loaded, phase: Phase, reason: impl Into<String>) -> Self {
        Self {
            plugin: loaded.name.clone(),
            digest: loaded.digest.clone(),
            phase,
            reason: printable::line(&reason.into()),
        }
    }
}

/// `sha256:` and the first twelve digits.
#[must_use]
pub fn short(digest: &str) -> String {
    format!("sha256:{}", digest.get(..12).unwrap_or(digest))
}
