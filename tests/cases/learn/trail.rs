//! CloudTrail as a source.

use serde_json::json;

use super::learn;
use crate::support::aws_cli::script;
use crate::support::{Answerer, Sandbox};

#[test]
fn the_log_is_asked_for_this_sessions_key_page_by_page_until_nothing_new_comes() {
    let event = |name: &str, inner: &str| {
        format!(
            r#"{{"EventSource":"s3.amazonaws.com","EventName":"{name}","CloudTrailEvent":{}}}"#,
            json!(inner)
        )
    };
    let first = format!(
        r#"{{"Events":[{},{}],"NextToken":"more"}}"#,
        event("ListBuckets", "{}"),
        event("ListBuckets", "{}")
    );
    let denied = event("CreateBucket", r#"{"errorCode":"AccessDenied"}"#);
    let second = format!(r#"{{"Events":[{denied},{}]}}"#, event("MadeUpOperation", "{}"));
    let throttled = r#"{"__type":"ThrottlingException"}"#;
    let log = Answerer::scripted(&[
        ("400 Bad Request", throttled),
        ("200 OK", &first),
        ("200 OK", &second),
    ]);
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.set("AWS_ENDPOINT_URL_CLOUDTRAIL", &log.endpoint);
    let options = ["--source", "cloudtrail", "--regions", "us-east-1", "--wait", "2s"];
    let output = learn(&sandbox, &options, &script(&[("list", "s3api list-buckets")])).success();
    let said = &output.stderr;
    assert!(
        said.contains("has no data events") && said.contains("waiting for CloudTrail"),
        "{said}"
    );
    assert!(said.contains("Observed actions (from CloudTrail):\n  s3:ListAllMyBuckets (2 calls)\nDenied:\n  s3:CreateBucket (1 call)\n"), "{said}");
    assert!(said.contains("Not known, so no permission is recommended for them:\n  s3.amazonaws.com:MadeUpOperation (1 call)\n"), "{said}");
    assert!(said.contains("Recommended policy: s3:ListAllMyBuckets\n"), "{said}");
    let issued = sandbox.audit().into_iter().find(|record| record["event"] == "issued").unwrap();
    let key = issued["access_key_id"].as_str().unwrap();
    assert!(
        log.bodies().iter().all(|body| body.contains(key)),
        "only this session's calls are asked for"
    );
    assert!(log.bodies()[2].contains(r#""NextToken":"more""#));
}
