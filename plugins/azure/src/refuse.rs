//! The reply that denies a request, in the format of its service, so that clients raise their ordinary error.
//!
//! Sources: Resource Manager, "Common error codes"; Storage services REST API, "Status and error codes"; Key
//! Vault, "Authentication, requests and responses".

use audex_sdk::provider::{Reply, SeenRequest};
use serde_json::json;

use crate::read::{Service, account_of, is_vault};

/// The status of every denial.
const FORBIDDEN: u16 = 403;
/// The id of replies that no server of Azure made.
const REQUEST_ID: &str = "audex";
const STORAGE: &str = "AuthorizationPermissionMismatch";
const JSON: &str = "application/json; charset=utf-8";

/// Returns the denial of `request`; `message` is its text for people.
pub fn refuse(request: &SeenRequest, message: &str) -> Reply {
    let (mut reply, code) = match account_of(&request.host) {
        Some((_, Service::Table)) => {
            let error = json!({ "odata.error": {
                "code": STORAGE, "message": { "lang": "en-US", "value": message }
            }});
            let kind = "application/json;odata=minimalmetadata;streaming=true;charset=utf-8";
            (Reply::new(FORBIDDEN, kind, error.to_string().into_bytes()), Some(STORAGE))
        }
        Some(_) => {
            let text = escaped(message);
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{STORAGE}</Code><Message>{text}</Message></Error>"
            );
            (Reply::new(FORBIDDEN, "application/xml", body.into_bytes()), Some(STORAGE))
        }
        None if is_vault(&request.host) => {
            let inner = json!({ "code": "ForbiddenByRbac" });
            let error = json!({ "error": {
                "code": "Forbidden", "message": message, "innererror": inner
            }});
            (Reply::new(FORBIDDEN, JSON, error.to_string().into_bytes()), None)
        }
        None => {
            let error = json!({ "error": { "code": "AuthorizationFailed", "message": message }});
            let code = Some("AuthorizationFailed");
            (Reply::new(FORBIDDEN, JSON, error.to_string().into_bytes()), code)
        }
    };
    let mut add = |name: &str, value: &str| reply.headers.push((name.to_owned(), value.to_owned()));
    add("x-ms-request-id", REQUEST_ID);
    match (code, account_of(&request.host)) {
        (Some(code), Some(_)) => add("x-ms-error-code", code),
        (Some(_), None) => add("x-ms-failure-cause", "gateway"),
        (None, _) => {}
    }
    reply
}

fn escaped(text: &str) -> String {
    let character = |character: char| match character {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        // XML 1.0 has no such character, not even as a reference.
        control if control.is_control() && !matches!(control, '\n' | '\t') => "?".to_owned(),
        plain => plain.to_string(),
    };
    text.chars().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_its_own_shape() {
        for (host, header, part) in [
            (
                "management.azure.com",
                "x-ms-failure-cause",
                r#"{"error":{"code":"AuthorizationFailed""#,
            ),
            (
                "acct.blob.core.windows.net",
                "x-ms-error-code",
                "<Error><Code>AuthorizationPermissionMismatch</Code><Message>no &lt;&amp;&gt;</Message>",
            ),
            ("acct.queue.core.windows.net", "x-ms-error-code", "<Error><Code>"),
            (
                "acct.table.core.windows.net",
                "x-ms-error-code",
                r#"{"odata.error":{"code":"Authorization"#,
            ),
            (
                "vault.vault.azure.net",
                "x-ms-request-id",
                r#""innererror":{"code":"ForbiddenByRbac"}"#,
            ),
            ("elsewhere.example", "x-ms-request-id", "AuthorizationFailed"),
        ] {
            let request = crate::read::tests::request("GET", &format!("{host}/"), &[], b"");
            let reply = refuse(&request, "no <&>");
            let body = String::from_utf8(reply.body).unwrap();
            assert_eq!(reply.status, 403);
            assert!(body.contains(part), "{host}: {body}");
            assert!(reply.headers.iter().any(|(name, _)| name == header), "{host}");
        }
    }
}
