//! Source credentials: where they come from is the SDK's default chain, what they are is decided here.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;

use super::error::AwsError;
use super::{Aws, Session};
use audex_core::secret::Secret;
use audex_core::unwind::caught_async;

/// The whole chain takes this long at most. A browser is never waited for, but `credential_process`
/// helpers that ask for a token code are.
const CHAIN_BUDGET: Duration = Duration::from_mins(1);

/// What STS lets a set of keys do depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Keys of an IAM user or of the root user: no session token.
    LongTerm,
    /// Keys of a session: a role, a federated user, SSO, a workload.
    Temporary,
}

/// Keys a call is signed with.
#[derive(Clone)]
pub struct Keys(Credentials);

impl Keys {
    /// Takes keys from elsewhere (a secrets engine, a test); `expires_at` in seconds since the Unix epoch.
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

    /// The public half, as it appears in `CloudTrail`.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.0.access_key_id()
    }

    /// Whether a session token is part of the keys.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        if self.0.session_token().is_some_and(|token| !token.is_empty()) {
            SourceKind::Temporary
        } else {
            SourceKind::LongTerm
        }
    }

    /// When they stop working, in seconds since the Unix epoch, if their source said so (environment variables do not).
    #[must_use]
    pub fn expires_at(&self) -> Option<u64> {
        let expiry = self.0.expiry()?;
        expiry.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
    }

    /// The keys in the SDK's own form.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.0
    }

    /// `text` without the secret half and the session token.
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
    /// Keys from the environment or a plain profile need no network. Each call asks the chain again.
    ///
    /// # Errors
    /// [`AwsError::NoCredentials`] or [`AwsError::HalfKeys`] when no place has any, [`AwsError::Profile`] when the profile files
    /// give no certain identity, [`AwsError::SourceMalformed`] when no request can carry the keys, [`AwsError::SourceExpired`]
    /// when a sign-in ran out, [`AwsError::SourceFailed`] when a place that should have them fails.
    pub async fn source(&self) -> Result<Keys, AwsError> {
        // Security: the AWS CLI refuses an access key id without its secret; going on would find another identity.
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
        // The SDK panics where keys that it signs with itself cannot stand in a header, such as those of a source profile.
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

    /// Says that half a pair of keys is set, where nothing was found.
    fn why_none(&self, error: AwsError) -> AwsError {
        match (&error, self.missing_key) {
            (AwsError::NoCredentials { .. }, Some(missing)) => AwsError::HalfKeys { missing },
            _ => error,
        }
    }
}

/// Seconds since the Unix epoch; 0 before it.
pub(super) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
