//! The tools: their names, descriptions and schemas.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// One tool of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Plan,
    CheckPermission,
    RequestAccess,
    Run,
    ExplainDenial,
    Sessions,
    Receipt,
    Audit,
}

impl Name {
    const ALL: [Self; 8] = [
        Self::Plan,
        Self::CheckPermission,
        Self::RequestAccess,
        Self::Run,
        Self::ExplainDenial,
        Self::Sessions,
        Self::Receipt,
        Self::Audit,
    ];

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::CheckPermission => "check_permission",
            Self::RequestAccess => "request_access",
            Self::Run => "run",
            Self::ExplainDenial => "explain_denial",
            Self::Sessions => "sessions",
            Self::Receipt => "receipt",
            Self::Audit => "audit",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.text() == text)
    }

    fn description(self) -> &'static str {
        match self {
            Self::Plan => {
                "Show what `run` would ask of the cloud for these permissions: the policy, who enforces each permission, and what filters remove. Mints nothing."
            }
            Self::CheckPermission => {
                "Check permissions against the catalogue of the cloud: whether they exist, their exact names, and what they let a command do (read, list, write, permissions, tagging)."
            }
            Self::RequestAccess => {
                "Ask a person for permissions, with the reason. Without `session`, a yes counts for later calls of `run` of this server, for these permissions and until `until`. With `session`, the ask goes to that running session."
            }
            Self::Run => {
                "Run one command with short-lived cloud credentials that can do only what `allow` or `profile` name. Standard input is empty. The start and the end of long output are kept. Permissions that write, tag or manage permissions need the yes of a person."
            }
            Self::ExplainDenial => {
                "Explain an AccessDenied message of a cloud or of Audex, or without `text` the last refusal in the audit log: the missing permission, who refused it, and the next step."
            }
            Self::Sessions => {
                "List the last sessions, the newest first: what ran, what is still valid."
            }
            Self::Receipt => {
                "Show what one session was granted, what it used, what was refused, and the tighter grant."
            }
            Self::Audit => "Verify the audit log and read its last records.",
        }
    }

    fn reads_only(self) -> bool {
        !matches!(self, Self::Run | Self::RequestAccess)
    }

    fn input(self) -> Value {
        match self {
            Self::Plan => object(&[], &request(), &[("command", COMMAND)]),
            Self::RequestAccess => object(&["reason"], &request(), &[("session", SESSION)]),
            Self::Run => object(&["command"], &request(), &[("command", COMMAND)]),
            Self::CheckPermission => {
                object(&["permissions"], &[("permissions", STRINGS), ("provider", TEXT)], &[])
            }
            Self::ExplainDenial => object(&[], &[("text", TEXT), ("session", TEXT)], &[]),
            Self::Sessions => object(&[], &[("limit", LIMIT)], &[]),
            Self::Receipt => object(&["session"], &[("session", TEXT)], &[]),
            Self::Audit => {
                object(&[], &[("session", TEXT), ("event", TEXT), ("limit", LIMIT)], &[])
            }
        }
    }

    fn output(self) -> Value {
        match self {
            Self::Plan => output(
                &[
                    ("provider", TEXT),
                    ("method", TEXT),
                    ("ttl_seconds", NUMBER),
                    ("resources", STRINGS),
                    ("permissions", OBJECTS),
                    ("denied", OBJECTS),
                    ("needs_approval", OBJECTS),
                ],
                &[
                    ("policy", ANY),
                    ("notices", STRINGS),
                    ("preflight", OBJECTS),
                    ("isolation", ANY),
                    ("delivery", TEXT),
                    ("components", OBJECTS),
                ],
            ),
            Self::CheckPermission => output(&[("permissions", OBJECTS)], &[]),
            Self::RequestAccess => output(
                &[("state", r#"{"enum":["granted","pending"]}"#), ("permissions", OBJECTS)],
                &[
                    ("until", MAYBE_TEXT),
                    ("by", MAYBE_TEXT),
                    ("ask", MAYBE_TEXT),
                    ("next", MAYBE_TEXT),
                ],
            ),
            Self::Run => output(
                &[
                    ("session", TEXT),
                    ("exit_code", NUMBER),
                    ("stopped", FLAG),
                    ("stdout", STREAM),
                    ("stderr", STREAM),
                ],
                &[("next", MAYBE_TEXT)],
            ),
            Self::ExplainDenial => output(&[("session", MAYBE_TEXT), ("denials", OBJECTS)], &[]),
            Self::Sessions => output(&[("sessions", OBJECTS)], &[]),
            Self::Receipt => output(
                &[("session", TEXT), ("state", TEXT), ("complete", FLAG), ("granted", OBJECTS)],
                &[("used", ANY), ("unused", ANY), ("recommended", ANY)],
            ),
            Self::Audit => {
                output(&[("records", OBJECTS), ("verified", NUMBER), ("last", TEXT)], &[])
            }
        }
    }
}

const TEXT: &str = r#"{"type":"string"}"#;
const MAYBE_TEXT: &str = r#"{"type":["string","null"]}"#;
const FLAG: &str = r#"{"type":"boolean"}"#;
const NUMBER: &str = r#"{"type":"integer","minimum":0}"#;
const LIMIT: &str = r#"{"type":"integer","minimum":1,"maximum":200,"description":"How many of the last ones; 20 if it is not given"}"#;
const STRINGS: &str = r#"{"type":"array","items":{"type":"string"}}"#;
const OBJECTS: &str = r#"{"type":"array","items":{"type":"object"}}"#;
const ANY: &str = "{}";
const COMMAND: &str = r#"{"type":"array","items":{"type":"string"},"minItems":1,"description":"The command and its arguments; no shell reads them"}"#;
const SESSION: &str =
    r#"{"type":"string","description":"A running session to which the permissions are added"}"#;
const STREAM: &str = r#"{"type":"object","required":["text","bytes","left_out"],"properties":{
    "text":{"type":"string","description":"The output; where something was left out, its start and its end"},
    "bytes":{"type":"integer","minimum":0},"left_out":{"type":"integer","minimum":0}}}"#;

