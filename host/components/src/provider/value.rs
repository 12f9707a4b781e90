//! The host's check of the variable and file values that a provider hands out.

use wasmtime::component::Resource;

use super::{GrantPlan, Provider, wit};
use crate::component::PluginError;
use crate::resource::{HeldSecret, Origin};
use crate::state::State;
use audex_core::secret::Secret;
use audex_core::session::Value;

impl Provider {
    /// Security: only planned credentials reach the child. Parts of AWS sessions must carry the planned
    /// policy and their own expiry; the guest cannot change either.
    pub(super) fn value(
        &self,
        state: &mut State,
        value: wit::Value,
        plan: &GrantPlan,
        expires_at: u64,
    ) -> Result<Value, PluginError> {
        match value {
            wit::Value::Plain(text) => Ok(Value::Plain(text)),
            wit::Value::Secret(handle) => {
                self.secret(state, handle, plan, expires_at).map(Value::Secret)
            }
        }
    }

    /// Security: see [`Self::value`].
    pub(super) fn secret(
        &self,
        state: &mut State,
        handle: Resource<HeldSecret>,
        plan: &GrantPlan,
        expires_at: u64,
    ) -> Result<Secret, PluginError> {
        let Ok(HeldSecret { value, origin, .. }) = state.table.delete(handle) else {
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
            state.delivered_seconds = state.delivered_seconds.max(Some(asked_seconds));
            state.delivered_scoped_policies = state.delivered_scoped_policies.max(scoped_policies);
        }
        Ok(value)
    }
}
