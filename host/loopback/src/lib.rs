//! The demo cloud: a local stand-in for AWS on 127.0.0.1 that checks every signature and enforces IAM.
//!
//! The demo cloud serves STS, S3 (through `s3s`) and a few calls of other services. Only [`crate::iam`]
//! decides the permissions of a caller. All data is in memory and ends with the process.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::iam::{Decision, PolicyError};
use audex_core::hint::Hint;
use audex_core::secret::Secret;
use audex_wire::server::{Port, Request, Server};

mod cloud;
mod credential;
mod form;
pub mod iam;
mod other;
mod reply;
mod s3;
mod seed;
mod server;
mod signature;
mod sts;
#[cfg(test)]
mod tests;

pub use seed::{AccessKey, BucketSeed, RoleSeed, Seed, UserSeed};

/// The error for a loopback cloud that could not start.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// The port is in use, or sockets are not available.
    #[error("loopback cloud: cannot listen on `{address}`")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The thread or its runtime could not be created.
    #[error("loopback cloud: cannot start its thread")]
    Thread(#[source] std::io::Error),
    /// The operating system has no random numbers for keys.
    #[error("loopback cloud: no randomness for its keys")]
    Random(#[source] std::io::Error),
    /// A policy of the seed is malformed.
    #[error("loopback cloud: a policy of `{owner}` cannot be used")]
    Policy {
        /// The user or role with this policy.
        owner: String,
        /// The reason.
        #[source]
        source: PolicyError,
    },
}

impl Hint for LoopbackError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Listen { .. } => {
                Some("choose another --port, or leave it out for a free one".into())
            }
            _ => None,
        }
    }
}

/// One request that the cloud answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The service of the signature's scope: `s3`, `sts`, `dynamodb`.
    pub service: String,
    /// The IAM action of the decision: `s3:GetObject`.
    pub action: String,
    /// The resource of the decision, an ARN or `*`.
    pub resource: String,
    /// The id of the key that signed the request.
    pub access_key_id: String,
    /// The ARN of the key's owner; empty for an unknown key.
    pub principal_arn: String,
    /// The decision; `None` if the request was refused before a decision (signature, token, expiry).
    pub decision: Option<Decision>,
}

/// A running loopback cloud; dropping it stops the cloud and joins its thread.
#[derive(Debug)]
pub struct LoopbackCloud {
    address: SocketAddr,
    cloud: Arc<cloud::Cloud>,
    _server: Server,
}

impl LoopbackCloud {
    /// Starts a cloud with the contents of `seed` on 127.0.0.1, on `port` or on a free port.
    ///
    /// # Errors
    /// [`LoopbackError`]: the port is in use, a policy of the seed is malformed, or the operating system has
    /// no socket, thread or random numbers.
    pub fn start(seed: Seed, port: Option<u16>) -> Result<Self, LoopbackError> {
        let asked = port.unwrap_or(0);
        let port = Port::open(asked).map_err(|source| LoopbackError::Listen {
            address: (Ipv4Addr::LOCALHOST, asked).into(),
            source,
        })?;
        let address = port.address();
        let (cloud, buckets) = cloud::Cloud::new(seed)?;
        let cloud = Arc::new(cloud);
        let s3 = s3::service(Arc::clone(&cloud), buckets);
        let serving = Arc::clone(&cloud);
        let answer = move |request: Request, _| {
            let (cloud, s3) = (Arc::clone(&serving), s3.clone());
            async move { server::answer(&cloud, &s3, request).await }
        };
        let server = Server::start("loopback-cloud", vec![(port, answer)]);
        let server = server.map_err(LoopbackError::Thread)?;
        Ok(Self { address, cloud, _server: server })
    }

    /// Returns the URL for `AWS_ENDPOINT_URL`: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the port on which the cloud listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the key of a seeded user.
    #[must_use]
    pub fn access_key(&self, user: &str) -> Option<AccessKey> {
        self.cloud.access_key(user)
    }

    /// Returns the ARN of a seeded role.
    #[must_use]
    pub fn role_arn(&self, role: &str) -> Option<String> {
        self.cloud.role_named(role).map(|role| role.arn.clone())
    }

    /// Returns every secret key and session token that the cloud has issued, for scans of captured output.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        self.cloud.secrets()
    }

    /// Returns the end of the session that has this key, in seconds since the Unix epoch.
    #[must_use]
    pub fn session_ends_at(&self, access_key_id: &str) -> Option<u64> {
        self.cloud.credential(access_key_id)?.session.as_ref().map(|session| session.expires)
    }

    /// Returns the latest requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.cloud.seen()
    }

    /// Returns the latest `ScopedSessionDescription` values, oldest first.
    #[must_use]
    pub fn descriptions(&self) -> Vec<String> {
        self.cloud.descriptions()
    }

    /// Ages every session by `by`, so that tests see expiry without waiting.
    pub fn advance(&self, by: Duration) {
        self.cloud.advance(by);
    }
}
