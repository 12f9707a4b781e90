//! The doubles of Google Cloud and Azure. Each test has its own Python process, which ends with the test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{Sandbox, python};

/// A running double with its self-description.
pub(crate) struct Double {
    about: Value,
    /// The process. It ends when its stdin is closed.
    process: Child,
}

impl Double {
    /// Starts `tests/python/PROGRAM`.
    pub(crate) fn start(program: &str) -> Self {
        let mut process = Command::new(python::interpreter())
            .arg(python::tests().join("python").join(program))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self {
            about: serde_json::from_str(&line).expect("the double says when it is ready"),
            process,
        }
    }

    /// Returns a text of the double's self-description.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("the double says no `{name}`"))
    }

    /// Returns the service account key of the double of Google Cloud.
    pub(crate) fn key(&self) -> Value {
        self.about["key"].clone()
    }

    /// Returns a field of the user's login at the double of Google Cloud.
    pub(crate) fn user(&self, field: &str) -> &str {
        self.about["user"][field].as_str().expect("the double has a user")
    }

    /// Returns the sandbox of a user who may impersonate the agent of the double. The user's key is in a
    /// file.
    pub(crate) fn gcp_user(&self) -> Sandbox {
        let mut sandbox = Sandbox::without_cloud();
        let key = self.key();
        let secret = key["private_key"].as_str().unwrap().lines().nth(1).unwrap().to_owned();
        let path = sandbox.plant("key.json", key.to_string());
        sandbox.plant_secret(&secret);
        sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", path);
        sandbox.set("AUDEX_GCP_SERVICE_ACCOUNT", self.text("agent"));
        sandbox.set("AUDEX_GCP_IAMCREDENTIALS_URL", self.text("endpoint"));
        sandbox.set("AUDEX_GCP_STS_URL", self.text("endpoint"));
        sandbox.set("DOUBLE", self.text("endpoint"));
        sandbox
    }

    /// Returns the sandbox of [`Self::gcp_user`] whose settings lead every host of Google Cloud to the double, so that
    /// a gateway sends there what it allows.
    pub(crate) fn gcp_gateway_user(&self) -> Sandbox {
        let mut sandbox = self.gcp_user();
        for (service, path) in [
            ("BIGQUERY", "/bigquery/v2/"),
            ("CLOUDRESOURCEMANAGER", "/"),
            ("COMPUTE", "/"),
            ("IAM", "/"),
            ("PUBSUB", "/"),
            ("SECRETMANAGER", "/"),
            ("STORAGE", "/storage/v1/"),
        ] {
            let variable = format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}");
            sandbox.set(variable, format!("{}{path}", self.text("endpoint")));
        }
        sandbox
    }

    /// Returns what the double tells at `/double/NAME`.
    pub(crate) fn told(&self, name: &str) -> Value {
        let authority = self.text("endpoint").trim_start_matches("http://");
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(
            stream,
            "GET /double/{name} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let (_, body) = reply.split_once("\r\n\r\n").expect("the double answers");
        serde_json::from_str(body).unwrap()
    }

    /// Returns the requests to the services that carried a token of `holder`, as `METHOD PATH`; `""` for those without
    /// a living token. The requests by which the host gets its tokens are left out.
    pub(crate) fn seen(&self, holder: &str) -> Vec<String> {
        let is_login = |path: &str| {
            path.ends_with("/token")
                || path.contains("/computeMetadata/")
                || path.contains(":generateAccessToken")
        };
        let told = self.told("seen");
        let mut seen = Vec::new();
        for one in told["seen"].as_array().unwrap() {
            let of = one.get("account").unwrap_or(&one["holder"]).as_str().unwrap_or_default();
            let path = one["path"].as_str().unwrap();
            if of == holder && !is_login(path) {
                seen.push(format!("{} {path}", one["method"].as_str().unwrap()));
            }
        }
        seen
    }

    /// Registers every token that the double issued as a secret of the sandbox, so that nothing may show it.
    pub(crate) fn plant_issued(&self, sandbox: &mut Sandbox, name: &str) {
        let told = self.told(name);
        let issued = told[name].as_array().unwrap();
        assert!(!issued.is_empty(), "the double issued nothing");
        for token in issued {
            sandbox.plant_secret(token.as_str().unwrap());
        }
    }

    /// Returns the sandbox of a service principal in the tenant of the double.
    pub(crate) fn azure_user(&self) -> Sandbox {
        let mut sandbox = Sandbox::without_cloud();
        sandbox.set("AZURE_TENANT_ID", self.text("tenant"));
        sandbox.set("AZURE_SUBSCRIPTION_ID", self.text("subscription"));
        sandbox.set("AZURE_CLIENT_ID", self.text("client_id"));
        sandbox.set_secret("AZURE_CLIENT_SECRET", self.text("client_secret"));
        sandbox.set("AZURE_AUTHORITY_HOST", self.text("endpoint"));
        sandbox.set("AUDEX_AZURE_RESOURCE_MANAGER_URL", self.text("endpoint"));
        sandbox.set("AUDEX_AZURE_KEY_VAULT_URL", self.text("endpoint"));
        let blobs = format!("{}/{}", self.text("endpoint"), self.text("account"));
        sandbox.set("AZURE_STORAGE_SERVICE_ENDPOINT", blobs);
        sandbox.set("DOUBLE", self.text("endpoint"));
        sandbox
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Runs a program of `tests/support` with the venv's Python under `tryaudex run OPTIONS`.
pub(crate) fn run_program(
    sandbox: &Sandbox,
    options: &[&str],
    program: &str,
    arguments: &[&str],
) -> super::Output {
    let (python, path) = (python::interpreter(), python::tests().join("support").join(program));
    let words = [python.to_str().unwrap(), "-W", "ignore", path.to_str().unwrap()];
    sandbox.tryaudex([&["run"], options, &["--"], &words, arguments].concat()).output()
}

/// Runs a script with the venv's Python under `tryaudex run OPTIONS`.
pub(crate) fn run_python(sandbox: &Sandbox, options: &[&str], script: &str) -> super::Output {
    let python = python::interpreter();
    let python = python.to_str().unwrap();
    sandbox
        .tryaudex([&["run"], options, &["--", python, "-W", "ignore", "-c", script]].concat())
        .output()
}
