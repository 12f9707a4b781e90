//! Requests of every operation, written by botocore's serialisers, and what the AWS component reads in them.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use audex_components::backend::Backend;
use audex_components::embedded;
use audex_components::engine::Engine;
use audex_components::provider::{self, Provider, Reader};
use audex_gateway::decide::Need;
use audex_gateway::decided;
use audex_wire::seen_request::SeenRequest;
use http::Request;

use super::super::decider;

/// The caller's account and the region of every request.
pub(super) const ACCOUNT: &str = "123456789012";
pub(super) const REGION: &str = "eu-west-1";
/// The requests that wait for a reader.
const WAITING: usize = 1_000;

/// A request as a client sends it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    /// The name that the request is signed for.
    pub service: String,
    /// botocore's name of the service.
    pub model: String,
    pub operation: String,
    pub variant: String,
    pub method: String,
    /// The path and the query.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The meaning of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Needs(Vec<Need>),
    Unknown(String),
    Ambiguous(String),
}

/// A request and its meaning.
#[derive(Debug)]
pub(super) struct Read {
    pub sent: Sent,
    pub reading: Reading,
}

impl Sent {
    /// Returns the request as a decider gets it, or the reason why it is refused before.
    pub(super) fn seen(&self) -> Result<SeenRequest, String> {
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_bytes());
        }
        let (parts, ()) = request.body(()).map_err(|error| error.to_string())?.into_parts();
        let body = if self.has_read_body() { self.body.as_slice() } else { &[] };
        let scope = (self.service.as_str(), REGION);
        decided(&parts, "127.0.0.1", scope, body, true).map_err(str::to_owned)
    }

    /// Returns true unless the body is an object, which the gateway streams on unread.
    pub(super) fn has_read_body(&self) -> bool {
        self.service != "s3" || self.method == "POST" && self.target.contains("?delete")
    }

    fn parse(line: &str) -> Self {
        let (service, model, operation, variant, method, target, headers, body): (
            _,
            _,
            _,
            _,
            _,
            _,
            Vec<(String, String)>,
            String,
        ) = serde_json::from_str(line).unwrap();
        let body = base64_simd::STANDARD.decode_to_vec(body).unwrap();
        Self { service, model, operation, variant, method, target, headers, body }
    }
}

/// Returns the AWS component without a backend.
pub(super) fn provider() -> Provider {
    let engine = Engine::new().unwrap();
    let loaded = embedded::find("aws").unwrap().load(&engine).unwrap();
    Provider::new(&engine, loaded, Backend::default()).unwrap()
}

/// Reads a request as the gateway does.
pub(super) fn read(reader: &mut Reader, sent: &Sent) -> Reading {
    let seen = match sent.seen() {
        Ok(seen) => seen,
        Err(reason) => return Reading::Ambiguous(reason),
    };
    match reader.read(seen, Some(ACCOUNT)).unwrap() {
        provider::Reading::Calls(needs) => {
            // What everybody may do needs nothing of a policy.
            let needs = needs.into_iter().filter(|need| !need.free);
            let needs: Vec<Need> = needs.map(decider::need).collect();
            match needs.iter().find(|need| aws_catalogue::find(&need.action).is_none()) {
                // An operation whose reply carries credentials, and that no permission covers.
                Some(need) => Reading::Unknown(need.action.clone()),
                None => Reading::Needs(needs),
            }
        }
        provider::Reading::Unknown(what) => Reading::Unknown(what),
        provider::Reading::Ambiguous(why) => Reading::Ambiguous(why),
    }
}

/// Returns all requests with their meaning, in the order of botocore's models.
pub(super) fn all() -> &'static [Read] {
    static ALL: LazyLock<Vec<Read>> = LazyLock::new(|| {
        let (lines, requests) = sync_channel(WAITING);
        let python = thread::spawn(move || {
            generate(|line| lines.send(Sent::parse(line)).unwrap());
        });
        let read = read_all(&requests);
        python.join().unwrap();
        read
    });
    &ALL
}

fn read_all(requests: &Receiver<Sent>) -> Vec<Read> {
    let mut reader = Reader::new(provider());
    let read = |sent| {
        let reading = read(&mut reader, &sent);
        Read { sent, reading }
    };
    requests.iter().map(read).collect()
}

/// Calls `each` with each line of the generator.
#[expect(clippy::disallowed_methods, reason = "a test starts its own Python")]
fn generate(mut each: impl FnMut(&str)) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let types = folder.path().join("types");
    std::fs::write(&types, formats()).unwrap();
    let mut python = Command::new(interpreter(&root))
        .arg(root.join("tests/python/requests_of_models.py"))
        .arg(root.join("plugins/aws/policy/data/services.txt"))
        .arg(&types)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    for line in BufReader::new(python.stdout.take().unwrap()).lines() {
        each(&line.unwrap());
    }
    assert!(python.wait().unwrap().success(), "the generator failed");
}

#[expect(clippy::disallowed_methods, reason = "the variable moves the venv of all tests")]
fn interpreter(root: &Path) -> PathBuf {
    let venv = std::env::var_os("AUDEX_TEST_VENV");
    let venv = venv.map_or_else(|| root.join("tests/.venv"), PathBuf::from);
    let python = venv.join("bin/python");
    assert!(python.exists(), "no Python in `{}`: run tests/python/install.sh", venv.display());
    python
}

/// Returns the actions of the catalogue with their resource types and the formats of these.
fn formats() -> String {
    let mut lines = String::new();
    for service in aws_catalogue::services() {
        let types = service.types();
        let mut names = service.names();
        while names.advance() {
            for (place, _) in service.types_of(names.set()) {
                let Some(kind) = types.get(place) else { continue };
                let action = format!("{}:{}", service.name(), names.name());
                writeln!(lines, "{action}\t{}\t{}", kind.name, kind.arn).unwrap();
            }
        }
    }
    lines
}
