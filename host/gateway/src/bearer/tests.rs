//! Requests with tokens, in plain http and in TLS, against a service that records what it is sent.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::pin::Pin;

use http::{HeaderMap, StatusCode};
use http_double::{Answer, Asked, Double};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::intercept::Interception;
use super::*;
use crate::{Denial, Noted, Pending, Signer, Token, View};
use audex_core::clock::unix_seconds;
use audex_core::secret::Secret;
use audex_wire::seen_request::SeenRequest;

const REAL: &str = "real-token-that-nobody-may-see";
const HOST: &str = "storage.googleapis.com";

/// Allows what the path says, with one token.
struct ByPath(Arc<Signer>);

impl Decider for ByPath {
    fn decide<'a>(&'a self, request: &'a SeenRequest) -> Pending<'a> {
        let denial = Denial {
            status: StatusCode::FORBIDDEN,
            headers: HeaderMap::new(),
            body: format!("{} {} {:?}", request.host, request.path, request.complete).into(),
        };
        let is_allowed = request.path.starts_with("/allowed");
        let decision = if is_allowed { Ok(Arc::clone(&self.0)) } else { Err(Box::new(denial)) };
        Box::pin(std::future::ready(decision))
    }

    fn noted<'a>(&'a self, _: Noted) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }

    fn view(&self) -> View {
        View::Whole
    }
}

fn started(service: &Double, audience: Option<&str>, ends_at: u64) -> BearerGateway {
    let token = Token { audience: None, secret: Secret::new(REAL.to_owned()) };
    let decider = Arc::new(ByPath(Arc::new(Signer::of_tokens(vec![token]))));
    let lead = Lead {
        variable: "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE".to_owned(),
        host: HOST.to_owned(),
        path: "/storage/v1/".to_owned(),
    };
    let front = Front {
        audience: audience.map(str::to_owned),
        hosts: vec!["*.googleapis.com".to_owned()],
        leads: vec![lead],
    };
    let endpoint = service.endpoint.clone();
    let setup = Setup {
        fronts: vec![front],
        elsewhere: Box::new(move |_| Some(endpoint.clone())),
        ca_bundle: None,
        authority: Some("https://login.example/tenant".to_owned()),
    };
    let key = SessionKey::new().unwrap();
    BearerGateway::start(&Environment::default(), setup, key, ends_at, decider).unwrap()
}

fn until_later() -> u64 {
    unix_seconds() + 600
}

fn token(gateway: &BearerGateway) -> String {
    format!("Bearer header.claims.{}", gateway.gateway.session_key.secret.expose())
}

fn authority(gateway: &BearerGateway) -> String {
    let (_, value) = gateway.gateway.settings.variables.first().unwrap();
    value.text().trim_start_matches("http://").trim_end_matches("/storage/v1/").to_owned()
}

