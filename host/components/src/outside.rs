//! The network and the source credentials: loaded at first use, and shared by all calls of a run.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use reqwest::Url;

use crate::http_client;
use crate::leases::Leases;
use crate::secret_store::SecretStore;
use crate::sent::SentSecrets;
use crate::tape::Tape;
use audex_core::environment::Environment;
use audex_core::interruption::Interruption;
use audex_core::secret::Secret;
use audex_logins::aws::{Aws, AwsError, Keys, Options};
use audex_logins::secret_source::{SecretError, SecretSources};
use audex_logins::token::known::Tokens;
use audex_logins::vault::{Vault, VaultFile};
use audex_wire::client::{ClientError, configured_client};

/// The network and the source credentials of one run.
pub struct Outside {
    environment: Environment,
    options: Options,
    runtime: OnceLock<tokio::runtime::Runtime>,
    aws: OnceLock<Aws>,
    keys: Mutex<Option<Keys>>,
    http: OnceLock<reqwest::Client>,
    configured_http: OnceLock<reqwest::Client>,
    tokens: Tokens,
    kept: SecretStore,
    leases: Leases,
    sent: SentSecrets,
    vault: Vault,
    secrets: SecretSources,
    endpoints: BTreeMap<String, Url>,
    tape: Option<Arc<Tape>>,
    interruption: OnceLock<Interruption>,
    /// `true` once interruptions are ignored.
    ended: AtomicBool,
}

/// The interval between two checks for an interruption: instant for a person, and almost no work for a
/// processor.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The time limit for logging out: an unreachable server must not delay the user.
const CLOSE_TIME: Duration = Duration::from_secs(15);

/// The error for host I/O that could not start, was interrupted, or ran out of time.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The runtime for network I/O cannot be started.
    #[error("cannot start network I/O")]
    Runtime(#[source] std::io::Error),
    /// A signal requested the end.
    #[error("interrupted")]
    Interrupted,
    /// The time of the call is used up.
    #[error("no answer within {0} s")]
    TimedOut(u64),
}

