//! The account's own log of calls: `LookupEvents` of CloudTrail. The log has management events only, some
//! minutes later.
//!
//! Source: CloudTrail API Reference, "LookupEvents": one attribute, 50 events a page, two requests a second,
//! no trail needed.

use std::collections::BTreeMap;

use audex_sdk::provider::http::{self, Auth, Chunk, Header, Request, Sigv4};
use audex_sdk::provider::{Call, Error, ErrorKind, Window};
use aws_policy::{invalid, refusal};
use serde_json::{Value, json};

/// The most pages of one region; so many calls are enough to learn from.
const PAGES: usize = 40;
const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
/// Parts of an event's `errorCode` that mark a denied call.
const DENIED: [&str; 4] =
    ["AccessDenied", "UnauthorizedOperation", "Forbidden", "AuthorizationError"];

/// Returns the calls made with the key of `window`, in its regions.
///
/// # Errors
/// If the log rejects the request or cannot be reached.
pub fn observed(window: &Window) -> Result<Vec<Call>, Error> {
    let key = window.credential_id.as_deref().ok_or_else(|| {
        invalid(
            "no-key",
            "the log is asked by the key, and none is known".to_owned(),
            "use --source csm",
        )
    })?;
    let mut calls: BTreeMap<(String, String, bool), Call> = BTreeMap::new();
    for region in &window.regions {
        let mut token = None;
        for _ in 0..PAGES {
            let page = ask(region, &question(window, key, token.as_deref()))?;
            for event in page.get("Events").and_then(Value::as_array).into_iter().flatten() {
                note(&mut calls, event);
            }
            token = page.get("NextToken").and_then(Value::as_str).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
    }
    Ok(calls.into_values().collect())
}

fn question(window: &Window, key: &str, token: Option<&str>) -> Value {
    let mut question = json!({
        "LookupAttributes": [{ "AttributeKey": "AccessKeyId", "AttributeValue": key }],
        "StartTime": window.since,
        "EndTime": window.until,
        "MaxResults": 50,
    });
    if let (Some(token), Some(fields)) = (token, question.as_object_mut()) {
        fields.insert("NextToken".to_owned(), token.into());
    }
    question
}

fn note(calls: &mut BTreeMap<(String, String, bool), Call>, event: &Value) {
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(service), Some(operation)) = (text("EventSource"), text("EventName")) else { return };
    // The event itself is JSON in a string.
    let inner: Value = text("CloudTrailEvent")
        .and_then(|inner| serde_json::from_str(&inner).ok())
        .unwrap_or_default();
    let code = inner.get("errorCode").and_then(Value::as_str).unwrap_or_default();
    let denied = DENIED.iter().any(|known| code.contains(known));
    let call = calls.entry((service.clone(), operation.clone(), denied)).or_insert_with(|| Call {
        service,
        operation,
        known: true,
        resources: Vec::new(),
        count: 0,
        denied,
        source: "cloudtrail".to_owned(),
    });
    call.count = call.count.saturating_add(1);
    for resource in inner.get("resources").and_then(Value::as_array).into_iter().flatten() {
        let arn = resource.get("ARN").and_then(Value::as_str).filter(|arn| arn.starts_with("arn:"));
        call.resources.extend(arn.map(str::to_owned).filter(|arn| !call.resources.contains(arn)));
    }
}

fn ask(region: &str, question: &Value) -> Result<Value, Error> {
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let plain = |name: &str, value: &str| Header {
        name: name.to_owned(),
        value: vec![Chunk::Plain(value.as_bytes().to_vec())],
    };
    let response = http::send(&Request {
        method: "POST".to_owned(),
        url: format!("https://cloudtrail.{region}.amazonaws.com{suffix}/"),
        headers: vec![
            plain("content-type", "application/x-amz-json-1.1"),
            plain("x-amz-target", TARGET),
        ],
        body: vec![Chunk::Plain(question.to_string().into_bytes())],
        auth: Some(Auth::Aws(Sigv4 {
            service: "cloudtrail".to_owned(),
            region: region.to_owned(),
        })),
        lift: Vec::new(),
        timeout_ms: None,
    })?;
    let reply: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    if response.status == 200 && reply.is_object() {
        return Ok(reply);
    }
    let kind = reply.get("__type").and_then(Value::as_str).unwrap_or("no reason given");
    let kind = kind.rsplit('#').next().unwrap_or(kind);
    let message = format!("CloudTrail in {region} answered {} ({kind})", response.status);
    Err(if kind.contains("AccessDenied") {
        refusal(
            ErrorKind::Denied,
            "log-refused",
            message,
            "your own login needs cloudtrail:LookupEvents",
        )
    } else if kind.contains("Throttl") {
        refusal(
            ErrorKind::Unavailable,
            "throttled",
            message,
            "the log allows two questions a second",
        )
    } else {
        refusal(
            ErrorKind::Unavailable,
            "log-unread",
            message,
            "try again later, or use --source csm",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_summed_up_and_denied_ones_told_apart() {
        let event = |name: &str, inner: &str| json!({ "EventSource": "ec2.amazonaws.com", "EventName": name, "CloudTrailEvent": inner });
        let mut calls = BTreeMap::new();
        for event in [
            event("DescribeInstances", "{}"),
            event("DescribeInstances", r#"{"resources":[{"ARN":"arn:aws:ec2:::instance/i-1"}]}"#),
            event("RunInstances", r#"{"errorCode":"Client.UnauthorizedOperation"}"#),
            event("StopInstances", "not json"),
            json!({ "EventName": "x" }),
            json!(7),
        ] {
            note(&mut calls, &event);
        }
        let calls: Vec<(String, u32, bool)> =
            calls.into_values().map(|call| (call.operation, call.count, call.denied)).collect();
        let expected = [
            ("DescribeInstances", 2, false),
            ("RunInstances", 1, true),
            ("StopInstances", 1, false),
        ];
        assert_eq!(calls, expected.map(|(name, count, denied)| (name.to_owned(), count, denied)));
    }

    #[test]
    fn the_key_of_the_session_alone_is_asked_for_page_by_page() {
        let window = Window {
            since: 10,
            until: 20,
            credential_id: Some("ASIA1".to_owned()),
            regions: Vec::new(),
        };
        let asked = question(&window, "ASIA1", Some("t"));
        assert_eq!(asked["LookupAttributes"][0]["AttributeValue"], "ASIA1");
        assert_eq!((&asked["NextToken"], &asked["StartTime"]), (&json!("t"), &json!(10)));
        assert!(question(&window, "ASIA1", None).get("NextToken").is_none());
    }
}
