//! An observer of a run, which may stand between the command and the cloud.

use std::path::Path;
use std::sync::Arc;

use super::delivery::{Arranged, Scene};
use crate::failure::Failure;
use audex_components::provider::{Minted, Provider};
use audex_endpoint::connect_proxy::Interceptor;
use audex_gateway::SessionKey;
use audex_wire::server::Server;

/// A stage of a run, from the first record in the audit log on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Requesting credentials from the cloud.
    Mint,
    /// Waiting until the credentials work.
    Settle,
    /// Handing the credentials to the command.
    Deliver,
    /// Starting the command.
    Start,
    /// Waiting for the end of the command.
    Wait,
    /// Revoking the credentials.
    Revoke,
    /// Recording the end.
    Record,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::Mint,
        Self::Settle,
        Self::Deliver,
        Self::Start,
        Self::Wait,
        Self::Revoke,
        Self::Record,
    ];
}

/// An observer of a run.
///
/// Security: an observer has no influence on the grant. It may withhold credentials from the command, and
/// must not give it others.
pub trait Observer {
    /// Handles the start of a stage.
    fn at(&mut self, _stage: Stage) {}

    /// Tells whether the observer finds out what the command needs.
    fn is_learning(&self) -> bool {
        false
    }

    /// Returns the key of the tokens that the command gets in place of the session's, if it gets such ones from
    /// the observer.
    fn token_key(&self) -> Option<&SessionKey> {
        None
    }

    /// Changes what the command gets, before the command starts.
    ///
    /// # Errors
    /// When the observer cannot observe the run. The command is then not started.
    fn arrange(&mut self, scene: &Scene<'_>, arranged: Arranged) -> Result<Arranged, Failure>;

    /// Returns the servers of the observer that the command connects to.
    fn servers(&self) -> &[Server] {
        &[]
    }

    /// Returns what serves connections to the cloud's own hosts, if the observer does.
    fn interceptor(&self) -> Option<Arc<dyn Interceptor>> {
        None
    }

    /// Handles the end of the command, while its private files are still in `directory`.
    fn left(&mut self, directory: &Path);

    /// Handles the end of the session, after all that can be revoked was revoked. `began` is the start of
    /// access, in seconds since the Unix epoch.
    fn ended(&mut self, provider: &Provider, minted: &Minted, began: u64);
}

/// The observer that changes nothing.
pub struct NoObserver;

impl Observer for NoObserver {
    fn arrange(&mut self, _scene: &Scene<'_>, arranged: Arranged) -> Result<Arranged, Failure> {
        Ok(arranged)
    }

    fn left(&mut self, _directory: &Path) {}

    fn ended(&mut self, _provider: &Provider, _minted: &Minted, _began: u64) {}
}
