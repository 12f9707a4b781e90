//! Requests that try to mean more than one thing.

use super::*;

const TOPIC: &str = "pubsub.googleapis.com/v1/projects/p/topics/t";

fn is_refused(request: &SeenRequest) -> bool {
    !matches!(read(request), Reading::Calls(_))
}

#[test]
fn headers_and_parameters_that_override_are_refused() {
    for name in [
        "x-http-method-override",
        "X-HTTP-Method",
        "x-method-override",
        "authorization",
        "x-goog-api-key",
        "x-goog-iam-authority-selector",
        "x-goog-upload-protocol",
    ] {
        let mut seen = request("GET", TOPIC, "", "");
        assert!(!is_refused(&seen));
        seen.headers.push((name.to_owned(), "DELETE".to_owned()));
        assert!(is_refused(&seen), "{name}");
    }
    for query in [
        "access_token=x",
        "oauth_token=x",
        "key=x",
        "callback=x",
        "$httpMethod=DELETE",
        "%24httpMethod=DELETE",
        "alt=proto",
        "unknown=1",
        "upload_protocol=raw",
    ] {
        assert!(is_refused(&request("GET", &format!("{TOPIC}?{query}"), "", "")), "{query}");
    }
    for query in ["alt=json", "prettyPrint=false&fields=name", "$.xgafv=2", "view=FULL"] {
        assert!(!is_refused(&request("GET", &format!("{TOPIC}?{query}"), "", "")), "{query}");
    }
}

#[test]
fn a_parameter_that_names_something_is_there_once() {
    let base = "storage.googleapis.com/storage/v1/b";
    for url in [
        format!("{base}?project=p&project=q"),
        format!("{base}/b/o?prefix=a&prefix=b"),
        format!("{base}/b/o/o?userProject=a&userProject=b"),
        format!("{base}/b/o/o?userProject=a&user_project=b"),
    ] {
        assert!(is_refused(&request("GET", &url, "", "")), "{url}");
    }
}

#[test]
fn paths_that_another_parser_could_take_apart_are_refused() {
    for path in [
        "/v1/projects/p/topics/a%2Fb",
        "/v1/projects/p/topics/t%3Apublish",
        "/v1/projects/p/topics/t:frobnicate",
        "/v1/projects/p/topics/%2e%2e",
        "/v1/projects/p/topics/a%00",
        "/v1/projects/p/topics/%ff",
        "/v1/projects/p/topics/a%5Cb",
        "/v1/projects/p%2Ftopics/topics/t",
        "/v1beta1a/topics",
        "/v9/projects/p/topics/t",
    ] {
        assert!(
            is_refused(&request("GET", &format!("pubsub.googleapis.com{path}"), "", "")),
            "{path}"
        );
    }
    let every = told(&request("GET", "pubsub.googleapis.com/v1/projects/-/topics/t", "", ""));
    assert_eq!(every, ["pubsub.topics.get unseen"]);
    let star = told(&request("GET", "pubsub.googleapis.com/v1/projects/p/topics/%2A", "", ""));
    assert_eq!(star, ["pubsub.topics.get unseen"]);
}

