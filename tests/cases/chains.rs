//! The default credential chains of the clouds' own libraries find the grant or nothing, whatever credentials
//! the user has.

use std::path::Path;

use crate::support::decoys::Decoys;
use crate::support::double::Double;
use crate::support::{Sandbox, VaultDouble, javascript, python};

const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const AWS: [&str; 2] = ["--allow", "s3:GetObject"];
const NOWHERE: &str = "aws: none\ngoogle: none\nazure: none\n";

/// The interpreters, and what each runs.
fn libraries() -> [Vec<String>; 2] {
    let script =
        |name: &str| python::tests().join("support").join(name).to_str().unwrap().to_owned();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    [
        vec![
            text(&python::interpreter()),
            "-W".to_owned(),
            "ignore".to_owned(),
            script("chains.py"),
        ],
        vec![text(&javascript::directory().join("bin/node")), script("chains.cjs")],
    ]
}

fn with_libraries(sandbox: &mut Sandbox) {
    sandbox.set("NODE_PATH", javascript::directory().join("node_modules"));
    sandbox.set("NODE_NO_WARNINGS", "1");
}

/// Runs both under `tryaudex run OPTIONS`, with a decoy behind every link.
fn end(sandbox: &mut Sandbox, options: &[&str], expected: &str) {
    with_libraries(sandbox);
    let decoys = Decoys::lay(sandbox);
    let label = sandbox.get("AZURE_TOKEN_CREDENTIALS").unwrap_or_default();
    for command in libraries() {
        let words = ["run"].iter().chain(options).chain(&["--"]).map(|word| (*word).to_owned());
        let output = sandbox.run(words.chain(command.clone())).success();
        assert_eq!(output.stdout, expected, "{} {label}: {}", command[0], output.stderr);
    }
    decoys.are_untouched();
}

#[test]
fn of_a_run_for_aws_they_end_at_its_keys_or_nowhere() {
    end(&mut Sandbox::new(), &AWS, "aws: granted\ngoogle: none\nazure: none\n");
}

#[test]
fn of_a_run_that_delivers_keys_by_file_or_endpoint_they_end_there_or_nowhere() {
    for deliver in ["file", "endpoint"] {
        let options = [&AWS[..], &["--deliver", deliver]].concat();
        end(&mut Sandbox::new(), &options, "aws: granted\ngoogle: none\nazure: none\n");
    }
}

#[test]
fn of_a_run_for_google_cloud_they_end_at_its_token_or_nowhere() {
    let double = Double::start("gcp_double.py");
    let options = ["--profile", "gcs-readonly", "--resource", "gs://alpha"];
    end(&mut double.gcp_user(), &options, "aws: none\ngoogle: granted\nazure: none\n");
}

#[test]
fn of_a_run_for_azure_they_end_at_its_tokens_or_nowhere() {
    let double = Double::start("azure_double.py");
    let options = ["--profile", "azure-storage-readonly"];
    end(&mut double.azure_user(), &options, "aws: none\ngoogle: none\nazure: granted\n");
}

/// What is granted is a signature, which no chain asks for.
#[test]
fn of_a_run_with_a_signature_of_azure_they_end_nowhere() {
    let double = Double::start("azure_double.py");
    let container = "https://audexdouble.blob.core.windows.net/alpha";
    let options = ["--provider", "azure", "--allow", BLOBS, "--resource", container];
    end(&mut double.azure_user(), &options, NOWHERE);
}

#[test]
fn of_a_run_by_vault_they_end_at_its_keys_or_nowhere() {
    let mut sandbox = Sandbox::new();
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    sandbox.set("VAULT_TOKEN", &vault.token);
    let resource = "arn:aws:s3:::demo-reports/*";
    let options = ["--provider", "vault", "--allow", "s3:GetObject", "--resource", resource];
    end(&mut sandbox, &options, "aws: granted\ngoogle: none\nazure: none\n");
}

/// The user's own restriction is not lifted, and another's choice of a link is not followed.
#[test]
fn a_chain_that_the_user_has_restricted_is_not_wider_inside() {
    for link in ["prod", "dev", "AzurePowerShellCredential", "ManagedIdentityCredential"] {
        let mut sandbox = Sandbox::new();
        sandbox.set("AZURE_TOKEN_CREDENTIALS", link).set("azure_token_credentials", link);
        end(&mut sandbox, &AWS, "aws: granted\ngoogle: none\nazure: none\n");
    }
}

#[test]
fn what_restricts_is_as_strict_inside() {
    let mut sandbox = Sandbox::new();
    for (name, value) in [
        ("AZURE_TOKEN_CREDENTIALS", "prod"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_EC2_METADATA_V1_DISABLED", "true"),
        ("NO_GCE_CHECK", "true"),
        ("METADATA_SERVER_DETECTION", "none"),
        ("ARM_USE_CLI", "false"),
        ("ARM_USE_MSI", "true"),
        ("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true"),
        ("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", "true"),
    ] {
        sandbox.set(name, value);
    }
    let script = "for name in AZURE_TOKEN_CREDENTIALS AWS_EC2_METADATA_DISABLED AWS_EC2_METADATA_V1_DISABLED NO_GCE_CHECK \
        METADATA_SERVER_DETECTION ARM_USE_CLI ARM_USE_MSI CLOUDSDK_AUTH_DISABLE_CREDENTIALS \
        AZURE_IDENTITY_DISABLE_MULTITENANTAUTH; do eval \"echo \\${$name-unset}\"; done";
    let output = sandbox.run_sh(&AWS, script).success();
    let inside: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(
        inside,
        ["EnvironmentCredential", "true", "true", "true", "none", "false", "unset", "true", "true"]
    );
}

/// The control: what was laid is worth something. Each link of Azure's chain is asked by itself.
#[test]
fn without_audex_every_decoy_answers() {
    let mut sandbox = Sandbox::without_cloud();
    with_libraries(&mut sandbox);
    let _decoys = Decoys::lay(&mut sandbox);
    let ask = |sandbox: &Sandbox| {
        let command = &libraries()[0];
        sandbox.program(&command[0], &command[1..]).output().success().stdout
    };
    let every = "aws: decoy\ngoogle: decoy\nazure: decoy\n";
    for link in [
        "ManagedIdentityCredential",
        "AzureCliCredential",
        "AzurePowerShellCredential",
        "AzureDeveloperCliCredential",
    ] {
        sandbox.set("AZURE_TOKEN_CREDENTIALS", link);
        assert_eq!(ask(&sandbox), every, "{link}");
    }
    // The later links of the others, when the first are gone.
    sandbox
        .unset("AWS_ACCESS_KEY_ID")
        .unset("AWS_SECRET_ACCESS_KEY")
        .unset("GOOGLE_APPLICATION_CREDENTIALS");
    assert_eq!(ask(&sandbox), every, "files");
    let nothing = sandbox.home().join("nothing").display().to_string();
    sandbox
        .set("AWS_SHARED_CREDENTIALS_FILE", &nothing)
        .set("BOTO_CONFIG", &nothing)
        .set("CLOUDSDK_CONFIG", &nothing);
    assert_eq!(ask(&sandbox), every, "containers and Google's metadata");
    sandbox.unset("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    assert_eq!(ask(&sandbox), every, "instance metadata");
    let node = &libraries()[1];
    sandbox.set("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
    sandbox.unset("CLOUDSDK_CONFIG");
    assert_eq!(
        sandbox.program(&node[0], &node[1..]).output().success().stdout,
        every,
        "JavaScript"
    );
}
