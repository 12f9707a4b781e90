//! A Vault double for one sandbox. It ends with the test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{ROLE, Sandbox, python};

/// The prefix of every token of the double.
const TOKEN_PREFIX: &str = "hvs.issued-by-the-double-";

/// A running double, which mints credentials in the cloud of a sandbox.
pub(crate) struct VaultDouble {
    pub address: String,
    /// The https address, with a certificate that `ca` signed.
    pub tls_address: String,
    pub ca: String,
    /// The token of the user, which may revoke leases.
    pub token: String,
    pub secret_id: String,
    pub jwt: String,
    process: Child,
}

impl VaultDouble {
    /// Starts a double that mints with the keys of the cloud's user `source`. For a role of the type
    /// `iam_user`, it returns the keys of the cloud's user `user`.
    pub(crate) fn start(sandbox: &mut Sandbox, source: &str, user: &str) -> Self {
        let cloud = sandbox.cloud();
        let keys = |user: &str| {
            let key = cloud.access_key(user).expect("a seeded user");
            json!([key.id, key.secret.expose()])
        };
        let options = json!({
            "aws": cloud.endpoint(), "region": "eu-central-1", "role_arn": ROLE,
            "source": keys(source), "user": keys(user),
        });
        let mut process = Command::new(python::interpreter())
            .arg(python::tests().join("python/vault_double.py"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("the double says when it is ready");
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let double = Self {
            address: text("address"),
            tls_address: text("tls_address"),
            ca: text("ca"),
            token: text("token"),
            secret_id: text("secret_id"),
            jwt: text("jwt"),
            process,
        };
        sandbox
            .plant_secret(TOKEN_PREFIX)
            .plant_secret(&double.secret_id)
            .plant_secret(&double.jwt);
        // The source credentials belong to Vault, not to the user.
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AUDEX_ROLE_ARN"] {
            sandbox.unset(name);
        }
        sandbox.set("VAULT_ADDR", &double.address);
        sandbox.set("AUDEX_VAULT_ROLE", "my-vault-role");
        double
    }

    /// Changes the behaviour of the double.
    pub(crate) fn set(&self, change: &Value) {
        self.ask("set", change);
    }

    /// Returns the open leases, the logins that were not ended, and the log of requests.
    pub(crate) fn state(&self) -> Value {
        self.ask("state", &json!({}))
    }

    /// Panics unless all leases and logins have ended and the user's own token is still valid.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        let state = self.state();
        assert_eq!((&state["leases"], &state["logins"]), (&json!([]), &json!(0)), "{state}");
        assert_eq!(state["user_token"], true, "the user's own token was revoked");
    }

    /// Returns the number of requests such as `PUT aws/sts/my-vault-role`.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        let state = self.state();
        state["log"].as_array().unwrap().iter().filter(|line| *line == wanted).count()
    }

    fn ask(&self, what: &str, body: &Value) -> Value {
        let program = "import sys, urllib.request as u; \
            print(u.urlopen(u.Request(sys.argv[1], data=sys.argv[2].encode(), method='POST')).read().decode())";
        let url = format!("{}/double/{what}", self.address);
        let body = body.to_string();
        let output = Command::new(python::interpreter())
            .args(["-c", program, &url, &body])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

impl Drop for VaultDouble {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
