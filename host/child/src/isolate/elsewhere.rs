//! The isolation of a system that has none: `strict` is refused, and every other command runs as it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::TcpListener;

use nix::unistd::Pid;

use super::assessment::may_start;
use super::{Isolated, Support};
use crate::{ChildError, Executable, spawn};

/// No stage: this system has no mechanism.
#[derive(Debug)]
pub struct Stage;

/// A command that runs without isolation.
#[derive(Debug)]
pub struct Prepared;

/// The processes of an isolated command: there are none.
#[derive(Debug)]
pub(crate) struct Session;

impl Stage {
    /// Starts nothing.
    #[must_use]
    pub fn begin() -> Self {
        Self
    }

    /// Returns the mechanisms of this system: none.
    #[must_use]
    pub fn support(&mut self) -> Support {
        Support::default()
    }

    /// Accepts a command whose level need not hold.
    ///
    /// # Errors
    /// [`ChildError::Isolation`] if the level is `strict`.
    pub fn isolate(self, _: &Executable, isolated: &Isolated) -> Result<Prepared, ChildError> {
        may_start(isolated).map(|()| Prepared)
    }
}

impl Prepared {
    /// Returns at once.
    ///
    /// # Errors
    /// Never.
    pub fn wait(&mut self) -> Result<(), ChildError> {
        Ok(())
    }

    /// Does nothing: the command has the network of the machine.
    pub fn open_ports(&mut self, _: Vec<u16>) {}

    /// Returns false.
    pub(crate) fn keeps_descriptors(&self) -> bool {
        false
    }

    /// Starts the command as without isolation.
    pub(crate) fn start(
        self,
        executable: &Executable,
        environment: &BTreeMap<OsString, OsString>,
    ) -> Result<(Pid, Session), ChildError> {
        Ok((spawn::start(executable, environment)?, Session))
    }
}

impl Session {
    /// Returns nothing: the command has the network of the machine.
    pub(crate) fn take_listeners(&mut self) -> Vec<TcpListener> {
        Vec::new()
    }

    /// Returns nothing: there is no stage.
    pub(crate) fn failure(&self) -> Option<String> {
        None
    }
}

/// Does nothing: this system has no stage.
pub fn stage() {}
