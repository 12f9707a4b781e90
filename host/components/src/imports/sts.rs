//! The `sts` import: AWS STS with the host's source credentials, limited by the policy scope.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceTableError};

use super::View;
use super::settle::settled;
use super::slot::aws_caller;
use crate::bindings::provider::sts::{Host, HostSession, Identity, RoleRequest, SourceKind};
use crate::capability::Capability;
use crate::import_error::ImportError;
use crate::limit;
use crate::logins::Logins;
use crate::misbehaved::Misbehaved;
use crate::network::Network;
use crate::policy_scope::OutsideGrant;
use crate::resource::{HeldSecret, HeldSession, Origin};
use audex_core::printable;
use audex_core::secret::Secret;
use audex_logins::aws::{self, Aws, AwsError, Keys};

/// The context of the `sts` import.
pub(crate) struct Sts {
    pub network: Arc<Network>,
    pub logins: Arc<Logins>,
}

/// A session by handle, or an error.
type Held = Result<Resource<HeldSession>, ImportError>;

impl Host for View<'_, Sts> {
    fn source(&mut self) -> Result<SourceKind, ImportError> {
        Ok(match self.with_aws(async |_, keys| Ok(keys.kind()))? {
            aws::SourceKind::LongTerm => SourceKind::LongTerm,
            aws::SourceKind::Temporary => SourceKind::Temporary,
        })
    }

    fn region(&mut self) -> wasmtime::Result<String> {
        self.call.require(&Capability::Aws)?;
        let Sts { network, logins } = self.own;
        let region = async { logins.aws().await.region().to_owned() };
        Ok(self.call.wait(network, limit::WALL_TIME, region)?)
    }

    fn caller(&mut self) -> Result<Identity, ImportError> {
        let caller = aws_caller(self.call, &self.own.network, &self.own.logins)?;
        Ok(Identity {
            account: caller.account,
            arn: caller.arn,
            user_id: caller.user_id,
            clock_skew_seconds: caller.clock_skew_seconds,
        })
    }

    fn assume_role(&mut self, request: RoleRequest) -> Held {
        self.call.scope.may_make(request.duration_seconds)?;
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
        self.hold_session(made, Some(policy), asked_seconds)
    }

    fn session_token(&mut self, duration_seconds: u32) -> Held {
        self.call.scope.may_make(duration_seconds)?;
        let made = self
            .with_aws(async |aws, keys| aws.session_token(&keys, Some(duration_seconds)).await)?;
        self.hold_session(made, None, duration_seconds)
    }

    fn federation_token(&mut self, name: String, policy: String, duration_seconds: u32) -> Held {
        self.call.scope.may_make(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let asked = aws::FederationToken {
            name,
            policy: Some(policy.to_string()),
            duration_seconds: Some(duration_seconds),
        };
        let made = self.with_aws(async |aws, keys| aws.federation_token(&keys, &asked).await)?;
        self.hold_session(made, Some(policy), duration_seconds)
    }

    fn scope_down(&mut self, policy: String, duration_seconds: u32) -> Held {
        self.call.scope.may_narrow(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let asked = self.scoped_down(&policy, duration_seconds);
        let made =
            self.with_aws(async |aws, source| aws.scoped_credentials(&source, &asked).await)?;
        self.hold_session(made, Some(policy), duration_seconds)
    }
}

impl HostSession for View<'_, Sts> {
    fn access_key_id(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<String> {
        Ok(self.call.table.get(&session)?.session.access_key_id.clone())
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
        Ok(self.call.table.get(&session)?.session.expires_at)
    }

    fn arn(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<Option<String>> {
        Ok(self.call.table.get(&session)?.session.arn.clone())
    }

    fn packed_policy_percent(
        &mut self,
        session: Resource<HeldSession>,
    ) -> wasmtime::Result<Option<u32>> {
        Ok(self.call.table.get(&session)?.session.packed_policy_percent)
    }

    fn scope_down(
        &mut self,
        session: Resource<HeldSession>,
        policy: String,
        duration_seconds: u32,
    ) -> Held {
        self.call.scope.may_narrow(duration_seconds)?;
        let policy = self.permitted(policy)?;
        let keys = self.keys_of(&session)?;
        let asked = self.scoped_down(&policy, duration_seconds);
        let made =
            self.with_keys(keys, async |aws, keys| aws.scoped_credentials(&keys, &asked).await)?;
        self.hold_session(made, Some(policy), duration_seconds)
    }

    fn federation_token(
        &mut self,
        session: Resource<HeldSession>,
        name: String,
        policy: String,
        duration_seconds: u32,
    ) -> Held {
        self.call.scope.may_make(duration_seconds)?;
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
        self.hold_session(made, Some(policy), duration_seconds)
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
        Ok(self.call.hold(HeldSession { session, policy: None, asked_seconds: u32::MAX })?)
    }

    fn drop(&mut self, session: Resource<HeldSession>) -> wasmtime::Result<()> {
        self.call.table.delete(session)?;
        Ok(())
    }
}

impl View<'_, Sts> {
    fn with_aws<T>(
        &mut self,
        operation: impl AsyncFnOnce(&Aws, Keys) -> Result<T, AwsError>,
    ) -> Result<T, ImportError> {
        self.call.require(&Capability::Aws)?;
        let Sts { network, logins } = self.own;
        let asked = async {
            let keys = logins.keys().await?;
            operation(logins.aws().await, keys).await
        };
        Ok(self.call.wait(network, limit::WALL_TIME, asked)??)
    }

    /// Runs one AWS operation with the keys of a guest's session; does not load the source credentials.
    fn with_keys<T>(
        &mut self,
        keys: Keys,
        operation: impl AsyncFnOnce(&Aws, Keys) -> Result<T, AwsError>,
    ) -> Result<T, ImportError> {
        self.require_keys()?;
        let Sts { network, logins } = self.own;
        let asked = async { operation(logins.aws().await, keys).await };
        Ok(self.call.wait(network, limit::WALL_TIME, asked)??)
    }

    /// Security: with keys of its own choice, a guest can send data to STS. So this needs the AWS capability,
    /// or the Vault capability, because Vault creates AWS keys.
    fn require_keys(&self) -> Result<(), Misbehaved> {
        self.call.require_or(&Capability::Aws, &[Capability::Vault])
    }

    fn keys_of(&self, session: &Resource<HeldSession>) -> Result<Keys, ResourceTableError> {
        let held = &self.call.table.get(session)?.session;
        let token = (!held.session_token.expose().is_empty()).then_some(&held.session_token);
        let expires_at = (held.expires_at != u64::MAX).then_some(held.expires_at);
        Ok(Keys::new(&held.access_key_id, &held.secret_access_key, token, expires_at))
    }

    /// Returns a secret that a reply gave. Security: no other secret may become AWS keys, so nothing is
    /// signed with another secret.
    fn lifted(&self, secret: &Resource<HeldSecret>) -> wasmtime::Result<Secret> {
        let held = self.call.table.get(secret)?;
        match held.origin {
            Origin::Lifted { .. } => Ok(held.value.clone()),
            _ => Err(Misbehaved::ForeignKeys.into()),
        }
    }

    /// Security: the user chooses the role. A role of another account would send the command and its data to
    /// that account.
    fn require_own_role(&self, role_arn: &str) -> Result<(), Misbehaved> {
        if self.call.settings.values().any(|value| value == role_arn) {
            return Ok(());
        }
        Err(Misbehaved::ForeignRole(printable::line(role_arn)))
    }

    /// Security: a policy outside the grant is a defect or an attack, so it ends the call.
    fn permitted(&self, policy: String) -> Result<Arc<str>, OutsideGrant> {
        self.call.scope.permit(&policy)?;
        Ok(policy.into())
    }

    fn scoped_down(&self, policy: &str, duration_seconds: u32) -> aws::ScopedCredentials {
        let description = self.call.purpose.clone();
        aws::ScopedCredentials { policy: policy.to_owned(), duration_seconds, description }
    }

    fn hold_session(
        &mut self,
        session: aws::Session,
        policy: Option<Arc<str>>,
        asked_seconds: u32,
    ) -> Held {
        Ok(self.call.hold(HeldSession { session, policy, asked_seconds })?)
    }

    fn session_secret(
        &mut self,
        session: &Resource<HeldSession>,
        pick: impl FnOnce(&HeldSession) -> Secret,
    ) -> wasmtime::Result<Resource<HeldSecret>> {
        let held = self.call.table.get(session)?;
        let value = pick(held);
        let origin = Origin::Session {
            policy: held.policy.clone(),
            expires_at: held.session.expires_at,
            asked_seconds: held.asked_seconds,
            scoped_policies: held.session.scoped_policies,
        };
        Ok(self.call.hold(HeldSecret::whole(value, origin))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::CallContext;
    use audex_core::source::Source;

    fn trap<T>(answer: Result<T, ImportError>) -> Option<Misbehaved> {
        let Err(ImportError::Trap(trap)) = answer else { return None };
        trap.downcast().ok()
    }

    fn sts() -> Sts {
        Sts { network: Arc::default(), logins: Arc::default() }
    }

    fn secret(call: &mut CallContext, origin: Origin) -> Resource<HeldSecret> {
        call.hold(HeldSecret::whole(Secret::new("planted".to_owned()), origin)).unwrap()
    }

    #[test]
    fn without_the_capability_aws_is_never_asked() {
        let own = sts();
        let mut call = CallContext::granted(Source::BuiltIn, &["slot:gcp"]);
        let mut view = View::new(&mut call, &own);
        let denied = |trap: Option<Misbehaved>| {
            matches!(trap, Some(Misbehaved::NotGranted(Capability::Aws)))
        };
        assert!(denied(trap(view.source())) && denied(trap(view.caller())));
        assert!(denied(view.region().unwrap_err().downcast().ok()));
        let lifted = Origin::Lifted { host: "x.com".to_owned() };
        let key = secret(view.call, lifted);
        let made = view.from_keys("AKIA".to_owned(), key, None, None);
        assert!(denied(made.unwrap_err().downcast().ok()));
    }

    #[test]
    fn keys_are_made_only_of_a_secret_that_a_reply_gave() {
        let (own, lifted) = (sts(), Origin::Lifted { host: "vault.invalid".to_owned() });
        for (origin, may) in [(lifted, true), (Origin::Slot, false), (Origin::Guest, false)] {
            let mut call = CallContext::granted(Source::BuiltIn, &["slot:vault"]);
            let key = secret(&mut call, origin);
            let made = View::new(&mut call, &own).from_keys("AKIA".to_owned(), key, None, None);
            assert_eq!(made.is_ok(), may);
        }
    }

    #[test]
    fn a_role_that_no_setting_names_is_not_assumed() {
        let call = CallContext::granted(Source::BuiltIn, &["slot:aws"]);
        let (mut call, own) = (call, sts());
        call.settings.insert("role_arn".to_owned(), "arn:own".to_owned());
        let view = View::new(&mut call, &own);
        assert!(view.require_own_role("arn:own").is_ok());
        assert!(matches!(view.require_own_role("arn:other"), Err(Misbehaved::ForeignRole(_))));
    }
}
