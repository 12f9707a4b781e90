//! Parses IAM policy documents, and decides a request by one document.

use serde_json::{Map, Value};

use super::condition::{Condition, Truth};
use super::{Decision, Request, glob};

/// The error for a policy document that cannot be used, with the place of the problem.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is not JSON.
    #[error("policy document is not JSON")]
    Json(#[source] serde_json::Error),
    /// An element is missing, unknown or of the wrong type.
    #[error("policy document: {place}: {problem}")]
    Element {
        /// The path of the element, such as `Statement[1].Action`.
        place: String,
        /// The problem with the element.
        problem: String,
    },
}

/// A parsed IAM policy: an identity policy, a session policy or a permission boundary.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

/// The patterns of an element; `negated` is true for its `Not…` form.
#[derive(Clone, Debug)]
struct Patterns {
    negated: bool,
    patterns: Vec<String>,
}

impl PolicyDocument {
    /// Reads a policy from its JSON text.
    ///
    /// # Errors
    /// [`PolicyError`] for a document that IAM refuses as malformed, and for elements that identity policies
    /// do not have (`Principal`).
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let value: Value = serde_json::from_str(text).map_err(PolicyError::Json)?;
        let document = object(&value, "document")?;
        only_known(document, "document", &["Version", "Id", "Statement"])?;
        match document.get("Version").map(|version| version.as_str()) {
            None | Some(Some("2012-10-17" | "2008-10-17")) => {}
            Some(_) => return Err(element("Version", "must be `2012-10-17` or `2008-10-17`")),
        }
        if document.get("Id").is_some_and(|id| !id.is_string()) {
            return Err(element("Id", "must be a string"));
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) if list.is_empty() => {
                return Err(element("Statement", "is empty"));
            }
            Some(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(index, value)| Statement::parse(value, &format!("Statement[{index}]")))
                .collect::<Result<_, _>>()?,
            Some(single) => vec![Statement::parse(single, "Statement")?],
            None => return Err(element("Statement", "is missing")),
        };
        Ok(Self { statements })
    }

    /// Returns the policy that allows nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { statements: Vec::new() }
    }

    /// Decides `request` by this document alone.
    #[must_use]
    pub fn decide(&self, request: &Request) -> Decision {
        self.statements
            .iter()
            .map(|statement| statement.decide(request))
            .fold(Decision::ImplicitDeny, Decision::union)
    }
}

impl Statement {
    fn parse(value: &Value, place: &str) -> Result<Self, PolicyError> {
        let statement = object(value, place)?;
        let known =
            ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        only_known(statement, place, &known)?;
        if statement.get("Sid").is_some_and(|sid| !sid.is_string()) {
            return Err(element(&format!("{place}.Sid"), "must be a string"));
        }
        let allows = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(element(&format!("{place}.Effect"), "must be `Allow` or `Deny`")),
        };
        let conditions = match statement.get("Condition") {
            None => Vec::new(),
            Some(value) => Condition::parse_all(value, &format!("{place}.Condition"))?,
        };
        Ok(Self {
            allows,
            actions: Patterns::parse(statement, place, "Action", |text| {
                text == "*"
                    || text
                        .split_once(':')
                        .is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty())
            })?,
            resources: Patterns::parse(statement, place, "Resource", |text| {
                text == "*" || text.splitn(6, ':').count() == 6 && text.starts_with("arn:")
            })?,
            conditions,
        })
    }

    /// INVARIANT: a statement that cannot be decided never allows and always denies.
    fn decide(&self, request: &Request) -> Decision {
        let action = self.actions.apply(&request.action, glob::matches_ignoring_case);
        let resource = self.resources.apply(&request.resource, glob::matches);
        let applies = self
            .conditions
            .iter()
            .map(|condition| condition.holds(request))
            .fold(action.and(resource), Truth::and);
        match (self.allows, applies) {
            (true, Truth::Yes) => Decision::Allowed,
            (false, Truth::Yes | Truth::Unknown) => Decision::ExplicitDeny,
            (true, Truth::No | Truth::Unknown) | (false, Truth::No) => Decision::ImplicitDeny,
        }
    }
}

impl Patterns {
    fn parse(
        statement: &Map<String, Value>,
        place: &str,
        name: &str,
        is_well_formed: fn(&str) -> bool,
    ) -> Result<Self, PolicyError> {
        let negated_name = format!("Not{name}");
        let (negated, value) = match (statement.get(name), statement.get(&negated_name)) {
            (Some(value), None) => (false, value),
            (None, Some(value)) => (true, value),
            (Some(_), Some(_)) => {
                return Err(element(place, &format!("has both `{name}` and `{negated_name}`")));
            }
            (None, None) => {
                return Err(element(place, &format!("has neither `{name}` nor `{negated_name}`")));
            }
        };
        let place = format!("{place}.{}", if negated { &negated_name } else { name });
        let patterns = texts(value, &place)?;
        if let Some(wrong) = patterns.iter().find(|text| !is_well_formed(text)) {
            return Err(element(
                &place,
                &format!("`{wrong}` is not of the form this element takes"),
            ));
        }
        Ok(Self { negated, patterns })
    }

    fn apply(&self, subject: &str, matches: fn(&str, &str) -> bool) -> Truth {
        let matches = |pattern: &String| {
            let pattern = aws_catalogue::without_dollars(pattern);
            matches(&pattern, &aws_catalogue::stood_in(subject))
        };
        if self.patterns.iter().any(|pattern| !has_variable(pattern) && matches(pattern)) {
            return Truth::from(!self.negated);
        }
        if self.patterns.iter().any(|pattern| has_variable(pattern)) {
            return Truth::Unknown;
        }
        Truth::from(self.negated)
    }
}

