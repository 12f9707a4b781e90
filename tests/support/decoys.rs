//! Decoy credentials of the user for every source in the clouds' default chains: files, variables, tools, and
//! a server that plays every metadata endpoint. Each credential contains the text `decoy`.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use http_double::{Answer, Double};
use serde_json::json;

use super::Sandbox;

pub(crate) const KEY_ID: &str = "AKIADECOYDECOYDECOY7";
const SECRET_KEY: &str = "decoy0decoy1decoy2decoy3decoy4decoy5deco";
const EXPIRES: &str = "2099-01-01T00:00:00Z";

/// The output of the user's tools. pwsh prints the form that the script of azure-identity expects.
const TOOLS: [(&str, &str); 5] = [
    (
        "az",
        r#"{"accessToken":"decoy","expiresOn":"2099-01-01 00:00:00.000000","expires_on":4070908800,"tokenType":"Bearer"}"#,
    ),
    ("azd", r#"{"token":"decoy","expiresOn":"2099-01-01T00:00:00Z"}"#),
    ("pwsh", "azsdk%decoy%4070908800"),
    ("powershell", "azsdk%decoy%4070908800"),
    ("gcloud", "decoy"),
];

/// The decoys of one sandbox.
pub(crate) struct Decoys {
    server: Double,
    log: PathBuf,
}

impl Decoys {
    /// Adds the decoys to `sandbox`. A variable that is already set is kept, because it is the source of the
    /// session.
    pub(crate) fn lay(sandbox: &mut Sandbox) -> Self {
        let server = serve();
        let (url, authority) = (server.endpoint.clone(), server.authority().to_owned());
        let log = sandbox.home().join("decoys.log");
        tools(sandbox, &log);
        files(sandbox, &url);
        let configuration = sandbox.home().join(".config/gcloud");
        let adc = configuration.join("application_default_credentials.json");
        sandbox.unset("AWS_EC2_METADATA_DISABLED");
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url),
            ("CLOUDSDK_CONFIG", configuration.to_str().unwrap()),
            ("GOOGLE_APPLICATION_CREDENTIALS", adc.to_str().unwrap()),
            ("google_application_credentials", adc.to_str().unwrap()),
            ("GCE_METADATA_HOST", &authority),
            ("GCE_METADATA_IP", &authority),
            ("GCE_METADATA_ROOT", &authority),
            ("IDENTITY_ENDPOINT", &url),
            ("IDENTITY_HEADER", "decoy"),
            ("MSI_ENDPOINT", &url),
            ("MSI_SECRET", "decoy"),
            ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url),
        ] {
            if sandbox.get(name).is_none() {
                sandbox.set(name, value);
            }
        }
        Self { server, log }
    }

    /// Panics if a decoy was used.
    pub(crate) fn are_untouched(&self) {
        assert_eq!(
            self.server.connections(),
            0,
            "requests reached a metadata endpoint of the user's"
        );
        assert_eq!(
            fs::read_to_string(&self.log).unwrap_or_default(),
            "",
            "tools of the user's were called"
        );
    }
}

/// Writes tools that print a decoy and add their name to `log`.
fn tools(sandbox: &mut Sandbox, log: &Path) {
    let path = sandbox.get("PATH").unwrap();
    let directory = sandbox.home().join("decoys");
    for (name, answer) in TOOLS {
        let script = format!("#!/bin/sh\necho {name} >> '{}'\necho '{answer}'\n", log.display());
        let file = sandbox.plant(&format!("decoys/{name}"), script);
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    }
    sandbox.set("PATH", format!("{}:{path}", directory.display()));
}

/// Writes files at the places that the libraries read by default.
fn files(sandbox: &mut Sandbox, url: &str) {
    let keys = format!("aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET_KEY}\n");
    sandbox.plant(".aws/credentials", format!("[default]\n{keys}"));
    sandbox.plant(".aws/config", "[default]\nregion = eu-central-1\n");
    sandbox.plant(".boto", format!("[Credentials]\n{keys}"));
    let subject = sandbox.plant("subject", "decoy");
    let adc = json!({
        "type": "external_account", "audience": "//iam.googleapis.com/decoy", "token_url": url,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": { "file": subject },
    });
    sandbox.plant(".config/gcloud/application_default_credentials.json", adc.to_string());
    sandbox.plant(".azure/msal_token_cache.json", "{}");
}

/// Starts the server, which runs until the test process ends.
fn serve() -> Double {
    Double::start(|asked| {
        let everything = json!({
            "access_token": "decoy", "token_type": "Bearer", "expires_in": 3600, "expires_on": "4070908800",
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "resource": "decoy",
            "Code": "Success", "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET_KEY, "Token": "decoy",
            "Expiration": EXPIRES, "email": "decoy@example.com", "scopes": [],
        });
        let body = if asked.target().ends_with("security-credentials/") {
            "decoy".to_owned()
        } else {
            everything.to_string()
        };
        Answer::new("200 OK", body)
            .header("content-type", "application/json")
            .header("metadata-flavor", "Google")
    })
}
