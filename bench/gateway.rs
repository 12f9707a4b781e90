//! Measures the cost of the gateway that decides: the throughput of a large object in both directions, the latency
//! of a small call, and the decision alone. Calls through it take turns with direct calls to the same server (JSON on stdout).
//!
//! Throughput is measured with an unmodified boto3 and a server with TLS, like every endpoint of AWS. It is
//! also measured with plain sockets without TLS. There a byte through the gateway costs twice as much as a
//! direct byte, so on two cores half of the direct throughput is the maximum.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench ends loudly when what it measures fails"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use audex::pipeline::gateway::decider::Deciding;
use audex::settings::delivery::UnknownRequests;
use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::provider::{Provider, Reader};
use audex_core::delivery::Value;
use audex_core::environment::Environment;
use audex_gateway::decide::{Need, On, Rule, Rules, Set, decide};
use audex_gateway::{Gateway, SessionKey};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The size of the object, which must be larger than any buffer.
const OBJECT_BYTES: usize = 200 * 1024 * 1024;
/// The number of small calls: enough for a stable median.
const CALLS: usize = 2_000;
/// The permissions of the grant whose decision is measured alone.
const PERMISSIONS: usize = 1_000;
const BLOCK: usize = 64 * 1024;

fn main() {
    let files = tempfile::tempdir().expect("a folder");
    let tls = certificate(files.path());
    let (server, secure) = (serve(None), format!("https://localhost:{}", port(&serve(Some(tls)))));
    let authority = files.path().join("authority.crt").display().to_string();
    let own = gateway(&[("AWS_ENDPOINT_URL", &secure), ("AWS_CA_BUNDLE", &authority)]);
    let keys = (
        own.session_key.id.as_str(),
        own.session_key.secret.expose(),
        Some(own.session_key.token.expose()),
    );
    let direct = sdk(&secure, ("AKIAREAL", "real", None), &authority);
    let gated = sdk(&format!("http://{}", address(&own)), keys, &authority);

    let gateway = gateway(&[("AWS_ENDPOINT_URL", &format!("http://{server}"))]);
    let through = address(&gateway);
    let rate = |to: &str, method: &str, session_key: Option<&SessionKey>| {
        let mut best: f64 = 0.0;
        for _ in 0..3 {
            // A signature of the same second, over another connection, would be a repetition.
            std::thread::sleep(Duration::from_secs(1));
            let mut connection = connect(to);
            let start = Instant::now();
            exchange(&mut connection, to, method, OBJECT_BYTES, session_key);
            best = best.max(OBJECT_BYTES as f64 / 1e6 / start.elapsed().as_secs_f64());
        }
        best
    };
    let session_key = Some(&gateway.session_key);
    let (mut straight, mut gated_calls) = (Vec::new(), Vec::new());
    let (mut one, mut two) = (connect(&server), connect(&through));
    for _ in 0..CALLS {
        // Both requests are signed, so that the client's own work falls on both.
        for (connection, to, samples) in
            [(&mut one, &server, &mut straight), (&mut two, &through, &mut gated_calls)]
        {
            let start = Instant::now();
            exchange(connection, to, "GET", 16, session_key);
            samples.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    straight.sort_by(f64::total_cmp);
    gated_calls.sort_by(f64::total_cmp);
    let at = |samples: &[f64], part: usize| samples[samples.len() * part / 100];
    let (up, up_through) = (rate(&server, "PUT", None), rate(&through, "PUT", session_key));
    let (down, down_through) = (rate(&server, "GET", None), rate(&through, "GET", session_key));
    let (call, call_through) = (at(&straight, 50), at(&gated_calls, 50));
    let (slow, slow_through) = (at(&straight, 99), at(&gated_calls, 99));
    println!(
        "{{\"sdk_upload_mb_s\":{{\"direct\":{},\"gateway\":{}}},\"sdk_download_mb_s\":{{\"direct\":{},\"gateway\":{}}},\
         \"upload_mb_s\":{{\"direct\":{up:.0},\"gateway\":{up_through:.0}}},\"download_mb_s\":{{\"direct\":{down:.0},\
         \"gateway\":{down_through:.0}}},\"call_ms\":{{\"direct\":{call:.3},\"gateway\":{call_through:.3},\"added\":{:.3},\"added_p99\":{:.3}}},\
         \"decision_us\":{:.2}}}",
        direct["up"],
        gated["up"],
        direct["down"],
        gated["down"],
        call_through - call,
        slow_through - slow,
        decision()
    );
}

/// Decides as `run` does, by a grant on one bucket.
fn deciding() -> Deciding {
    let engine = Engine::new().expect("the engine starts");
    let loaded = embedded::find("aws").expect("built in").load(&engine).expect("it loads");
    let provider = Provider::new(&engine, loaded, Backend::default()).expect("it links");
    let rules = rules(["s3:GetObject".to_owned(), "s3:PutObject".to_owned()].into());
    let identity = "arn:aws:sts::123456789012:assumed-role/Bench/bench";
    let unknown = UnknownRequests::Refuse;
    Deciding::new(Reader::new(provider), Set::new(rules), Vec::new(), unknown, Some(identity))
}

/// Returns rules that allow these actions on the bucket of the bench.
fn rules(actions: Vec<String>) -> Rules {
    let resources = Some(vec!["arn:aws:s3:::bucket/*".to_owned()]);
    Rules { granted: actions.clone(), allow: vec![Rule { actions, resources }], ..Rules::default() }
}

/// Returns the microseconds of one decision with many permissions.
fn decision() -> f64 {
    let actions = (0..PERMISSIONS).map(|number| format!("s3:Get{number}Object")).collect();
    let set = [Set::new(rules(actions))];
    let on = On::These(vec!["arn:aws:s3:::bucket/key".to_owned()]);
    let need = [Need {
        action: "s3:Get999Object".to_owned(),
        on,
        yields_credentials: false,
        free: false,
        uses: 1,
    }];
    let start = Instant::now();
    for _ in 0..CALLS {
        assert!(decide(std::hint::black_box(&need), &set).is_ok());
    }
    start.elapsed().as_secs_f64() * 1e6 / CALLS as f64
}

/// Starts a gateway for a user with these variables.
fn gateway(parent: &[(&str, &str)]) -> Gateway {
    let real = Credentials::new("AKIAREAL", "real", None, None, "bench");
    let parent = Environment::from_pairs(parent.iter().copied());
    Gateway::start(&parent, real, None, u64::MAX, None, Arc::new(deciding())).expect("it starts")
}

fn address(gateway: &Gateway) -> String {
    match gateway.settings.variables.first() {
        Some((_, Value::Plain(url))) => url.trim_start_matches("http://").to_owned(),
        _ => String::new(),
    }
}

fn port(address: &str) -> &str {
    address.rsplit(':').next().unwrap_or_default()
}

fn python() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv =
        std::env::var_os("AUDEX_TEST_VENV").map_or_else(|| root.join("tests/.venv"), PathBuf::from);
    let mut python = Command::new(venv.join("bin/python"));
    python
        .env_clear()
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root)
        .stderr(Stdio::inherit());
    python
}

