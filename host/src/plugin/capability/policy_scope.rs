//! The host's own look at every policy a component hands to STS.
//!
//! Security: a provider is third-party code. Whatever it compiles, nothing outside the grant may be asked of the cloud, and
//! nothing but the planned policy may be delivered.

use audex_sdk::pattern;
use serde_json::Value;

use crate::plugin::provider::Grant;

/// The action that lets a first session be narrowed; allowed in policies of sessions that are never delivered.
const SCOPE_DOWN: &str = "sts:getscopedcredentials";

/// What a policy may allow.
#[derive(Clone, Debug, Default)]
pub struct PolicyScope {
    /// Action patterns, lower case.
    actions: Vec<String>,
    /// Resource patterns; empty means every resource.
    resources: Vec<String>,
    /// Action patterns that must stay forbidden, lower case.
    deny: Vec<String>,
    /// The policy that was planned and shown.
    planned: Option<String>,
}

/// What a policy says that it must not.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a policy outside the grant was asked of STS: {0}")]
pub struct OutsideGrant(String);

impl PolicyScope {
    /// Nothing may be allowed: the scope of calls that mint nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The scope of one grant.
    #[must_use]
    pub fn of(grant: &Grant, planned: Option<&str>) -> Self {
        Self {
            actions: grant.permissions.iter().map(|permission| permission.action.to_lowercase()).collect(),
            resources: grant.resources.clone(),
            deny: grant.deny.iter().map(|pattern| pattern.to_lowercase()).collect(),
            planned: planned.map(str::to_owned),
        }
    }

    /// Whether `policy` stays inside the grant.
    ///
    /// # Errors
    /// Names what is outside. A document this cannot read is outside.
    pub fn permit(&self, policy: &str) -> Result<(), OutsideGrant> {
        let document: Value =
            serde_json::from_str(policy).map_err(|_| OutsideGrant("the policy is not JSON".to_owned()))?;
        let statements = match document.get("Statement") {
            Some(Value::Array(many)) => many.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err(OutsideGrant("the policy has no statement".to_owned())),
        };
        let intermediate = self.planned.as_deref() != Some(policy);
        statements.iter().try_for_each(|statement| self.permit_statement(statement, intermediate))?;
        if intermediate { Ok(()) } else { self.keep_denied(&statements) }
    }

    /// Every deny pattern that meets an allowed action is said in the policy, for every resource and without conditions.
    fn keep_denied(&self, statements: &[&Value]) -> Result<(), OutsideGrant> {
        let lower = |effect: &str, plain_only: bool| -> Vec<String> {
            let of_effect =
                statements.iter().filter(|s| s.get("Effect").and_then(Value::as_str) == Some(effect));
            let counts = of_effect.filter(|s| !plain_only || is_plain(s));
            counts.filter_map(|s| strings(s.get("Action")).ok()).flatten().map(str::to_lowercase).collect()
        };
        let (allowed, denied) = (lower("Allow", false), lower("Deny", true));
        for forbidden in &self.deny {
            for action in allowed.iter().filter(|action| pattern::intersects(forbidden, action)) {
                if !covered(&denied, &within_service(forbidden, action)) {
                    return Err(OutsideGrant(format!("`{action}` without denying `{forbidden}`")));
                }
            }
        }
        Ok(())
    }

    fn permit_statement(&self, statement: &Value, intermediate: bool) -> Result<(), OutsideGrant> {
        let Some(fields) = statement.as_object() else {
            return Err(OutsideGrant("a statement is no object".to_owned()));
        };
        match fields.get("Effect").and_then(Value::as_str) {
            Some("Deny") => return Ok(()),
            Some("Allow") => {}
            _ => return Err(OutsideGrant("a statement has no effect".to_owned())),
        }
        if let Some(key) = fields
            .keys()
            .find(|key| !["Effect", "Action", "Resource", "Condition", "Sid"].contains(&key.as_str()))
        {
            return Err(OutsideGrant(format!("an allowing statement has `{key}`")));
        }
        let actions = strings(fields.get("Action"))?;
        let scope_down_only = actions.iter().all(|action| action.eq_ignore_ascii_case(SCOPE_DOWN));
        if intermediate && scope_down_only {
            return Ok(());
        }
        if let Some(action) = actions.iter().find(|action| !covered(&self.actions, &action.to_lowercase())) {
            return Err(OutsideGrant(format!("`{action}`")));
        }
        let resources = strings(fields.get("Resource"))?;
        match resources
            .iter()
            .find(|resource| !self.resources.is_empty() && !covered(&self.resources, resource))
        {
            Some(resource) => Err(OutsideGrant(format!("the resource `{resource}`"))),
            None => Ok(()),
        }
    }
}

/// Whether a denying statement holds for every resource, always.
fn is_plain(statement: &Value) -> bool {
    let every = strings(statement.get("Resource")).is_ok_and(|resources| resources.contains(&"*"));
    every && statement.get("Condition").is_none() && statement.get("NotAction").is_none()
}

