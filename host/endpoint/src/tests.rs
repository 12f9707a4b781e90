//! Sends requests to both endpoints over real sockets, as their clients do.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;
use audex_core::clock::unix_seconds;
use audex_core::delivery::{AudienceToken, Identity, Metadata};

const READ_ONLY: &str = "https://www.googleapis.com/auth/devstorage.read_only";

fn metadata() -> Endpoint {
    Endpoint::Metadata(Metadata {
        token: Secret::new("planted-token".to_owned()),
        scopes: vec![READ_ONLY.to_owned()],
        email: "agent@p.iam.gserviceaccount.com".to_owned(),
        project: Some("p".to_owned()),
        uses_quota: true,
        expires_at: unix_seconds() + 600,
    })
}

fn identity() -> Endpoint {
    let token = AudienceToken {
        audience: "https://management.azure.com".to_owned(),
        token: Secret::new("planted-token".to_owned()),
        expires_at: unix_seconds() + 3600,
    };
    Endpoint::Identity(Identity { tokens: vec![token], client_id: Some("client".to_owned()) })
}

fn started(endpoint: Endpoint) -> Endpoints {
    start(&[endpoint], Path::new("/session"), unix_seconds() + 300).unwrap()
}

/// Returns the address of the server that the first variable leads to.
fn authority(endpoints: &Endpoints) -> String {
    let Some((_, Value::Plain(address))) = endpoints.settings.variables.first() else { panic!() };
    address.trim_start_matches("http://").split('/').next().unwrap().to_owned()
}

