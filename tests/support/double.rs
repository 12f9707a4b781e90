//! The doubles of Google Cloud and Azure. Each test has its own Python process, which ends with the test.

use std::io::{BufRead as _, BufReader};
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

    /// Returns the sandbox of a service principal in the tenant of the double.
    pub(crate) fn azure_user(&self) -> Sandbox {
        let mut sandbox = Sandbox::without_cloud();
        sandbox.set("AZURE_TENANT_ID", self.text("tenant"));
        sandbox.set("AZURE_SUBSCRIPTION_ID", self.text("subscription"));
        sandbox.set("AZURE_CLIENT_ID", self.text("client_id"));
        sandbox.set_secret("AZURE_CLIENT_SECRET", self.text("client_secret"));
        sandbox.set("AZURE_AUTHORITY_HOST", self.text("endpoint"));
        sandbox.set("AUDEX_AZURE_RESOURCE_MANAGER_URL", self.text("endpoint"));
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

/// Runs a script with the venv's Python under `tryaudex run OPTIONS`.
pub(crate) fn run_python(sandbox: &Sandbox, options: &[&str], script: &str) -> super::Output {
    let python = python::interpreter();
    let python = python.to_str().unwrap();
    sandbox
        .tryaudex([&["run"], options, &["--", python, "-W", "ignore", "-c", script]].concat())
        .output()
}