/// Returns the properties of a request.
fn request() -> [(&'static str, &'static str); 7] {
    [
        (
            "allow",
            r#"{"type":"array","items":{"type":"string"},"description":"Permissions, such as `s3:GetObject` or `storage:read`"}"#,
        ),
        (
            "profile",
            r#"{"type":"array","items":{"type":"string"},"description":"Profiles whose permissions to allow"}"#,
        ),
        (
            "resource",
            r#"{"type":"array","items":{"type":"string"},"description":"Resources to limit the permissions to, such as ARNs"}"#,
        ),
        (
            "provider",
            r#"{"type":"string","description":"The cloud, such as `aws`, `gcp`, `azure` or `vault`"}"#,
        ),
        ("region", TEXT),
        (
            "ttl",
            r#"{"type":"string","description":"How long access lasts, such as `15m`; the command is ended then"}"#,
        ),
        (
            "reason",
            r#"{"type":"string","description":"Why access is needed, in one line; for the person who is asked, for filters and the audit log"}"#,
        ),
    ]
}

fn object(required: &[&str], first: &[(&str, &str)], more: &[(&str, &str)]) -> Value {
    json!({
        "type": "object", "properties": properties(first, more), "required": required,
        "additionalProperties": false,
    })
}

/// Returns the schema of a result with these properties, all of the first required.
fn output(required: &[(&str, &str)], more: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties(required, more), "required": names })
}

fn properties(first: &[(&str, &str)], more: &[(&str, &str)]) -> Value {
    let parsed = |schema: &str| serde_json::from_str::<Value>(schema).unwrap_or_default();
    let all = first.iter().chain(more);
    all.map(|(name, schema)| ((*name).to_owned(), parsed(schema)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Returns the definitions of all tools.
pub(super) fn all() -> Vec<Tool> {
    Name::ALL.into_iter().map(tool).collect()
}

fn tool(name: Name) -> Tool {
    let schema = |value: Value| -> Arc<JsonObject> {
        Arc::new(value.as_object().cloned().unwrap_or_default())
    };
    let mut tool = Tool::new(name.text(), name.description(), schema(name.input()));
    tool.output_schema = Some(schema(name.output()));
    let reads = name.reads_only();
    tool.annotations = Some(
        ToolAnnotations::new().read_only(reads).destructive(name == Name::Run).idempotent(reads),
    );
    tool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_an_object_with_known_properties() {
        for name in Name::ALL {
            assert_eq!(Name::parse(name.text()), Some(name));
            for schema in [name.input(), name.output()] {
                assert_eq!(schema["type"], "object", "{name:?}");
                let properties = schema["properties"].as_object().unwrap();
                assert!(properties.values().all(Value::is_object), "{name:?}: {schema}");
                for required in schema["required"].as_array().unwrap() {
                    assert!(properties.contains_key(required.as_str().unwrap()), "{name:?}");
                }
            }
        }
    }
}
