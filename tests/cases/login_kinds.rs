//! Each kind of login of Azure and Google Cloud at the doubles: allowed, denied, and ended at its time limit.
//!
//! The variables that make libraries and tools write logs are set throughout, so the scan of the sandboxes
//! covers the logs too.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use http_double::{Answer, Double as Server};
use serde_json::json;

use crate::support::double::Double;
use crate::support::{Sandbox, python};

const LOGS: [&str; 4] = ["RUST_LOG", "AZURE_LOG", "AZURE_LOG_LEVEL", "GOOGLE_SDK_RUST_LOGGING"];
const AZURE: [&str; 5] = ["run", "--profile", "azure-storage-readonly", "--", "true"];
const GCP: [&str; 7] =
    ["run", "--profile", "gcs-readonly", "--resource", "gs://alpha", "--", "true"];
const AZURE_KINDS: [&str; 4] = ["secret", "workload", "managed", "az"];
const GCP_KINDS: [&str; 4] = ["key", "user", "metadata", "gcloud"];
/// The words for a server and for a tool that never answer.
const NO_ANSWER: [&str; 2] = ["no answer in time", "it takes too long"];

/// Returns the sandbox of a user who is logged in at `double` by `kind`.
fn azure(double: &Double, kind: &str) -> Sandbox {
    let mut sandbox = logging(double.azure_user());
    if kind == "secret" {
        return sandbox;
    }
    sandbox.unset("AZURE_CLIENT_SECRET");
    let header = double.text("identity_header");
    let identity = format!("{}/msi/token", double.text("endpoint"));
    sandbox.plant_secret(header);
    match kind {
        "workload" => {
            sandbox.plant_secret(double.text("assertion"));
            let file = sandbox.plant("assertion", double.text("assertion"));
            sandbox.set("AZURE_FEDERATED_TOKEN_FILE", file);
        }
        "managed" => {
            sandbox.set("IDENTITY_ENDPOINT", identity).set("IDENTITY_HEADER", header);
        }
        _ => {
            sandbox.unset("AZURE_CLIENT_ID");
            let ask = format!(
                "audience = sys.argv[sys.argv.index('--scope') + 1].removesuffix('/.default')\n\
                 reply = get('{identity}?api-version=2019-08-01&resource=' + audience, 'X-Identity-Header', '{header}')\n\
                 print(json.dumps({{'accessToken': reply['access_token'], 'expires_on': int(reply['expires_on']), 'tokenType': 'Bearer'}}))"
            );
            python_tool(&mut sandbox, "az", &ask);
        }
    }
    sandbox
}

/// Returns the sandbox of a user who is logged in at `double` by `kind`.
fn gcp(double: &Double, kind: &str) -> Sandbox {
    let mut sandbox = logging(double.gcp_user());
    if kind == "key" {
        return sandbox;
    }
    sandbox.unset("GOOGLE_APPLICATION_CREDENTIALS");
    match kind {
        "user" => user_file(&mut sandbox, double, &format!("{}/token", double.text("endpoint"))),
        "metadata" => {
            let server = double.text("endpoint").trim_start_matches("http://");
            sandbox.set("GCE_METADATA_HOST", server);
        }
        _ => {
            let url = format!(
                "{}/computeMetadata/v1/instance/service-accounts/default/token?scopes=https://www.googleapis.com/auth/cloud-platform",
                double.text("endpoint")
            );
            let ask = format!("print(get('{url}', 'Metadata-Flavor', 'Google')['access_token'])");
            python_tool(&mut sandbox, "gcloud", &ask);
            without_metadata(&mut sandbox);
        }
    }
    sandbox
}

fn logging(mut sandbox: Sandbox) -> Sandbox {
    for name in LOGS {
        sandbox.set(name, "trace");
    }
    sandbox
}