/// Sends a request in plain http; `{host}` in `head` stands for the port's own address.
fn send(gateway: &BearerGateway, head: &str, body: &str) -> String {
    let authority = authority(gateway);
    let mut stream = TcpStream::connect(&authority).unwrap();
    let head = head.replace("{host}", &authority).replace('\n', "\r\n");
    write!(stream, "{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

fn status(reply: &str) -> u16 {
    reply.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_service_gets_the_real_token_for_what_is_allowed_and_nothing_for_what_is_denied() {
    let service = Double::start(|_: &Asked| Answer::new("200 OK", "data"));
    let gateway = started(&service, None, until_later());
    let own = token(&gateway);
    let reply = send(
        &gateway,
        &format!(
            "POST /allowed/x?a=%62 HTTP/1.1\nhost: {{host}}\nauthorization: {own}\ncookie: c=1\nx-keep: 1\ncontent-type: application/json"
        ),
        "{}",
    );
    assert!(reply.ends_with("data"), "{reply}");
    let asked = service.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].target(), "/allowed/x?a=b");
    assert_eq!(asked[0].header("authorization"), format!("Bearer {REAL}"));
    assert_eq!((asked[0].header("x-keep"), asked[0].header("cookie")), ("1", ""));
    assert_eq!(asked[0].body, "{}");
    let get = |path: &str| format!("GET {path} HTTP/1.1\nhost: {{host}}\nauthorization: {own}");
    let reply = send(&gateway, &get("/denied/a:verb/b%3Averb"), "");
    assert!(reply.ends_with(" /denied/a:verb/b%3Averb true"), "{reply}");
    let reply = send(&gateway, &get("/denied"), "");
    assert_eq!((status(&reply), service.asked().len()), (403, 1));
    assert!(reply.ends_with("storage.googleapis.com /denied true"), "{reply}");
    for path in ["/allowed/../denied", "/allowed/%2e%2e/denied", "/allowed?a=b+c"] {
        assert_eq!(
            (status(&send(&gateway, &get(path), "")), service.asked().len()),
            (400, 1),
            "{path}"
        );
    }
}

#[test]
fn a_request_that_is_not_the_commands_is_refused() {
    let service = Double::start(|_: &Asked| Answer::new("200 OK", "data"));
    let gateway = started(&service, Some("https://vault.example"), until_later());
    let own = token(&gateway);
    let real = format!("Bearer {REAL}");
    for (headers, expected) in [
        ("host: {host}".to_owned(), 401),
        (format!("host: {{host}}\nauthorization: {real}"), 401),
        (format!("host: {{host}}\nauthorization: {}", own.replace("Bearer", "Basic")), 401),
        (format!("host: {{host}}\nauthorization: {own}x"), 401),
        (format!("host: {{host}}\nauthorization: {own}\nauthorization: {own}"), 401),
        (format!("host: evil.example\nauthorization: {own}"), 421),
        // The lead has a token for no audience, and the front wants one.
        (format!("host: {{host}}\nauthorization: {own}"), 403),
    ] {
        let reply = send(&gateway, &format!("GET /allowed HTTP/1.1\n{headers}"), "");
        assert_eq!(status(&reply), expected, "{headers}\n{reply}");
        let challenge = "www-authenticate: Bearer authorization=\"https://login.example/tenant\", resource=\"https://vault.example\"";
        assert_eq!(reply.contains(challenge), expected == 401, "{reply}");
        assert!(!reply.contains(REAL));
    }
    assert_eq!(service.connections(), 0);
    let ended = started(&service, None, unix_seconds() - 1);
    let reply = send(
        &ended,
        &format!("GET /allowed HTTP/1.1\nhost: {{host}}\nauthorization: {}", token(&ended)),
        "",
    );
    assert_eq!((status(&reply), service.connections()), (401, 0), "{reply}");
}

#[test]
fn the_data_of_an_object_is_not_read_and_a_description_is() {
    let service = Double::start(|_: &Asked| Answer::new("200 OK", "data"));
    let gateway = started(&service, None, until_later());
    let own = token(&gateway);
    let reply = |kind: &str, body: &str| {
        let head = format!(
            "POST /denied HTTP/1.1\nhost: {{host}}\nauthorization: {own}\ncontent-type: {kind}"
        );
        send(&gateway, &head, body)
    };
    assert!(reply("application/octet-stream", "x").ends_with("/denied false"));
    assert!(reply("application/vnd.api+json", "{}").ends_with("/denied true"));
    assert!(reply("multipart/related; boundary=b", "--b").ends_with("/denied true"));
    let long = "x".repeat(70_000);
    assert!(reply("multipart/related; boundary=b", &long).ends_with("/denied false"));
    assert!(reply("multipart/mixed; boundary=b", &long).ends_with("/denied true"));
    assert_eq!(service.asked().len(), 0);
}

#[test]
fn an_error_that_quotes_the_token_is_replaced_and_an_upload_stays_at_the_port() {
    let service = Double::start(|asked: &Asked| match asked.target() {
        "/allowed/quote" => Answer::new("403 Forbidden", asked.head.clone()),
        _ => Answer::new("200 OK", "")
            .header("location", "https://storage.googleapis.com/upload/x?upload_id=1"),
    });
    let gateway = started(&service, None, until_later());
    let own = token(&gateway);
    let get = |path: &str| {
        send(&gateway, &format!("GET {path} HTTP/1.1\nhost: {{host}}\nauthorization: {own}"), "")
    };
    let reply = get("/allowed/quote");
    assert!(status(&reply) == 403 && !reply.contains(REAL), "{reply}");
    assert!(reply.contains("left out"), "{reply}");
    let upload = get("/allowed/upload");
    let expected = format!("location: http://{}/upload/x?upload_id=1", authority(&gateway));
    assert!(upload.contains(&expected), "{upload}");
}

/// The outcome of a TLS connection: the reply, or the error.
fn over_tls(
    gateway: &BearerGateway,
    (trusted, name, protocols): (Option<&str>, &str, &[&str]),
    request: &str,
) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let interception = Interception::new(Arc::clone(&gateway.fronts), until_later()).unwrap();
    let mut roots = RootCertStore::empty();
    let authority = interception.authority().to_owned();
    let pem = trusted.unwrap_or(&authority);
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    runtime.block_on(async {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let serving = tokio::spawn(async move { interception.serve(HOST, server).await });
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let talk = async {
            let mut stream = connector.connect(name, client).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut reply = String::new();
            stream.read_to_string(&mut reply).await?;
            Ok::<_, io::Error>(reply)
        };
        let reply = talk.await.map_err(|error| error.to_string());
        serving.abort();
        reply
    })
}