impl Outside {
    /// Prepares the network and the source credentials; opens and reads nothing yet.
    #[must_use]
    pub fn new(environment: Environment, region: Option<String>) -> Self {
        let mut options = Options::from_environment(&environment);
        options.region = region;
        let vault = Vault::new(&environment, &VaultFile::default());
        Self {
            environment,
            options,
            runtime: OnceLock::new(),
            aws: OnceLock::new(),
            keys: Mutex::new(None),
            http: OnceLock::new(),
            configured_http: OnceLock::new(),
            tokens: Tokens::default(),
            kept: SecretStore::default(),
            leases: Leases::default(),
            sent: SentSecrets::default(),
            vault,
            secrets: SecretSources::default(),
            endpoints: BTreeMap::new(),
            tape: None,
            interruption: OnceLock::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// Adds the settings of `vault-config.toml`.
    #[must_use]
    pub fn with_vault(mut self, file: &VaultFile) -> Self {
        self.vault = Vault::new(&self.environment, file);
        self
    }

    /// Adds the sources of secrets, the real addresses of hosts, and the tape.
    #[must_use]
    pub fn with_sources(
        mut self,
        secrets: SecretSources,
        endpoints: BTreeMap<String, Url>,
        tape: Option<Arc<Tape>>,
    ) -> Self {
        self.tape = tape;
        self.secrets = secrets;
        self.endpoints = endpoints;
        self
    }

    /// Returns the value of `secret:NAME`.
    ///
    /// # Errors
    /// When the value is missing, or other users could read it.
    pub async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        if self.is_replaying() {
            return Ok(Secret::new(format!("replayed-value-of-{name}")));
        }
        self.secrets.get(name, &self.environment).await
    }

    /// Adds a tape, which records a component's requests, or answers them from a recording.
    #[must_use]
    pub fn with_tape(mut self, tape: Arc<Tape>) -> Self {
        self.tape = Some(tape);
        self
    }

    /// Returns the tape, if there is one.
    #[must_use]
    pub fn tape(&self) -> Option<&Tape> {
        self.tape.as_deref()
    }

    /// Returns `true` if a recording answers requests instead of the network.
    #[must_use]
    pub(crate) fn is_replaying(&self) -> bool {
        self.tape().is_some_and(Tape::is_replaying)
    }

    /// Returns the environment variable that `secret:NAME` comes from.
    #[must_use]
    pub(crate) fn secret_variable<'a>(&'a self, name: &'a str) -> &'a str {
        self.secrets.variable(name)
    }

    /// Returns the address that the user configured for requests of an installed component to `host`.
    #[must_use]
    pub fn endpoint(&self, host: &str) -> Option<&Url> {
        self.endpoints.get(host)
    }

    /// Returns the Vault client, which logs in at first use.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Ends the logins that were made for this run. Returns `true` if there was one. Interruptions are
    /// ignored meanwhile.
    ///
    /// # Errors
    /// Returns a short text about the login that is still valid.
    pub fn close(&self) -> Result<bool, String> {
        self.ignore_interruption();
        if !self.vault.is_in_use() {
            return Ok(false);
        }
        match self.run(CLOSE_TIME, self.vault.close()) {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Ignores interruption from here on, so that cleanup always completes. A signal ends neither a wait nor
    /// the program.
    pub fn ignore_interruption(&self) {
        if let Some(interruption) = self.interruption.get() {
            interruption.ignore();
        }
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Returns the environment in which the program was started.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Stops waiting when `interruption` is set.
    pub fn stop_at(&self, interruption: Interruption) {
        let _ = self.interruption.set(interruption);
    }

    /// Runs `future` until it completes, `limit` passes, or a signal interrupts it.
    ///
    /// # Errors
    /// When the runtime cannot start, the limit passes, or a signal interrupts the future.
    pub fn run<T>(
        &self,
        limit: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, OutsideError> {
        let runtime = if let Some(runtime) = self.runtime.get() {
            runtime
        } else {
            let built = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(OutsideError::Runtime)?;
            self.runtime.get_or_init(|| built)
        };
        runtime.block_on(async {
            let mut work = pin!(tokio::time::timeout(limit, future));
            let mut interrupted = pin!(self.interrupted());
            poll_fn(|context| match work.as_mut().poll(context) {
                Poll::Ready(done) => {
                    Poll::Ready(done.map_err(|_| OutsideError::TimedOut(limit.as_secs())))
                }
                Poll::Pending => {
                    interrupted.as_mut().poll(context).map(|()| Err(OutsideError::Interrupted))
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

    /// Returns the AWS client, loaded at first use. Must be called inside [`Outside::run`].
    pub async fn aws(&self) -> &Aws {
        if let Some(aws) = self.aws.get() {
            return aws;
        }
        let loaded = Aws::load(self.options.clone(), &self.environment).await;
        self.aws.get_or_init(|| loaded)
    }

    /// Returns the source credentials, searched for once. Must be called inside [`Outside::run`].
    ///
    /// # Errors
    /// See [`Aws::source`].
    pub async fn keys(&self) -> Result<Keys, AwsError> {
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = known {
            return Ok(keys);
        }
        let found = self.aws().await.source().await?;
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }

    #[cfg(test)]
    pub(crate) fn used(&self, id: &str, secret: &Secret, token: Option<&Secret>) {
        let keys = Keys::new(id, secret, token, None);
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }

    /// Returns the secret parts of the source credentials, if they were used.
    #[must_use]
    pub(crate) fn source_secrets(&self) -> Vec<Secret> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(keys) = &*keys else { return Vec::new() };
        let credentials = keys.credentials();
        let secrets = [Some(credentials.secret_access_key()), credentials.session_token()];
        secrets.into_iter().flatten().map(|text| Secret::new(text.to_owned())).collect()
    }

    /// Returns the tokens of this run.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Returns the secrets that components sent in this run.
    #[must_use]
    pub(crate) fn sent(&self) -> &SentSecrets {
        &self.sent
    }

    /// Returns the secrets that the component keeps for its own later calls.
    #[must_use]
    pub(crate) fn kept(&self) -> &SecretStore {
        &self.kept
    }

    /// Returns the leases that the component announced.
    #[must_use]
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// Returns the HTTP client of components, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or cannot use the certificate authorities that the user configured.
    pub fn http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let built = http_client::client(&self.environment)?;
        Ok(self.http.get_or_init(|| built))
    }

    /// Returns the HTTP client for addresses that the user configured, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or cannot use the certificate authorities that the user configured.
    pub(crate) fn routed_http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.configured_http.get() {
            return Ok(client);
        }
        let built = configured_client(&self.environment)?;
        Ok(self.configured_http.get_or_init(|| built))
    }
}
