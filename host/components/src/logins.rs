//! The logins behind one component's imports: source credentials, loaded at first use. No guest sees one.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use audex_core::clock;
use audex_core::environment::Environment;
use audex_core::secret::Secret;
use audex_logins::aws::{Aws, AwsError, Keys, Options};
use audex_logins::secret_source::{SecretError, SecretSources};
use audex_logins::token::known::Tokens;
use audex_logins::vault::{Vault, VaultFile};

/// The life that known source credentials must still have: a session that renews its keys outlives some sources, and a
/// call to STS with its retries takes less.
const SPARE_SECONDS: u64 = 60;

/// The logins of one component.
pub struct Logins {
    environment: Arc<Environment>,
    options: Options,
    aws: OnceLock<Aws>,
    keys: Mutex<Option<Keys>>,
    /// Keys in place of the user's own.
    given: Option<Keys>,
    tokens: Tokens,
    vault: Vault,
    secrets: SecretSources,
}

impl Default for Logins {
    fn default() -> Self {
        Self::new(Arc::default(), None, &VaultFile::default(), SecretSources::default())
    }
}

impl Logins {
    /// Prepares the logins; reads nothing yet. `region` is where the AWS credentials are used.
    #[must_use]
    pub fn new(
        environment: Arc<Environment>,
        region: Option<String>,
        vault: &VaultFile,
        secrets: SecretSources,
    ) -> Self {
        let mut options = Options::from_environment(&environment);
        options.region = region;
        let vault = Vault::new(&environment, vault);
        let (aws, keys, tokens) = (OnceLock::new(), Mutex::default(), Tokens::default());
        Self { environment, options, aws, keys, given: None, tokens, vault, secrets }
    }

    /// Takes `keys` as the AWS source credentials. The user's own are then never searched for.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { given: Some(keys.clone()), keys: Mutex::new(Some(keys)), ..self }
    }

    /// Returns the environment in which the program was started.
    #[must_use]
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Returns the value of `secret:NAME`.
    ///
    /// # Errors
    /// When the value is missing, or other users could read it.
    pub(crate) async fn secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.secrets.get(name, &self.environment).await
    }

    /// Returns the environment variable that `secret:NAME` comes from.
    #[must_use]
    pub(crate) fn secret_variable<'a>(&'a self, name: &'a str) -> &'a str {
        self.secrets.variable(name)
    }

    /// Returns the Vault client, which logs in at first use.
    #[must_use]
    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Returns the AWS client, loaded at first use. Must be called inside `Network::run`.
    pub(crate) async fn aws(&self) -> &Aws {
        if let Some(aws) = self.aws.get() {
            return aws;
        }
        let loaded = Aws::load(self.options.clone(), &self.environment).await;
        self.aws.get_or_init(|| loaded)
    }

    /// Returns the AWS source credentials, searched for once, and again when they are about to end. Must be called
    /// inside `Network::run`.
    ///
    /// # Errors
    /// See [`Aws::source`].
    pub(crate) async fn keys(&self) -> Result<Keys, AwsError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let last = clock::unix_seconds() + SPARE_SECONDS;
        if let Some(keys) = known.filter(|keys| keys.expires_at().is_none_or(|ends| ends > last)) {
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

    /// Returns the tokens of this run.
    #[must_use]
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Returns the secrets of the logins that were used in this run.
    #[must_use]
    pub(crate) fn used_secrets(&self) -> Vec<Secret> {
        let mut used = self.tokens.values();
        if let Some(keys) = &*self.keys.lock().unwrap_or_else(PoisonError::into_inner) {
            let credentials = keys.credentials();
            let secrets = [Some(credentials.secret_access_key()), credentials.session_token()];
            used.extend(secrets.into_iter().flatten().map(|text| Secret::new(text.to_owned())));
        }
        used
    }
}
