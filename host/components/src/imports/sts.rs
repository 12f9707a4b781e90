//! The `sts` import: AWS STS with the host's source credentials, limited by the policy scope.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::settle::settled;
use crate::bindings::provider::sts::{Host, HostSession, Identity, RoleRequest, SourceKind};
use crate::bindings::provider::types::{Error, ErrorKind};
use crate::capability::Capability;
use crate::misbehaved::Misbehaved;
use crate::outside::OutsideError;
use crate::policy_scope::PolicyScope;
use crate::resource::{HeldSecret, HeldSession, Origin};
use crate::state::State;
use audex_core::printable;
use audex_core::secret::Secret;
use audex_logins::aws::{self, Aws, AwsError, Keys};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for State {
    fn source(&mut self) -> Answer<SourceKind> {
        self.with_aws(async |_, keys| Ok(keys.kind())).map(|answer| {
            answer.map(|kind| match kind {
                aws::SourceKind::LongTerm => SourceKind::LongTerm,
                aws::SourceKind::Temporary => SourceKind::Temporary,
            })
        })
    }

    fn region(&mut self) -> wasmtime::Result<String> {
        self.require(&Capability::Aws)?;
        let outside = Arc::clone(&self.context()?.outside);
        Ok(self.outside_time(|limit| {
            outside.run(limit, async { outside.aws().await.region().to_owned() })
        })?)
    }

    fn caller(&mut self) -> Answer<Identity> {
        self.with_aws(async |aws, keys| {
            let caller = aws.caller_identity(&keys).await?;
            Ok(Identity {
                account: caller.account,
                arn: caller.arn,
                user_id: caller.user_id,
                clock_skew_seconds: caller.clock_skew_seconds,
            })
        })
    }

    fn assume_role(&mut self, request: RoleRequest) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_make(request.duration_seconds)?;
        self.require_own_role(&request.role_arn)?;
        let policy = self.permitted(request.policy)?;
        let asked_seconds = request.duration_seconds;
        let asked = aws::AssumeRole {
            role_arn: request.role_arn,
            session_name: request.session_name,
            policy: Some(policy.to_string()),
            duration_seconds: Some(request.duration_seconds),
            external_id: request.external_id,
        };
        let made = self.with_aws(async |aws, keys| aws.assume_role(&keys, &asked).await)?;
        self.hold_answer(made, Some(policy), asked_seconds)
    }

    fn session_token(&mut self, duration_seconds: u32) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_make(duration_seconds)?;
        let made = self
            .with_aws(async |aws, keys| aws.session_token(&keys, Some(duration_seconds)).await)?;
        self.hold_answer(made, None, duration_seconds)
    }

    fn federation_token(
        &mut self,
        name: String,
        policy: String,
        duration_seconds: u32,
    ) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_make(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let asked = aws::FederationToken {
            name,
            policy: Some(policy.to_string()),
            duration_seconds: Some(duration_seconds),
        };
        let made = self.with_aws(async |aws, keys| aws.federation_token(&keys, &asked).await)?;
        self.hold_answer(made, Some(policy), duration_seconds)
    }

    fn scope_down(
        &mut self,
        policy: String,
        duration_seconds: u32,
    ) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_narrow(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let asked = self.scoped_down(&policy, duration_seconds)?;
        let made =
            self.with_aws(async |aws, source| aws.scoped_credentials(&source, &asked).await)?;
        self.hold_answer(made, Some(policy), duration_seconds)
    }
}

