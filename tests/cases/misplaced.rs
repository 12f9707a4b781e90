//! A secret in the place of a path or an address is not repeated anywhere. Every sandbox ends with a scan of
//! the whole output, of the audit log and of every file.

use crate::support::double::Double;
use crate::support::{Output, ROLE, Sandbox, VaultDouble};

/// In each of the secrets, and in no file that a test does not plant.
const MARK: &str = "planted-secret-marker";

/// What people paste: a key file, a token of a workload, one of Vault, certificates, an address with a password, prose.
const SECRETS: [&str; 6] = [
    "{\"type\":\"service_account\",\"private_key\":\"planted-secret-marker\"}",
    "eyJhbGciOiJSUzI1NiJ9.planted-secret-marker.c2lnbmF0dXJl",
    "hvs.CAESIJplanted-secret-marker",
    "-----BEGIN CERTIFICATE-----\nplanted-secret-marker\n-----END CERTIFICATE-----\n",
    "https://user:planted-secret-marker@vault.example.com/",
    "planted-secret-marker and nothing else",
];

fn gcp(double: &Double) -> Sandbox {
    let mut sandbox = double.gcp_user();
    sandbox.plant_secret(MARK);
    sandbox
}

fn azure(double: &Double) -> Sandbox {
    let mut sandbox = double.azure_user();
    sandbox.plant_secret(MARK);
    sandbox
}

fn aws() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant_secret(MARK);
    sandbox
}

const GCP: [&str; 7] = ["run", "--provider", "gcp", "--allow", "storage.objects.get", "--", "true"];
const AZURE: [&str; 7] = [
    "run",
    "--provider",
    "azure",
    "--allow",
    "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    "--",
    "true",
];
const AWS: [&str; 5] = ["run", "--allow", "s3:GetObject", "--", "true"];

/// One secret of each kind, where many variables are tried.
const FEW: [&str; 3] = [SECRETS[0], SECRETS[2], SECRETS[3]];

/// The variable is named, and the attempt recorded. That its value is nowhere is found when the sandbox ends.
#[track_caller]
fn names(sandbox: &Sandbox, output: &Output, variable: &str) {
    assert!(output.stderr.contains(variable), "`{variable}` is not in:\n{}", output.stderr);
    assert!(!output.stderr.contains("planted"), "{}", output.stderr);
    assert_eq!(sandbox.events().last().map(String::as_str), Some("failed"));
}

#[test]
fn a_key_in_the_place_of_googles_key_file_is_not_repeated() {
    let double = Double::start("gcp_double.py");
    for secret in SECRETS {
        let mut sandbox = gcp(&double);
        sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", secret);
        let output = sandbox.run(GCP).exits(78);
        names(
            &sandbox,
            &output,
            "the value of `GOOGLE_APPLICATION_CREDENTIALS`, which does not look like a path",
        );
        let _ = sandbox.run(["health", "--check", "gcp"]).exits(69);
    }
}

#[test]
fn a_true_path_is_still_shown() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = gcp(&double);
    sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/My Keys/robot-2026.json");
    let said = sandbox.run(GCP).exits(78).stderr;
    assert!(
        said.contains("cannot read `/nowhere/My Keys/robot-2026.json`: No such file"),
        "{said}"
    );
}

#[test]
fn a_token_in_the_place_of_a_federated_token_is_not_repeated() {
    let double = Double::start("gcp_double.py");
    for secret in SECRETS {
        let mut sandbox = gcp(&double);
        let file = serde_json::json!({
            "type": "external_account", "audience": double.text("pool"), "credential_source": { "file": secret },
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{}/v1/token", double.text("endpoint")),
        });
        let path = sandbox.plant("federated.json", file.to_string());
        sandbox.set("GOOGLE_APPLICATION_CREDENTIALS", path);
        let output = sandbox.run(GCP).exits(78);
        names(&sandbox, &output, "credential_source.file");
        let _ = sandbox.run(["health", "--check", "gcp"]);
        // In every other field that a message may name.
        for field in ["type", "audience", "token_url"] {
            let mut file = file.clone();
            file["credential_source"]["file"] = "/nowhere/token".into();
            file[field] = secret.into();
            sandbox.plant("federated.json", file.to_string());
            let _ = sandbox.run(GCP);
            let _ = sandbox.run(["health", "--check", "gcp"]);
        }
    }
}

