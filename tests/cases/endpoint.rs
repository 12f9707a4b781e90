//! The loopback endpoints as the clouds' own client libraries see them.

use audex_core::delivery::{AudienceToken, Endpoint, Identity, Metadata, Value};
use audex_core::secret::Secret;
use audex_endpoint::Endpoints;
use std::fs;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::python;

/// What google-auth finds by itself, by the credentials file and by the metadata server.
const GOOGLE: &str = r"
import os, google.auth, google.auth.transport.requests
request = google.auth.transport.requests.Request()
for by in ('file', 'metadata'):
    credentials, project = google.auth.default(scopes=['https://www.googleapis.com/auth/devstorage.read_only'])
    credentials.refresh(request)
    print(by, type(credentials).__module__, credentials.token, project)
    os.environ.pop('GOOGLE_APPLICATION_CREDENTIALS', None)
";

/// What azure-identity gets for an audience that was granted, and for one that was not.
const AZURE: &str = r"
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
for credential in (ManagedIdentityCredential(), DefaultAzureCredential()):
    print(credential.get_token('https://management.azure.com/.default').token)
try:
    ManagedIdentityCredential().get_token('https://vault.azure.net/.default')
except Exception as error:
    print('refused', type(error).__name__)
";

fn soon() -> u64 {
    (SystemTime::now() + Duration::from_mins(10)).duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Runs `script` led to `endpoints` and to nothing else; returns what it prints.
fn led(endpoints: &Endpoints, directory: &std::path::Path, script: &str) -> String {
    let mut command = Command::new(python::interpreter());
    command
        .args(["-c", script])
        .env_clear()
        .env("HOME", directory)
        .env("CLOUDSDK_CONFIG", directory);
    let text = |value: &Value| match value {
        Value::Plain(text) => text.clone(),
        Value::Secret(secret) => secret.expose().to_owned(),
    };
    for (name, value) in &endpoints.settings.variables {
        command.env(name, text(value));
    }
    for file in &endpoints.settings.files {
        let path = directory.join(&file.name);
        fs::write(&path, text(&file.contents)).unwrap();
        if let Some(variable) = &file.variable {
            command.env(variable, path);
        }
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn google_auth_finds_the_sessions_token_by_file_and_by_metadata() {
    let metadata = Metadata {
        token: Secret::new("minted-for-test".to_owned()),
        scopes: vec!["https://www.googleapis.com/auth/devstorage.read_only".to_owned()],
        email: "agent@p.iam.gserviceaccount.com".to_owned(),
        project: Some("my-project".to_owned()),
        uses_quota: true,
        expires_at: soon(),
    };
    let home = tempfile::tempdir().unwrap();
    let endpoints =
        audex_endpoint::start(&[Endpoint::Metadata(metadata)], home.path(), soon()).unwrap();
    let printed = led(&endpoints, home.path(), GOOGLE);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("file google.auth.identity_pool minted-for-test"), "{printed}");
    assert_eq!(
        lines[1],
        "metadata google.auth.compute_engine.credentials minted-for-test my-project"
    );
}

#[test]
fn azure_identity_gets_tokens_for_the_granted_audience_and_no_other() {
    let token = AudienceToken {
        audience: "https://management.azure.com".to_owned(),
        token: Secret::new("minted-for-test".to_owned()),
        expires_at: soon(),
    };
    let identity = Identity { tokens: vec![token], client_id: None };
    let home = tempfile::tempdir().unwrap();
    let endpoints =
        audex_endpoint::start(&[Endpoint::Identity(identity)], home.path(), soon()).unwrap();
    let printed = led(&endpoints, home.path(), AZURE);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[..2], ["minted-for-test"; 2], "{printed}");
    assert!(lines[2].starts_with("refused "), "{printed}");
}