/// Plants what `gcloud auth application-default login` writes, in its default place.
fn user_file(sandbox: &mut Sandbox, double: &Double, token_uri: &str) {
    let mut file = json!({ "type": "authorized_user", "token_uri": token_uri });
    for name in ["client_id", "client_secret", "refresh_token"] {
        let value = double.user(name);
        if name != "client_id" {
            sandbox.plant_secret(value);
        }
        file[name] = value.into();
    }
    sandbox.plant(".config/gcloud/application_default_credentials.json", file.to_string());
}

/// Leads the search for a metadata server to a port on which nothing listens, and shows that gcloud was used.
fn without_metadata(sandbox: &mut Sandbox) {
    sandbox.plant(".config/gcloud/active_config", "default");
    sandbox.set("GCE_METADATA_HOST", "127.0.0.1:1");
}

fn python_tool(sandbox: &mut Sandbox, name: &str, lines: &str) {
    let interpreter = python::interpreter();
    let start = "import json, sys, urllib.request\n\
                 def get(url, name, value):\n    \
                 return json.load(urllib.request.urlopen(urllib.request.Request(url, headers={name: value})))";
    tool(sandbox, name, &format!("#!{}\n{start}\n{lines}\n", interpreter.display()));
}

fn tool(sandbox: &mut Sandbox, name: &str, script: &str) {
    let file = sandbox.plant(&format!("tools/{name}"), script);
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let directory = file.parent().map(Path::display).unwrap();
    sandbox.set("PATH", format!("{directory}:/usr/bin:/bin"));
}

/// Adds every secret that the double has issued to the scan.
fn scan_for_issued(sandbox: &mut Sandbox, path: &str) {
    let script = format!(
        "import os, urllib.request; print(urllib.request.urlopen(os.environ['DOUBLE'] + '/double/{path}').read().decode())"
    );
    let asked = sandbox.program(python::interpreter(), ["-c", script.as_str()]).unscanned();
    let issued = asked.output().success().json();
    let issued = issued[path].as_array().unwrap();
    assert!(!issued.is_empty());
    for secret in issued {
        sandbox.plant_secret(secret.as_str().unwrap());
    }
}

#[test]
fn each_kind_gets_a_token_that_the_cloud_accepts() {
    for kind in AZURE_KINDS {
        let double = Double::start("azure_double.py");
        let mut sandbox = azure(&double, kind);
        let health = sandbox.run(["health", "--check", "azure"]).success();
        assert!(health.stdout.contains("audex double"), "{kind}: {}", health.stdout);
        let _ = sandbox.run(AZURE).success();
        scan_for_issued(&mut sandbox, "secrets");
    }
    for kind in GCP_KINDS {
        let double = Double::start("gcp_double.py");
        let mut sandbox = gcp(&double, kind);
        let _ = sandbox.run(GCP).success();
        scan_for_issued(&mut sandbox, "tokens");
    }
}

