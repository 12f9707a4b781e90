//! What the gateway of `tryaudex learn` costs: throughput of a large object both ways, and latency of a small call, each beside
//! a direct connection to the same server (JSON on stdout).

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench ends loudly when what it measures fails"
)]

use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use audex::deliver::Value;
use audex::environment::Environment;
use audex::learn::gateway::{Dummy, Gateway};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;

/// As large as an object that must not fit anybody's buffer.
const OBJECT_BYTES: usize = 200 * 1024 * 1024;
/// Enough for a steady median.
const CALLS: usize = 500;
const BLOCK: usize = 64 * 1024;

fn main() {
    let server = serve();
    let parent = Environment::from_pairs([("AWS_ENDPOINT_URL", format!("http://{server}"))]);
    let (sender, mut noted) = tokio::sync::mpsc::channel(128);
    std::thread::spawn(move || while noted.blocking_recv().is_some() {});
    let real = Credentials::new("AKIAREAL", "real", None, None, "bench");
    let gateway = Gateway::start(&parent, real, u64::MAX, sender).expect("it starts");
    let Some((_, Value::Plain(url))) = gateway.lead.variables.first() else { return };
    let through = url.trim_start_matches("http://").to_owned();

    let rate = |to: &str, method: &str, dummy: Option<&Dummy>| {
        let mut best: f64 = 0.0;
        for _ in 0..3 {
            let mut connection = connect(to);
            let start = Instant::now();
            exchange(&mut connection, to, method, OBJECT_BYTES, dummy);
            best = best.max(OBJECT_BYTES as f64 / 1e6 / start.elapsed().as_secs_f64());
        }
        best
    };
    let latency = |to: &str, dummy: Option<&Dummy>| {
        let mut connection = connect(to);
        let mut samples: Vec<f64> = (0..CALLS)
            .map(|_| {
                let start = Instant::now();
                exchange(&mut connection, to, "GET", 16, dummy);
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    };
    let dummy = Some(&gateway.dummy);
    let (up, up_through) = (rate(&server, "PUT", None), rate(&through, "PUT", dummy));
    let (down, down_through) = (rate(&server, "GET", None), rate(&through, "GET", dummy));
    let (direct, gated) = (latency(&server, None), latency(&through, dummy));
    println!(
        "{{\"upload_mb_s\":{{\"direct\":{up:.0},\"gateway\":{up_through:.0}}},\"download_mb_s\":{{\"direct\":{down:.0},\
         \"gateway\":{down_through:.0}}},\"call_ms\":{{\"direct\":{direct:.3},\"gateway\":{gated:.3},\"added\":{:.3}}}}}",
        gated - direct
    );
}

/// A server that swallows uploads and sends as many bytes as the path says.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.set_nodelay(true);
                let mut reader = BufReader::with_capacity(BLOCK, stream.try_clone().expect("a socket"));
                let mut stream = stream;
                while let Some((line, length)) = head(&mut reader) {
                    swallow(&mut reader, length);
                    let wanted = if line.starts_with("GET") { number(&line) } else { 0 };
                    let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {wanted}\r\n\r\n");
                    send(&mut stream, wanted);
                }
            });
        }
    });
    address
}

fn connect(to: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(to).expect("it listens");
    stream.set_nodelay(true).expect("a socket");
    BufReader::with_capacity(BLOCK, stream)
}

fn exchange(
    connection: &mut BufReader<TcpStream>,
    host: &str,
    method: &str,
    bytes: usize,
    dummy: Option<&Dummy>,
) {
    let (path, up) = (format!("/bucket/{bytes}"), if method == "PUT" { bytes } else { 0 });
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {up}\r\n");
    if let Some(dummy) = dummy {
        request += &signature(dummy, method, host, &path);
    }
    request += "\r\n";
    connection.get_mut().write_all(request.as_bytes()).expect("it reads");
    send(connection.get_mut(), up);
    let (line, length) = head(connection).expect("it answers");
    assert!(line.contains("200"), "{line}");
    swallow(connection, length);
}

/// The headers that sign a request with the dummy key.
fn signature(dummy: &Dummy, method: &str, host: &str, path: &str) -> String {
    let identity = Credentials::new(&dummy.id, dummy.secret.expose(), None, None, "bench").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(audex::clock::now())
        .settings(settings)
        .build()
        .expect("it is whole")
        .into();
    let headers = [("host", host), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    let uri = format!("http://{host}{path}");
    let request = SignableRequest::new(method, &uri, headers.into_iter(), SignableBody::UnsignedPayload);
    let (instructions, _) = sign(request.expect("a request"), &params).expect("it signs").into_parts();
    let added = instructions.headers().map(|(name, value)| format!("{name}: {value}\r\n"));
    added.chain(["x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n".to_owned()]).collect()
}

/// The first line of a message, and how many bytes follow its head.
fn head(reader: &mut impl std::io::BufRead) -> Option<(String, usize)> {
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    Some((first, length))
}

fn number(line: &str) -> usize {
    line.split(' ')
        .nth(1)
        .and_then(|path| path.rsplit('/').next())
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn send(stream: &mut TcpStream, bytes: usize) {
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

fn swallow(reader: &mut impl std::io::BufRead, bytes: usize) {
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