/// Sends a raw request, in which `HOST` stands for the server's own address.
fn ask(endpoints: &Endpoints, request: &str) -> String {
    let authority = authority(endpoints);
    let mut stream = TcpStream::connect(&authority).unwrap();
    stream.write_all(request.replace("HOST", &authority).as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

fn google(endpoints: &Endpoints, path: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: HOST\r\nmetadata-flavor: Google\r\nconnection: close\r\n\r\n"
    );
    ask(endpoints, &request)
}

fn azure(endpoints: &Endpoints, resource: &str, secret: &str) -> String {
    let request = format!(
        "GET /msi/token?api-version=2019-08-01&resource={resource} HTTP/1.1\r\nhost: HOST\r\nx-identity-header: {secret}\r\nconnection: close\r\n\r\n"
    );
    ask(endpoints, &request)
}

fn body(reply: &str) -> &str {
    reply.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

fn is(reply: &str, status: u16) -> bool {
    reply.starts_with(&format!("HTTP/1.1 {status} "))
}

fn secret_of(endpoints: &Endpoints) -> String {
    endpoints.secrets().first().unwrap().expose().to_owned()
}

#[test]
fn metadata_answers_every_path_that_clients_ask_for() {
    let endpoints = started(metadata());
    let account = "/computeMetadata/v1/instance/service-accounts";
    for (path, answer) in [
        ("/", "computeMetadata/\n"),
        ("/computeMetadata/v1/instance", "service-accounts/\n"),
        ("/computeMetadata/v1/project/project-id", "p"),
        ("/computeMetadata/v1/project/numeric-project-id", "0"),
        ("/computeMetadata/v1/universe/universe-domain", "googleapis.com"),
        (account, "default/\nagent@p.iam.gserviceaccount.com/\n"),
        (&format!("{account}/"), "default/\nagent@p.iam.gserviceaccount.com/\n"),
        (&format!("{account}/default/email"), "agent@p.iam.gserviceaccount.com"),
        (&format!("{account}/default/scopes"), &format!("{READ_ONLY}\n")),
    ] {
        let reply = google(&endpoints, path);
        assert!(is(&reply, 200) && reply.contains("metadata-flavor: Google"), "{path}: {reply}");
        assert_eq!(body(&reply), answer, "{path}");
    }
    let about = google(&endpoints, &format!("{account}/default/?recursive=true"));
    let about: serde_json::Value = serde_json::from_str(body(&about)).unwrap();
    assert_eq!(
        (&about["email"], &about["scopes"][0]),
        (&"agent@p.iam.gserviceaccount.com".into(), &READ_ONLY.into())
    );
    assert!(is(&google(&endpoints, &format!("{account}/other@p/token")), 404));
    assert!(is(&google(&endpoints, &format!("{account}/default/identity")), 404));
}

#[test]
fn a_token_of_metadata_ends_with_the_session() {
    let endpoints = started(metadata());
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    let token: serde_json::Value = serde_json::from_str(body(&google(&endpoints, path))).unwrap();
    assert_eq!(
        (&token["access_token"], &token["token_type"]),
        (&"planted-token".into(), &"Bearer".into())
    );
    let seconds = token["expires_in"].as_u64().unwrap();
    assert!((290..=300).contains(&seconds), "{seconds}");
}

#[test]
fn a_token_is_refused_to_who_asks_only_for_scopes_it_lacks() {
    let endpoints = started(metadata());
    let path = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=";
    let everything = "https://www.googleapis.com/auth/cloud-platform";
    assert!(is(&google(&endpoints, &format!("{path}{everything}")), 403));
    assert!(is(&google(&endpoints, &format!("{path}{everything},{READ_ONLY}")), 200));
}

#[test]
fn metadata_refuses_browsers_proxies_and_foreign_names() {
    let endpoints = started(metadata());
    let path = "/computeMetadata/v1/instance/service-accounts/default/token";
    for headers in [
        "host: HOST",
        "host: evil.example\r\nmetadata-flavor: Google",
        "host: HOST\r\nmetadata-flavor: Google\r\nx-forwarded-for: 10.0.0.1",
    ] {
        let reply = ask(
            &endpoints,
            &format!("GET {path} HTTP/1.1\r\n{headers}\r\nconnection: close\r\n\r\n"),
        );
        assert!(is(&reply, 403) && !reply.contains("planted"), "{headers}: {reply}");
    }
}

#[test]
fn the_exchange_needs_the_sessions_subject_token() {
    let endpoints = started(metadata());
    let post = |subject: &str| {
        let form = format!("grant_type=x&subject_token={subject}");
        let length = form.len();
        ask(
            &endpoints,
            &format!(
                "POST /audex/token HTTP/1.1\r\nhost: HOST\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{form}"
            ),
        )
    };
    assert!(is(&post(&secret_of(&endpoints)), 200));
    let refused = post("0000");
    assert!(is(&refused, 401) && !refused.contains("planted"), "{refused}");
}

#[test]
fn an_identity_token_is_given_for_its_audience_however_it_is_written() {
    let endpoints = started(identity());
    let secret = secret_of(&endpoints);
    for resource in [
        "https://management.azure.com",
        "https%3A%2F%2Fmanagement.azure.com%2F",
        "https://management.azure.com/.default",
    ] {
        let reply = azure(&endpoints, resource, &secret);
        let token: serde_json::Value = serde_json::from_str(body(&reply)).unwrap();
        assert_eq!(token["access_token"], "planted-token", "{reply}");
        assert_eq!(
            (&token["token_type"], &token["client_id"]),
            (&"Bearer".into(), &"client".into())
        );
        let expires: u64 = token["expires_on"].as_str().unwrap().parse().unwrap();
        assert!(expires <= unix_seconds() + 300);
    }
}

#[test]
fn an_identity_token_is_refused_for_another_audience_and_without_the_secret() {
    let endpoints = started(identity());
    let secret = secret_of(&endpoints);
    for resource in ["https://vault.azure.net", "https://management.azure.com.evil.example", ""] {
        let reply = azure(&endpoints, resource, &secret);
        assert!(is(&reply, 400) && !reply.contains("planted"), "{resource}: {reply}");
    }
    for wrong in ["", "0000", &secret[1..]] {
        let reply = azure(&endpoints, "https://management.azure.com", wrong);
        assert!(is(&reply, 401) && !reply.contains("planted"), "{reply}");
    }
}

#[test]
fn the_secret_in_a_header_is_checked_before_the_body_arrives() {
    let endpoints = started(identity());
    // The body is announced and never sent.
    let announced = |secret: &str| {
        let request = format!(
            "GET /msi/token?api-version=2019-08-01&resource=https://management.azure.com HTTP/1.1\r\nhost: HOST\r\nx-identity-header: {secret}\r\ncontent-length: 9\r\n\r\n"
        );
        ask(&endpoints, &request)
    };
    let refused = announced("0000");
    assert!(is(&refused, 401) && !refused.contains("planted"), "{refused}");
    assert!(is(&announced(&secret_of(&endpoints)), 200));
    let endpoints = started(metadata());
    let request = "GET /computeMetadata/v1/project/project-id HTTP/1.1\r\nhost: HOST\r\ncontent-length: 9\r\n\r\n";
    assert!(is(&ask(&endpoints, request), 403), "it has no header of the protocol");
}

#[test]
fn nothing_is_given_after_access_has_ended_and_nothing_listens_after_the_session() {
    for endpoint in [metadata(), identity()] {
        let endpoints = start(&[endpoint], Path::new("/session"), unix_seconds()).unwrap();
        let secret = secret_of(&endpoints);
        let path = "/computeMetadata/v1/instance/service-accounts/default/token";
        for reply in
            [google(&endpoints, path), azure(&endpoints, "https://management.azure.com", &secret)]
        {
            assert!(is(&reply, 403) && reply.contains("access_ended"), "{reply}");
        }
        let authority = authority(&endpoints);
        drop(endpoints);
        assert!(TcpStream::connect(authority).is_err());
    }
}

#[test]
fn where_nothing_is_to_be_served_nothing_starts() {
    let endpoints = start(&[], Path::new("/session"), 0).unwrap();
    assert!(endpoints.servers.is_empty() && endpoints.settings.variables.is_empty());
}

fn container(ends_in: u64, keys_end_in: u64) -> (Endpoints, Arc<CurrentKeys>) {
    let current = Arc::new(CurrentKeys::new(keys("first", keys_end_in)));
    let endpoints = start_container(Arc::clone(&current), unix_seconds() + ends_in).unwrap();
    (endpoints, current)
}

fn keys(id: &str, ends_in: u64) -> ContainerKeys {
    let secret = || Secret::new("planted-key".to_owned());
    let expires_at = unix_seconds() + ends_in;
    ContainerKeys { id: id.to_owned(), secret: secret(), token: secret(), expires_at }
}

/// Asks for keys with these further headers.
fn aws(endpoints: &Endpoints, headers: &str) -> String {
    let request =
        format!("GET /credentials HTTP/1.1\r\nhost: HOST\r\n{headers}connection: close\r\n\r\n");
    ask(endpoints, &request)
}

fn authorized(endpoints: &Endpoints) -> String {
    aws(endpoints, &format!("authorization: {}\r\n", secret_of(endpoints)))
}

#[test]
fn container_credentials_are_for_the_token_and_the_host_alone() {
    let (endpoints, _) = container(300, 600);
    let answer: serde_json::Value = serde_json::from_str(body(&authorized(&endpoints))).unwrap();
    assert_eq!(
        (&answer["AccessKeyId"], &answer["Token"]),
        (&"first".into(), &"planted-key".into())
    );
    let latest = audex_core::clock::rfc3339(unix_seconds() + 300);
    assert!(answer["Expiration"].as_str().unwrap() <= latest.as_str(), "{answer}");
    let secret = secret_of(&endpoints);
    for (headers, status) in [
        (String::new(), 401),
        ("authorization: 0000\r\n".to_owned(), 401),
        (format!("authorization: Bearer {secret}\r\n"), 401),
        (format!("authorization: {}\r\n", &secret[1..]), 401),
        (format!("authorization: {secret}\r\nx-forwarded-for: 10.0.0.1\r\n"), 403),
    ] {
        let reply = aws(&endpoints, &headers);
        assert!(is(&reply, status) && !reply.contains("planted"), "{headers}: {reply}");
    }
    let foreign = format!(
        "GET /credentials HTTP/1.1\r\nhost: evil.example\r\nauthorization: {secret}\r\nconnection: close\r\n\r\n"
    );
    assert!(is(&ask(&endpoints, &foreign), 403));
}

#[test]
fn container_credentials_are_the_current_ones_until_they_or_the_access_end() {
    let (endpoints, current) = container(300, 0);
    let ended = authorized(&endpoints);
    assert!(is(&ended, 503) && !ended.contains("planted-key"), "{ended}");
    assert!(body(&ended).contains(r#""Code":"keys_expired""#), "{ended}");
    current.replace(keys("second", 60));
    assert!(authorized(&endpoints).contains(r#""AccessKeyId":"second""#));
    let (endpoints, _current) = container(0, 60);
    let over = authorized(&endpoints);
    assert!(is(&over, 403) && over.contains("access_ended") && !over.contains("planted"), "{over}");
    let authority = authority(&endpoints);
    drop(endpoints);
    assert!(TcpStream::connect(authority).is_err());
}
