//! The STS actions that make a session. Tags and a source identity are never sent: they would need
//! `sts:TagSession` and `sts:SetSourceIdentity` in the role's trust policy.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sts::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::date_time::{DateTime, Format};

use super::Aws;
use super::error::AwsError;
use super::source::Keys;
use audex_core::secret::Secret;

/// The parameters of `AssumeRole`. Durations are in seconds, from 900 to the role's maximum (3600 for a
/// chained role).
#[derive(Clone, Debug)]
pub struct AssumeRole {
    /// The ARN of the role.
    pub role_arn: String,
    /// The name of the session in `CloudTrail`: 2 to 64 characters of `[\w+=,.@-]`.
    pub session_name: String,
    /// The inline session policy; without a policy the session has all permissions of the role.
    pub policy: Option<String>,
    /// The lifetime of the session.
    pub duration_seconds: Option<u32>,
    /// The external id that the trust policy of a third party's role may require.
    pub external_id: Option<String>,
}

/// The parameters of `GetFederationToken`. Only long-term keys of an IAM user may call it.
#[derive(Clone, Debug)]
pub struct FederationToken {
    /// The name of the session: 2 to 32 characters of `[\w+=,.@-]`.
    pub name: String,
    /// The session policy, at most 2048 characters; without a policy the session has no permissions.
    pub policy: Option<String>,
    /// The lifetime of the session, 900 to 129600 seconds.
    pub duration_seconds: Option<u32>,
}

/// The parameters of `GetScopedCredentials`. Only temporary keys may call it.
#[derive(Clone, Debug)]
pub struct ScopedCredentials {
    /// The policy. The session has the permissions that both this policy and the caller have.
    pub policy: String,
    /// The maximum lifetime of the session, 1 to 129600 seconds. If the caller's own session ends earlier,
    /// the new session ends with it.
    pub duration_seconds: u32,
    /// The purpose of the session, for `CloudTrail`; cut to the characters and the length that the parameter
    /// accepts.
    pub description: Option<String>,
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub struct Session {
    /// The public part of the keys.
    pub access_key_id: String,
    /// The secret part of the keys.
    pub secret_access_key: Secret,
    /// The session token, sent with each call beside the signature.
    pub session_token: Secret,
    /// The end of their validity, in seconds since the Unix epoch.
    pub expires_at: u64,
    /// The ARN of the session, if the answer names it.
    pub arn: Option<String>,
    /// The used share of the room for policies, in percent.
    pub packed_policy_percent: Option<u32>,
    /// The number of `GetScopedCredentials` policies in the session, if the answer gives it.
    pub scoped_policies: Option<u32>,
}

/// The owner of a set of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's number.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's unique id; `role-id:session-name` for a role session.
    pub user_id: String,
    /// The service's clock minus the local clock, in seconds, from the `Date` header; whole seconds, round
    /// trip included.
    pub clock_skew_seconds: Option<i64>,
}

impl Aws {
    /// Looks up the owner of `keys` (`GetCallerIdentity`, which needs no permission) and measures the clock
    /// skew.
    ///
    /// # Errors
    /// Any [`AwsError`] of the call.
    pub async fn caller_identity(&self, keys: &Keys) -> Result<Caller, AwsError> {
        const ACTION: &str = "GetCallerIdentity";
        let skew = SkewProbe::default();
        let call =
            self.client(keys).await?.get_caller_identity().customize().interceptor(skew.clone());
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        Ok(Caller {
            account: output.account.unwrap_or_default(),
            arn: output.arn.unwrap_or_default(),
            user_id: output.user_id.unwrap_or_default(),
            clock_skew_seconds: skew.seconds(),
        })
    }

    /// Assumes a role, narrowed by the session policy.
    ///
    /// # Errors
    /// Any [`AwsError`] of the call; `Denied` if the role's trust policy or the caller's own policy does not
    /// allow the call.
    pub async fn assume_role(&self, keys: &Keys, asked: &AssumeRole) -> Result<Session, AwsError> {
        const ACTION: &str = "AssumeRole";
        let call = self
            .client(keys)
            .await?
            .assume_role()
            .role_arn(&asked.role_arn)
            .role_session_name(&asked.session_name)
            .set_policy(asked.policy.clone())
            .set_duration_seconds(seconds(asked.duration_seconds))
            .set_external_id(asked.external_id.clone());
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        let arn = output.assumed_role_user.map(|user| user.arn);
        #[expect(deprecated, reason = "what endpoints older than September 2026 answer")]
        let percent = output.session_token_utilization.or(output.packed_policy_size);
        session(ACTION, output.credentials, arn, percent)
    }

