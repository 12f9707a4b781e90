//! Measures the cost of the gateway that decides: the throughput of a large object in both directions, the latency
//! of a small call, the reading, and the decision alone. Calls through the gateway take turns with direct calls to the same
//! server, and with calls through a relay that only copies bytes: no gateway can cost less (JSON on stdout).
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

#[path = "gateway/wire.rs"]
mod wire;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use audex::asks::board::{Asker, Board};
use audex::later::Later;
use audex::pipeline::gateway::asking::Asking;
use audex::pipeline::gateway::decider::{Deciding, Held};
use audex::settings::approve::ApproveSettings;
use audex::settings::delivery::UnknownRequests;
use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::provider::{Provider, Reader};
use audex_core::delivery::Value;
use audex_core::environment::Environment;
use audex_gateway::decide::{Need, On, Rule, Rules, Set, decide};
use audex_gateway::{Decider as _, Gateway, SessionKey, Signer, decided};
use aws_credential_types::Credentials;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use self::wire::{connect, exchange, relay, serve};

/// The size of the object, which must be larger than any buffer.
const OBJECT_BYTES: usize = 200 * 1024 * 1024;
/// The number of small calls: enough for a stable median.
const CALLS: usize = 2_000;
/// The permissions of the grant whose decision is measured alone.
const PERMISSIONS: usize = 1_000;

fn main() {
    let files = tempfile::tempdir().expect("a folder");
    let tls = certificate(files.path());
    let (server, secure) = (serve(None), format!("https://localhost:{}", port(&serve(Some(tls)))));
    let authority = files.path().join("authority.crt").display().to_string();
    let own = gateway(&[("AWS_ENDPOINT_URL", &secure), ("AWS_CA_BUNDLE", &authority)]);
    let real = ("AKIAREAL", "real", None);
    let direct = sdk("throughput", &[&secure], real, &authority);
    let gated = sdk("throughput", &[&url(&address(&own))], keys(&own.session_key), &authority);

    let gateway = gateway(&[("AWS_ENDPOINT_URL", &url(&server))]);
    let ways = [server.clone(), relay(&server), address(&gateway)];
    let key = &gateway.session_key;
    let urls = ways.each_ref().map(|way| url(way));
    let sdk_calls = sdk("latency", &urls.each_ref().map(String::as_str), keys(key), &authority);
    let rates = |method: &str| {
        let [direct, relay, gateway] = ways.each_ref().map(|way| rate(way, method, key));
        json!({"direct": direct, "relay": relay, "gateway": gateway})
    };
    let figures = json!({
        "sdk_upload_mb_s": {"direct": direct["up"], "gateway": gated["up"]},
        "sdk_download_mb_s": {"direct": direct["down"], "gateway": gated["down"]},
        "sdk_call_ms": sdk_calls,
        "call_ms": calls(&ways, key),
        "upload_mb_s": rates("PUT"),
        "download_mb_s": rates("GET"),
        "reading_us": reading(),
        "decision_us": decision(),
    });
    println!("{figures}");
}

/// Returns the median and the 99th percentile of small calls: direct, through a relay, and through the gateway.
fn calls(ways: &[String; 3], key: &SessionKey) -> serde_json::Value {
    let mut samples = [const { Vec::new() }; 3];
    let mut connections = ways.each_ref().map(|way| connect(way));
    for _ in 0..CALLS {
        // Every request is signed, so that the client's own work falls on all.
        for ((connection, way), taken) in connections.iter_mut().zip(ways).zip(&mut samples) {
            let start = Instant::now();
            exchange(connection, way, "GET", 16, key);
            taken.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let [direct, relay, gateway] = samples.map(|mut taken| {
        taken.sort_by(f64::total_cmp);
        [50, 99].map(|part| taken[taken.len() * part / 100])
    });
    json!({"direct": direct, "relay": relay, "gateway": gateway})
}

/// Returns the best throughput of three, in megabytes per second.
fn rate(to: &str, method: &str, key: &SessionKey) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..3 {
        // A signature of the same second, over another connection, would be a repetition.
        std::thread::sleep(Duration::from_secs(1));
        let mut connection = connect(to);
        let start = Instant::now();
        exchange(&mut connection, to, method, OBJECT_BYTES, key);
        best = best.max(OBJECT_BYTES as f64 / 1e6 / start.elapsed().as_secs_f64());
    }
    best.round()
}

/// Decides as `run` does, by a grant on one bucket.
fn deciding() -> Deciding {
    let engine = Engine::new().expect("the engine starts");
    let loaded = embedded::find("aws").expect("built in").load(&engine).expect("it loads");
    let provider = Provider::new(&engine, loaded, Backend::default()).expect("it links");
    let actions = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"].map(str::to_owned);
    let rules = rules(actions.into());
    let identity = "arn:aws:sts::123456789012:assumed-role/Bench/bench";
    let unknown = UnknownRequests::Refuse;
    let real = Credentials::new("AKIAREAL", "real", None, None, "bench");
    let signer = Arc::new(Signer::new(real));
    let first = Held { set: Set::new(rules), signer, until: u64::MAX, ask: None, once: false };
    let (board, _) = Board::new(Asker::default());
    let asking = Asking::new(Arc::new(board), &ApproveSettings::default(), Later::default());
    let reader = Reader::new(provider);
    Deciding::new(reader, first, Vec::new(), unknown, Some(identity), asking)
}

/// Returns rules that allow these actions on the bucket of the bench.
fn rules(actions: Vec<String>) -> Rules {
    let resources = ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"].map(str::to_owned);
    let resources = Some(resources.into());
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

/// Returns the microseconds of reading a request and deciding on it.
fn reading() -> f64 {
    let deciding = deciding();
    let request = http::Request::get("/bucket/16")
        .header("host", "127.0.0.1:80")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=x")
        .header("x-amz-date", "20260101T000000Z")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let seen = decided(&parts, "127.0.0.1:80", ("s3", "us-east-1"), b"", true).expect("text");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let start = Instant::now();
    for _ in 0..CALLS {
        assert!(runtime.block_on(deciding.decide(std::hint::black_box(&seen))).is_ok());
    }
    start.elapsed().as_secs_f64() * 1e6 / CALLS as f64
}

/// Starts a gateway for a user with these variables.
fn gateway(parent: &[(&str, &str)]) -> Gateway {
    let parent = Environment::from_pairs(parent.iter().copied());
    Gateway::start(&parent, None, u64::MAX, None, Arc::new(deciding())).expect("it starts")
}

fn address(gateway: &Gateway) -> String {
    match gateway.settings.variables.first() {
        Some((_, Value::Plain(url))) => url.trim_start_matches("http://").to_owned(),
        _ => String::new(),
    }
}

fn url(address: &str) -> String {
    format!("http://{address}")
}

fn keys(key: &SessionKey) -> (&str, &str, Option<&str>) {
    (&key.id, key.secret.expose(), Some(key.token.expose()))
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

/// Returns the figures of boto3 with these keys at `urls`.
fn sdk(
    figure: &str,
    urls: &[&str],
    (id, secret, token): (&str, &str, Option<&str>),
    authority: &str,
) -> serde_json::Value {
    let mut client = python();
    client.arg("bench/sdk_client.py").arg(figure).args(urls).envs([
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