#[test]
fn the_clouds_own_host_is_served_to_who_trusts_the_session() {
    let service = Double::start(|_: &Asked| Answer::new("200 OK", "data"));
    let gateway = started(&service, None, until_later());
    let own = token(&gateway);
    let get = |host: &str| {
        format!(
            "GET /allowed HTTP/1.1\r\nhost: {host}\r\nauthorization: {own}\r\nconnection: close\r\n\r\n"
        )
    };
    let reply = over_tls(&gateway, (None, HOST, &["h2", "http/1.1"]), &get(HOST)).unwrap();
    assert!(reply.ends_with("data"), "{reply}");
    assert_eq!(service.asked()[0].header("authorization"), format!("Bearer {REAL}"));
    let reply = over_tls(&gateway, (None, HOST, &[]), &get("compute.googleapis.com")).unwrap();
    assert_eq!((status(&reply), service.asked().len()), (421, 1), "{reply}");
    // Another authority of the same kind is not trusted.
    let other = SessionCa::new(["*.googleapis.com"], until_later()).unwrap();
    let refused = over_tls(&gateway, (Some(other.pem()), HOST, &[]), &get(HOST)).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    let refused = over_tls(&gateway, (None, "compute.googleapis.com", &[]), &get(HOST));
    assert!(refused.is_err());
    let refused = over_tls(&gateway, (None, HOST, &["h2"]), &get(HOST));
    assert!(refused.is_err());
    let noted = gateway.gateway.refusals();
    assert!(
        noted.iter().any(|reason| reason.contains("set the client library to REST")),
        "{noted:?}"
    );
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn a_session_authority_vouches_for_hosts_of_its_cloud_alone_until_its_end() {
    let verified = |ca: &SessionCa, host: &str, at: u64| {
        let certificate = ca.certificate(host).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .unwrap();
        let now = rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        let name = ServerName::try_from(host.to_owned()).unwrap();
        rustls::client::danger::ServerCertVerifier::verify_server_cert(
            &*verifier,
            &certificate,
            &[],
            &name,
            &[],
            now,
        )
        .is_ok()
    };
    let ends_at = until_later();
    let ca = SessionCa::new(["*.googleapis.com", "management.azure.com"], ends_at).unwrap();
    let now = unix_seconds();
    assert!(verified(&ca, HOST, now) && verified(&ca, "management.azure.com", now));
    assert!(!verified(&ca, "evil.example", now));
    assert!(!verified(&ca, HOST, ends_at + 1));
}