#[test]
fn each_kind_that_is_refused_says_why() {
    for kind in AZURE_KINDS {
        let double = Double::start("azure_double.py");
        let mut sandbox = azure(&double, kind);
        let (code, said) = match kind {
            "secret" => {
                sandbox.set_secret("AZURE_CLIENT_SECRET", "planted~of-another");
                (77, "AADSTS7000215: Invalid client secret provided.")
            }
            "workload" => {
                sandbox.plant("assertion", "of-another");
                (77, "AADSTS700213: No matching federated identity record found.")
            }
            "managed" => {
                sandbox.set_secret("IDENTITY_HEADER", "planted~of-another");
                (77, "the header is not the platform's")
            }
            _ => {
                let script = "#!/bin/sh\necho 'ERROR: Please run az login' >&2\nexit 1\n";
                tool(&mut sandbox, "az", script);
                (69, "`az` gave no token: Please run az login")
            }
        };
        let output = sandbox.run(AZURE).exits(code);
        assert!(output.stderr.contains(said), "{kind}: {}", output.stderr);
    }
    // The metadata server of a machine without a service account.
    let machine = Answer::new("404 Not Found", "").header("metadata-flavor", "Google");
    let machine = Server::scripted(vec![machine]);
    for kind in GCP_KINDS {
        let double = Double::start("gcp_double.py");
        let mut sandbox = gcp(&double, kind);
        let (code, said) = match kind {
            "key" => {
                let mut key = double.key();
                key["client_email"] = double.text("other").into();
                sandbox.plant("key.json", key.to_string());
                (77, "not a known account")
            }
            "user" => {
                let path = ".config/gcloud/application_default_credentials.json";
                let file = fs::read_to_string(sandbox.home().join(path)).unwrap();
                let other = file.replace(double.user("refresh_token"), "of-another");
                sandbox.plant(path, other);
                (77, "Token has been expired or revoked.")
            }
            "metadata" => {
                sandbox.set("GCE_METADATA_HOST", machine.authority());
                (77, "refused: status 404")
            }
            _ => {
                let script = "#!/bin/sh\necho 'ERROR: there is no active account' >&2\nexit 1\n";
                tool(&mut sandbox, "gcloud", script);
                (69, "`gcloud` gave no token: there is no active account")
            }
        };
        let output = sandbox.run(GCP).exits(code);
        assert!(output.stderr.contains(said), "{kind}: {}", output.stderr);
    }
}

#[test]
fn each_kind_that_is_never_answered_ends_at_its_time_limit() {
    const HANGING: &str = "#!/bin/sh\nexec sleep 600\n";
    // The system accepts a connection, and no request is ever read.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let url = format!("http://{address}");
    // A metadata server that answers the probe alone.
    let machine = Server::start(|asked| {
        while asked.target() != "/" {
            thread::park();
        }
        Answer::new("200 OK", "").header("metadata-flavor", "Google")
    });
    let (azure_double, gcp_double) =
        (Double::start("azure_double.py"), Double::start("gcp_double.py"));
    let mut sandboxes = Vec::new();
    for kind in AZURE_KINDS {
        let mut sandbox = azure(&azure_double, kind);
        match kind {
            "managed" => {
                sandbox.set("IDENTITY_ENDPOINT", &url);
            }
            "az" => tool(&mut sandbox, "az", HANGING),
            _ => {
                sandbox.set("AZURE_AUTHORITY_HOST", &url);
            }
        }
        sandboxes.push((sandbox, &AZURE[..]));
    }
    for kind in GCP_KINDS {
        let mut sandbox = gcp(&gcp_double, kind);
        match kind {
            "key" => {
                let mut key = gcp_double.key();
                key["token_uri"] = url.as_str().into();
                sandbox.plant("key.json", key.to_string());
            }
            "user" => user_file(&mut sandbox, &gcp_double, &url),
            "metadata" => {
                sandbox.set("GCE_METADATA_HOST", machine.authority());
            }
            _ => tool(&mut sandbox, "gcloud", HANGING),
        }
        sandboxes.push((sandbox, &GCP[..]));
    }
    let started: Vec<_> =
        sandboxes.iter().map(|(sandbox, run)| sandbox.tryaudex(*run).start()).collect();
    for running in started {
        let output = running.finish().exits(69);
        assert!(NO_ANSWER.iter().any(|said| output.stderr.contains(said)), "{}", output.stderr);
    }
}

#[test]
fn an_azure_cli_that_is_too_old_says_which_is_needed() {
    let double = Double::start("azure_double.py");
    let mut sandbox = azure(&double, "az");
    let old = r#"{"accessToken":"planted~of-an-old-azure-cli","expiresOn":"2099-01-01 00:00:00.000000","tokenType":"Bearer"}"#;
    sandbox.plant_secret("planted~of-an-old-azure-cli");
    tool(&mut sandbox, "az", &format!("#!/bin/sh\necho '{old}'\n"));
    let output = sandbox.run(AZURE).exits(69);
    assert!(
        output.stderr.contains("hint: update the Azure CLI to 2.54 or newer: az upgrade"),
        "{}",
        output.stderr
    );
}
