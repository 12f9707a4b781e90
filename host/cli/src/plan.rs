//! The request to the cloud, shown before it is made, and the check of its enforcement.

use audex_core::hint::Hint;
use audex_sdk::pattern;
use deny_entry::fold;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

use crate::console;
use crate::filter::{Denied, Filtered, Grant};
use crate::later::Later;
use crate::settings::enforcement::{RequiredBy, strength};
use audex_components::provider::{Advice, Enforcer, GrantPlan, Provider, ProviderError};
use audex_logins::aws::MAX_SCOPED_POLICIES;

/// The method of a session that uses the credentials of the session around it.
pub(crate) const OF_SESSION_AROUND: &str = "session-around";

/// A grant and its plan.
#[derive(Debug)]
pub struct Planned {
    /// The grant.
    pub grant: Grant,
    /// The request to the cloud.
    pub plan: GrantPlan,
    /// The life of one set of keys in seconds, if the session renews them until the ttl.
    pub key_life: Option<u32>,
    /// The number of policies from `GetScopedCredentials` on the credentials; `None` if they are made without
    /// that call.
    pub layer: Option<u32>,
    /// The parts of the grant that are minted when a request first needs them.
    pub later: Later,
    /// The permissions that filters removed.
    pub denied: Vec<Denied>,
    /// The notices for the user, from every stage so far.
    pub notices: Vec<String>,
    /// The calls of the command that are known to fail with this grant.
    pub advice: Vec<Advice>,
}

impl Planned {
    /// Returns the life to ask for, in seconds: that of one set of keys, or the ttl.
    #[must_use]
    pub(crate) fn life(&self) -> u32 {
        self.key_life.unwrap_or(self.grant.shown().ttl_seconds)
    }

    /// Leaves the grant to the gateway: the session uses the credentials of the session around it, which can do more.
    pub(crate) fn leave_to_gateway(&mut self, reason: &str) {
        let plan = &mut self.plan;
        OF_SESSION_AROUND.clone_into(&mut plan.method);
        plan.longest_life_seconds = self.grant.shown().ttl_seconds;
        for permission in &mut plan.permissions {
            permission.enforced_by = Enforcer::Gateway;
        }
        self.notices.push(format!(
            "the gateway alone limits this session, which uses the credentials of the session around it: {reason}"
        ));
    }

    /// Returns true if the cloud may make credentials that live longer than the ttl. Then the command is ended.
    #[must_use]
    pub(crate) fn may_outlive(&self) -> bool {
        self.plan.longest_life_seconds > self.grant.shown().ttl_seconds
    }

    /// Returns the notice about credentials that may live longer than asked for, and the consequence.
    /// This notice is for the plan; a run reports the actual end.
    #[must_use]
    pub(crate) fn floor_notice(&self) -> Option<String> {
        let duration = |seconds: u32| console::duration(seconds.into());
        let longest = duration(self.plan.longest_life_seconds);
        if self.may_outlive() {
            let ttl = duration(self.grant.shown().ttl_seconds);
            return Some(format!(
                "the cloud may make credentials that live {longest}; if so, the command is ended after {ttl}"
            ));
        }
        let life = self.key_life.filter(|life| self.plan.longest_life_seconds > *life)?;
        let life = duration(life);
        Some(format!(
            "the cloud may make keys that live {longest}, and not {life}; then they are renewed less often"
        ))
    }
}

/// The error for a grant without a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The provider failed or rejected the grant.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider has no such document of the grant.
    #[error(transparent)]
    NoDocument(ProviderError),
    /// The credentials would not be enforced at all, and the deny list has entries.
    #[error("nobody would enforce the deny list on these credentials")]
    DenyVoid,
    /// A permission would be enforced less strictly than required.
    #[error("`{action}` would be enforced by `{enforced_by}`, and {} `{required}`", by.requires())]
    TooWeak {
        /// The permission.
        action: String,
        /// The enforcer of the permission.
        enforced_by: &'static str,
        /// The required enforcer.
        required: &'static str,
        /// Who says so.
        by: RequiredBy,
        /// The method that would make the credentials.
        method: String,
    },
    /// A session inside another has one policy, and the grant does not fit.
    #[error("one policy has no room for the grant, and a session inside another has one")]
    NoRoomInside,
    /// The source credentials cannot be narrowed once more.
    #[error(
        "the source credentials carry {MAX_SCOPED_POLICIES} scope-down policies, and STS takes no more for one session"
    )]
    NoLayerLeft,
}

impl Hint for PlanError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Provider(error) | Self::NoDocument(error) => return error.hint(),
            Self::DenyVoid => {
                "use a method that limits the credentials, or ask whoever owns the deny list".into()
            }
            Self::TooWeak { method, .. } => format!(
                "`{method}` cannot do more for it: choose another --method, or permissions that it can limit"
            )
            .into(),
            Self::NoRoomInside => {
                "name fewer permissions; the session around it can hold the others".into()
            }
            Self::NoLayerLeft => {
                "run it from an outer session, or set AUDEX_ROLE_ARN to a role to assume".into()
            }
        })
    }
}

