//! The compiler: a grant becomes the session policy that is sent to STS.

use audex_sdk::pattern;
use audex_sdk::provider::{Error, Grant};
use serde::Serialize;

use crate::invalid;

/// Characters of a session policy in plain text. Source: AssumeRole and GetFederationToken, API reference, parameter
/// `Policy`; STS's packed limit may be reached earlier, and then STS says so.
pub const LIMIT: usize = 2048;

/// Lets a first session narrow itself to the exact policy.
const SCOPE_DOWN: &str = "sts:GetScopedCredentials";

/// The exact policy for `grant`, compact and without statement ids.
///
/// # Errors
/// When a deny pattern cannot be said in an IAM policy, or the policy is too long.
pub fn compile(grant: &Grant) -> Result<String, Error> {
    let policy = document(grant, false)?;
    if policy.len() > LIMIT {
        return Err(invalid(
            "policy-too-long",
            format!("the session policy has {} characters; STS takes {LIMIT}", policy.len()),
            "ask for fewer actions or resources, or use wildcards that you mean",
        ));
    }
    Ok(policy)
}

/// The exact policy plus the right to be scoped down: for a first session that is never handed out.
///
/// # Errors
/// As [`compile`].
pub fn compile_with_scope_down(grant: &Grant) -> Result<String, Error> {
    document(grant, true)
}

/// A policy document. The order of fields is the one people read policies in.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    statement: Vec<Statement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    effect: &'static str,
    action: OneOrMany<'a>,
    resource: OneOrMany<'a>,
}

/// A list of one is written without brackets: every character counts against the limit.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'a> {
    One(&'a str),
    Many(Vec<&'a str>),
}

impl<'a> FromIterator<&'a str> for OneOrMany<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(items: I) -> Self {
        let items: Vec<&str> = items.into_iter().collect();
        match items.as_slice() {
            [one] => Self::One(one),
            _ => Self::Many(items),
        }
    }
}

fn document(grant: &Grant, scope_down: bool) -> Result<String, Error> {
    let every = || OneOrMany::One("*");
    let allowed = minimal(grant.permissions.iter().map(|permission| permission.action.as_str()).collect());
    let denied = denied(grant, &allowed)?;
    let resource = match grant.resources.as_slice() {
        [] => every(),
        some => some.iter().map(String::as_str).collect(),
    };
    let action = allowed.into_iter().collect();
    let mut statement = vec![Statement { effect: "Allow", action, resource }];
    if !denied.is_empty() {
        let action = denied.iter().map(String::as_str).collect();
        statement.push(Statement { effect: "Deny", action, resource: every() });
    }
    if scope_down {
        statement.push(Statement { effect: "Allow", action: OneOrMany::One(SCOPE_DOWN), resource: every() });
    }
    // A structure of strings always has a JSON form; if it had none, STS would refuse the empty policy.
    Ok(serde_json::to_string(&Document { version: "2012-10-17", statement }).unwrap_or_default())
}

/// Drops what another action of the list covers; keeps the order of first mention.
fn minimal(actions: Vec<&str>) -> Vec<&str> {
    let covered = |position: usize, action: &str| {
        let action = action.to_ascii_lowercase();
        actions.iter().enumerate().any(|(other_position, other)| {
            let other = other.to_ascii_lowercase();
            let twin = pattern::covers(&action, &other);
            // Of two that cover each other the first stays.
            other_position != position
                && pattern::covers(&other, &action)
                && (!twin || other_position < position)
        })
    };
    actions
        .iter()
        .enumerate()
        .filter(|(position, action)| !covered(*position, action))
        .map(|(_, a)| *a)
        .collect()
}

/// The grant's deny patterns as IAM can say them: a wildcard in the service prefix is spelled out for the services asked for.
fn denied(grant: &Grant, allowed: &[&str]) -> Result<Vec<String>, Error> {
    let mut out: Vec<String> = Vec::new();
    for entry in &grant.deny {
        let spelled = match entry.split_once(':') {
            None if entry == "*" => vec!["*".to_owned()],
            Some(("*", "*")) => vec!["*".to_owned()],
            Some((service, _)) if !pattern::is_wild(service) => vec![entry.clone()],
            Some((service, action)) => for_services(entry, service, action, allowed)?,
            None => {
                return Err(invalid(
                    "deny-malformed",
                    format!("the deny pattern `{entry}` is no IAM action"),
                    "write it as `service:Action`",
                ));
            }
        };
        for pattern in spelled {
            if !out.contains(&pattern) {
                out.push(pattern);
            }
        }
    }
    Ok(out)
}

fn for_services(entry: &str, service: &str, action: &str, allowed: &[&str]) -> Result<Vec<String>, Error> {
    let mut out = Vec::new();
    for asked in allowed {
        let Some((asked_service, _)) = asked.split_once(':') else {
            return Err(invalid(
                "deny-inexpressible",
                format!("the deny pattern `{entry}` cannot be said in an IAM policy beside `{asked}`"),
                "name the services you need instead of every action",
            ));
        };
        if pattern::matches(&service.to_ascii_lowercase(), &asked_service.to_ascii_lowercase()) {
            out.push(format!("{asked_service}:{action}"));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::Permission;
    use serde_json::{Value, json};

    use super::*;

    fn grant(actions: &[&str], deny: &[&str], resources: &[&str]) -> Grant {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let permissions =
            actions.iter().map(|&a| Permission { action: a.to_owned(), origin: a.to_owned() }).collect();
        Grant {
            provider: "aws".into(),
            permissions,
            deny: owned(deny),
            resources: owned(resources),
            ttl_seconds: 900,
            session: "audex-1".into(),
        }
    }

    fn compiled(actions: &[&str], deny: &[&str], resources: &[&str]) -> Value {
        serde_json::from_str(&compile(&grant(actions, deny, resources)).unwrap()).unwrap()
    }

    #[test]
    fn one_action_is_one_allow_statement() {
        let policy = compile(&grant(&["s3:GetObject"], &[], &[])).unwrap();
        let expected = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
        assert_eq!(policy, expected);
    }

    #[test]
    fn resources_limit_the_allow_but_never_the_deny() {
        let policy = compiled(&["s3:*"], &["s3:DeleteBucket"], &["arn:aws:s3:::a/*"]);
        assert_eq!(policy["Statement"][0]["Resource"], "arn:aws:s3:::a/*");
        assert_eq!(
            policy["Statement"][1],
            json!({"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"})
        );
    }

    #[test]
    fn covered_and_repeated_actions_are_said_once() {
        let policy =
            compiled(&["s3:GetObject", "S3:getobject", "s3:Get*", "ec2:DescribeImages", "s3:Get*"], &[], &[]);
        assert_eq!(policy["Statement"][0]["Action"], json!(["s3:Get*", "ec2:DescribeImages"]));
    }

    #[test]
    fn a_deny_for_any_service_is_spelled_out_for_the_services_asked_for() {
        let policy = compiled(&["s3:*", "ec2:Run*"], &["*:Delete*"], &[]);
        assert_eq!(policy["Statement"][1]["Action"], json!(["s3:Delete*", "ec2:Delete*"]));
        assert!(compile(&grant(&["*"], &["*:Delete*"], &[])).is_err());
    }

    #[test]
    fn a_policy_over_the_limit_is_refused_with_the_numbers() {
        let many: Vec<String> = (0..200).map(|n| format!("s3:Action{n:04}")).collect();
        let error =
            compile(&grant(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[])).unwrap_err();
        assert!(error.message.contains("2048"), "{}", error.message);
    }
}
