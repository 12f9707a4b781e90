mod bad_input;
mod cloud;
mod queue;
mod quoted;
mod unsigned;
mod unsupported;

use std::pin::Pin;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Request;
use tokio::sync::mpsc;

use super::*;
use audex_loopback::{LoopbackCloud, Seed};
use audex_wire::sigv4::settings;

/// A gateway, the receiver of its reports, and a runtime for its client.
struct Scene {
    gateway: Gateway,
    noted: mpsc::Receiver<Noted>,
    runtime: tokio::runtime::Runtime,
}

/// A client's request.
struct Ask<'a> {
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    /// The value of `x-amz-content-sha256`; `None` leaves the header out and signs the body's hash.
    hash: Option<&'a str>,
    secret: Option<&'a str>,
    service: &'a str,
    region: &'a str,
    /// The seconds since the request was signed.
    ago: i64,
}

const GET: Ask<'static> = Ask {
    path: "/demo-reports/readme.txt",
    headers: &[],
    body: b"",
    hash: Some("UNSIGNED-PAYLOAD"),
    secret: None,
    service: "s3",
    region: "eu-central-1",
    ago: 0,
};

fn scene(target: &str, credentials: Credentials, ends_at: u64) -> Scene {
    let (sender, noted) = mpsc::channel(8);
    let observer = Arc::new(Observer::new(sender, View::Telling, credentials));
    let (gateway, runtime) = started(target, ends_at, observer);
    Scene { gateway, noted, runtime }
}

/// A decider that reports every request, and denies with `denial`.
struct Observer {
    sender: mpsc::Sender<Noted>,
    view: View,
    denial: Option<Box<Denial>>,
    signer: Arc<Signer>,
}

impl Observer {
    fn new(sender: mpsc::Sender<Noted>, view: View, credentials: Credentials) -> Self {
        Self { sender, view, denial: None, signer: Arc::new(Signer::new(credentials)) }
    }
}

impl Decider for Observer {
    fn decide<'a>(&'a self, _: &'a SeenRequest) -> Pending<'a> {
        let decision = self.denial.clone().map_or_else(|| Ok(Arc::clone(&self.signer)), Err);
        Box::pin(std::future::ready(decision))
    }

    fn noted<'a>(&'a self, noted: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async { self.sender.send(noted).await.unwrap() })
    }

    fn view(&self) -> View {
        self.view
    }
}

fn started(
    target: &str,
    ends_at: u64,
    decider: Arc<dyn Decider>,
) -> (Gateway, tokio::runtime::Runtime) {
    let parent = Environment::from_pairs([("AWS_ENDPOINT_URL", target)]);
    let gateway = Gateway::start(&parent, None, ends_at, None, decider).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    (gateway, runtime)
}

fn none() -> Credentials {
    Credentials::new("AKIAREAL", "real-secret-key-nobody-may-see", None, None, "test")
}

impl Scene {
    /// Sends a request signed with the session key; returns status and body of the answer.
    fn send(&self, method: &str, ask: &Ask<'_>) -> (u16, String) {
        self.exchange(self.signed(method, ask))
    }

    fn host(&self) -> String {
        self.gateway.url().trim_start_matches("http://").to_owned()
    }

    /// Builds a request signed with the session key.
    fn signed(&self, method: &str, ask: &Ask<'_>) -> Request<SdkBody> {
        let (host, uri) = (self.host(), format!("{}{}", self.gateway.url(), ask.path));
        let mut headers = vec![("host", host.as_str())];
        headers.extend(ask.headers);
        if let Some(hash) = ask.hash {
            headers.push(("x-amz-content-sha256", hash));
        }
        let mut request = Request::builder().method(method).uri(&uri);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(SdkBody::from(ask.body)).unwrap();
        let session_key = &self.gateway.session_key;
        let secret = ask.secret.unwrap_or(session_key.secret.expose());
        let identity = Credentials::new(&session_key.id, secret, None, None, "test").into();
        let ago = Duration::from_secs(ask.ago.unsigned_abs());
        let now = audex_core::clock::now();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(ask.region)
            .name(ask.service)
            .time(if ask.ago < 0 { now + ago } else { now - ago })
            .settings(settings(ask.service))
            .build()
            .unwrap()
            .into();
        let body = match ask.hash {
            Some(hash) => SignableBody::Precomputed(hash.to_owned()),
            None => SignableBody::Bytes(ask.body),
        };
        let signable = SignableRequest::new(method, &uri, headers.into_iter(), body).unwrap();
        sign(signable, &params).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
        request
    }