/// Lets `provider` plan the grant and report obstacles to `command`.
///
/// `key_life` is the life of one set of keys, if the session renews them; the ttl limits it.
/// `forbidden` has every pattern of the deny lists for this provider, requested or not.
///
/// # Errors
/// When the provider fails or rejects the grant, or a deny list would have no effect.
pub fn plan(
    filtered: Filtered,
    provider: &Provider,
    command: &[String],
    key_life: Option<Duration>,
    forbidden: Vec<String>,
) -> Result<Planned, PlanError> {
    let Filtered { mut grant, denied, mut notices } = filtered;
    let ttl = grant.shown().ttl_seconds;
    let key_life = key_life.map(|life| u32::try_from(life.as_secs()).unwrap_or(u32::MAX).min(ttl));
    let life = key_life.unwrap_or(ttl);
    let mut plan = provider.plan(&grant.lasting(life))?;
    let weakest = |plan: &GrantPlan| plan.permissions.iter().map(|p| strength(p.enforced_by)).min();
    // Security: a credential that is wider than the grant may allow actions that were not requested, and no
    // filter has seen those. For such a credential every entry of the deny lists counts, and the provider
    // rejects the entries that it cannot enforce.
    if weakest(&plan).is_some_and(|weakest| weakest < strength(Enforcer::Cloud))
        && !forbidden.is_empty()
    {
        grant.forbid(forbidden);
        plan = provider.plan(&grant.lasting(life))?;
        if weakest(&plan) == Some(strength(Enforcer::None)) {
            return Err(PlanError::DenyVoid);
        }
    } else {
        plan = deny_what_it_overlaps(plan, &mut grant, life, provider, &forbidden)?;
    }
    notices.extend(plan.notices.iter().cloned());
    let advice = if command.is_empty() {
        Vec::new()
    } else {
        provider.preflight(grant.shown(), command).map_err(ProviderError::Plugin)?
    };
    let later = Later::default();
    Ok(Planned { grant, plan, key_life, layer: None, later, denied, notices, advice })
}

/// Returns a plan that denies every entry which its own policy overlaps.
///
/// Security: filters saw the requested actions. A provider may write these shorter (`s3:GetAc*` for two
/// names), and the short form may overlap an entry that overlapped nothing before. Such an entry becomes part
/// of the grant, and the plan is made again.
fn deny_what_it_overlaps(
    mut plan: GrantPlan,
    grant: &mut Grant,
    life: u32,
    provider: &Provider,
    forbidden: &[String],
) -> Result<GrantPlan, PlanError> {
    loop {
        let allowed = plan.policy.as_deref().map(allowed_actions).unwrap_or_default();
        let overlaps = |entry: &&String| {
            let entry = fold(entry);
            allowed.iter().any(|action| pattern::intersects(&entry, &fold(action)))
        };
        let denied = &grant.shown().deny;
        let missing: Vec<String> = forbidden
            .iter()
            .filter(|entry| !denied.contains(entry))
            .filter(overlaps)
            .cloned()
            .collect();
        // Each iteration adds an entry, so the loop ends.
        if missing.is_empty() {
            return Ok(plan);
        }
        grant.forbid(missing);
        plan = provider.plan(&grant.lasting(life))?;
    }
}

/// Returns the actions that the allowing statements of an IAM policy name, or none for a document of another
/// kind.
fn allowed_actions(policy: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let allowing =
        statements.into_iter().filter(|one| one.get("Effect").is_some_and(|is| is == "Allow"));
    let listed = allowing.filter_map(|one| one.get("Action")).flat_map(|actions| match actions {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    });
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Checks that every permission is enforced at least as strictly as `required`.
///
/// # Errors
/// [`PlanError::TooWeak`] for the first permission that is not.
pub fn require(planned: &Planned, required: Enforcer, by: &RequiredBy) -> Result<(), PlanError> {
    let weak =
        planned.plan.permissions.iter().find(|p| strength(p.enforced_by) < strength(required));
    match weak {
        None => Ok(()),
        Some(permission) => Err(PlanError::TooWeak {
            action: permission.action.clone(),
            enforced_by: enforcer_name(permission.enforced_by),
            required: enforcer_name(required),
            by: by.clone(),
            method: planned.plan.method.clone(),
        }),
    }
}

/// Returns the word for an enforcer in output and settings.
#[must_use]
pub(crate) fn enforcer_name(enforcer: Enforcer) -> &'static str {
    match enforcer {
        Enforcer::Cloud => "cloud",
        Enforcer::Gateway => "gateway",
        Enforcer::Token => "token",
        Enforcer::None => "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_actions_of_a_policy_are_those_of_its_allowing_statements() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetAc*","sqs:*"],"Resource":"*"},
            {"Effect":"Allow","Action":"iam:GetUser","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
        assert_eq!(allowed_actions(policy), ["s3:GetAc*", "sqs:*", "iam:GetUser"]);
        let one = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
        assert_eq!(allowed_actions(one), ["s3:GetObject"]);
        for other in [r#"{"scope":["https://x"]}"#, "sp=r", "", "[]", r#"{"Statement":[{}]}"#] {
            assert!(allowed_actions(other).is_empty(), "{other}");
        }
    }
}
