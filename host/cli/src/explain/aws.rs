//! The words of AWS, and of the gateway, which writes as AWS does.
//!
//! Sources: IAM User Guide, "Troubleshoot access denied error messages" (the forms of each policy type, and the ARN of
//! the policy, which follows since January 2026); EC2 API Reference, "Common client error codes" (`UnauthorizedOperation`);
//! STS API Reference, `DecodeAuthorizationMessage`.

use serde_json::Value;

use super::quote::{after, places, quoted, word};
use super::{Denial, RefusedBy};

const MARK: &str = "is not authorized to perform";
const ENCODED: &str = "Encoded authorization failure message:";
const RESOURCE: &str = "on resource:";
const EXPLICIT: &str = "with an explicit deny";
const BECAUSE: &str = "because ";

/// The names of policy types in messages.
const TYPES: [(&str, RefusedBy); 8] = [
    ("identity-based policy", RefusedBy::Role),
    ("resource-based policy", RefusedBy::ResourcePolicy),
    ("session policy", RefusedBy::Grant),
    ("permissions boundary", RefusedBy::Boundary),
    ("service control policy", RefusedBy::ServiceControlPolicy),
    ("resource control policy", RefusedBy::ResourceControlPolicy),
    ("VPC endpoint policy", RefusedBy::VpcEndpoint),
    ("role trust policy", RefusedBy::TrustPolicy),
];

/// Returns every denial in `text` with its place.
pub(super) fn read(text: &str) -> Vec<(usize, Denial)> {
    let starts: Vec<(usize, &str)> = places(text, MARK).collect();
    let mut found: Vec<(usize, Denial)> = Vec::new();
    for (index, (at, rest)) in starts.iter().enumerate() {
        let next = starts.get(index + 1).map_or(text.len(), |(next, _)| *next);
        let rest = rest.get(..next.saturating_sub(at + MARK.len())).unwrap_or(rest);
        let before = text.get(..*at).unwrap_or_default();
        found.extend(denial(before, rest).map(|denial| (*at, denial)));
    }
    for (at, rest) in places(text, ENCODED) {
        let Some((encoded, _)) = word(rest) else { continue };
        let encoded = Some(encoded.to_owned());
        match found.iter_mut().rfind(|(place, _)| *place < at) {
            Some((_, denial)) if denial.encoded.is_none() => denial.encoded = encoded,
            _ => found
                .push((at, Denial { provider: Some("aws".into()), encoded, ..Denial::default() })),
        }
    }
    found.extend(decoded(text).map(|denial| (0, denial)));
    found
}

fn denial(before: &str, rest: &str) -> Option<Denial> {
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (action, rest) = word(rest).filter(|(action, _)| is_action(action))?;
    let principal = principal(before);
    let reason = rest.find(EXPLICIT).into_iter().chain(rest.find(BECAUSE)).min();
    let (named, reason) = rest.split_at_checked(reason.unwrap_or(rest.len()))?;
    let resource = after(named, RESOURCE).and_then(|named| resource(named, !reason.is_empty()));
    let (refused_by, explicit, rule) = why(reason);
    Some(Denial {
        provider: Some("aws".into()),
        action: Some(action.to_owned()),
        resource,
        principal,
        refused_by,
        explicit,
        rule,
        encoded: None,
    })
}

/// Returns true for `service:Action`.
fn is_action(text: &str) -> bool {
    let is_part = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    text.split_once(':').is_some_and(|(service, name)| is_part(service, "-") && is_part(name, "*"))
}

/// Returns the last word before the mark, if it is a user.
fn principal(before: &str) -> Option<String> {
    let (before, last) = before.trim_end().rsplit_once(char::is_whitespace).unwrap_or(("", before));
    let last = last.trim_matches(['"', '\'', '`', ' ']);
    let is_user = last.starts_with("arn:") || before.trim_end().ends_with("User:");
    (is_user && !last.is_empty()).then(|| last.to_owned())
}

/// Returns the resource. Only a reason behind it shows where an unquoted name with blanks ends.
fn resource(named: &str, has_reason: bool) -> Option<String> {
    if let Some((name, _)) = quoted(named) {
        return Some(name.to_owned());
    }
    let whole = named.trim();
    if has_reason && !whole.is_empty() && !whole.contains(['\n', '<', '"']) {
        return Some(whole.to_owned());
    }
    word(named).map(|(name, _)| name.to_owned())
}

/// Returns who refused, whether by a rule that denies, and the rule.
fn why(reason: &str) -> (RefusedBy, bool, Option<String>) {
    if let Some(rest) = reason.strip_prefix(EXPLICIT) {
        if rest.trim_start().starts_with("in this tryaudex session") {
            return (RefusedBy::Filter, true, None);
        }
        let kind = TYPES.iter().find_map(|(name, by)| {
            let articles = [" in a ", " in an ", " in the "];
            articles
                .iter()
                .find_map(|article| Some((*by, rest.strip_prefix(article)?.strip_prefix(name)?)))
        });
        let Some((by, rest)) = kind else { return (RefusedBy::Cloud, true, None) };
        let rule = rest.strip_prefix(':').and_then(word).map(|(rule, _)| rule.to_owned());
        return (by, true, rule.filter(|rule| rule.starts_with("arn:")));
    }
    let Some(rest) = reason.strip_prefix(BECAUSE) else { return (RefusedBy::Cloud, false, None) };
    if rest.starts_with("this tryaudex session does not allow it") {
        return (RefusedBy::Gateway, false, None);
    }
    if rest.starts_with("its reply carries credentials: tryaudex") {
        return (RefusedBy::Credentials, false, None);
    }
    if let Some((limit, rest)) = rest.strip_prefix("the limit ").and_then(quoted)
        && rest.trim_start().starts_with("of this tryaudex session")
    {
        return (RefusedBy::Limit, true, Some(limit.to_owned()));
    }
    let kind = TYPES
        .iter()
        .find(|(name, _)| rest.strip_prefix("no ").is_some_and(|rest| rest.starts_with(name)));
    (kind.map_or(RefusedBy::Cloud, |(_, by)| *by), false, None)
}

/// Reads what `aws sts decode-authorization-message` prints, or the message in it.
fn decoded(text: &str) -> Option<Denial> {
    // The text lost one level of quoting, so the message may stand in the object as an object in quotes.
    let from = text.find("\"allowed\"").and_then(|at| text.get(..at)?.rfind('{'))?;
    let mut values = serde_json::Deserializer::from_str(text.get(from..)?).into_iter::<Value>();
    let message = values.next()?.ok()?;
    if message.get("allowed")?.as_bool()? {
        return None;
    }
    let context = message.get("context")?;
    let field = |name: &str| Some(context.get(name)?.as_str()?.to_owned());
    Some(Denial {
        provider: Some("aws".into()),
        action: Some(field("action").filter(|action| is_action(action))?),
        resource: field("resource"),
        principal: context
            .get("principal")
            .and_then(|principal| Some(principal.get("arn")?.as_str()?.to_owned())),
        explicit: message.get("explicitDeny").and_then(Value::as_bool).unwrap_or_default(),
        ..Denial::default()
    })
}

/// Returns the operation that the AWS CLI and boto3 name in `An error occurred (CODE) when calling the NAME operation`.
pub(super) fn operation(text: &str) -> Option<String> {
    let (name, rest) = word(after(text, "when calling the ")?)?;
    rest.starts_with(" operation").then(|| name.to_owned())
}
