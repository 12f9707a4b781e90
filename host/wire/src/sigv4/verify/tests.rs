//! Signatures that hold, and the changes after which they do not.

use std::time::{Duration, UNIX_EPOCH};

use http::Request;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Returns a request that is signed for `service`, with the header `x-amz-meta-name: name`.
fn signed(service: &str, path: &str, name: &str) -> Parts {
    let uri = format!("http://127.0.0.1:1{path}");
    let headers =
        [("host", "127.0.0.1:1"), ("x-amz-date", "20261122T093000Z"), ("x-amz-meta-name", name)];
    let keys = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let scope = Scope {
        service,
        region: "eu-west-1",
        time: UNIX_EPOCH + Duration::from_mins(29_922_330),
        settings: settings(service),
    };
    let body = SignableBody::Bytes(b"body");
    let signed = signing("POST", &uri, headers.into_iter(), body, &keys, scope).unwrap();
    let mut request = Request::post(&uri);
    for (name, value) in headers.iter().skip(2).chain(headers.first()) {
        request = request.header(*name, *value);
    }
    let mut request = request.body(()).unwrap();
    signed.0.apply_to_request_http1x(&mut request);
    request.into_parts().0
}

fn verify(parts: &Parts, secret: &str, body: &[u8]) -> Result<Reading, Rejected> {
    let claim = Claim::of(&parts.uri, &parts.headers)?;
    claim.verify(parts, &Secret::new(secret.to_owned()), &SignableBody::Bytes(body))
}

#[test]
fn a_signature_holds_for_its_request_alone() {
    for service in ["s3", "sts"] {
        let parts = || signed(service, "/a%20b//c?x=1&y", "plain");
        assert_eq!(verify(&parts(), SECRET, b"body"), Ok(Reading::Utf8), "{service}");
        let changed = |change: fn(&mut Parts)| {
            let mut parts = parts();
            change(&mut parts);
            verify(&parts, SECRET, b"body")
        };
        for result in [
            verify(&parts(), "another secret", b"body"),
            verify(&parts(), SECRET, b"other"),
            changed(|parts| parts.method = http::Method::PUT),
            changed(|parts| parts.uri = "/a%20b//d?x=1&y".parse().unwrap()),
            changed(|parts| parts.uri = "/a%20b//c?x=2&y".parse().unwrap()),
            changed(|parts| {
                parts.headers.insert("host", HeaderValue::from_static("127.0.0.1:2"));
            }),
            changed(|parts| {
                parts.headers.insert("x-amz-meta-name", HeaderValue::from_static("other"));
            }),
            changed(|parts| {
                parts.headers.append("x-amz-meta-name", HeaderValue::from_static("other"));
            }),
            changed(|parts| {
                parts.headers.insert("x-amz-date", HeaderValue::from_static("20261122T093001Z"));
            }),
        ] {
            assert_eq!(result, Err(Rejected::BadSignature), "{service}");
        }
    }
}

#[test]
fn another_scope_is_another_signature() {
    for (part, other) in [("eu-west-1", "us-east-1"), ("/sts/", "/s3/"), ("AKID", "ASIA")] {
        let mut parts = signed("sts", "/", "plain");
        let text = header(&parts.headers, "authorization").unwrap().replace(part, other);
        parts.headers.insert("authorization", text.parse().unwrap());
        let result = verify(&parts, SECRET, b"body");
        // The id of the key is not part of the signature: it selects the secret.
        let expected =
            if other == "ASIA" { Ok(Reading::Utf8) } else { Err(Rejected::BadSignature) };
        assert_eq!(result, expected, "{other}");
    }
}

#[test]
fn a_header_that_is_not_ascii_is_read_as_the_client_reads_it() {
    let mut parts = signed("s3", "/b/k", "ü");
    assert_eq!(verify(&parts, SECRET, b"body"), Ok(Reading::Utf8));
    parts.headers.insert("x-amz-meta-name", HeaderValue::from_bytes(b"\xfc").unwrap());
    assert_eq!(verify(&parts, SECRET, b"body"), Ok(Reading::Latin1));
    parts.headers.insert("x-amz-meta-name", HeaderValue::from_bytes(b"\xfd").unwrap());
    assert_eq!(verify(&parts, SECRET, b"body"), Err(Rejected::BadSignature));
}
