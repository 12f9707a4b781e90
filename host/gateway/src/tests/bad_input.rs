//! Bad input on raw sockets: each request ends in a clear answer or the end of its connection, the cloud is not
//! asked, no answer has a byte of the real keys, and the gateway serves on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::cloud::{Cloud, answer};
use super::*;

const SECRET: &str = "wJalrXUtnFEMIplantedSECRETkey0123456789";
const TOKEN: &str = "FwoGplantedTOKENofTheSession0123456789abcdefGHIJKL";
const ID: &str = "ASIAREALREALREALREAL";

/// A gateway with real keys before a cloud.
fn guarded(cloud: &Cloud) -> Scene {
    let credentials = Credentials::new(ID, SECRET, Some(TOKEN.to_owned()), None, "test");
    scene(&cloud.endpoint, credentials, far())
}

fn good_cloud() -> Cloud {
    Cloud::start(|_| answer("200 OK", "", b"fine"))
}

fn connect(scene: &Scene) -> TcpStream {
    TcpStream::connect(scene.host()).unwrap()
}

/// Sends `text` on a connection of its own, and returns everything that comes back until the gateway ends it.
fn reply(scene: &Scene, text: &[u8]) -> String {
    let mut stream = connect(scene);
    // The gateway may have ended the connection already.
    let _ = stream.write_all(text);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let reply = String::from_utf8_lossy(&reply).into_owned();
    assert!(![ID, SECRET, TOKEN].iter().any(|real| reply.contains(real)), "{reply}");
    reply
}

/// Checks that the gateway still serves, and that the cloud was asked for nothing else.
fn serves_on(scene: &Scene, cloud: &Cloud) {
    assert!(cloud.asked().is_empty(), "{:?}", cloud.asked());
    assert_eq!(scene.send("GET", &GET), (200, "fine".to_owned()));
}

fn request(scene: &Scene, authorization: &str) -> String {
    let host = scene.host();
    format!(
        "GET /b/k HTTP/1.1\r\nhost: {host}\r\nx-amz-date: 20261130T000000Z\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n"
    )
}

#[test]
fn malformed_signatures_are_refused_as_services_refuse_them() {
    let cloud = good_cloud();
    let scene = guarded(&cloud);
    let id = &scene.gateway.session_key.id;
    let scope = format!("{id}/20261130/us-east-1/s3/aws4_request");
    let digest = "0".repeat(64);
    for (authorization, code) in [
        (String::new(), "IncompleteSignature"),
        ("AWS4-HMAC-SHA256".to_owned(), "IncompleteSignature"),
        ("Basic YTpi".to_owned(), "IncompleteSignature"),
        (format!("AWS4-HMAC-SHA256 Credential={scope}"), "IncompleteSignature"),
        (
            format!("AWS4-HMAC-SHA256 Credential={id}, SignedHeaders=host, Signature={digest}"),
            "IncompleteSignature",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=zz"),
            "IncompleteSignature",
        ),
        (
            format!(
                "AWS4-HMAC-SHA256 Credential={scope}, Credential={scope}, SignedHeaders=host, Signature={digest}"
            ),
            "IncompleteSignature",
        ),
        (
            format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;host, Signature={digest}"
            ),
            "IncompleteSignature",
        ),
        (
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={digest}"),
            "SignatureDoesNotMatch",
        ),
        (
            format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-none, Signature={digest}"
            ),
            "SignatureDoesNotMatch",
        ),
        (
            format!(
                "AWS4-HMAC-SHA256 Credential={ID}/20261130/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={digest}"
            ),
            "InvalidAccessKeyId",
        ),
    ] {
        let reply = reply(&scene, request(&scene, &authorization).as_bytes());
        assert!(reply.starts_with("HTTP/1.1 403 "), "{authorization}: {reply}");
        assert!(reply.contains(&format!("<Code>{code}</Code>")), "{authorization}: {reply}");
    }
    serves_on(&scene, &cloud);
}

