//! YAML: a `CloudFormation` template with one `AWS::IAM::ManagedPolicy`.
//!
//! Every text is a double-quoted scalar, in which JSON's escapes are valid YAML (YAML 1.2, 1.2.1 "Relation to
//! JSON"). `!Sub` is never used, so `${…}` keeps IAM's meaning. `CloudFormation` names the policy itself,
//! which needs no `CAPABILITY_NAMED_IAM`.

use serde_json::Value;

use super::{Source, indent, is_break, members};

/// Source: `CloudFormation` template reference, "Resources": logical ids are alphanumeric, at most 255
/// characters.
const LOGICAL_ID_LENGTH: usize = 255;
/// The end of every logical id, which makes the id valid whatever the name is.
const SUFFIX: &str = "Policy";

pub fn write(source: &Source) -> String {
    let mut policy = String::new();
    block(&source.policy, 4, &mut policy);
    format!(
        "{}AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n  {}:\n    Type: AWS::IAM::ManagedPolicy\n    \
         Properties:\n      Description: {}\n      PolicyDocument:\n{policy}",
        source.comments(),
        logical_id(source.name),
        quoted(&format!("Audex: {}", description(source.name))),
    )
}

/// Turns a name into a logical id: `s3-readonly` becomes `S3ReadonlyPolicy`.
fn logical_id(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    let id: String = words.map(capital).collect();
    let id = if id.starts_with(|c: char| c.is_ascii_digit()) { format!("Audex{id}") } else { id };
    id.chars().take(LOGICAL_ID_LENGTH - SUFFIX.len()).collect::<String>() + SUFFIX
}

/// Shortens a name to a valid description. Source: IAM API reference, `CreatePolicy`, `Description`: at most
/// 1,000 characters.
fn description(name: &str) -> String {
    name.chars().filter(|character| !is_break(*character)).take(900).collect()
}

/// Writes the members of an object or the items of a list, each on its own lines.
fn block(value: &Value, depth: usize, out: &mut String) {
    if let Value::Array(items) = value {
        for item in items {
            out.extend([indent(depth).as_str(), "- "]);
            if item.is_object() {
                let mut inner = String::new();
                block(item, depth + 1, &mut inner);
                // The first member is on the line of the dash.
                out.push_str(inner.trim_start());
            } else {
                out.extend([scalar(item).as_str(), "\n"]);
            }
        }
        return;
    }
    for (key, item) in members(value) {
        let plain = key.chars().all(|c| c.is_ascii_alphabetic());
        let key = if plain { key.clone() } else { quoted(key) };
        if item.is_object() || item.is_array() {
            out.extend([indent(depth).as_str(), &key, ":\n"]);
            block(item, depth + 1, out);
        } else {
            out.extend([indent(depth).as_str(), &key, ": ", &scalar(item), "\n"]);
        }
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), quoted)
}

/// Returns a double-quoted scalar. JSON leaves some characters unescaped that are not printable in YAML.
fn quoted(text: &str) -> String {
    let json = super::quoted(text);
    let printable = |character: char| {
        if is_break(character) { super::escaped(character) } else { character.to_string() }
    };
    json.chars().map(printable).collect()
}