#[test]
fn a_token_in_the_place_of_azures_token_file_is_not_repeated() {
    let double = Double::start("azure_double.py");
    for secret in SECRETS {
        let mut sandbox = azure(&double);
        sandbox.unset("AZURE_CLIENT_SECRET").set("AZURE_FEDERATED_TOKEN_FILE", secret);
        let output = sandbox.run(AZURE).exits(78);
        names(&sandbox, &output, "AZURE_FEDERATED_TOKEN_FILE");
        let _ = sandbox.run(["health", "--check", "azure"]).exits(69);
    }
}

#[test]
fn a_token_in_the_place_of_vaults_address_or_authority_is_not_repeated() {
    let mut sandbox = Sandbox::new();
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    sandbox.plant_secret(MARK).set("VAULT_TOKEN", &vault.token);
    let run = ["run", "--provider", "vault", "--allow", "s3:GetObject", "--", "true"];
    for secret in SECRETS {
        sandbox.set("VAULT_ADDR", secret);
        let output = sandbox.run(run).exits(78);
        names(&sandbox, &output, "the value of `VAULT_ADDR`, which does not look like an address");
        let _ = sandbox.run(["health", "--check", "vault"]).exits(69);
    }
    sandbox.set("VAULT_ADDR", &vault.tls_address);
    for secret in SECRETS {
        sandbox.set("VAULT_CACERT", secret);
        let output = sandbox.run(run).exits(78);
        names(&sandbox, &output, "the value of `VAULT_CACERT`, which does not look like a path");
    }
    sandbox.unset("VAULT_CACERT").set("VAULT_ADDR", &vault.address);
    let _ = sandbox.run(run).success();
}

#[test]
fn certificates_in_the_place_of_their_file_are_not_repeated() {
    for secret in SECRETS {
        let mut sandbox = aws();
        sandbox.set("AWS_CA_BUNDLE", secret).set("AWS_ENDPOINT_URL", "https://127.0.0.1:1");
        let output = sandbox.run(AWS).exits(78);
        names(&sandbox, &output, "the value of `AWS_CA_BUNDLE`, which does not look like a path");
        let _ = sandbox.run(["health", "--check", "aws"]).exits(69);
    }
}

#[test]
fn a_secret_in_the_place_of_an_endpoint_is_not_repeated() {
    for secret in SECRETS {
        let mut sandbox = aws();
        sandbox.set("AWS_ENDPOINT_URL", secret);
        let output = sandbox.run(AWS).exits(78);
        names(&sandbox, &output, "AWS_ENDPOINT_URL");
        let _ = sandbox.run(["health", "--check", "aws"]).exits(69);
    }
}

/// Variables that libraries and tools read behind our back, or that name what is not a path.
#[test]
fn no_variable_repeats_a_secret_whatever_reads_it() {
    let variables = [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AUDEX_ROLE_ARN",
        "AUDEX_CONFIG_DIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "XDG_RUNTIME_DIR",
        "XDG_CONFIG_HOME",
        "GIT_CONFIG_GLOBAL",
    ];
    for variable in variables {
        for secret in FEW {
            let mut sandbox = aws();
            if variable.starts_with("AWS_") && variable != "AWS_REGION" {
                // The environment's keys would be found before any of these is looked at.
                sandbox.unset("AWS_ACCESS_KEY_ID").unset("AWS_SECRET_ACCESS_KEY");
                sandbox.set("AWS_ROLE_ARN", ROLE);
                sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
            }
            sandbox.set(variable, secret);
            let _ = sandbox.run(AWS);
            let _ = sandbox.run(["health", "--check", "aws"]);
        }
    }
}

#[test]
fn no_variable_of_google_and_azure_repeats_a_secret() {
    let double = Double::start("gcp_double.py");
    for variable in [
        "CLOUDSDK_CONFIG",
        "AUDEX_GCP_IAMCREDENTIALS_URL",
        "AUDEX_GCP_STS_URL",
        "AUDEX_GCP_SERVICE_ACCOUNT",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        "REQUESTS_CA_BUNDLE",
        "GOOGLE_CLOUD_PROJECT",
    ] {
        for secret in FEW {
            let mut sandbox = gcp(&double);
            sandbox.set(variable, secret);
            let _ = sandbox.run(GCP);
        }
    }
    let double = Double::start("azure_double.py");
    for variable in [
        "AZURE_AUTHORITY_HOST",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_ID",
        "AZURE_SUBSCRIPTION_ID",
        "AUDEX_AZURE_RESOURCE_MANAGER_URL",
        "AUDEX_AZURE_KEY_VAULT_URL",
        "AZURE_STORAGE_SERVICE_ENDPOINT",
        "REQUESTS_CA_BUNDLE",
    ] {
        for secret in FEW {
            let mut sandbox = azure(&double);
            sandbox.set(variable, secret);
            let _ = sandbox.run(AZURE);
        }
    }
}
