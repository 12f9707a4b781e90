//! The STS actions a session is made with. Tags and a source identity are never sent: they would need
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

/// What `AssumeRole` is asked for; durations in seconds, 900 to the role's maximum (3600 when chained).
#[derive(Clone, Debug)]
pub struct AssumeRole {
    /// The role to become.
    pub role_arn: String,
    /// Names the session in `CloudTrail`: 2 to 64 characters of `[\w+=,.@-]`.
    pub session_name: String,
    /// The inline session policy; without one the session can do all the role can.
    pub policy: Option<String>,
    /// How long the session lasts.
    pub duration_seconds: Option<u32>,
    /// What the trust policy of a third party's role may ask for.
    pub external_id: Option<String>,
}

/// What `GetFederationToken` is asked for; only long-term keys of an IAM user may call it.
#[derive(Clone, Debug)]
pub struct FederationToken {
    /// Names the session: 2 to 32 characters of `[\w+=,.@-]`.
    pub name: String,
    /// The session policy, at most 2048 characters; without one the session can do nothing.
    pub policy: Option<String>,
    /// How long the session lasts, 900 to 129600 seconds.
    pub duration_seconds: Option<u32>,
}

/// What `GetScopedCredentials` is asked for; only temporary keys may call it.
#[derive(Clone, Debug)]
pub struct ScopedCredentials {
    /// The policy the caller's own permissions are intersected with.
    pub policy: String,
    /// How long the session lasts at most, 1 to 129600 seconds. Where the caller's own session ends earlier, so does this one.
    pub duration_seconds: u32,
    /// The purpose of the session, for `CloudTrail`; cut to the characters and the length that the parameter takes.
    pub description: Option<String>,
}

/// Temporary credentials.
#[derive(Clone, Debug)]
pub struct Session {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret,
    /// Sent with each call beside the signature.
    pub session_token: Secret,
    /// When they stop working, in seconds since the Unix epoch.
    pub expires_at: u64,
    /// Whom they speak for, when the answer says.
    pub arn: Option<String>,
    /// How much of the room for policies is used, in percent.
    pub packed_policy_percent: Option<u32>,
    /// How many policies of `GetScopedCredentials` they carry, when the answer says.
    pub scoped_policies: Option<u32>,
}

/// Who a set of keys belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's number.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The caller's unique id; `role-id:session-name` for a role session.
    pub user_id: String,
    /// The service's clock minus ours, in seconds, from the `Date` header; whole seconds, round trip included.
    pub clock_skew_seconds: Option<i64>,
}

impl Aws {
    /// Asks who `keys` belong to (`GetCallerIdentity`, which needs no permission) and measures the clock skew.
    ///
    /// # Errors
    /// As [`AwsError`] sorts them.
    pub async fn caller_identity(&self, keys: &Keys) -> Result<Caller, AwsError> {
        const ACTION: &str = "GetCallerIdentity";
        let skew = SkewProbe::default();
        let call = self.client(keys).await?.get_caller_identity().customize().interceptor(skew.clone());
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        Ok(Caller {
            account: output.account.unwrap_or_default(),
            arn: output.arn.unwrap_or_default(),
            user_id: output.user_id.unwrap_or_default(),
            clock_skew_seconds: skew.seconds(),
        })
    }

    /// Becomes a role, narrowed by the session policy.
    ///
    /// # Errors
    /// As [`AwsError`] sorts them; `Denied` when the trust policy or the caller's own does not allow it.
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

    /// Makes temporary keys of an IAM user's long-term ones, with the same permissions.
    ///
    /// # Errors
    /// As [`AwsError`] sorts them; `Denied` when the keys are temporary already.
    pub async fn session_token(
        &self,
        keys: &Keys,
        duration_seconds: Option<u32>,
    ) -> Result<Session, AwsError> {
        const ACTION: &str = "GetSessionToken";
        let call =
            self.client(keys).await?.get_session_token().set_duration_seconds(seconds(duration_seconds));
        let output = call.send().await.map_err(|error| self.sorted(ACTION, &error, keys))?;
        session(ACTION, output.credentials, None, output.session_token_utilization)
    }

    /// Makes temporary keys of an IAM user's long-term ones, narrowed by the session policy.
    ///
    /// # Errors
    /// As [`AwsError`] sorts them; `Denied` when the keys are temporary already.
    pub async fn federation_token(&self, keys: &Keys, asked: &FederationToken) -> Result<Session, AwsError> {
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

    /// A client that signs with `keys`; building one sends and reads nothing, but refuses an unusable endpoint.
    async fn client(&self, keys: &Keys) -> Result<Client, AwsError> {
        keys.require_sendable()?;
        self.sts_endpoint().await?;
        let config = Builder::from(&self.config).credentials_provider(keys.credentials().clone()).build();
        Ok(Client::from_conf(config))
    }

    fn sorted<E>(&self, action: &'static str, error: &SdkError<E, HttpResponse>, keys: &Keys) -> AwsError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        AwsError::from_sdk(action, error, keys, self.profile.as_deref())
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
    let incomplete = |what: &str| AwsError::BadReply { action, reason: format!("it has no {what}") };
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

/// The `Date` header's distance from our clock, in seconds; positive when the service is ahead.
pub(super) fn skew(date: Option<&str>) -> Option<i64> {
    let theirs = DateTime::from_str(date?, Format::HttpDate).ok()?.secs();
    Some(theirs - i64::try_from(audex_core::clock::unix_seconds()).ok()?)
}

/// Notes the clock skew of the last reply.
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