/// `forbidden` with the service of `action` where its own is a wildcard: a policy cannot say `*:Delete*`.
fn within_service(forbidden: &str, action: &str) -> String {
    match (forbidden.split_once(':'), action.split_once(':')) {
        (Some((service, rest)), Some((asked, _)))
            if pattern::is_wild(service) && !pattern::is_wild(asked) =>
        {
            format!("{asked}:{rest}")
        }
        _ => forbidden.to_owned(),
    }
}

fn covered(patterns: &[String], narrow: &str) -> bool {
    patterns.iter().any(|wide| pattern::covers(wide, narrow))
}

/// A string or a non-empty list of strings.
fn strings(value: Option<&Value>) -> Result<Vec<&str>, OutsideGrant> {
    let list = match value {
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(many)) if !many.is_empty() => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    list.ok_or_else(|| OutsideGrant("an allowing statement without plain actions and resources".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::provider::Permission;

    const PLANNED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"}]}"#;

    fn grant(action: &str, deny: &[&str]) -> Grant {
        Grant {
            provider: "aws".to_owned(),
            permissions: vec![Permission { action: action.to_owned(), origin: action.to_owned() }],
            deny: deny.iter().map(|&pattern| pattern.to_owned()).collect(),
            resources: vec!["arn:aws:s3:::a/*".to_owned()],
            ttl_seconds: 900,
            session: "audex-1".to_owned(),
        }
    }

    fn scope() -> PolicyScope {
        PolicyScope::of(&grant("s3:Get*", &[]), Some(PLANNED))
    }

    fn allow(fields: &str) -> String {
        format!(r#"{{"Statement":[{{"Effect":"Allow",{fields}}}]}}"#)
    }

    #[test]
    fn the_planned_policy_and_anything_narrower_is_permitted() {
        scope().permit(PLANNED).unwrap();
        scope().permit(&allow(r#""Action":["s3:getobject"],"Resource":"arn:aws:s3:::a/b/*""#)).unwrap();
        scope().permit(r#"{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#).unwrap();
    }

    #[test]
    fn wider_actions_resources_and_negated_fields_are_outside() {
        for fields in [
            r#""Action":"s3:*","Resource":"arn:aws:s3:::a/*""#,
            r#""Action":["s3:GetObject","iam:PassRole"],"Resource":"arn:aws:s3:::a/*""#,
            r#""Action":"s3:GetObject","Resource":"*""#,
            r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#,
            r#""NotAction":"iam:*","Resource":"arn:aws:s3:::a/*""#,
            r#""Action":"s3:GetObject","NotResource":"x""#,
            r#""Action":[],"Resource":"arn:aws:s3:::a/*""#,
            r#""Action":"s3:GetObject""#,
        ] {
            assert!(scope().permit(&allow(fields)).is_err(), "{fields}");
        }
        assert!(scope().permit("{}").is_err() && scope().permit("not json").is_err());
    }

    #[test]
    fn scoping_down_is_for_intermediate_policies_only() {
        let intermediate = allow(r#""Action":"sts:GetScopedCredentials","Resource":"*""#);
        scope().permit(&intermediate).unwrap();
        let mut final_scope = scope();
        final_scope.planned = Some(intermediate.clone());
        assert!(final_scope.permit(&intermediate).is_err());
    }

    #[test]
    fn a_planned_policy_keeps_every_deny_that_meets_what_it_allows() {
        let planned = |deny: &str| {
            format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a/*"}},{{"Effect":"Deny",{deny}}}]}}"#
            )
        };
        let permitted = |forbidden: &str, deny: &str| {
            let policy = planned(deny);
            PolicyScope::of(&grant("s3:*", &[forbidden]), Some(&policy)).permit(&policy).is_ok()
        };
        assert!(permitted("s3:DeleteBucket", r#""Action":"s3:deletebucket","Resource":"*""#));
        assert!(permitted("*:Delete*", r#""Action":["s3:Delete*"],"Resource":"*""#));
        assert!(permitted("iam:*", r#""Action":"x:y","Resource":"*""#), "nothing allowed meets it");
        assert!(!permitted("s3:DeleteBucket", r#""Action":"s3:DeleteObject","Resource":"*""#));
        assert!(!permitted("s3:DeleteBucket", r#""Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::b""#));
        assert!(!permitted("s3:Delete*", r#""Action":"s3:Delete*","Resource":"*","Condition":{}"#));
        assert!(!permitted("*:Delete*", r#""Action":"s3:DeleteBucket","Resource":"*""#));
    }

    #[test]
    fn where_nothing_is_granted_nothing_can_be_allowed() {
        let nothing = PolicyScope::nothing();
        assert!(nothing.permit(PLANNED).is_err());
        nothing.permit(&allow(r#""Action":"sts:GetScopedCredentials","Resource":"*""#)).unwrap();
    }
}
