//! The reply that denies a request, in the form of its API, so that clients raise their ordinary error.
//!
//! Sources: Google Cloud APIs, "Errors" (HTTP mapping of `google.rpc.Status`); Cloud Storage, "HTTP status and error
//! codes for JSON" and "… for XML".

use audex_sdk::provider::{Reply, SeenRequest};
use serde_json::json;

use crate::read;

/// Returns the denial of `request`; `message` is its text for people.
pub fn refuse(request: &SeenRequest, message: &str) -> Reply {
    if read::is_xml(request) {
        let details = escaped(message);
        let body = format!(
            "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>{details}</Details></Error>"
        );
        return Reply::new(403, "application/xml; charset=UTF-8", body.into_bytes());
    }
    let error = json!({
        "error": {
            "code": 403,
            "message": message,
            "status": "PERMISSION_DENIED",
            "errors": [{ "message": message, "domain": "global", "reason": "forbidden" }],
        }
    });
    Reply::new(403, "application/json; charset=UTF-8", error.to_string().into_bytes())
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
