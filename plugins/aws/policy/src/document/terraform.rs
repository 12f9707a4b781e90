//! HCL: an `aws_iam_policy` with the document in `jsonencode`, which keeps it readable and comparable by
//! Terraform.

use serde_json::Value;

use super::{Source, indent, members};

/// Source: IAM API reference, `CreatePolicy`, `PolicyName`: `[\w+=,.@-]+`, at most 128 characters.
const NAME_LENGTH: usize = 128;

pub fn write(source: &Source) -> String {
    let mut policy = String::new();
    value(&source.policy, 1, &mut policy);
    format!(
        "{}resource \"aws_iam_policy\" \"{}\" {{\n  name = {}\n\n  policy = jsonencode({policy})\n}}\n",
        source.comments(),
        identifier(source.name),
        quoted(&policy_name(source.name)),
    )
}

/// Returns a valid identifier. Source: Terraform language, "Identifiers": letters, digits, `_` and `-`, not a
/// digit first.
fn identifier(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let plain: String = name.chars().map(allowed).collect();
    if plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        plain
    } else {
        format!("_{plain}")
    }
}

fn policy_name(name: &str) -> String {
    let allowed =
        |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let plain: String = name.chars().map(allowed).take(NAME_LENGTH).collect();
    if plain.is_empty() { "audex".to_owned() } else { plain }
}

fn value(given: &Value, depth: usize, out: &mut String) {
    match given {
        Value::Array(items) => {
            out.push_str("[\n");
            for item in items {
                out.push_str(&indent(depth + 1));
                value(item, depth + 1, out);
                out.push_str(",\n");
            }
            out.push_str(&indent(depth));
            out.push(']');
        }
        Value::Object(_) => {
            out.push_str("{\n");
            for (key, item) in members(given) {
                let plain = key.chars().all(|c| c.is_ascii_alphabetic());
                let key = if plain { key.clone() } else { quoted(key) };
                out.extend([indent(depth + 1).as_str(), &key, " = "]);
                value(item, depth + 1, out);
                out.push('\n');
            }
            out.push_str(&indent(depth));
            out.push('}');
        }
        Value::String(text) => out.push_str(&quoted(text)),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Returns a quoted template that evaluates to the text. Source: HCL native syntax specification, "Template
/// Expressions": its escapes, and `$${` and `%%{` in place of the start of an interpolation or a directive.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => out.extend([character, character]),
            other if super::is_break(other) => out.push_str(&super::escaped(other)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
