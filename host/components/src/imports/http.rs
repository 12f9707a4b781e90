//! The `http` import: https to granted hosts, with credentials that the guest never sees.

mod compose;
mod exchange;
mod family;
mod lift;
mod reply;
mod retry;
pub(crate) mod route;
mod send;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use crate::imports::transport::Transport;
use crate::logins::Logins;
use crate::network::Network;
use crate::sent::SentSecrets;

pub(crate) use self::compose::ComposeError;
pub(crate) use self::reply::origin_of;
pub(crate) use self::send::Composed;

/// The size of a request body: policies and forms are a few kilobytes.
const REQUEST_BYTES: usize = 1024 * 1024;
/// The size of a reply body; a page of a cloud's log is under a megabyte.
const RESPONSE_BYTES: usize = 8 * 1024 * 1024;
/// The time of one exchange, unless the guest asks for less.
const EXCHANGE_TIME: Duration = Duration::from_secs(30);

/// The context of the `http` import.
pub(crate) struct Http {
    network: Arc<Network>,
    logins: Arc<Logins>,
    transport: Arc<dyn Transport>,
    /// The secrets that the component sent in this run.
    sent: SentSecrets,
}

impl Http {
    pub(crate) fn new(
        network: Arc<Network>,
        logins: Arc<Logins>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        Self { network, logins, transport, sent: SentSecrets::default() }
    }
}

#[cfg(test)]
impl Default for Http {
    fn default() -> Self {
        Self::new(Arc::default(), Arc::default(), Arc::new(crate::imports::transport::Live))
    }
}
