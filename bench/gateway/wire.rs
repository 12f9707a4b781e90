//! The server and the client of the bench on plain sockets, and the relay that is the least a gateway can cost.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use audex_gateway::SessionKey;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

const BLOCK: usize = 64 * 1024;

/// Starts a server that discards uploads. The path of a download is the number of bytes to send.
pub(crate) fn serve(tls: Option<Arc<ServerConfig>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            let tls = tls.clone();
            std::thread::spawn(move || match tls {
                Some(tls) => {
                    let connection = ServerConnection::new(tls).expect("a connection");
                    answer(BufReader::with_capacity(BLOCK, StreamOwned::new(connection, stream)));
                }
                None => answer(BufReader::with_capacity(BLOCK, stream)),
            });
        }
    });
    address
}

fn answer(mut stream: BufReader<impl Read + Write>) {
    while let Some((line, length, waits)) = head(&mut stream) {
        if waits {
            let _ = stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        match length {
            Some(length) => swallow(&mut stream, length),
            None => chunks(&mut stream),
        }
        let wanted = if line.starts_with("GET") { number(&line) } else { 0 };
        let _ = write!(stream.get_mut(), "HTTP/1.1 200 OK\r\ncontent-length: {wanted}\r\n\r\n");
        send(stream.get_mut(), wanted);
        let _ = stream.get_mut().flush();
    }
}

/// Reads and discards a chunked body. SDKs send chunks if they compute the checksum while they send.
fn chunks(reader: &mut impl BufRead) {
    loop {
        let mut line = String::new();
        let _ = reader.read_line(&mut line);
        let size = usize::from_str_radix(line.trim(), 16).unwrap_or(0);
        swallow(reader, size + 2);
        if size == 0 {
            return;
        }
    }
}

/// Starts a relay that copies bytes to `server` and back, and reads nothing in them.
pub(crate) fn relay(server: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let server = server.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&server).expect("it listens");
            for stream in [&client, &server] {
                stream.set_nodelay(true).expect("a socket");
            }
            let back =
                (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            for (from, to) in [(client, server), back] {
                std::thread::spawn(move || copy(from, to));
            }
        }
    });
    address
}

fn copy(mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        let read = from.read(&mut block)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&block[..read])?;
    }
}

pub(crate) fn connect(to: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(to).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    BufReader::with_capacity(BLOCK, stream)
}

pub(crate) fn exchange(
    connection: &mut BufReader<TcpStream>,
    host: &str,
    method: &str,
    bytes: usize,
    session_key: &SessionKey,
) {
    let (path, up) = (format!("/bucket/{bytes}"), if method == "PUT" { bytes } else { 0 });
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {up}\r\n");
    request += &signature(session_key, method, host, &path);
    request += "\r\n";
    connection.get_mut().write_all(request.as_bytes()).expect("it reads");
    send(connection.get_mut(), up);
    let (line, length, _) = head(connection).expect("it answers");
    assert!(line.contains("200"), "{line}");
    swallow(connection, length.unwrap_or(0));
}

/// Returns the headers that sign a request with the session key.
fn signature(session_key: &SessionKey, method: &str, host: &str, path: &str) -> String {
    let identity =
        Credentials::new(&session_key.id, session_key.secret.expose(), None, None, "bench").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(audex_core::clock::now())
        .settings(settings)
        .build()
        .expect("it is whole")
        .into();
    let headers = [("host", host), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    let uri = format!("http://{host}{path}");
    let request =
        SignableRequest::new(method, &uri, headers.into_iter(), SignableBody::UnsignedPayload);
    let (instructions, _) =
        sign(request.expect("a request"), &params).expect("it signs").into_parts();
    let added = instructions.headers().map(|(name, value)| format!("{name}: {value}\r\n"));
    added.chain(["x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n".to_owned()]).collect()
}

/// Reads the head of a message. Returns the first line, the length of the body (`None` for chunks), and true
/// if the client waits for `100 Continue`.
fn head(reader: &mut impl BufRead) -> Option<(String, Option<usize>, bool)> {
    let (mut first, mut length, mut waits) = (String::new(), Some(0), false);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        waits |= line.starts_with("expect:");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        }
        if line.starts_with("transfer-encoding:") {
            length = None;
        }
    }
    Some((first, length, waits))
}

fn number(line: &str) -> usize {
    line.split(' ')
        .nth(1)
        .and_then(|path| path.rsplit('/').next())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn send(stream: &mut impl Write, bytes: usize) {
    let block = vec![7; BLOCK];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(BLOCK);
        if stream.write_all(&block[..part]).is_err() {
            return;
        }
        left -= part;
    }
}

fn swallow(reader: &mut impl BufRead, bytes: usize) {
    let mut left = bytes;
    while left > 0 {
        let read = reader.fill_buf().map_or(0, |buffer| buffer.len().min(left));
        if read == 0 {
            return;
        }
        reader.consume(read);
        left -= read;
    }
}