#[test]
fn what_is_not_http_or_too_much_of_it_ends_its_connection_alone() {
    let cloud = good_cloud();
    let scene = guarded(&cloud);
    let many = "x: y\r\n".repeat(200);
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "k".repeat(100_000));
    for (text, status) in [
        ("\u{16}\u{3}\u{1}".to_owned(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), "400"),
        ("GET\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\n{many}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000)), "431"),
        (long, "431"),
        ("POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_owned(), "400"),
        ("POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx".to_owned(), "400"),
    ] {
        let reply = reply(&scene, text.as_bytes());
        let shown: String = text.chars().take(60).collect();
        // A connection that ends with much unread input can lose its last answer.
        let is_lost = reply.is_empty() && text.len() > 10_000;
        assert!(is_lost || reply.starts_with(&format!("HTTP/1.1 {status} ")), "{shown:?}: {reply}");
    }
    serves_on(&scene, &cloud);
}

#[test]
fn slow_and_half_open_connections_hold_no_other_up() {
    let cloud = good_cloud();
    let scene = guarded(&cloud);
    // Clients that stop within their headers, and within a body that is read whole, and stay.
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let mut stream = connect(&scene);
        stream.write_all(b"GET / HTTP/1.1\r\nho").unwrap();
        waiting.push(stream);
        let mut stream = connect(&scene);
        let body = Ask { path: "/", service: "dynamodb", hash: None, ..GET };
        let request = scene.signed("POST", &body);
        let mut head = "POST / HTTP/1.1\r\ncontent-length: 1000000\r\n".to_owned();
        for (name, value) in request.headers() {
            head.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
        }
        stream.write_all(format!("{head}\r\nhalf").as_bytes()).unwrap();
        waiting.push(stream);
    }
    assert_eq!(scene.send("GET", &GET).0, 200);
    assert_eq!(cloud.asked().len(), 1);
    // A client that ends within a body gets no forwarded request.
    drop(waiting);
    let (status, _) = scene.send("GET", &Ask { path: "/demo-reports/other", ..GET });
    assert_eq!((status, cloud.asked().len()), (200, 2));
}

#[test]
fn ten_thousand_requests_at_once_are_all_answered() {
    let cloud = good_cloud();
    let scene = guarded(&cloud);
    let refused = |more: &str| {
        let host = scene.host();
        format!("GET /b/k HTTP/1.1\r\nhost: {host}\r\nauthorization: x\r\n{more}\r\n")
    };
    let all = refused("").repeat(99) + &refused("connection: close\r\n");
    let threads: Vec<_> = (0..100)
        .map(|_| {
            let (mut stream, text) = (connect(&scene), all.clone());
            std::thread::spawn(move || {
                stream.write_all(text.as_bytes()).unwrap();
                let mut reply = String::new();
                stream.read_to_string(&mut reply).unwrap();
                assert!(!reply.contains(SECRET) && !reply.contains(TOKEN));
                reply.matches("HTTP/1.1 403 ").count()
            })
        })
        .collect();
    let answered: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(answered, 10_000);
    serves_on(&scene, &cloud);
}

#[test]
fn an_endpoint_whose_clock_jumps_is_followed_and_refuses_nobody_by_it() {
    let dates = ["Wed, 02 Dec 2076 00:00:00 GMT", "not a date", "Thu, 01 Jan 1970 00:00:00 GMT"];
    for date in dates {
        let cloud = Cloud::start(move |_| answer("200 OK", &format!("Date: {date}"), b"fine"));
        let scene = guarded(&cloud);
        for number in 0..3 {
            let path = format!("/b/{number}");
            assert_eq!(scene.send("GET", &Ask { path: &path, ..GET }).0, 200, "{date}");
        }
        let (status, body) = scene.send("GET", &Ask { ago: 3600, ..GET });
        assert!(status == 403 && body.contains("RequestTimeTooSkewed"), "{date}: {status} {body}");
    }
}

#[test]
fn an_endpoint_that_goes_away_within_its_answer_is_a_clear_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let credentials = Credentials::new(ID, SECRET, Some(TOKEN.to_owned()), None, "test");
    let scene = scene(&endpoint, credentials, far());
    let gone = std::thread::spawn(move || {
        for text in ["", "HTTP/1.1 200 OK\r\ncontent-le", "nonsense\r\n\r\n"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
        }
    });
    for number in 0..3 {
        let path = format!("/b/{number}");
        let (status, body) = scene.send("GET", &Ask { path: &path, ..GET });
        assert!(status == 502 && body.contains("ServiceUnavailable"), "{status} {body}");
        assert!(![ID, SECRET, TOKEN].iter().any(|real| body.contains(real)), "{body}");
    }
    gone.join().unwrap();
}
