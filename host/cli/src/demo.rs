//! The demo: the real program against the loopback cloud, step by step, or the cloud alone to try by hand.
//!
//! The steps start this very program as a user would, in an environment of their own; nothing of the user's settings,
//! audit log or credentials is read or written, the organisation's `/etc/audex` apart, which holds here too.

pub mod client;
mod home;
mod program;
mod serve;
mod step;
mod tour;

use std::io;

pub use serve::{Options, serve};
pub use tour::{Outcome, tour};

use audex_child::ChildError;
use audex_loopback::LoopbackError;

/// The region everything in the demo is in.
const REGION: &str = "us-east-1";
/// The user whose keys the demo works with: it may do nothing but assume [`ROLE`].
const USER: &str = "developer";
/// The user who may do everything.
const ADMIN: &str = "admin";
/// The role that is assumed.
const ROLE: &str = "AudexDemo";

/// Why the demo, or its client, could not do what it is for.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The cloud did not start.
    #[error(transparent)]
    Cloud(#[from] LoopbackError),
    /// The account is not as it should be.
    #[error("the demo's account has no user `{0}`")]
    NoUser(&'static str),
    /// Files of its own could not be written.
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
        /// Where it looked.
        place: String,
        /// What the SDK says.
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
