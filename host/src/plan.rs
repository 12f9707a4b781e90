//! What will be asked of the cloud, shown before it is, and whether it is enforced enough.

use audex_sdk::pattern;
use deny_entry::fold;
use serde_json::Value;

use crate::aws::MAX_SCOPED_POLICIES;
use crate::console;
use crate::filter::{Denied, Filtered, Grant};
use crate::plugin::provider::{Advice, Enforcer, GrantPlan, Provider, ProviderError};
use crate::settings::{RequiredBy, strength};

/// A grant and what will be done about it.
#[derive(Debug)]
pub struct Planned {
    /// What is granted.
    pub grant: Grant,
    /// What will be asked of the cloud.
    pub plan: GrantPlan,
    /// The number of policies of `GetScopedCredentials` on the credentials; none where they are made without that call.
    pub layer: Option<u32>,
    /// What filters took away.
    pub denied: Vec<Denied>,
    /// What the user should know, from every stage so far.
    pub notices: Vec<String>,
    /// What is known beforehand to fail when the command is run with this grant.
    pub advice: Vec<Advice>,
}

impl Planned {
    /// What happens at the ttl if the cloud makes no credentials that short; for the plan, as a run says what did happen.
    #[must_use]
    pub fn floor_notice(&self) -> Option<String> {
        let (ttl, longest) = (self.grant.shown().ttl_seconds, self.plan.longest_life_seconds);
        let duration = |seconds: u32| console::duration(seconds.into());
        (longest > ttl).then(|| {
            format!(
                "the cloud may make credentials that live {}; if so, the command is ended after {}",
                duration(longest),
                duration(ttl)
            )
        })
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The provider failed or refused.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The provider has no such document of the grant.
    #[error(transparent)]
    NoDocument(ProviderError),
    /// Nobody would enforce anything, and something is denied.
    #[error("nobody would enforce the deny list on these credentials")]
    DenyVoid,
    /// A permission would be enforced by less than is required.
    #[error("`{action}` would be enforced by `{enforced_by}`, and {} `{required}`", by.requires())]
    TooWeak {
        /// The permission.
        action: String,
        /// Who would enforce it.
        enforced_by: &'static str,
        /// Who must.
        required: &'static str,
        /// Who says so.
        by: RequiredBy,
        /// The method that would make the credentials.
        method: String,
    },
    /// The source credentials cannot be narrowed once more.
    #[error(
        "the source credentials carry {MAX_SCOPED_POLICIES} scope-down policies, and STS takes no more for one session"
    )]
    NoLayerLeft,
}

/// Has `provider` plan the grant, and say what stands in the way of `command`.
///
/// `forbidden` is everything that the deny lists have for this provider, asked for or not.
///
/// # Errors
/// When it fails or refuses, or a deny list would be void.
pub fn plan(
    filtered: Filtered,
    provider: &Provider,
    command: &[String],
    forbidden: Vec<String>,
) -> Result<Planned, PlanError> {
    let Filtered { mut grant, denied, mut notices } = filtered;
    let mut plan = provider.plan(grant.shown())?;
    let weakest = |plan: &GrantPlan| plan.permissions.iter().map(|p| strength(p.enforced_by)).min();
    // Security: a credential that is wider than the grant may do what nobody asked for, and what nobody asked for no filter
    // has seen. There every entry of the deny lists counts, and the provider refuses those that it cannot keep.
    if weakest(&plan).is_some_and(|weakest| weakest < strength(Enforcer::Cloud)) && !forbidden.is_empty() {
        grant.forbid(forbidden);
        plan = provider.plan(grant.shown())?;
        if weakest(&plan) == Some(strength(Enforcer::None)) {
            return Err(PlanError::DenyVoid);
        }
    } else {
        plan = deny_what_it_overlaps(plan, &mut grant, provider, &forbidden)?;
    }
    notices.extend(plan.notices.iter().cloned());
    let advice = if command.is_empty() {
        Vec::new()
    } else {
        provider.preflight(grant.shown(), command).map_err(ProviderError::Plugin)?
    };
    Ok(Planned { grant, plan, layer: None, denied, notices, advice })
}

/// Returns a plan that denies every entry which its own policy overlaps.
///
/// Security: filters saw what was asked for. A provider may write it shorter (`s3:GetAc*` for two names), and that may overlap an
/// entry that overlapped nothing before. Such an entry becomes part of the grant, and the plan is made again.
fn deny_what_it_overlaps(
    mut plan: GrantPlan,
    grant: &mut Grant,
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
        let missing: Vec<String> =
            forbidden.iter().filter(|entry| !denied.contains(entry)).filter(overlaps).cloned().collect();
        // Each turn adds an entry, so this ends.
        if missing.is_empty() {
            return Ok(plan);
        }
        grant.forbid(missing);
        plan = provider.plan(grant.shown())?;
    }
}

/// Returns the actions that the allowing statements of an IAM policy name; none of a document of another kind.
fn allowed_actions(policy: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(policy).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(many)) => many.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let allowing = statements.into_iter().filter(|one| one.get("Effect").is_some_and(|is| is == "Allow"));
    let listed = allowing.filter_map(|one| one.get("Action")).flat_map(|actions| match actions {
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    });
    listed.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether every permission is enforced at least as `required` says.
///
/// # Errors
/// Names the first that is not.
pub fn require(planned: &Planned, required: Enforcer, by: &RequiredBy) -> Result<(), PlanError> {
    let weak = planned.plan.permissions.iter().find(|p| strength(p.enforced_by) < strength(required));
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

/// The word for an enforcer, in output and settings.
#[must_use]
pub fn enforcer_name(enforcer: Enforcer) -> &'static str {
    match enforcer {
        Enforcer::Cloud => "cloud",
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