impl HostSession for State {
    fn access_key_id(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<String> {
        Ok(self.table.get(&session)?.session.access_key_id.clone())
    }

    fn secret_access_key(
        &mut self,
        session: Resource<HeldSession>,
    ) -> wasmtime::Result<Resource<HeldSecret>> {
        self.session_secret(&session, |held| held.session.secret_access_key.clone())
    }

    fn session_token(
        &mut self,
        session: Resource<HeldSession>,
    ) -> wasmtime::Result<Resource<HeldSecret>> {
        self.session_secret(&session, |held| held.session.session_token.clone())
    }

    fn expires_at(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&session)?.session.expires_at)
    }

    fn arn(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&session)?.session.arn.clone())
    }

    fn packed_policy_percent(
        &mut self,
        session: Resource<HeldSession>,
    ) -> wasmtime::Result<Option<u32>> {
        Ok(self.table.get(&session)?.session.packed_policy_percent)
    }

    fn scope_down(
        &mut self,
        session: Resource<HeldSession>,
        policy: String,
        duration_seconds: u32,
    ) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_narrow(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let keys = self.keys_of(&session)?;
        let asked = self.scoped_down(&policy, duration_seconds)?;
        let made =
            self.with_keys(keys, async |aws, keys| aws.scoped_credentials(&keys, &asked).await)?;
        self.hold_answer(made, Some(policy), duration_seconds)
    }

    fn federation_token(
        &mut self,
        session: Resource<HeldSession>,
        name: String,
        policy: String,
        duration_seconds: u32,
    ) -> Answer<Resource<HeldSession>> {
        self.context()?.scope.may_make(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let keys = self.keys_of(&session)?;
        let asked = aws::FederationToken {
            name,
            policy: Some(policy.to_string()),
            duration_seconds: Some(duration_seconds),
        };
        // Keys without a session token, which did not come from the source credentials, belong to a user that
        // was just created.
        let is_new = keys.kind() == aws::SourceKind::LongTerm;
        let made = self.with_keys(keys, async |aws, keys| {
            if is_new {
                return settled(async || aws.federation_token(&keys, &asked).await).await;
            }
            aws.federation_token(&keys, &asked).await
        })?;
        self.hold_answer(made, Some(policy), duration_seconds)
    }

    fn from_keys(
        &mut self,
        access_key_id: String,
        secret_access_key: Resource<HeldSecret>,
        session_token: Option<Resource<HeldSecret>>,
        expires_at: Option<u64>,
    ) -> wasmtime::Result<Resource<HeldSession>> {
        self.require_keys()?;
        let secret_access_key = self.lifted(&secret_access_key)?;
        let session_token = match &session_token {
            Some(token) => self.lifted(token)?,
            None => Secret::new(String::new()),
        };
        let session = aws::Session {
            access_key_id: printable::line(&access_key_id),
            secret_access_key,
            session_token,
            expires_at: expires_at.unwrap_or(u64::MAX),
            arn: None,
            packed_policy_percent: None,
            scoped_policies: None,
        };
        // INVARIANT: the session has no policy, so `Provider::value` refuses to deliver it.
        self.hold(HeldSession { session, policy: None, asked_seconds: u32::MAX })
    }

    fn drop(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<()> {
        self.table.delete(session)?;
        Ok(())
    }
}

impl State {
    fn with_aws<T>(
        &mut self,
        operation: impl AsyncFnOnce(&Aws, Keys) -> Result<T, AwsError>,
    ) -> Answer<T> {
        self.require(&Capability::Aws)?;
        let outside = Arc::clone(&self.context()?.outside);
        let answer = self.outside_time(|limit| {
            outside.run(limit, async {
                let keys = outside.keys().await?;
                operation(outside.aws().await, keys).await
            })
        });
        Ok(match answer {
            Ok(answer) => answer.map_err(|error| refusal(&error)),
            Err(error) => Err(error.into()),
        })
    }

    /// Runs one AWS operation with the keys of a guest's session; does not load the source credentials.
    fn with_keys<T>(
        &mut self,
        keys: Keys,
        operation: impl AsyncFnOnce(&Aws, Keys) -> Result<T, AwsError>,
    ) -> Answer<T> {
        self.require_keys()?;
        let outside = Arc::clone(&self.context()?.outside);
        let answer = self.outside_time(|limit| {
            outside.run(limit, async { operation(outside.aws().await, keys).await })
        });
        Ok(match answer {
            Ok(answer) => answer.map_err(|error| refusal(&error)),
            Err(error) => Err(error.into()),
        })
    }

    /// Security: with keys of its own choice, a guest can send data to STS. So this needs the AWS capability,
    /// or the Vault capability, because Vault creates AWS keys.
    fn require_keys(&self) -> Result<(), Misbehaved> {
        self.require_or(&Capability::Aws, &[Capability::Vault])
    }

    fn keys_of(&self, session: &Resource<HeldSession>) -> wasmtime::Result<Keys> {
        let held = &self.table.get(session)?.session;
        let token = (!held.session_token.expose().is_empty()).then_some(&held.session_token);
        let expires_at = (held.expires_at != u64::MAX).then_some(held.expires_at);
        Ok(Keys::new(&held.access_key_id, &held.secret_access_key, token, expires_at))
    }

    /// Returns a secret that a reply gave. Security: no other secret may become AWS keys, so nothing is
    /// signed with another secret.
    fn lifted(&self, secret: &Resource<HeldSecret>) -> wasmtime::Result<Secret> {
        let held = self.table.get(secret)?;
        match held.origin {
            Origin::Lifted { .. } => Ok(held.value.clone()),
            _ => Err(Misbehaved::ForeignKeys.into()),
        }
    }

    /// Security: the user chooses the role. A role of another account would send the command and its data to
    /// that account.
    fn require_own_role(&self, role_arn: &str) -> wasmtime::Result<()> {
        if self.context()?.settings.values().any(|value| value == role_arn) {
            return Ok(());
        }
        Err(Misbehaved::ForeignRole(printable::line(role_arn)).into())
    }

    /// Security: a policy outside the grant is a defect or an attack, so it ends the call.
    fn permitted(&self, policy: String) -> wasmtime::Result<Arc<str>> {
        let scope: &PolicyScope = &self.context()?.scope;
        scope.permit(&policy)?;
        Ok(policy.into())
    }

    fn scoped_down(
        &self,
        policy: &str,
        duration_seconds: u32,
    ) -> wasmtime::Result<aws::ScopedCredentials> {
        let description = self.context()?.purpose.clone();
        Ok(aws::ScopedCredentials { policy: policy.to_owned(), duration_seconds, description })
    }

    fn hold_answer(
        &mut self,
        made: Result<aws::Session, Error>,
        policy: Option<Arc<str>>,
        asked_seconds: u32,
    ) -> Answer<Resource<HeldSession>> {
        Ok(match made {
            Ok(session) => Ok(self.hold(HeldSession { session, policy, asked_seconds })?),
            Err(error) => Err(error),
        })
    }

    fn session_secret(
        &mut self,
        session: &Resource<HeldSession>,
        pick: impl FnOnce(&HeldSession) -> Secret,
    ) -> wasmtime::Result<Resource<HeldSecret>> {
        let held = self.table.get(session)?;
        let value = pick(held);
        let origin = Origin::Session {
            policy: held.policy.clone(),
            expires_at: held.session.expires_at,
            asked_seconds: held.asked_seconds,
            scoped_policies: held.session.scoped_policies,
        };
        self.hold(HeldSecret::whole(value, origin))
    }
}

/// Converts an AWS error to the contract's error.
pub(super) fn refusal(error: &AwsError) -> Error {
    let kind = match error {
        AwsError::Denied(_) => ErrorKind::Denied,
        AwsError::Unsupported(_) => ErrorKind::Unsupported,
        AwsError::Invalid(_)
        | AwsError::InsecureEndpoint { .. }
        | AwsError::CaBundle(_)
        | AwsError::Endpoint(_) => ErrorKind::InvalidInput,
        AwsError::NoCredentials { .. }
        | AwsError::HalfKeys { .. }
        | AwsError::SourceMalformed { .. }
        | AwsError::Profile(_)
        | AwsError::SourceFailed { .. }
        | AwsError::SourceExpired { .. }
        | AwsError::SourceRejected(_)
        | AwsError::Busy(_)
        | AwsError::Unreachable { .. }
        | AwsError::BadReply { .. } => ErrorKind::Unavailable,
    };
    let mut message = error.to_string();
    // Only the last cause is added: the causes between say "dispatch failure" and the like. If no credentials
    // were found, no cause is added: it would name instance metadata, the last place searched, which is not
    // what is missing.
    let missing = matches!(error, AwsError::NoCredentials { .. });
    let mut source = std::error::Error::source(error).filter(|_| !missing);
    while let Some(deeper) = source.and_then(std::error::Error::source) {
        source = Some(deeper);
    }
    if let Some(cause) = source {
        message = format!("{message}: {cause}");
    }
    Error { kind, code: error.code().to_owned(), message, hint: error.hint() }
}

impl From<OutsideError> for Error {
    fn from(error: OutsideError) -> Self {
        plain_error(ErrorKind::Unavailable, "timed-out", error.to_string())
    }
}

/// Returns an error of the host itself.
#[must_use]
pub(crate) fn plain_error(kind: ErrorKind, code: &str, message: String) -> Error {
    Error { kind, code: code.to_owned(), message, hint: None }
}
