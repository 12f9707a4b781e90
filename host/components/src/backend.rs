//! The backend of one component's imports: its network, its logins, and what answers its requests.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::capability::Capability;
use crate::imports::Imports;
use crate::imports::tape::{Player, Recorder, Tape};
use crate::imports::transport::{Live, Transport};
use crate::logins::Logins;
use crate::network::Network;
use audex_core::environment::Environment;
use audex_logins::secret_source::SecretSources;
use audex_logins::vault::VaultFile;

/// The time limit for logging out: an unreachable server must not delay the user.
const CLOSE_TIME: Duration = Duration::from_secs(15);

/// The backend of one component's imports, shared by all its calls.
#[derive(Clone)]
pub struct Backend {
    pub(crate) network: Arc<Network>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) transport: Arc<dyn Transport>,
}

impl Default for Backend {
    /// Returns a backend without any setting or environment variable, for components that hold no slot.
    ///
    /// Security: the AWS SDK itself reads the process's environment, so `slot:aws` would find the user's keys.
    fn default() -> Self {
        Self::new(Network::default(), Logins::default())
    }
}

impl Backend {
    /// Returns a backend that sends requests over the network.
    #[must_use]
    pub fn new(network: Network, logins: Logins) -> Self {
        Self { network: Arc::new(network), logins: Arc::new(logins), transport: Arc::new(Live) }
    }

    /// Also records the requests and their replies on `tape`.
    #[must_use]
    pub fn recording(self, tape: Arc<Tape>) -> Self {
        Self { transport: Arc::new(Recorder(tape)), ..self }
    }

    /// Returns a backend that answers requests from `tape`, and has a placeholder for each granted secret.
    ///
    /// Security: nothing is behind it, because a recording may come from anyone.
    #[must_use]
    pub fn replaying(tape: Arc<Tape>, granted: &BTreeSet<Capability>) -> Self {
        let secrets = granted.iter().filter_map(|capability| match capability {
            Capability::Secret(name) => Some((name.clone(), format!("replayed-value-of-{name}"))),
            _ => None,
        });
        let environment = Arc::new(Environment::from_pairs(secrets));
        let (vault, sources) = (VaultFile::default(), SecretSources::default());
        let logins = Logins::new(environment, None, &vault, sources);
        Self { transport: Arc::new(Player(tape)), ..Self::new(Network::default(), logins) }
    }

    /// Returns the contexts of a component's imports.
    pub(crate) fn imports(&self) -> Arc<Imports> {
        Arc::new(Imports::new(&self.network, &self.logins, &self.transport))
    }

    /// Ends the logins that were made for this run. Returns `true` if there was one. Interruptions are
    /// ignored meanwhile.
    ///
    /// # Errors
    /// Returns a short text about the login that is still valid.
    pub(crate) fn close(&self) -> Result<bool, String> {
        self.network.ignore_interruption();
        let vault = self.logins.vault();
        if !vault.is_in_use() {
            return Ok(false);
        }
        match self.network.run(CLOSE_TIME, vault.close()) {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}