#[test]
fn bodies_that_are_not_read_whole_and_once_are_refused() {
    let url = format!("{TOPIC}:publish");
    let good = r#"{"messages":[]}"#;
    assert!(!is_refused(&request("POST", &url, JSON, good)));
    for (kind, body) in [
        (JSON, r#"{"messages":[],"messages":[]}"#),
        (JSON, r#"{"messages":[]"#),
        (JSON, "[]"),
        ("application/x-www-form-urlencoded", "messages=1"),
        ("application/x-protobuf", "x"),
        ("application/grpc", good),
    ] {
        assert!(is_refused(&request("POST", &url, kind, body)), "{kind} {body}");
    }
    let mut cut = request("POST", &url, JSON, good);
    cut.complete = false;
    assert!(is_refused(&cut));
    let mut packed = request("POST", &url, JSON, good);
    packed.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    assert!(is_refused(&packed));
    assert!(is_refused(&request("GET", TOPIC, JSON, r#"{"name":"projects/p/topics/u"}"#)));
    let grpc = told(&request(
        "POST",
        "pubsub.googleapis.com/google.pubsub.v1.Publisher/Publish",
        "application/grpc+proto",
        "",
    ));
    assert!(grpc[0].starts_with("unknown: gRPC") && grpc[0].contains("REST"), "{grpc:?}");
}

#[test]
fn what_a_body_names_and_is_not_read_needs_every_resource() {
    let update = r#"{"topic":{"kmsKeyName":"projects/q/locations/l/keyRings/r/cryptoKeys/k"}}"#;
    assert_eq!(told(&request("PATCH", TOPIC, JSON, update)), ["pubsub.topics.update unseen"]);
    let other = r#"{"topic":{"name":"projects/q/topics/t"}}"#;
    assert_eq!(told(&request("PATCH", TOPIC, JSON, other)), ["pubsub.topics.update unseen"]);
    let own = r#"{"topic":{"name":"projects/p/topics/t"},"updateMask":"labels"}"#;
    let expected = "pubsub.topics.update //pubsub.googleapis.com/projects/p/topics/t";
    assert_eq!(told(&request("PATCH", TOPIC, JSON, own)), [expected]);
}

/// Bytes that mean something to a parser.
const BYTES: &[u8] = b"\"{}[]:/%*?-\r\n\0\xff a";

/// A generator of numbers (Knuth, MMIX): the same bytes in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn a_request_that_was_changed_anywhere_is_read_or_refused_without_a_panic() {
    let mut numbers = Numbers(19);
    let requests = [
        batch(&["DELETE /storage/v1/b/b/o/a HTTP/1.1\r\naccept: */*\r\n\r\n"]),
        request(
            "POST",
            "bigquery.googleapis.com/bigquery/v2/projects/p/queries",
            JSON,
            r#"{"query":"select 'a' -- b"}"#,
        ),
        request(
            "PUT",
            "pubsub.googleapis.com/v1/projects/p/subscriptions/s",
            JSON,
            r#"{"topic":"projects/p/topics/t"}"#,
        ),
        request(
            "GET",
            "l1-run.googleapis.com/apis/serving.knative.dev/v1/namespaces/p/services/s",
            "",
            "",
        ),
    ];
    for turn in 0..4000 {
        let mut seen = requests[turn % requests.len()].clone();
        for _ in 0..=numbers.below(4) {
            let byte = BYTES[numbers.below(BYTES.len())];
            let text = char::from(byte);
            match numbers.below(3) {
                0 if !seen.body.is_empty() => {
                    let at = numbers.below(seen.body.len());
                    seen.body[at] = byte;
                }
                1 => {
                    let at = numbers.below(seen.body.len() + 1);
                    seen.body.truncate(at);
                }
                _ => {
                    let places: Vec<usize> = seen.path.char_indices().map(|(at, _)| at).collect();
                    let at = places.get(numbers.below(places.len().max(1))).copied().unwrap_or(0);
                    seen.path.insert(at, text);
                }
            }
        }
        match read(&seen) {
            Reading::Calls(needs) => assert!(!needs.is_empty(), "{seen:?}"),
            Reading::Unknown(reason) | Reading::Ambiguous(reason) => assert!(!reason.is_empty()),
        }
    }
}

fn batch(parts: &[&str]) -> SeenRequest {
    let part = |part: &&str| {
        format!("--b\r\nContent-Type: application/http\r\nContent-ID: <1>\r\n\r\n{part}\r\n")
    };
    let body = parts.iter().map(part).collect::<String>() + "--b--\r\n";
    request("POST", "storage.googleapis.com/batch/storage/v1", "multipart/mixed; boundary=b", &body)
}

#[test]
fn the_parts_of_a_batch_are_joined() {
    let seen = batch(&[
        "DELETE /storage/v1/b/b/o/a%2Fc HTTP/1.1\r\naccept: */*\r\n\r\n",
        "PATCH /storage/v1/b/b/o/d?alt=json HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"acl\":null}",
    ]);
    assert_eq!(
        told(&seen),
        [
            format!("storage.objects.delete {O}/b/objects/a/c"),
            format!("storage.objects.update {O}/b/objects/d"),
        ]
    );
}

#[test]
fn a_batch_with_a_part_that_is_not_read_is_refused_whole() {
    let good = "GET /storage/v1/b/b/o/a HTTP/1.1\r\n\r\n";
    assert!(!is_refused(&batch(&[good])));
    for bad in [
        "GET /storage/v9/b/b HTTP/1.1\r\n\r\n",
        "GET https://evil.example/storage/v1/b/b HTTP/1.1\r\n\r\n",
        "GET //evil.example/storage/v1/b/b HTTP/1.1\r\n\r\n",
        "GET /storage/v1/b/b HTTP/1.1\r\nhost: bigquery.googleapis.com\r\n\r\n",
        "GET /storage/v1/b/b HTTP/1.1\r\nx-http-method-override: DELETE\r\n\r\n",
        "GET /storage/v1/b/b HTTP/1.1\r\nauthorization: Bearer x\r\n\r\n",
        "GET /storage/v1/b/b/o/../../c HTTP/1.1\r\n\r\n",
        "GET /storage/v1/b/b/o/%2e%2e/x HTTP/1.1\r\n\r\n",
        "GET /storage/v1/b/b?access_token=x HTTP/1.1\r\n\r\n",
        "GET /storage/v1/b/b HTTP/1.1\r\ncontent-length: 1\r\n\r\n{}",
        "POST /batch/storage/v1 HTTP/1.1\r\n\r\n",
        "GET /storage/v1/b/b",
        "GET",
        "",
        "GET /storage/v1/b/b HTTP/1.1\r\n\r\nx --b\r\n",
    ] {
        let is_short = bad == "GET /storage/v1/b/b";
        assert!(is_refused(&batch(&[good, bad])) != is_short, "{bad}");
    }
    let mut open = batch(&[good]);
    open.body.truncate(open.body.len() - 4);
    assert!(is_refused(&open) && is_refused(&batch(&[])));
    let mut nested = batch(&[good]);
    nested.query.push(("alt".to_owned(), "json".to_owned()));
    assert!(is_refused(&nested));
}

#[test]
fn other_hosts_methods_and_interfaces_are_unknown() {
    for (method, url) in [
        ("GET", "spanner.googleapis.com/v1/projects/p/instances/i"),
        ("GET", "evil.example/v1/projects/p/topics/t"),
        ("BREW", TOPIC),
        ("PUT", "storage.googleapis.com/bucket/object"),
        ("GET", "storage.googleapis.com/bucket"),
        ("GET", "storage.googleapis.com/bucket/object?acl"),
        ("GET", "bucket.storage.googleapis.com/object"),
        ("GET", ""),
    ] {
        assert!(
            matches!(read(&request(method, url, "", "")), Reading::Unknown(_)),
            "{method} {url}"
        );
    }
}
