//! The statements of an IAM policy, in a form that can be compared with others.

use std::collections::BTreeSet;

use audex_sdk::provider::{AccessLevel, Effect, Error, KnownAction, Scope, Statement};
use aws_catalogue::{Access, Found};
use serde_json::{Map, Value};

use crate::invalid;
use crate::observed::yielding_actions;

/// Reads the statements of the policy `document`; `source` names where the document is from.
///
/// Source: IAM User Guide, "IAM JSON policy elements reference".
///
/// # Errors
/// If the document is not a policy of an identity.
pub fn read(
    document: &str,
    source: &str,
    effect_of_allow: Effect,
) -> Result<Vec<Statement>, Error> {
    let malformed = |what: &str| {
        invalid(
            "policy-malformed",
            format!("{source} is not an IAM policy: {what}"),
            "give a policy document as `tryaudex policies export` writes it",
        )
    };
    let parsed: Value = serde_json::from_str(document).map_err(|_| malformed("it is not JSON"))?;
    let listed = match parsed.get("Statement") {
        Some(Value::Array(listed)) => listed.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(malformed("it has no statements")),
    };
    let mut statements = Vec::new();
    for entry in listed {
        let entry = entry.as_object().ok_or_else(|| malformed("a statement is not an object"))?;
        statements.push(statement(entry, source, effect_of_allow).map_err(malformed)?);
    }
    Ok(statements)
}

fn statement(
    entry: &Map<String, Value>,
    source: &str,
    effect_of_allow: Effect,
) -> Result<Statement, &'static str> {
    // A policy of a resource or a role's trust policy: it sets the rights of others.
    if entry.contains_key("Principal") || entry.contains_key("NotPrincipal") {
        return Err("a statement names a principal");
    }
    let effect = match entry.get("Effect").and_then(Value::as_str) {
        Some("Allow") => effect_of_allow,
        Some("Deny") => Effect::Deny,
        _ => return Err("an effect is neither Allow nor Deny"),
    };
    let mut reasons = Vec::new();
    let mut actions = list(entry, "Action")?;
    // The exact meaning of a negated element is not computed: the statement counts as everything, and is
    // marked undecided.
    if let Some(except) = list(entry, "NotAction")? {
        reasons.push(format!("everything but {} (NotAction)", except.join(", ")));
        actions = Some(vec!["*".to_owned()]);
    }
    let mut resources = list(entry, "Resource")?;
    if let Some(except) = list(entry, "NotResource")? {
        reasons.push(format!("on everything but {} (NotResource)", except.join(", ")));
        resources = Some(vec!["*".to_owned()]);
    }
    let conditions = match entry.get("Condition") {
        None => None,
        Some(Value::Object(conditions)) => {
            Some(conditions).filter(|conditions| !conditions.is_empty())
        }
        Some(_) => return Err("a condition is not an object"),
    };
    if let Some(conditions) = conditions {
        let keys: Vec<&str> = conditions
            .values()
            .filter_map(Value::as_object)
            .flat_map(Map::keys)
            .map(String::as_str)
            .collect();
        reasons.push(format!("under conditions ({})", keys.join(", ")));
    }
    let actions =
        actions.filter(|actions| !actions.is_empty()).ok_or("a statement has no actions")?;
    let resources = resources
        .filter(|resources| !resources.is_empty())
        .ok_or("a statement has no resources")?;
    // A variable gets its value only when a request is made. An allowing statement keeps the text as it is.
    if effect != Effect::Allow && resources.iter().any(|resource| has_variable(resource)) {
        reasons.push("on resources with policy variables".to_owned());
    }
    Ok(Statement {
        effect,
        actions,
        resources: if resources.iter().any(|resource| resource == "*") {
            Scope::Every
        } else {
            Scope::These(resources)
        },
        undecided: (!reasons.is_empty()).then(|| reasons.join(", ")),
        source: source.to_owned(),
    })
}

