//! The demo cloud: an AWS on 127.0.0.1 that checks every signature and enforces IAM. It is not a cloud.
//!
//! It speaks STS, S3 (through `s3s`) and a little of a few other services. What a caller may do is decided by
//! [`crate::iam`] alone. Nothing it keeps outlives the process.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::task::AbortHandle;

use crate::iam::{Decision, PolicyError};
use audex_core::secret::Secret;

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

/// Why the loopback cloud could not start.
#[derive(Debug, thiserror::Error)]
pub enum LoopbackError {
    /// The port is taken or sockets are not available.
    #[error("loopback cloud: cannot listen on `{address}`")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The thread or its runtime could not be made.
    #[error("loopback cloud: cannot start its thread")]
    Thread(#[source] std::io::Error),
    /// The system gave no randomness for keys.
    #[error("loopback cloud: no randomness for its keys")]
    Random(#[source] getrandom::Error),
    /// A policy of the seed is malformed.
    #[error("loopback cloud: a policy of `{owner}` cannot be used")]
    Policy {
        /// The user or role whose policy it is.
        owner: String,
        /// What is wrong with it.
        #[source]
        source: PolicyError,
    },
}

/// One request the cloud answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The service of the signature's scope: `s3`, `sts`, `dynamodb`.
    pub service: String,
    /// The IAM action that was decided: `s3:GetObject`.
    pub action: String,
    /// The resource it was decided for, an ARN or `*`.
    pub resource: String,
    /// The key that signed.
    pub access_key_id: String,
    /// Who that key belongs to; empty for an unknown key.
    pub principal_arn: String,
    /// What was decided; `None` if the request was refused before (signature, token, expiry).
    pub decision: Option<Decision>,
}

/// A running loopback cloud; it stops, and its thread is joined, when it is dropped.
#[derive(Debug)]
pub struct LoopbackCloud {
    address: SocketAddr,
    cloud: Arc<cloud::Cloud>,
    abort: AbortHandle,
    thread: Option<JoinHandle<()>>,
}

impl LoopbackCloud {
    /// Starts a cloud holding `seed` on 127.0.0.1, on `port` or on a free one.
    ///
    /// # Errors
    /// [`LoopbackError`]: the port is taken, a policy of the seed is malformed, the system lacks something.
    pub fn start(seed: Seed, port: Option<u16>) -> Result<Self, LoopbackError> {
        // Security: the address is a constant; nothing configures this cloud to listen anywhere else.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
        let listen = |source| LoopbackError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let (cloud, buckets) = cloud::Cloud::new(seed)?;
        let cloud = Arc::new(cloud);
        let s3 = s3::service(Arc::clone(&cloud), buckets);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(LoopbackError::Thread)?;
        let task = runtime.spawn(server::serve(listener, Arc::clone(&cloud), s3));
        let abort = task.abort_handle();
        let thread = std::thread::Builder::new()
            .name("loopback-cloud".to_owned())
            .spawn(move || {
                // Ends when `drop` aborts the task; the runtime then takes the open connections with it.
                let _ = runtime.block_on(task);
            })
            .map_err(LoopbackError::Thread)?;
        Ok(Self { address, cloud, abort, thread: Some(thread) })
    }

    /// The URL to give as `AWS_ENDPOINT_URL`: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The key of a seeded user.
    #[must_use]
    pub fn access_key(&self, user: &str) -> Option<AccessKey> {
        self.cloud.access_key(user)
    }

    /// The ARN of a seeded role.
    #[must_use]
    pub fn role_arn(&self, role: &str) -> Option<String> {
        self.cloud.role_named(role).map(|role| role.arn.clone())
    }

    /// Every secret key and session token it has given out, for scans of captured output.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        self.cloud.secrets()
    }

    /// The latest requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.cloud.seen()
    }

    /// Every `ScopedSessionDescription` it was given, oldest first.
    #[must_use]
    pub fn descriptions(&self) -> Vec<String> {
        self.cloud.descriptions()
    }

    /// Lets every session grow older by `by`, so that expiry is seen without waiting.
    pub fn advance(&self, by: Duration) {
        self.cloud.advance(by);
    }
}

impl Drop for LoopbackCloud {
    fn drop(&mut self) {
        self.abort.abort();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by then; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
