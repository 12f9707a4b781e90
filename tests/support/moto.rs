//! The moto double. All tests share one process, because it takes seconds to start. The double ends with the
//! test process.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::python;

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