/// Returns true if a resource has a variable; `${*}`, `${?}` and `${$}` are escaped characters.
fn has_variable(resource: &str) -> bool {
    resource
        .split("${")
        .skip(1)
        .any(|rest| !["*}", "?}", "$}"].iter().any(|escape| rest.starts_with(escape)))
}

/// Returns the texts of an element that may be one text or a list.
fn list(entry: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, &'static str> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("an element is not text");
    match entry.get(name) {
        None => Ok(None),
        Some(Value::Array(several)) => several.iter().map(text).collect::<Result<_, _>>().map(Some),
        Some(one) => Ok(Some(vec![text(one)?])),
    }
}

/// Returns the known actions that `patterns` match, each once, in the order of their names.
#[must_use]
pub fn expand(patterns: &[String]) -> Vec<KnownAction> {
    let mut found: Vec<KnownAction> = Vec::new();
    let yielding = yielding_actions();
    for pattern in patterns {
        let matching = aws_catalogue::matching(pattern);
        if matching.is_empty() {
            found.push(KnownAction {
                name: pattern.clone(),
                access: None,
                yields_credentials: false,
            });
        }
        found.extend(matching.iter().map(|found| known(found, &yielding)));
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found.dedup_by(|left, right| left.name == right.name);
    found
}

fn known(found: &Found, yielding: &BTreeSet<String>) -> KnownAction {
    let access = match found.access {
        Access::List => AccessLevel::List,
        Access::Read => AccessLevel::Read,
        Access::Tagging => AccessLevel::Tagging,
        Access::Write => AccessLevel::Write,
        Access::Permissions => AccessLevel::Permissions,
    };
    let name = found.full_name();
    let yields_credentials = yielding.contains(&name);
    KnownAction { name, access: Some(access), yields_credentials }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<Statement>, String> {
        read(text, "policy `x`", Effect::Allow).map_err(|error| error.message)
    }

    #[test]
    fn elements_may_be_one_or_several_and_star_is_every_resource() {
        let read = of(r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#)
            .unwrap();
        assert_eq!(
            (read[0].actions.as_slice(), read[0].resources.is_every()),
            (&["s3:GetObject".to_owned()][..], true)
        );
        let read = of(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["s3:*","iam:*"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}]}"#).unwrap();
        assert!(
            read[0].effect == Effect::Deny
                && read[0].resources.named().len() == 2
                && read[0].undecided.is_none()
        );
    }

    #[test]
    fn what_cannot_be_decided_says_why() {
        for (text, why) in [
            (
                r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}"#,
                "everything but iam:* (NotAction)",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::b"}}"#,
                "on everything but arn:aws:s3:::b (NotResource)",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}"#,
                "under conditions (aws:SecureTransport)",
            ),
            (
                r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}/*"}}"#,
                "on resources with policy variables",
            ),
        ] {
            assert_eq!(of(text).unwrap()[0].undecided.as_deref(), Some(why));
        }
        let plain =
            r#"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/${*}"}}"#;
        assert_eq!(of(plain).unwrap()[0].undecided, None);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"Statement":[{"Effect":"Maybe","Action":"s3:*","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":7,"Resource":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":[]}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":["x"]}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}]}"#,
        ] {
            assert!(of(text).unwrap_err().starts_with("policy `x` is not an IAM policy"), "{text}");
        }
    }

    #[test]
    fn wildcards_become_names_with_levels_and_what_is_unknown_stays() {
        let of = |patterns: &[&str]| {
            expand(&patterns.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
        };
        let found = of(&["s3:GetObject", "s3:GetObj*", "made:Up"]);
        assert_eq!(found.iter().filter(|known| known.name == "s3:GetObject").count(), 1);
        assert!(found.iter().any(|known| known.name == "made:Up" && known.access.is_none()));
        assert!(of(&["*"]).len() > 20_000);
        assert_eq!(of(&["iam:CreateUser"])[0].access, Some(AccessLevel::Write));
    }
}
