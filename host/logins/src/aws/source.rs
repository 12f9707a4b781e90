//! Source credentials. The SDK's default chain finds them; this module decides what kind they are.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;

use super::error::AwsError;
use super::{Aws, Session};
use audex_core::secret::Secret;
use audex_core::unwind::caught_async;

/// The time limit of the whole chain. Nothing waits for a browser, but a `credential_process` helper may ask
/// for a token code.
const CHAIN_BUDGET: Duration = Duration::from_mins(1);

/// The kind of a set of keys. It decides what STS lets the keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Keys of an IAM user or of the root user, without a session token.
    LongTerm,
    /// Keys of a session: a role, a federated user, SSO, a workload.
    Temporary,
}

/// Keys that sign a call.
#[derive(Clone)]
pub struct Keys(Credentials);

impl Keys {
    /// Creates keys from another source (a secrets engine, a test). `expires_at` is in seconds since the Unix
    /// epoch.
    #[must_use]
    pub fn new(
        access_key_id: &str,
        secret_access_key: &Secret,
        session_token: Option<&Secret>,
        expires_at: Option<u64>,
    ) -> Self {
        Self(Credentials::new(
            access_key_id,
            secret_access_key.expose(),
            session_token.map(|token| token.expose().to_owned()),
            expires_at.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
            "audex",
        ))
    }

    /// Returns the public part of the keys, as `CloudTrail` shows it.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.0.access_key_id()
    }

    /// Returns the kind of the keys: temporary if they have a session token, otherwise long-term.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        if self.0.session_token().is_some_and(|token| !token.is_empty()) {
            SourceKind::Temporary
        } else {
            SourceKind::LongTerm
        }
    }

    /// Returns the end of the keys' validity, in seconds since the Unix epoch, if their source gave one
    /// (environment variables do not).
    #[must_use]
    pub fn expires_at(&self) -> Option<u64> {
        let expiry = self.0.expiry()?;
        expiry.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
    }

    /// Returns the keys in the SDK's own form.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.0
    }

    /// Returns `text` without the secret access key and the session token.
    pub(super) fn redact(&self, text: &str) -> String {
        let token = self.0.session_token().unwrap_or_default();
        let mut text = text.to_owned();
        for secret in [token, self.0.secret_access_key()] {
            if !secret.is_empty() {
                text = text.replace(secret, "[redacted]");
            }
        }
        text
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Keys")
            .field("access_key_id", &self.access_key_id())
            .field("kind", &self.kind())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

impl From<&Session> for Keys {
    fn from(session: &Session) -> Self {
        Self::new(
            &session.access_key_id,
            &session.secret_access_key,
            Some(&session.session_token),
            Some(session.expires_at),
        )
    }
}

impl Aws {
    /// Finds the source credentials through the SDK's default chain: environment, profile files (with
    /// `credential_process`, SSO, `aws login`, `role_arn`), web identity, container, instance metadata.
    ///
    /// Keys from the environment or a plain profile need no network. Each call runs the chain again.
    ///
    /// # Errors
    /// [`AwsError::NoCredentials`] or [`AwsError::HalfKeys`] if no source has credentials,
    /// [`AwsError::Profile`] if the profile files give no identity or an ambiguous one,
    /// [`AwsError::SourceMalformed`] if no request can carry the keys, [`AwsError::SourceExpired`] if a
    /// sign-in has expired, [`AwsError::SourceFailed`] if a configured source fails.
    pub async fn source(&self) -> Result<Keys, AwsError> {
        // Security: the AWS CLI refuses an access key id without its secret; continuing would find another
        // identity.
        if self.missing_key == Some(super::SECRET_ACCESS_KEY) {
            return Err(AwsError::HalfKeys { missing: super::SECRET_ACCESS_KEY });
        }
        if let Some(error) = &self.profile_error {
            return Err(error.clone().into());
        }
        let profile = self.profile.as_deref();
        let Some(chain) = self.config.credentials_provider() else {
            return Err(AwsError::NoCredentials { profile: self.profile.clone(), cause: None });
        };
        let failed = |cause: &str| {
            let cause = Some(super::Cause::new(cause));
            AwsError::SourceFailed { profile: self.profile.clone(), cause }
        };
        // The SDK panics if keys that it signs with itself, such as those of a source profile, are not valid
        // header values.
        let asked = caught_async(chain.provide_credentials());
        let found = match tokio::time::timeout(CHAIN_BUDGET, asked).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => {
                return Err(failed(
                    "a key that the credential chain uses has characters that no AWS key has",
                ));
            }
            Err(_) => return Err(failed("the credential chain did not answer in time")),
        };
        let keys = match found {
            Ok(keys) => Keys(keys),
            Err(error) => return Err(self.why_none(AwsError::from_chain(&error, profile))),
        };
        if keys.0.expiry().is_some_and(|expiry| expiry <= audex_core::clock::now()) {
            return Err(AwsError::SourceExpired {
                profile: self.profile.clone(),
                service: None,
                cause: None,
            });
        }
        keys.require_sendable()?;
        Ok(keys)
    }

    /// Names the missing key variable if no credentials were found.
    fn why_none(&self, error: AwsError) -> AwsError {
        match (&error, self.missing_key) {
            (AwsError::NoCredentials { .. }, Some(missing)) => AwsError::HalfKeys { missing },
            _ => error,
        }
    }
}

/// Returns the seconds since the Unix epoch; 0 for an earlier time.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