    /// Makes temporary keys from an IAM user's long-term keys, with the same permissions.
    ///
    /// # Errors
    /// Any [`AwsError`] of the call; `Denied` if the keys are temporary already.
    pub async fn session_token(
        &self,
        keys: &Keys,
        duration_seconds: Option<u32>,
    ) -> Result<Session, AwsError> {
        const ACTION: &str = "GetSessionToken";
        let call = self
            .client(keys)
            .await?
            .get_session_token()
            .set_duration_seconds(seconds(duration_seconds));
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        session(ACTION, output.credentials, None, output.session_token_utilization)
    }

    /// Makes temporary keys from an IAM user's long-term keys, narrowed by the session policy.
    ///
    /// # Errors
    /// Any [`AwsError`] of the call; `Denied` if the keys are temporary already.
    pub async fn federation_token(
        &self,
        keys: &Keys,
        asked: &FederationToken,
    ) -> Result<Session, AwsError> {
        const ACTION: &str = "GetFederationToken";
        let call = self
            .client(keys)
            .await?
            .get_federation_token()
            .name(&asked.name)
            .set_policy(asked.policy.clone())
            .set_duration_seconds(seconds(asked.duration_seconds));
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        let arn = output.federated_user.map(|user| user.arn);
        #[expect(deprecated, reason = "what endpoints older than September 2026 answer")]
        let percent = output.session_token_utilization.or(output.packed_policy_size);
        session(ACTION, output.credentials, arn, percent)
    }

    /// Returns a client that signs with `keys`. Sends and reads nothing, but rejects malformed keys and an
    /// unusable endpoint.
    async fn client(&self, keys: &Keys) -> Result<Client, AwsError> {
        keys.require_sendable()?;
        self.sts_endpoint().await?;
        let config =
            Builder::from(&self.config).credentials_provider(keys.credentials().clone()).build();
        Ok(Client::from_conf(config))
    }

    fn sorted<E>(
        &self,
        action: &'static str,
        error: &SdkError<E, HttpResponse>,
        keys: &Keys,
    ) -> AwsError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        self.placed(AwsError::from_sdk(action, error, keys, self.profile.as_deref()))
    }
}

fn seconds(duration: Option<u32>) -> Option<i32> {
    duration.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX))
}

fn session(
    action: &'static str,
    credentials: Option<aws_sdk_sts::types::Credentials>,
    arn: Option<String>,
    percent: Option<i32>,
) -> Result<Session, AwsError> {
    let incomplete =
        |what: &str| AwsError::BadReply { action, reason: format!("it has no {what}") };
    let credentials = credentials.ok_or_else(|| incomplete("credentials"))?;
    for (what, value) in [
        ("access key id", &credentials.access_key_id),
        ("secret access key", &credentials.secret_access_key),
        ("session token", &credentials.session_token),
    ] {
        if value.is_empty() {
            return Err(incomplete(what));
        }
    }
    Ok(Session {
        access_key_id: credentials.access_key_id,
        secret_access_key: Secret::new(credentials.secret_access_key),
        session_token: Secret::new(credentials.session_token),
        expires_at: u64::try_from(credentials.expiration.secs()).unwrap_or(0),
        arn,
        packed_policy_percent: percent.and_then(|percent| u32::try_from(percent).ok()),
        scoped_policies: None,
    })
}

/// Returns the clock skew from a `Date` header, in seconds; positive if the service is ahead.
pub(super) fn skew(date: Option<&str>) -> Option<i64> {
    let theirs = DateTime::from_str(date?, Format::HttpDate).ok()?.secs();
    Some(theirs - i64::try_from(audex_core::clock::unix_seconds()).ok()?)
}

/// A probe that records the clock skew of the last reply.
#[derive(Clone, Debug, Default)]
struct SkewProbe(Arc<Mutex<Option<i64>>>);

impl SkewProbe {
    fn seconds(&self) -> Option<i64> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[dyn_dispatch_hint]
impl Intercept for SkewProbe {
    fn name(&self) -> &'static str {
        "SkewProbe"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            skew(context.response().headers().get("date"));
        Ok(())
    }
}
