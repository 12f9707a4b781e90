//! A grant as the document that gives somebody exactly these permissions: for a role or user of one's own.

use audex_sdk::provider::{Error, ErrorKind, Grant};
use serde_json::Value;

use crate::compile::{self, Conditions};
use crate::invalid;

/// Characters of a managed policy, white space not counted. Source: IAM user guide, "IAM and AWS STS quotas".
const MANAGED_POLICY_LIMIT: usize = 6144;

/// The document called `name` in `format`: `json`, `terraform` or `cloudformation`.
///
/// # Errors
/// When the grant cannot be said in a policy, or is too long for a managed one; `unsupported` for another format.
pub fn document(grant: &Grant, conditions: &Conditions, name: &str, format: &str) -> Result<String, Error> {
    let write = match format {
        "json" => json,
        "terraform" => terraform,
        "cloudformation" => cloudformation,
        _ => {
            return Err(Error {
                kind: ErrorKind::Unsupported,
                code: "format-unsupported".to_owned(),
                message: format!("there is no `{format}` of an IAM policy"),
                hint: Some("use json, terraform or cloudformation".to_owned()),
            });
        }
    };
    // No session policy: nothing has to be shortened.
    let policy = compile::compile(grant, conditions, usize::MAX)?.policy;
    let length = policy.chars().filter(|c| !c.is_whitespace()).count();
    if length > MANAGED_POLICY_LIMIT {
        return Err(invalid(
            "policy-too-long",
            format!("the policy has {length} characters, and a managed policy takes {MANAGED_POLICY_LIMIT}"),
            "export parts of it, and attach each",
        ));
    }
    let parsed: Value = serde_json::from_str(&policy).map_err(|error| Error {
        kind: ErrorKind::Internal,
        code: "policy".to_owned(),
        message: format!("the compiled policy is no JSON: {error}"),
        hint: None,
    })?;
    Ok(write(name, &pretty(&parsed, 0)))
}

fn json(_: &str, policy: &str) -> String {
    policy.to_owned()
}

/// Source: Terraform AWS provider, resource `aws_iam_policy`. The policy stands in a heredoc, so that it can be compared with
/// what `--format json` prints; in one, only `${` and `%{` mean something.
fn terraform(name: &str, policy: &str) -> String {
    let policy = policy.replace("${", "$${").replace("%{", "%%{");
    format!(
        "resource \"aws_iam_policy\" \"{}\" {{\n  name   = {}\n  policy = <<-POLICY\n{}\n  POLICY\n}}",
        identifier(name, '_'),
        Value::from(name).to_string().replace("${", "$${").replace("%{", "%%{"),
        indented(&policy, 4),
    )
}

/// Source: CloudFormation template reference, `AWS::IAM::ManagedPolicy`. JSON is YAML, so the policy stands as it is.
fn cloudformation(name: &str, policy: &str) -> String {
    format!(
        "AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n  {}:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      \
         ManagedPolicyName: {}\n      PolicyDocument:\n{}",
        logical_id(name),
        Value::from(name),
        indented(policy, 8),
    )
}

/// JSON by two blanks a level. Written here because fields must keep the order of the compiled text, and IAM's own order is
/// the one people read; `serde_json` sorts them.
fn pretty(value: &Value, depth: usize) -> String {
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| (ORDER.iter().position(|known| known == name), name.as_str()));
            let line = |(name, value): &(&String, &Value)| {
                format!("{inner}{}: {}", Value::from(name.as_str()), pretty(value, depth + 1))
            };
            format!("{{\n{}\n{outer}}}", fields.iter().map(line).collect::<Vec<_>>().join(",\n"))
        }
        Value::Array(items) if !items.is_empty() => {
            let line = |item: &Value| format!("{inner}{}", pretty(item, depth + 1));
            format!("[\n{}\n{outer}]", items.iter().map(line).collect::<Vec<_>>().join(",\n"))
        }
        plain => plain.to_string(),
    }
}

/// The order in which people read a policy.
const ORDER: [&str; 6] = ["Version", "Statement", "Effect", "Action", "Resource", "Condition"];

fn indented(text: &str, by: usize) -> String {
    let blanks = " ".repeat(by);
    text.lines().map(|line| format!("{blanks}{line}")).collect::<Vec<_>>().join("\n")
}

/// `name` with everything replaced that no identifier takes.
fn identifier(name: &str, instead: char) -> String {
    let taken = |c: char| if c.is_ascii_alphanumeric() { c } else { instead };
    let text: String = name.chars().map(taken).collect();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { text } else { format!("audex{instead}{text}") }
}

/// `name` as a logical id: letters and digits only.
fn logical_id(name: &str) -> String {
    let upper = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    let words: String = name.split(|c: char| !c.is_ascii_alphanumeric()).map(upper).collect();
    if words.starts_with(|c: char| c.is_ascii_alphabetic()) { words } else { format!("Audex{words}") }
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::Permission;

    use super::*;

    fn written(name: &str, format: &str) -> Result<String, Error> {
        let grant = Grant {
            provider: "aws".into(),
            permissions: vec![Permission {
                action: "s3:GetObject".into(),
                origin: "s3:GetObject".into(),
                resources: vec!["arn:aws:s3:::b/${aws:username}/*".into()],
            }],
            deny: vec!["s3:DeleteObject".into()],
            ttl_seconds: 900,
            session: "audex-1".into(),
        };
        document(&grant, &Conditions::parse(Some("203.0.113.0/24"), None, None).unwrap(), name, format)
    }

    #[test]
    fn the_json_is_the_compiled_policy_in_the_order_people_read() {
        let text = written("p", "json").unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Statement"][0]["Resource"], "arn:aws:s3:::b/${aws:username}/*");
        assert_eq!(value["Statement"][0]["Condition"]["IpAddress"]["aws:SourceIp"], "203.0.113.0/24");
        assert_eq!(value["Statement"][1]["Effect"], "Deny");
        assert!(
            text.starts_with(
                "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\""
            ),
            "{text}"
        );
    }

    #[test]
    fn terraform_escapes_what_would_be_a_template() {
        let text = written("my profile", "terraform").unwrap();
        assert!(
            text.starts_with("resource \"aws_iam_policy\" \"my_profile\" {\n  name   = \"my profile\"\n"),
            "{text}"
        );
        assert!(text.contains("b/$${aws:username}/*"), "{text}");
        let policy: String = text.lines().skip(3).take_while(|line| *line != "  POLICY").collect();
        assert!(serde_json::from_str::<Value>(&policy).is_ok(), "{policy}");
        assert!(
            written("3 things", "terraform")
                .unwrap()
                .starts_with("resource \"aws_iam_policy\" \"audex_3_things\"")
        );
    }

    #[test]
    fn cloudformation_has_a_logical_id_and_the_policy_as_flow_yaml() {
        let text = written("s3-readonly", "cloudformation").unwrap();
        assert!(text.contains("\n  S3Readonly:\n    Type: AWS::IAM::ManagedPolicy\n"), "{text}");
        let (_, policy) = text.split_once("PolicyDocument:\n").unwrap();
        assert!(serde_json::from_str::<Value>(policy).is_ok(), "{policy}");
    }

    #[test]
    fn another_format_is_unsupported() {
        assert_eq!(written("p", "pulumi").unwrap_err().kind, ErrorKind::Unsupported);
    }
}
