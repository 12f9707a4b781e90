//! The host's own look at every policy a component hands to STS.
//!
//! Security: a provider is third-party code. Whatever it compiles, nothing outside the grant may be asked of the cloud, and
//! nothing but the planned policy may be delivered.

use audex_sdk::pattern;
use serde_json::Value;

/// The action that lets a first session be narrowed; allowed in policies of sessions that are never delivered.
const SCOPE_DOWN: &str = "sts:getscopedcredentials";

/// What a policy may allow.
#[derive(Clone, Debug, Default)]
pub struct PolicyScope {
    /// Action patterns, lower case.
    actions: Vec<String>,
    /// Resource patterns; empty means every resource.
    resources: Vec<String>,
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
    pub fn of<'a>(actions: impl Iterator<Item = &'a str>, resources: &[String], planned: Option<&str>) -> Self {
        Self {
            actions: actions.map(str::to_lowercase).collect(),
            resources: resources.to_vec(),
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
        statements.into_iter().try_for_each(|statement| self.permit_statement(statement, intermediate))
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
        if let Some(key) = fields.keys().find(|key| !["Effect", "Action", "Resource", "Condition", "Sid"].contains(&key.as_str())) {
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
        match resources.iter().find(|resource| !self.resources.is_empty() && !covered(&self.resources, resource)) {
            Some(resource) => Err(OutsideGrant(format!("the resource `{resource}`"))),
            None => Ok(()),
        }
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

    const PLANNED: &str =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::a/*"}]}"#;

    fn scope() -> PolicyScope {
        PolicyScope::of(["s3:Get*"].into_iter(), &["arn:aws:s3:::a/*".to_owned()], Some(PLANNED))
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
    fn where_nothing_is_granted_nothing_can_be_allowed() {
        let nothing = PolicyScope::nothing();
        assert!(nothing.permit(PLANNED).is_err());
        nothing.permit(&allow(r#""Action":"sts:GetScopedCredentials","Resource":"*""#)).unwrap();
    }
}
