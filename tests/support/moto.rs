//! The moto double. All tests share one process, because it takes seconds to start. The double ends with the
//! test process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::{Sandbox, python};

/// The running double. Its buckets `alpha` and `beta` contain `hello.txt`; its table is `items`.
pub(crate) struct Moto {
    pub endpoint: String,
    pub region: String,
    pub access_key_id: String,
    pub secret_access_key: String,
    pub admin_access_key_id: String,
    pub admin_secret_access_key: String,
    pub role_arn: String,
    /// The process. It ends when its stdin is closed.
    _process: Child,
}

impl Moto {
    /// Returns the running double. Tests share its contents, so a test must undo its changes.
    pub(crate) fn get() -> &'static Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        MOTO.get_or_init(Self::start)
    }

    /// Returns the requests that were signed with the keys of the last session of `sandbox`, each once and
    /// sorted: the service, and the operation or the method and path.
    pub(crate) fn seen(&self, sandbox: &Sandbox) -> Vec<String> {
        let records = sandbox.audit();
        let issued = records.iter().rfind(|record| record["event"] == "issued").expect("a session");
        let key = issued["access_key_id"].as_str().unwrap();
        let host = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let path = format!("/audex-double/seen/{key}");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let mut seen: Vec<String> = body.lines().map(str::to_owned).collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    fn start() -> Self {
        let mut process = Command::new(python::interpreter())
            .arg(python::tests().join("python/moto_enforcing.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the double says when it is ready");
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self {
            endpoint: text("endpoint"),
            region: text("region"),
            access_key_id: text("access_key_id"),
            secret_access_key: text("secret_access_key"),
            admin_access_key_id: text("admin_access_key_id"),
            admin_secret_access_key: text("admin_secret_access_key"),
            role_arn: text("role_arn"),
            _process: process,
        }
    }
}