/// Makes a certificate for `localhost`, which is signed by a new authority.
fn certificate(folder: &Path) -> Arc<ServerConfig> {
    let program =
        "import sys; sys.path.append('tests/interop'); import tls; tls.certificate(sys.argv[1])";
    let made =
        python().args(["-c", program]).arg(folder).status().expect("make python makes the venv");
    assert!(made.success(), "no certificate");
    let chain = CertificateDer::from_pem_file(folder.join("tls.crt")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("tls.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth().with_single_cert(vec![chain], key);
    Arc::new(config.expect("a pair"))
}

/// Returns the throughput of boto3 with these keys at `url`, in both directions.
fn sdk(
    url: &str,
    (id, secret, token): (&str, &str, Option<&str>),
    authority: &str,
) -> serde_json::Value {
    let mut client = python();
    client.arg("bench/sdk_client.py").envs([
        ("AWS_ENDPOINT_URL", url),
        ("AWS_CA_BUNDLE", authority),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ]);
    if let Some(token) = token {
        client.env("AWS_SESSION_TOKEN", token);
    }
    let output = client.output().expect("it runs");
    serde_json::from_slice(&output.stdout).expect("it prints what it reached")
}

/// Starts a server that discards uploads. The path of a download is the number of bytes to send.
fn serve(tls: Option<Arc<ServerConfig>>) -> String {
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
    session_key: Option<&SessionKey>,
) {
    let (path, up) = (format!("/bucket/{bytes}"), if method == "PUT" { bytes } else { 0 });
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {up}\r\n");
    if let Some(session_key) = session_key {
        request += &signature(session_key, method, host, &path);
    }
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
