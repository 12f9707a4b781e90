//! The host's check of the variable and file values that a provider hands out.

use wasmtime::component::{Resource, ResourceTable};

use super::{GrantPlan, Provider, wit};
use crate::component::PluginError;
use crate::resource::{HeldSecret, Origin};
use audex_core::delivery::Value;
use audex_core::secret::Secret;

/// What is known of the AWS credentials among the values.
#[derive(Default)]
pub(super) struct AwsPart {
    /// The longest requested life.
    pub asked_seconds: Option<u32>,
    /// The number of `GetScopedCredentials` policies that they carry, if STS reported it.
    pub scoped_policies: Option<u32>,
}

impl Provider {
    /// Security: only planned credentials reach the child. Parts of AWS sessions must carry the planned
    /// policy and their own expiry; the guest cannot change either.
    pub(super) fn value(
        &self,
        table: &mut ResourceTable,
        value: wit::Value,
        plan: &GrantPlan,
        expires_at: u64,
        aws: &mut AwsPart,
    ) -> Result<Value, PluginError> {
        match value {
            wit::Value::Plain(text) => Ok(Value::Plain(text)),
            wit::Value::Secret(handle) => {
                self.secret(table, handle, plan, expires_at, aws).map(Value::Secret)
            }
        }
    }

    /// Security: see [`Self::value`].
    pub(super) fn secret(
        &self,
        table: &mut ResourceTable,
        handle: Resource<HeldSecret>,
        plan: &GrantPlan,
        expires_at: u64,
        aws: &mut AwsPart,
    ) -> Result<Secret, PluginError> {
        let Ok(HeldSecret { value, origin, .. }) = table.delete(handle) else {
            return Err(self.bad("it handed out a secret it does not hold"));
        };
        match origin {
            Origin::Slot => return Err(self.bad("it handed out a source credential")),
            Origin::Audience { .. } => {
                return Err(
                    self.bad("it handed out a token of one audience outside an identity endpoint")
                );
            }
            Origin::SigningKey { .. } => return Err(self.bad("it handed out a signing key")),
            Origin::Guest | Origin::Lifted { .. } | Origin::Session { .. } => {}
        }
        if let Origin::Session { policy, expires_at: ends, asked_seconds, scoped_policies } = origin
        {
            if policy.is_none() || policy.as_deref() != plan.policy.as_deref() {
                return Err(self.bad("it handed out credentials without the planned policy"));
            }
            if ends != expires_at {
                return Err(self.bad("it misstated when its credentials expire"));
            }
            aws.asked_seconds = aws.asked_seconds.max(Some(asked_seconds));
            aws.scoped_policies = aws.scoped_policies.max(scoped_policies);
        }
        Ok(value)
    }
}
