//! Opens tunnels over real sockets, as a command's tools do.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use audex_wire::server::Port;

use super::*;

/// Starts a proxy for the hosts in `allowed`.
fn started(allowed: &[&str]) -> (ConnectProxy, SocketAddr) {
    let port = Port::open(0).unwrap();
    let address = port.address();
    let allowed = allowed.iter().map(|text| text.parse().unwrap()).collect();
    (start(port, Reach::Hosts(allowed), None).unwrap(), address)
}

/// Opens a server on loopback and returns it with its port.
fn server() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn ask(proxy: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn connect(proxy: SocketAddr, target: &str) -> TcpStream {
    ask(proxy, &format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n"))
}

/// Reads the head of a reply.
fn head(mut stream: &TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// Returns the status and the reason of a refusal.
fn refused(proxy: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = ask(proxy, request);
    let head = head(&stream);
    let length: usize =
        head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), String::from_utf8(body).unwrap())
}

fn connect_refused(proxy: SocketAddr, target: &str) -> (u16, String) {
    refused(proxy, &format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n"))
}

#[test]
fn a_tunnel_carries_bytes_both_ways_until_both_sides_end() {
    let (listener, port) = server();
    let (_proxy, proxy) = started(&[&format!("127.0.0.1:{port}")]);
    // What follows the request at once belongs to the tunnel.
    let request = format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: x\r\n\r\nping");
    let mut client = ask(proxy, &request);
    let (mut upstream, _) = listener.accept().unwrap();
    assert!(head(&client).starts_with("HTTP/1.1 200 "));
    client.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    upstream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "ping");
    upstream.write_all(b"pong").unwrap();
    drop(upstream);
    text.clear();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(text, "pong");
}

#[test]
fn a_host_or_a_port_that_was_not_allowed_is_refused_with_a_reason() {
    let (listener, port) = server();
    let (running, proxy) = started(&["example.com", "127.0.0.1:1"]);
    let mut expected_refusals = std::collections::BTreeSet::new();
    for target in
        [format!("127.0.0.1:{port}"), "example.com:22".into(), "www.example.com:443".into()]
    {
        let (status, reason) = connect_refused(proxy, &target);
        assert_eq!(status, 403);
        let expected = format!(
            "audex: `{target}` is not an allowed host; allow it with --allow-host {target}\n"
        );
        assert_eq!(reason, expected);
        let head = head(&connect(proxy, &target));
        assert_eq!(head.lines().next(), Some(format!("HTTP/1.1 403 {}", expected.trim()).as_str()));
        expected_refusals.insert(expected.trim()["audex: ".len()..].to_owned());
    }
    assert_eq!(running.refusals(), expected_refusals.into_iter().collect::<Vec<_>>());
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nothing was connected to");
}

#[test]
fn a_name_that_leads_inside_is_refused_unless_its_address_is_allowed_too() {
    let (listener, port) = server();
    let (name, address) = (format!("localhost:{port}"), format!("127.0.0.1:{port}"));
    let decimal = format!("2130706433:{port}");
    let (_proxy, proxy) = started(&[&name, &decimal]);
    for name in [&name, &decimal] {
        let (status, reason) = connect_refused(proxy, name);
        assert_eq!(status, 403);
        let is_told = reason.starts_with(&format!("audex: `{name}` resolves to "))
            && reason.contains(
                "which is not a public address; allow the address too, with --allow-host ",
            );
        assert!(is_told, "{reason}");
    }
    let (_proxy, proxy) = started(&[&name, &address, &format!("[::1]:{port}")]);
    assert!(head(&connect(proxy, &name)).starts_with("HTTP/1.1 200 "));
    assert!(head(&connect(proxy, &name.to_uppercase())).starts_with("HTTP/1.1 200 "));
    drop(listener);
}

#[test]
fn an_address_in_another_form_is_the_same_address() {
    let (_listener, port) = server();
    let mapped = format!("[::ffff:127.0.0.1]:{port}");
    let (_proxy, proxy) = started(&["127.0.0.1:1"]);
    assert_eq!(connect_refused(proxy, &mapped).0, 403);
    let (_proxy, proxy) = started(&[&format!("127.0.0.1:{port}")]);
    assert!(head(&connect(proxy, &mapped)).starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_not_a_tunnel_is_refused() {
    let (_proxy, proxy) = started(&["example.com"]);
    let plain = "GET http://example.com/ HTTP/1.1\r\nhost: example.com\r\n\r\n";
    let (status, reason) = refused(proxy, plain);
    assert_eq!(
        (status, reason.as_str()),
        (403, "audex: this proxy opens tunnels (CONNECT) only; use https\n")
    );
    for target in ["example.com", "example.com:0", "user@example.com:443", "example.com:https"] {
        assert!(head(&connect(proxy, target)).starts_with("HTTP/1.1 400 "), "{target}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let (listener, port) = server();
    drop(listener);
    let target = format!("127.0.0.1:{port}");
    let (_proxy, proxy) = started(&[&target]);
    let (status, reason) = connect_refused(proxy, &target);
    assert_eq!(status, 502);
    assert!(reason.starts_with(&format!("audex: cannot connect to {target}: ")), "{reason}");
}

#[test]
fn a_tunnel_above_the_limit_is_refused_until_another_ends() {
    let (listener, port) = server();
    let target = format!("127.0.0.1:{port}");
    let (_proxy, proxy) = started(&[&target]);
    let mut open: Vec<_> = (0..TUNNELS)
        .map(|_| {
            let client = connect(proxy, &target);
            assert!(head(&client).starts_with("HTTP/1.1 200 "));
            (client, listener.accept().unwrap().0)
        })
        .collect();
    let (status, reason) = connect_refused(proxy, &target);
    assert_eq!(status, 503);
    assert!(reason.contains("96 tunnels are open already"), "{reason}");
    let (mut client, upstream) = open.pop().unwrap();
    drop(upstream);
    client.shutdown(Shutdown::Write).unwrap();
    // The end of the stream comes when the proxy has ended the tunnel, whose place is free then.
    client.read_to_end(&mut Vec::new()).unwrap();
    let status = std::iter::repeat_with(|| head(&connect(proxy, &target)))
        .take(100)
        .find(|head| head.contains(" 200 "));
    assert!(status.is_some(), "the place is free again");
}

#[test]
fn a_client_that_does_not_read_stops_only_its_own_tunnel() {
    let (listener, port) = server();
    let target = format!("127.0.0.1:{port}");
    let (_proxy, proxy) = started(&[&target]);
    let stuck = connect(proxy, &target);
    let (mut upstream, _) = listener.accept().unwrap();
    assert!(head(&stuck).starts_with("HTTP/1.1 200 "));
    upstream.set_nonblocking(true).unwrap();
    // All buffers on the way are full when a write would wait; what the proxy keeps is a part of them.
    let block = vec![0; 65536];
    let written: usize = std::iter::from_fn(|| upstream.write(&block).ok()).take(2000).sum();
    assert!(written < 2000 * block.len(), "the proxy keeps what the client does not read");
    let mut other = connect(proxy, &target);
    let (mut upstream, _) = listener.accept().unwrap();
    assert!(head(&other).starts_with("HTTP/1.1 200 "));
    upstream.write_all(b"x").unwrap();
    other.read_exact(&mut [0]).unwrap();
}

#[test]
fn tunnels_end_with_the_proxy() {
    let (listener, port) = server();
    let target = format!("127.0.0.1:{port}");
    let (proxy, address) = started(&[&target]);
    let mut client = connect(address, &target);
    let (mut upstream, _) = listener.accept().unwrap();
    assert!(head(&client).starts_with("HTTP/1.1 200 "));
    drop(proxy);
    assert_eq!([client.read(&mut [0]).unwrap_or(0), upstream.read(&mut [0]).unwrap_or(0)], [0, 0]);
}

#[test]
fn a_host_is_parsed_and_shown_with_its_port() {
    for (text, shown) in [
        ("github.com", "github.com:443"),
        ("GitHub.com.", "github.com:443"),
        ("git.example:8443", "git.example:8443"),
        ("10.0.0.7", "10.0.0.7:443"),
        ("[fd00::7]:22", "[fd00::7]:22"),
        ("[::ffff:10.0.0.7]", "10.0.0.7:443"),
    ] {
        assert_eq!(text.parse::<AllowedHost>().unwrap().to_string(), shown);
    }
}

#[test]
fn what_is_not_a_host_is_an_error() {
    for text in [
        "",
        "*.example.com",
        "https://x.example",
        "a/b",
        "x:0",
        "x:70000",
        "u@x",
        "fd00::7",
        "[fd00::7",
        "[x]",
        ":443",
        "x:",
    ] {
        assert!(text.parse::<AllowedHost>().is_err(), "{text}");
    }
}

#[test]
fn the_variables_lead_tools_to_the_proxy_and_leave_loopback_direct() {
    let variables = variables("127.0.0.1:7".parse().unwrap());
    let value =
        |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("HTTPS_PROXY"), Some("http://127.0.0.1:7"));
    assert_eq!(value("https_proxy"), Some("http://127.0.0.1:7"));
    assert_eq!(value("NO_PROXY"), Some("127.0.0.1,::1,localhost"));
}

/// Starts a proxy to everything but `refused`, and returns it with its login.
fn everywhere(refused: &[&str]) -> (ConnectProxy, SocketAddr, String) {
    let port = Port::open(0).unwrap();
    let address = port.address();
    let secret = Secret::new("a-secret-of-the-session".to_owned());
    let refused = refused.iter().map(|text| text.parse().unwrap()).collect();
    let login = https_variables(address, &secret)[0].1.text().to_owned();
    let login = login.trim_start_matches("http://").split_once('@').unwrap().0.to_owned();
    let proxy = start(port, Reach::Everywhere { secret, refused }, None).unwrap();
    (proxy, address, STANDARD.encode_to_string(login))
}

fn with_login(proxy: SocketAddr, target: &str, login: &str) -> TcpStream {
    let request = format!(
        "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nproxy-authorization: Basic {login}\r\n\r\n"
    );
    ask(proxy, &request)
}

#[test]
fn a_proxy_to_everything_serves_its_own_command_and_reaches_no_refused_address() {
    let (listener, port) = server();
    let (_proxy, address, login) = everywhere(&["127.0.0.9"]);
    let stream = with_login(address, &format!("127.0.0.1:{port}"), &login);
    assert!(head(&stream).starts_with("HTTP/1.1 200"));
    listener.accept().unwrap();
    let wrong = format!("{login}x");
    for (target, login, expected) in [
        (format!("127.0.0.1:{port}"), "", "407"),
        (format!("127.0.0.1:{port}"), wrong.as_str(), "407"),
        (format!("127.0.0.9:{port}"), login.as_str(), "403"),
        (format!("[::ffff:127.0.0.9]:{port}"), login.as_str(), "403"),
    ] {
        let reply = head(&with_login(address, &target, login));
        assert_eq!(reply.split(' ').nth(1), Some(expected), "{target}");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}
