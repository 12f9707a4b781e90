//! The demo: the real program against the loopback cloud, step by step, or the cloud alone to try by hand.
//!
//! The steps start this program as a user would, in an environment of their own. The user's settings, audit
//! log and credentials are neither read nor written. The organisation's `/etc/audex` applies here too.

pub mod client;
mod home;
mod program;
mod serve;
mod step;
mod tour;

use audex_core::hint::Hint;
use std::borrow::Cow;
use std::io;

pub use serve::{Options, serve};
pub use tour::{Outcome, tour};

use audex_child::ChildError;
use audex_loopback::LoopbackError;

/// The region of everything in the demo.
const REGION: &str = "us-east-1";
/// The user whose keys the demo uses. This user may only assume [`ROLE`].
const USER: &str = "developer";
/// The user who may do everything.
const ADMIN: &str = "admin";
/// The role that the user assumes.
const ROLE: &str = "AudexDemo";

/// The error of the demo or its client.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The cloud did not start.
    #[error(transparent)]
    Cloud(#[from] LoopbackError),
    /// The account has no user of this name.
    #[error("the demo's account has no user `{0}`")]
    NoUser(&'static str),
    /// The demo's own files could not be written.
    #[error("the demo has no directory of its own")]
    Home(#[source] io::Error),
    /// The program could not be started.
    #[error("the demo cannot start this program again")]
    Program(#[source] io::Error),
    /// Signals could not be waited for.
    #[error("the demo cannot tell when to end")]
    Signals(#[from] ChildError),
    /// The client was started outside the demo cloud.
    #[error("`AWS_ENDPOINT_URL` names no cloud to ask")]
    NoEndpoint,
    /// The client has no keys.
    #[error("there are no credentials {place}")]
    NoCredentials {
        /// The place that was searched.
        place: String,
        /// The SDK's error.
        #[source]
        source: aws_credential_types::provider::error::CredentialsError,
    },
    /// The cloud did not answer the client.
    #[error("`{endpoint}` does not answer")]
    Unreachable {
        /// The URL.
        endpoint: String,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Hint for DemoError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Cloud(error) => error.hint(),
            Self::NoEndpoint | Self::Unreachable { .. } => {
                Some("`tryaudex demo --serve` prints what the environment needs".into())
            }
            _ => None,
        }
    }
}
