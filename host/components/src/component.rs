//! A component that is ready to be called.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::capability::Capability;
use super::manifest::World;
use audex_core::hint::Hint;
use audex_core::printable;
use audex_core::source::Source;

/// A compiled component and its metadata.
#[derive(Clone)]
pub struct Loaded {
    /// The component's name, unique among loaded components.
    pub name: String,
    /// The SHA-256 of the `.wasm`, in lower-case hex.
    pub digest: String,
    /// The world that the component exports.
    pub world: World,
    /// The origin of the component: built-in or installed.
    pub source: Source,
    /// The capabilities that the component's manifest requests.
    pub requested: BTreeSet<Capability>,
    /// The component's capabilities: those requested ones that were granted.
    pub capabilities: BTreeSet<Capability>,
    /// The compiled code.
    pub component: wasmtime::component::Component,
}

/// The phase in which a component failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading and compiling the component.
    Load,
    /// Connecting the imports.
    Link,
    /// Instantiating the component.
    Instantiate,
    /// Running an export.
    Call,
    /// Exceeding a limit.
    Limit,
    /// Checking the answer.
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

/// The error for a component that failed, as opposed to one that answered with an error of its contract.
#[derive(Debug, thiserror::Error)]
#[error("plugin `{plugin}` ({}) failed in phase {phase}: {reason}", short(digest))]
pub struct PluginError {
    /// The component's name.
    pub plugin: String,
    /// The component's digest.
    pub digest: String,
    /// The phase in which the component failed.
    pub phase: Phase,
    /// The reason, one sentence.
    pub reason: String,
}

impl Hint for PluginError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("`tryaudex plugin list` shows where it comes from; tell its author".into())
    }
}

impl PluginError {
    /// Returns an error about `loaded`.
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

/// Shortens a digest to `sha256:` and its first twelve digits.
#[must_use]
pub fn short(digest: &str) -> String {
    format!("sha256:{}", digest.get(..12).unwrap_or(digest))
}