/// Returns true if a pattern contains a policy variable. Variables are not substituted here, so such a
/// pattern cannot be decided.
pub(super) fn is_variable(pattern: &str) -> bool {
    pattern.contains("${")
}

/// Returns true if a resource contains a policy variable. A special character written as a variable (`${*}`)
/// is not one.
fn has_variable(pattern: &str) -> bool {
    ["${*}", "${?}", "${$}"]
        .iter()
        .fold(pattern.to_owned(), |rest, written| rest.replace(written, ""))
        .contains("${")
}

/// Reads a string or a list of at least one string.
fn texts(value: &Value, place: &str) -> Result<Vec<String>, PolicyError> {
    let list = match value {
        Value::String(text) => return Ok(vec![text.clone()]),
        Value::Array(list) if !list.is_empty() => list,
        _ => return Err(element(place, "must be a string or a list of strings")),
    };
    list.iter()
        .map(|item| {
            item.as_str().map(str::to_owned).ok_or_else(|| element(place, "must hold strings only"))
        })
        .collect()
}

pub(super) fn object<'a>(
    value: &'a Value,
    place: &str,
) -> Result<&'a Map<String, Value>, PolicyError> {
    value.as_object().ok_or_else(|| element(place, "must be an object"))
}

fn only_known(map: &Map<String, Value>, place: &str, known: &[&str]) -> Result<(), PolicyError> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(element(
            place,
            &format!("`{key}` is not an element of an identity or session policy"),
        )),
        None => Ok(()),
    }
}

pub(super) fn element(place: &str, problem: &str) -> PolicyError {
    PolicyError::Element { place: place.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(text: &str, action: &str, resource: &str) -> Decision {
        PolicyDocument::parse(text).unwrap().decide(&Request::new(action, resource))
    }

    #[test]
    fn an_allow_reaches_exactly_its_actions_and_resources() {
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:get*"],"Resource":"arn:aws:s3:::b/*"}}"#;
        assert_eq!(decide(policy, "s3:GetObject", "arn:aws:s3:::b/k"), Decision::Allowed);
        assert_eq!(decide(policy, "s3:PutObject", "arn:aws:s3:::b/k"), Decision::ImplicitDeny);
        assert_eq!(decide(policy, "s3:GetObject", "arn:aws:s3:::B/k"), Decision::ImplicitDeny);
    }

    #[test]
    fn not_resource_excludes() {
        let policy = r#"{"Statement":[{"Effect":"Deny","Action":"*","NotResource":["arn:aws:s3:::b"]},{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        assert_eq!(decide(policy, "s3:ListBucket", "arn:aws:s3:::b"), Decision::Allowed);
        assert_eq!(decide(policy, "s3:ListBucket", "arn:aws:s3:::c"), Decision::ExplicitDeny);
    }

    #[test]
    fn a_wildcard_that_is_written_as_itself_matches_that_character_alone() {
        let allow = |key: &str| {
            let resource = format!("arn:aws:s3:::b/{key}");
            format!(r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}}}"#)
        };
        for (key, same, other) in [
            ("${*}", "*", "x"),
            ("a${?}", "a?", "ab"),
            ("${$}{x}", "${x}", "x"),
            ("${*}/*", "*/y", "x/y"),
        ] {
            let of =
                |name: &str| decide(&allow(key), "s3:GetObject", &format!("arn:aws:s3:::b/{name}"));
            assert_eq!((of(same), of(other)), (Decision::Allowed, Decision::ImplicitDeny), "{key}");
        }
        assert_eq!(decide(&allow("*"), "s3:GetObject", "arn:aws:s3:::b/*"), Decision::Allowed);
    }

    #[test]
    fn a_policy_variable_never_allows_and_always_denies() {
        let allow = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}"#;
        let deny = allow.replace("Allow", "Deny");
        assert_eq!(decide(allow, "s3:GetObject", "arn:aws:s3:::x"), Decision::ImplicitDeny);
        assert_eq!(decide(&deny, "s3:GetObject", "arn:aws:s3:::x"), Decision::ExplicitDeny);
        let allow_not = r#"{"Statement":{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::${aws:username}"}}"#;
        assert_eq!(decide(allow_not, "s3:GetObject", "arn:aws:s3:::x"), Decision::ImplicitDeny);
    }

    #[test]
    fn malformed_documents_name_the_place() {
        for (text, place) in [
            ("{", "not JSON"),
            ("[]", "document"),
            (r#"{"Version":"2020-01-01","Statement":[]}"#, "Version"),
            (r#"{"Version":"2012-10-17"}"#, "Statement"),
            (r#"{"Statement":[]}"#, "Statement"),
            (r#"{"Statement":{"Effect":"allow","Action":"*","Resource":"*"}}"#, "Statement.Effect"),
            (r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#, "neither `Action`"),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"s3","Resource":"*"}]}"#,
                "Statement[0].Action",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]}"#,
                "Statement[0].Action",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}]}"#,
                "Statement[0].Resource",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"}]}"#,
                "`Principal`",
            ),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":1}}]}"#,
                "Condition.Bool",
            ),
        ] {
            let error = PolicyDocument::parse(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text}: {error}");
        }
    }
}
