//! Reads the replies of the API, and explains each failure.

use audex_sdk::intent::{Error, ErrorKind, Proposal};
use serde_json::Value;

/// Reads the reply of the Messages API.
///
/// # Errors
/// If the reply contains no proposal; each cause has its own code.
pub fn read(status: u16, body: &[u8]) -> Result<Proposal, Error> {
    let reply: Value = serde_json::from_slice(body).unwrap_or_default();
    if status != 200 {
        return Err(failure(status, &reply));
    }
    let input = reply.get("content").and_then(Value::as_array).into_iter().flatten();
    let mut input =
        input.filter(|part| part.get("type").and_then(Value::as_str) == Some("tool_use"));
    let input = input.find_map(|part| part.get("input"));
    match (reply.get("stop_reason").and_then(Value::as_str), input.and_then(proposal)) {
        (Some("refusal"), _) => Err(error(
            ErrorKind::Denied,
            "refused",
            "Claude would not answer that".to_owned(),
            "say what the program does, in other words, or give the permissions: --allow",
        )),
        (Some("max_tokens"), _) => Err(error(
            ErrorKind::Unavailable,
            "truncated",
            "Claude's answer was cut off".to_owned(),
            "ask for less at once",
        )),
        (_, Some(proposal)) => Ok(proposal),
        (_, None) => Err(error(
            ErrorKind::Unavailable,
            "garbled",
            "Claude's answer is not of the form that was asked for".to_owned(),
            "try again, or another model: `[intent] model` in config.toml",
        )),
    }
}

fn proposal(input: &Value) -> Option<Proposal> {
    let texts = |name: &str| -> Option<Vec<String>> {
        let listed = input.get(name)?.as_array()?;
        listed.iter().map(|text| text.as_str().map(|text| text.trim().to_owned())).collect()
    };
    let (allow, resources) = (texts("allow")?, texts("resource").unwrap_or_default());
    let description = input.get("description")?.as_str()?.to_owned();
    (!allow.is_empty()).then_some(Proposal {
        allow,
        resources,
        description,
        candidates: Vec::new(),
    })
}

/// Returns the error for a failed request. Source: Anthropic API, "Errors", HTTP errors.
fn failure(status: u16, reply: &Value) -> Error {
    let said = reply.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
    let message = format!("Claude's API answered {status}: {said}");
    match status {
        401 => invalid("api-key", message, "check ANTHROPIC_API_KEY"),
        403 => error(
            ErrorKind::Denied,
            "api-key-permission",
            message,
            "use a key that may call the Messages API",
        ),
        404 => invalid(
            "model",
            message,
            "name another model: `[intent] model` in config.toml, or --model",
        ),
        429 => error(
            ErrorKind::Unavailable,
            "rate-limited",
            message,
            "wait a minute, or take --engine intent-local",
        ),
        529 => error(
            ErrorKind::Unavailable,
            "overloaded",
            message,
            "try again in a moment, or take --engine intent-local",
        ),
        400 | 413 => invalid("request", message, "check `[intent] model` in config.toml"),
        _ => error(
            ErrorKind::Unavailable,
            "api",
            message,
            "try again in a moment, or take --engine intent-local",
        ),
    }
}

/// Returns an error that the request itself caused.
pub fn invalid(code: &str, message: String, hint: &str) -> Error {
    error(ErrorKind::InvalidInput, code, message, hint)
}

fn error(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, body: &str) -> String {
        read(status, body.as_bytes()).unwrap_err().code
    }

    #[test]
    fn a_proposal_is_the_input_of_the_tool() {
        let body = r#"{"stop_reason":"tool_use","content":[{"type":"text","text":"x"},{"type":"tool_use","name":"propose_permissions",
            "input":{"allow":["s3:GetObject "],"resource":[],"description":"Read"}}]}"#;
        let read = read(200, body.as_bytes()).unwrap();
        assert_eq!(
            (read.allow, read.resources.len(), read.description.as_str()),
            (vec!["s3:GetObject".to_owned()], 0, "Read")
        );
    }

    #[test]
    fn every_failure_has_a_name() {
        let of = |status| code(status, r#"{"error":{"message":"m"}}"#);
        assert_eq!(
            [401, 403, 404, 429, 529, 500, 400].map(of),
            [
                "api-key",
                "api-key-permission",
                "model",
                "rate-limited",
                "overloaded",
                "api",
                "request"
            ]
        );
        assert_eq!(code(200, r#"{"stop_reason":"refusal","content":[]}"#), "refused");
        assert_eq!(code(200, r#"{"stop_reason":"max_tokens","content":[]}"#), "truncated");
        for garbage in [
            "",
            "<html>",
            r#"{"content":"x"}"#,
            r#"{"content":[{"type":"tool_use","input":{"allow":"s3:*"}}]}"#,
            r#"{"content":[{"type":"tool_use","input":{"allow":[],"resource":[],"description":""}}]}"#,
            r#"{"content":[{"type":"tool_use","input":{"allow":[1],"resource":[],"description":""}}]}"#,
        ] {
            assert_eq!(code(200, garbage), "garbled", "{garbage}");
        }
    }
}
