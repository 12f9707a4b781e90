use aws_sigv4::http_request::{SignableBody, SignableRequest, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Request;

use super::dummy::settings;
use super::*;
use crate::loopback::{LoopbackCloud, Seed};

/// A gateway to `target`, what it tells, and a runtime for its client.
struct Scene {
    gateway: Gateway,
    noted: mpsc::Receiver<Noted>,
    runtime: tokio::runtime::Runtime,
}

/// What a client asks.
struct Ask<'a> {
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    /// What is in `x-amz-content-sha256`, if that is not the body's own.
    hash: Option<&'a str>,
    secret: Option<&'a str>,
}

const GET: Ask<'static> = Ask {
    path: "/demo-reports/readme.txt",
    headers: &[],
    body: b"",
    hash: Some("UNSIGNED-PAYLOAD"),
    secret: None,
};

fn scene(target: &str, credentials: Credentials, ends_at: u64) -> Scene {
    let (sender, noted) = mpsc::channel(8);
    let parent = Environment::from_pairs([("AWS_ENDPOINT_URL", target)]);
    let gateway = Gateway::start(&parent, credentials, ends_at, sender).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Scene { gateway, noted, runtime }
}

fn none() -> Credentials {
    Credentials::new("AKIAREAL", "real-secret-key-nobody-may-see", None, None, "test")
}

impl Scene {
    /// Sends a request signed with the dummy key; status and body of the answer.
    fn send(&self, method: &str, ask: &Ask<'_>) -> (u16, String) {
        let uri = format!("{}{}", self.gateway.url(), ask.path);
        let host = uri.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let mut request = Request::builder().method(method).uri(&uri).header("host", &host);
        let mut headers = vec![("host", host.as_str())];
        headers.extend(ask.headers);
        if let Some(hash) = ask.hash {
            headers.push(("x-amz-content-sha256", hash));
        }
        for (name, value) in headers.iter().skip(1) {
            request = request.header(*name, *value);
        }
        let mut request = request.body(SdkBody::from(ask.body)).unwrap();
        let dummy = &self.gateway.dummy;
        let secret = ask.secret.unwrap_or(dummy.secret.expose());
        let identity = Credentials::new(&dummy.id, secret, None, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-central-1")
            .name("s3")
            .time(crate::clock::now())
            .settings(settings("s3"))
            .build()
            .unwrap()
            .into();
        let body = match ask.hash {
            Some(hash) => SignableBody::Precomputed(hash.to_owned()),
            None => SignableBody::Bytes(ask.body),
        };
        let signable = SignableRequest::new(method, &uri, headers.into_iter(), body).unwrap();
        sign(signable, &params).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
        self.runtime.block_on(async {
            let answer = AwsHttp::new(None).forward(HttpRequest::try_from(request).unwrap()).await.unwrap();
            let status = answer.status().as_u16();
            let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        })
    }
}

fn far() -> u64 {
    crate::clock::unix_seconds() + 600
}

/// The demo cloud with an analyst's keys.
fn cloud() -> (LoopbackCloud, Credentials) {
    let mut seed = Seed::demo();
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    seed.users.push(crate::loopback::UserSeed {
        name: "analyst".to_owned(),
        policies: vec![policy.to_owned()],
        access_key: None,
    });
    let cloud = LoopbackCloud::start(seed, None).unwrap();
    let key = cloud.access_key("analyst").unwrap();
    let credentials = Credentials::new(&key.id, key.secret.expose(), None, None, "test");
    (cloud, credentials)
}

#[test]
fn a_request_is_signed_again_and_its_answer_comes_back() {
    let (cloud, credentials) = cloud();
    let mut scene = scene(&cloud.endpoint(), credentials, far());
    assert_eq!(scene.send("GET", &GET), (200, "Reports of the demo account.\n".to_owned()));
    let noted = scene.noted.try_recv().unwrap();
    assert_eq!((noted.request.path.as_str(), noted.denied), ("/demo-reports/readme.txt", false));
    assert_eq!(noted.request.service.as_deref(), Some("s3"));
}

#[test]
fn a_body_signed_chunk_by_chunk_arrives_plain() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, far());
    let body = b"5;chunk-signature=00\r\nhello\r\n0;chunk-signature=00\r\n\r\n";
    let headers = [("x-amz-decoded-content-length", "5"), ("content-encoding", "aws-chunked")];
    let hash = Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    let put = Ask { path: "/demo-reports/chunked", headers: &headers, body, hash, ..GET };
    assert_eq!(scene.send("PUT", &put).0, 200);
    let get = Ask { path: "/demo-reports/chunked", ..GET };
    assert_eq!(scene.send("GET", &get), (200, "hello".to_owned()));
}

#[test]
fn a_key_with_dots_and_signs_stays_the_same_key() {
    let (cloud, credentials) = cloud();
    let mut scene = scene(&cloud.endpoint(), credentials, far());
    let path = "/demo-reports/a/../b%2Bc%20d//e";
    let put = Ask { path, body: b"x", hash: Some("UNSIGNED-PAYLOAD"), ..GET };
    assert_eq!(scene.send("PUT", &put).0, 200);
    assert_eq!(scene.noted.try_recv().unwrap().request.path, path);
    assert_eq!(scene.send("GET", &Ask { path, ..GET }), (200, "x".to_owned()));
}

#[test]
fn a_wrong_secret_gets_nothing_and_is_not_noted() {
    let (cloud, credentials) = cloud();
    let mut scene = scene(&cloud.endpoint(), credentials, far());
    let (status, body) = scene.send("GET", &Ask { secret: Some("wrong"), ..GET });
    assert!(status == 403 && body.contains("SignatureDoesNotMatch"), "{status} {body}");
    assert!(scene.noted.try_recv().is_err() && cloud.requests().is_empty());
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let hash = Some("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
    let (status, body) = scene.send("PUT", &Ask { hash, ..GET });
    assert!(status == 501 && body.contains("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), "{status} {body}");
    assert!(scene.gateway.refusals()[0].contains("STREAMING-AWS4-ECDSA"));
}

#[test]
fn an_endpoint_that_does_not_answer_is_a_502_of_the_services_form() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let (status, body) = scene.send("GET", &GET);
    assert!(status == 502 && body.starts_with("<Error><Code>ServiceUnavailable"), "{status} {body}");
    assert!(!body.contains("real-secret"));
}

#[test]
fn real_keys_do_not_cross_a_network_in_clear() {
    let scene = scene("http://192.0.2.1", none(), far());
    let (status, body) = scene.send("GET", &GET);
    assert!(status == 502 && body.contains("over plain http"), "{status} {body}");
}

#[test]
fn at_the_ttl_the_gateway_closes() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, crate::clock::unix_seconds());
    let (status, body) = scene.send("GET", &GET);
    assert!(status == 403 && body.contains("ExpiredToken"), "{status} {body}");
    assert!(cloud.requests().is_empty());
}

#[test]
fn dropping_it_ends_it_at_once() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let url = scene.gateway.url();
    drop(scene.gateway);
    assert!(std::net::TcpStream::connect(url.trim_start_matches("http://")).is_err());
}
