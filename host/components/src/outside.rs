//! The network and the source credentials: loaded when first needed, shared by all calls of a run.

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
use audex_logins::vault::Vault;
use audex_logins::vault::VaultFile;
use audex_wire::client::{ClientError, configured_client};

/// The outside world of one run.
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
    /// Interruptions count no more.
    ended: AtomicBool,
}

/// How often waiting looks whether it was interrupted: at once to a person, nothing to a processor.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Logging out may take so long: a server that is gone must not keep the user.
const CLOSE_TIME: Duration = Duration::from_secs(15);

/// The host could not even begin, or ran out of time.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// No runtime for network I/O.
    #[error("cannot start network I/O")]
    Runtime(#[source] std::io::Error),
    /// A signal asked to end.
    #[error("interrupted")]
    Interrupted,
    /// The time of the call is used up.
    #[error("no answer within {0} s")]
    TimedOut(u64),
}

impl Outside {
    /// Prepares the outside world; touches nothing yet.
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

    /// Adds what `vault-config.toml` says.
    #[must_use]
    pub fn with_vault(mut self, file: &VaultFile) -> Self {
        self.vault = Vault::new(&self.environment, file);
        self
    }

    /// Adds where secrets come from, and where requests to a host really go.
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

    /// The value behind `secret:NAME`.
    ///
    /// # Errors
    /// When it is not there, or where others could read it.
    pub async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        if self.is_replaying() {
            return Ok(Secret::new(format!("replayed-value-of-{name}")));
        }
        self.secrets.get(name, &self.environment).await
    }

    /// Writes down what a component asks of the other side, or answers it from what was written down.
    #[must_use]
    pub fn with_tape(mut self, tape: Arc<Tape>) -> Self {
        self.tape = Some(tape);
        self
    }

    /// The tape that runs, if any.
    #[must_use]
    pub fn tape(&self) -> Option<&Tape> {
        self.tape.as_deref()
    }

    /// Whether nobody is at the other side.
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.tape().is_some_and(Tape::is_replaying)
    }

    /// The environment variable that `secret:NAME` comes from.
    #[must_use]
    pub fn secret_variable<'a>(&'a self, name: &'a str) -> &'a str {
        self.secrets.variable(name)
    }

    /// Where requests of an installed component to `host` go, if the user says so.
    #[must_use]
    pub fn endpoint(&self, host: &str) -> Option<&Url> {
        self.endpoints.get(host)
    }

    /// Vault, which is not logged in to yet.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Ends the logins that were made for this run; whether one was. Interrupted or not, this is waited for.
    ///
    /// # Errors
    /// What lives on, in a few words.
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

    /// From now on a signal that asked to end does not end waiting, nor the program: what is left to do must be done.
    pub fn ignore_interruption(&self) {
        if let Some(interruption) = self.interruption.get() {
            interruption.ignore();
        }
        self.ended.store(true, Ordering::Relaxed);
    }

    /// The environment the program was started in.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Makes waiting end when `interruption` is set.
    pub fn stop_at(&self, interruption: Interruption) {
        let _ = self.interruption.set(interruption);
    }

    /// Runs `future` to its end, but no longer than `limit`, and no longer than nobody interrupts.
    ///
    /// # Errors
    /// When the runtime cannot start, the limit passes, or it is interrupted.
    pub fn run<T>(&self, limit: Duration, future: impl Future<Output = T>) -> Result<T, OutsideError> {
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
                Poll::Ready(done) => Poll::Ready(done.map_err(|_| OutsideError::TimedOut(limit.as_secs()))),
                Poll::Pending => interrupted.as_mut().poll(context).map(|()| Err(OutsideError::Interrupted)),
            })
            .await
        })
    }

    /// Ends when a signal has asked to end.
    async fn interrupted(&self) {
        let Some(interruption) = self.interruption.get() else { return std::future::pending().await };
        while !interruption.is_set() || self.ended.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The AWS side, loaded at first use. Must run inside [`Outside::run`].
    pub async fn aws(&self) -> &Aws {
        if let Some(aws) = self.aws.get() {
            return aws;
        }
        let loaded = Aws::load(self.options.clone(), &self.environment).await;
        self.aws.get_or_init(|| loaded)
    }

    /// The source credentials, looked for once. Must run inside [`Outside::run`].
    ///
    /// # Errors
    /// As [`Aws::source`].
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

    /// What is secret in the source credentials, if they were used.
    #[must_use]
    pub fn source_secrets(&self) -> Vec<Secret> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(keys) = &*keys else { return Vec::new() };
        let credentials = keys.credentials();
        let secrets = [Some(credentials.secret_access_key()), credentials.session_token()];
        secrets.into_iter().flatten().map(|text| Secret::new(text.to_owned())).collect()
    }

    /// The tokens of this run.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// The secrets that components sent in this run.
    #[must_use]
    pub fn sent(&self) -> &SentSecrets {
        &self.sent
    }

    /// What the component left for its own later calls.
    #[must_use]
    pub fn kept(&self) -> &SecretStore {
        &self.kept
    }

    /// What the component said it is about to make.
    #[must_use]
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// The HTTP client of components, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or not with the authorities that the user configured.
    pub fn http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let built = http_client::client(&self.environment)?;
        Ok(self.http.get_or_init(|| built))
    }

    /// The HTTP client for addresses that the user configured, built at first use.
    ///
    /// # Errors
    /// When TLS cannot be set up, or not with the authorities that the user configured.
    pub fn routed_http(&self) -> Result<&reqwest::Client, ClientError> {
        if let Some(client) = self.configured_http.get() {
            return Ok(client);
        }
        let built = configured_client(&self.environment)?;
        Ok(self.configured_http.get_or_init(|| built))
    }
}
