//! A grant as a document for the tools that make IAM policies: JSON, Terraform, `CloudFormation`.
//!
//! The result is a managed policy, for the role that a command is to run with. It is never shortened: people
//! review it.

mod cloudformation;
mod terraform;
#[cfg(test)]
mod tests;

use audex_sdk::provider::{Error, ErrorKind, Grant};
use serde_json::Value;

use crate::compile::{self, Conditions};
use crate::{arn, invalid};

/// The most characters of a managed policy, not counting white space. Source: IAM User Guide, "IAM and AWS
/// STS quotas".
const LIMIT: usize = 6144;
/// The order in which people read policies; other members follow in sorted order.
const ORDER: [&str; 6] = ["Version", "Statement", "Effect", "Action", "Resource", "Condition"];

/// Writes the policy for `grant` under `conditions` in `format`; `name` names the policy.
///
/// # Errors
/// If there is no such format, nothing would be granted, or a managed policy cannot hold the result.
pub fn document(
    grant: &Grant,
    conditions: &Conditions,
    name: &str,
    format: &str,
) -> Result<String, Error> {
    let write = match format {
        "json" => json,
        "terraform" => terraform::write,
        "cloudformation" => cloudformation::write,
        other => return Err(unknown(other)),
    };
    for permission in &grant.permissions {
        arn::check_resources(permission.resources.named())?;
    }
    let compiled = compile::compile(grant, conditions, usize::MAX)?;
    let size = compiled.policy.chars().filter(|character| !character.is_whitespace()).count();
    if size > LIMIT {
        return Err(invalid(
            "policy-too-long",
            format!("a managed policy takes {LIMIT} characters, and this one has {size}"),
            "split it over several profiles: a role takes several policies",
        ));
    }
    let policy = serde_json::from_str(&compiled.policy).map_err(|_| garbled())?;
    Ok(write(&Source { name, policy, notices: &compiled.notices }))
}

/// The parts of a document.
struct Source<'a> {
    name: &'a str,
    policy: Value,
    /// Notes for the reader, written as comments in formats that have comments.
    notices: &'a [String],
}

impl Source<'_> {
    /// Returns the notices as comments. Security: a notice may quote text from a profile, so it must stay on
    /// its line.
    fn comments(&self) -> String {
        let plain = |notice: &String| notice.replace(|character: char| is_break(character), " ");
        self.notices
            .iter()
            .flat_map(|notice| ["# ".to_owned(), plain(notice), "\n".to_owned()])
            .collect()
    }
}

/// Returns true if a character may end a line: YAML has line breaks that are not control characters.
fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn json(source: &Source) -> String {
    let mut out = String::new();
    write_json(&source.policy, 0, &mut out);
    out + "\n"
}

fn write_json(value: &Value, depth: usize, out: &mut String) {
    let (open, close, items): (char, char, Vec<(Option<&String>, &Value)>) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
        Value::Object(_) => {
            ('{', '}', members(value).into_iter().map(|(key, v)| (Some(key), v)).collect())
        }
        scalar => return out.push_str(&scalar.to_string()),
    };
    out.push(open);
    for (place, (key, item)) in items.into_iter().enumerate() {
        out.push_str(if place == 0 { "\n" } else { ",\n" });
        out.push_str(&indent(depth + 1));
        if let Some(key) = key {
            out.extend([quoted(key).as_str(), ": "]);
        }
        write_json(item, depth + 1, out);
    }
    out.push('\n');
    out.push_str(&indent(depth));
    out.push(close);
}

/// Returns the members of an object in reading order, or none for any other value.
fn members(value: &Value) -> Vec<(&String, &Value)> {
    let mut members: Vec<(&String, &Value)> = value.as_object().into_iter().flatten().collect();
    members
        .sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len()));
    members
}

/// Returns the text as a JSON string.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Returns the numeric escape of HCL and YAML: every [`is_break`] character has four digits.
fn escaped(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

fn unknown(format: &str) -> Error {
    Error {
        kind: ErrorKind::Unsupported,
        code: "format-unsupported".to_owned(),
        message: format!("`{format}` is not a format of a policy document"),
        hint: Some("write `json`, `terraform` or `cloudformation`".to_owned()),
    }
}

fn garbled() -> Error {
    Error {
        kind: ErrorKind::Internal,
        code: "policy-garbled".to_owned(),
        message: "the compiled policy is not JSON".to_owned(),
        hint: None,
    }
}
