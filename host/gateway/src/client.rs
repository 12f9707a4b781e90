//! Whom a gateway serves: the command of the session, and the commands of sessions inside it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use http::request::Parts;

use super::decider::Decider;
use super::session_key::SessionKey;
use audex_core::clock;
use audex_core::secret::equal;
use audex_wire::sigv4::{Claim, Rejected};

/// A party with keys that are valid at this gateway.
pub(crate) struct Client {
    pub(crate) session_key: SessionKey,
    /// The end of access, in seconds since the Unix epoch.
    ends_at: u64,
    /// True once the client is not served any more.
    is_removed: AtomicBool,
    pub(crate) decider: Arc<dyn Decider>,
}

impl Client {
    /// Makes the keys of a client.
    pub(crate) fn new(decider: Arc<dyn Decider>, ends_at: u64) -> io::Result<Self> {
        Ok(Self::with_key(SessionKey::new()?, decider, ends_at))
    }

    /// Takes keys that were made before.
    pub(crate) fn with_key(
        session_key: SessionKey,
        decider: Arc<dyn Decider>,
        ends_at: u64,
    ) -> Self {
        Self { session_key, ends_at, is_removed: AtomicBool::new(false), decider }
    }
}

impl Client {
    /// Returns true if the client has access now.
    pub(crate) fn has_access(&self) -> bool {
        clock::unix_seconds() < self.ends_at && !self.is_removed.load(Ordering::Acquire)
    }
}

/// The clients of a gateway.
pub(crate) struct Clients {
    /// The command of the session.
    pub(crate) first: Arc<Client>,
    /// The commands of sessions inside it.
    inner: RwLock<Vec<Arc<Client>>>,
}

impl Clients {
    pub(crate) fn new(first: Client) -> Self {
        Self { first: Arc::new(first), inner: RwLock::default() }
    }

    /// Adds a client. It is served until [`Clients::remove`].
    pub(crate) fn add(&self, client: Client) -> Arc<Client> {
        let client = Arc::new(client);
        self.inner.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&client));
        client
    }

    /// Stops to serve a client; a request that is under way is not sent any more.
    pub(crate) fn remove(&self, client: &Arc<Client>) {
        client.is_removed.store(true, Ordering::Release);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.retain(|one| !Arc::ptr_eq(one, client));
    }

    /// Returns the claim of a request, not yet verified, and the client whose key it names.
    ///
    /// # Errors
    /// The reason why the request is no client's.
    pub(crate) fn claimed(&self, parts: &Parts) -> Result<(Claim, Arc<Client>), Rejected> {
        let claim = Claim::in_header(&parts.uri, &parts.headers)?;
        let client = self.find(|key| equal(claim.access_key_id.as_bytes(), key.id.as_bytes()));
        client.map(|client| (claim, client)).ok_or(Rejected::UnknownKey)
    }

    /// Returns the client whose secret is the last part of a bearer token. The parts before it are for the
    /// command alone.
    pub(crate) fn bearing(&self, token: &str) -> Option<Arc<Client>> {
        let secret = token.rsplit('.').next().unwrap_or_default();
        self.find(|key| equal(secret.as_bytes(), key.secret.expose().as_bytes()))
    }

    fn find(&self, has: impl Fn(&SessionKey) -> bool) -> Option<Arc<Client>> {
        if has(&self.first.session_key) {
            return Some(Arc::clone(&self.first));
        }
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.iter().find(|client| has(&client.session_key)).cloned()
    }
}