    /// Builds a request that is not signed.
    fn unsigned(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request<SdkBody> {
        let uri = format!("{}{path}", self.gateway.url());
        let mut request = Request::builder().method(method).uri(uri).header("host", self.host());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(SdkBody::from(body)).unwrap()
    }

    /// Sends a request over a connection of its own; returns status and body of the answer.
    fn exchange(&self, request: Request<SdkBody>) -> (u16, String) {
        self.runtime.block_on(async {
            let answer =
                AwsHttp::new(None).forward(HttpRequest::try_from(request).unwrap()).await.unwrap();
            let status = answer.status().as_u16();
            let body =
                http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        })
    }
}

fn far() -> u64 {
    audex_core::clock::unix_seconds() + 600
}

/// Starts the demo cloud with a user `analyst`; returns the cloud and this user's keys.
fn cloud() -> (LoopbackCloud, Credentials) {
    let mut seed = Seed::demo();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    seed.users.push(audex_loopback::UserSeed {
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
fn a_key_with_signs_and_empty_parts_stays_the_same_key() {
    let (cloud, credentials) = cloud();
    let mut scene = scene(&cloud.endpoint(), credentials, far());
    let path = "/demo-reports/a/..b%2Bc%20d//e";
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
fn a_header_that_was_added_after_signing_gets_nothing() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, far());
    let mut request = scene.signed("GET", &GET);
    request.headers_mut().insert("x-amz-expected-bucket-owner", "1".parse().unwrap());
    let (status, body) = scene.exchange(request);
    assert!(status == 403 && body.contains("does not cover"), "{status} {body}");
    assert!(cloud.requests().is_empty());
}

#[test]
fn an_endpoint_that_does_not_answer_is_a_502_of_the_services_form() {
    let scene = scene("http://127.0.0.1:1", none(), far());
    let (status, body) = scene.send("GET", &GET);
    assert!(
        status == 502 && body.starts_with("<Error><Code>ServiceUnavailable"),
        "{status} {body}"
    );
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
    let scene = scene(&cloud.endpoint(), credentials, audex_core::clock::unix_seconds());
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

#[test]
fn a_scope_that_spells_another_host_is_not_signed_for() {
    let (sender, noted) = mpsc::channel(8);
    let parent = Environment::default();
    let observer = Arc::new(Observer::new(sender, View::Telling, none()));
    let gateway = Gateway::start(&parent, None, far(), None, observer).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scene = Scene { gateway, noted, runtime };
    for (service, region) in [
        ("ec2-203-0-113-7", "compute-1"),
        ("bucket", "s3"),
        ("s3", "s3-us-west-2"),
        ("s3", "local"),
    ] {
        let (status, body) = scene.send("GET", &Ask { service, region, ..GET });
        assert!(status == 400 && body.contains("names no"), "{service} {region}: {status} {body}");
    }
}

#[test]
fn a_signature_opens_once() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, far());
    let ids = [("amz-sdk-invocation-id", "0f"), ("amz-sdk-request", "attempt=1")];
    for headers in [&ids[..], &ids[..1]] {
        let first = scene.signed("GET", &Ask { headers, ..GET });
        let copy = |request: &Request<SdkBody>| {
            let mut copy = Request::builder().method(request.method()).uri(request.uri());
            for (name, value) in request.headers() {
                copy = copy.header(name, value);
            }
            copy.body(SdkBody::empty()).unwrap()
        };
        let again = copy(&first);
        let before = cloud.requests().len();
        assert_eq!(scene.exchange(first).0, 200);
        let (status, body) = scene.exchange(again);
        assert!(status == 403 && body.contains("SignatureAlreadyUsed"), "{status} {body}");
        assert_eq!(cloud.requests().len(), before + 1, "one was forwarded");
    }
}

#[test]
fn a_date_that_is_not_about_now_is_refused() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, far());
    for ago in [16 * 60, -16 * 60, 86_400, -86_400] {
        let (status, body) = scene.send("GET", &Ask { ago, ..GET });
        assert!(status == 403 && body.contains("RequestTimeTooSkewed"), "{ago}: {status} {body}");
    }
    assert!(cloud.requests().is_empty());
    assert_eq!(scene.send("GET", &Ask { ago: 14 * 60, ..GET }).0, 200);
}

#[test]
fn a_header_that_is_not_ascii_is_forwarded_as_it_came() {
    let (cloud, credentials) = cloud();
    let scene = scene(&cloud.endpoint(), credentials, far());
    for name in ["ü", "日本", "é à"] {
        let headers = [("x-amz-meta-name", name)];
        let (status, body) =
            scene.send("PUT", &Ask { path: "/demo-reports/meta", headers: &headers, ..GET });
        assert_ne!((status, body.contains("cannot be read")), (403, true), "{name}: {body}");
        let seen = cloud.requests();
        assert_eq!(seen.last().unwrap().action, "s3:PutObject", "{name}: {status} {body}");
    }
}

#[test]
fn a_header_in_the_old_encoding_is_forwarded_byte_for_byte() {
    let cloud = cloud::Cloud::start(|_| cloud::answer("200 OK", "", b""));
    let scene = scene(&cloud.endpoint, none(), far());
    // As HTTP libraries of Python and Node.js do it: signed as text, sent as one byte for each character.
    let headers = [("x-amz-meta-name", "ü")];
    let mut request = scene.signed("PUT", &Ask { headers: &headers, ..GET });
    let value = http::HeaderValue::from_bytes(b"\xfc").unwrap();
    request.headers_mut().insert("x-amz-meta-name", value);
    assert_eq!(scene.exchange(request).0, 200);
    assert!(
        cloud.asked()[0].head.contains("x-amz-meta-name: \u{fffd}\r\n"),
        "{}",
        cloud.asked()[0].head
    );

    let mut other = scene.signed("PUT", &Ask { headers: &headers, path: "/b/other", ..GET });
    other.headers_mut().insert("x-amz-meta-name", http::HeaderValue::from_bytes(b"\xfd").unwrap());
    assert_eq!(scene.exchange(other).0, 403, "another value than the one that was signed");
}

#[test]
fn an_answer_about_the_credentials_decides_nothing_and_is_told() {
    let body = b"<Error><Code>ExpiredToken</Code></Error>";
    let cloud = cloud::Cloud::start(move |_| cloud::answer("400 Bad Request", "", body));
    let mut scene = scene(&cloud.endpoint, none(), far());
    assert_eq!(scene.send("GET", &GET).0, 400);
    assert!(scene.noted.try_recv().is_err());
    assert!(scene.gateway.refusals()[0].contains("did not take"), "{:?}", scene.gateway.refusals());
}
