//! Somebody who looks on while the command runs, and may stand between it and the cloud.

use std::path::Path;

use crate::deliver::Value;
use crate::endpoint::Lead;
use crate::error::Failure;
use crate::plugin::provider::{Minted, Provider};

/// What is about to be delivered to the command.
pub struct Scene<'a> {
    /// The credentials.
    pub minted: &'a Minted,
    /// The session's private directory.
    pub directory: &'a Path,
    /// When access ends, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// What leads to the session's endpoints.
    pub lead: Lead,
}

/// What is delivered instead.
pub struct Arranged {
    /// The credential variables.
    pub variables: Vec<(String, Value)>,
    /// What leads to endpoints.
    pub lead: Lead,
}

/// A stage of a run, from the first record of the audit log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asking the cloud for credentials.
    Mint,
    /// Waiting until they work.
    Settle,
    /// Handing them to the command.
    Deliver,
    /// Starting the command.
    Start,
    /// Waiting for its end.
    Wait,
    /// Taking the credentials back.
    Revoke,
    /// Recording the end.
    Record,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] =
        [Self::Mint, Self::Settle, Self::Deliver, Self::Start, Self::Wait, Self::Revoke, Self::Record];
}

/// Looks on.
///
/// Security: it gets no say in what is granted; it may keep credentials from the command, and give it no others.
pub trait Onlooker {
    /// A stage is about to begin.
    fn at(&mut self, _stage: Stage) {}

    /// Returns true if it finds out what the command needs.
    fn is_learning(&self) -> bool {
        false
    }

    /// Before the command starts.
    ///
    /// # Errors
    /// What keeps it from looking; the command is not started then.
    fn arrange(&mut self, scene: Scene<'_>) -> Result<Arranged, Failure>;

    /// The command has ended; its private files are still in `directory`.
    fn left(&mut self, directory: &Path);

    /// What could be taken back was; `began` is when the credentials were asked for, in seconds since the Unix epoch.
    fn ended(&mut self, provider: &Provider, minted: &Minted, began: u64);
}

/// Looks away: the command gets what was minted.
pub struct Nobody;

impl Onlooker for Nobody {
    fn arrange(&mut self, scene: Scene<'_>) -> Result<Arranged, Failure> {
        Ok(Arranged { variables: scene.minted.variables.clone(), lead: scene.lead })
    }

    fn left(&mut self, _directory: &Path) {}

    fn ended(&mut self, _provider: &Provider, _minted: &Minted, _began: u64) {}
}
