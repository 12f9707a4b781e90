//! The network of one component: a runtime and HTTP clients, made at first use, and what stops a wait.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use reqwest::Url;

use crate::http_client;
use audex_core::environment::Environment;
use audex_core::interruption::Interruption;
use audex_wire::client::{ClientError, configured_client};

/// The interval between two checks for an interruption: instant for a person, and almost no work for a
/// processor.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The network of one component.
#[derive(Default)]
pub struct Network {
    environment: Arc<Environment>,
    endpoints: BTreeMap<String, Url>,
    runtime: OnceLock<tokio::runtime::Runtime>,
    public_http: OnceLock<reqwest::Client>,
    routed_http: OnceLock<reqwest::Client>,
    interruption: OnceLock<Interruption>,
    /// `true` once interruptions are ignored.
    ended: AtomicBool,
}

/// The error for host I/O that could not start, was interrupted, or ran out of time.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The runtime for network I/O cannot be started.
    #[error("cannot start network I/O")]
    Start(#[source] std::io::Error),
    /// A signal requested the end.
    #[error("interrupted")]
    Interrupted,
    /// The time of the call is used up.
    #[error("no answer within {0} s")]
    TimedOut(u64),
}

impl NetworkError {
    /// Returns the stable error code, which scripts may match on.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Start(_) => "network-start",
            Self::Interrupted => "interrupted",
            Self::TimedOut(_) => "timed-out",
        }
    }
}

impl Network {
    /// Prepares the network; opens nothing yet. `endpoints` are the real addresses of hosts that installed
    /// components name.
    #[must_use]
    pub fn new(environment: Arc<Environment>, endpoints: BTreeMap<String, Url>) -> Self {
        Self { environment, endpoints, ..Self::default() }
    }

    /// Returns the address that the user configured for requests of an installed component to `host`.
    #[must_use]
    pub(crate) fn endpoint(&self, host: &str) -> Option<&Url> {
        self.endpoints.get(host)
    }

    /// Returns the environment in which the program was started.
    #[must_use]
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Stops waiting when `interruption` is set.
    pub(crate) fn stop_at(&self, interruption: Interruption) {
        let _ = self.interruption.set(interruption);
    }

    /// Ignores interruption from here on, so that cleanup always completes. A signal ends neither a wait nor
    /// the program.
    pub(crate) fn ignore_interruption(&self) {
        if let Some(interruption) = self.interruption.get() {
            interruption.ignore();
        }
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Runs `future` until it completes, `limit` passes, or a signal interrupts it.
    ///
    /// # Errors
    /// When the runtime cannot start, the limit passes, or a signal interrupts the future.
    pub(crate) fn run<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, NetworkError> {
        let runtime = if let Some(runtime) = self.runtime.get() {
            runtime
        } else {
            let built = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(NetworkError::Start)?;
            self.runtime.get_or_init(|| built)
        };
        runtime.block_on(async {
            let mut work = pin!(tokio::time::timeout(limit, future));
            let mut interrupted = pin!(self.interrupted());
            poll_fn(|context| match work.as_mut().poll(context) {
                Poll::Ready(done) => {
                    Poll::Ready(done.map_err(|_| NetworkError::TimedOut(limit.as_secs())))
                }
                Poll::Pending => {
                    interrupted.as_mut().poll(context).map(|()| Err(NetworkError::Interrupted))
                }
            })
            .await
        })
    }

    /// Completes when a signal has requested the end and interruptions are not ignored.
    async fn interrupted(&self) {
        let Some(interruption) = self.interruption.get() else {
            return std::future::pending().await;
        };
        while !interruption.is_set() || self.ended.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Returns the HTTP client for public addresses, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or cannot use the certificate authorities that the user configured.
    pub(crate) fn public_http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.public_http.get() {
            return Ok(client);
        }
        let built = http_client::client(&self.environment)?;
        Ok(self.public_http.get_or_init(|| built))
    }

    /// Returns the HTTP client for addresses that the user configured, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or cannot use the certificate authorities that the user configured.
    pub(crate) fn routed_http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.routed_http.get() {
            return Ok(client);
        }
        let built = configured_client(&self.environment)?;
        Ok(self.routed_http.get_or_init(|| built))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_at_its_limit_and_at_an_interruption_and_each_has_its_code() {
        let network = Network::default();
        let pending = || std::future::pending::<()>();
        let late = network.run(Duration::ZERO, pending()).unwrap_err();
        assert_eq!(late.code(), "timed-out");
        network.stop_at(Interruption::new(vec![Arc::new(AtomicBool::new(true))], Vec::new()));
        let stopped = network.run(Duration::from_mins(1), pending()).unwrap_err();
        assert_eq!(stopped.code(), "interrupted");
        network.ignore_interruption();
        assert_eq!(network.run(Duration::ZERO, pending()).unwrap_err().code(), "timed-out");
        assert_eq!(network.run(Duration::from_mins(1), async { 7 }).unwrap(), 7);
        let refused = NetworkError::Start(std::io::Error::other("no more files"));
        assert_eq!(refused.code(), "network-start");
    }
}
