//! Azure: the double enforces the SAS, and there are tokens only for the implied audiences.

use crate::support::double::{Double, run_python};
use crate::support::{Sandbox, python};

const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
const CONTAINER: &str = "https://audexdouble.blob.core.windows.net/alpha";
/// What a client of Blob Storage can do, one line each.
const STORAGE: &str = r#"
import os
from azure.storage.blob import BlobServiceClient
client = BlobServiceClient(os.environ["DOUBLE"] + "/audexdouble", credential=os.environ["AZURE_STORAGE_SAS_TOKEN"])
def call(name, run):
    try:
        run()
        print(f"{name}: ok")
    except Exception as error:
        print(f"{name}: {error.status_code}")
blob = lambda container, name: client.get_blob_client(container, name)
call("read", lambda: blob("alpha", "team/a.txt").download_blob().readall())
call("read another container", lambda: blob("beta", "hello.txt").download_blob().readall())
call("list", lambda: list(client.get_container_client("alpha").list_blobs()))
call("write", lambda: blob("alpha", "new.txt").upload_blob(b"x"))
call("delete", lambda: blob("alpha", "hello.txt").delete_blob())
"#;
/// What a client gets of the identity endpoint, and whether Resource Manager takes it.
const TOKENS: &str = r#"
import os, urllib.request
from azure.identity import ManagedIdentityCredential
credential = ManagedIdentityCredential()
def call(name, run):
    try:
        run()
        print(f"{name}: ok")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")
def subscriptions():
    token = credential.get_token("https://management.azure.com/.default").token
    request = urllib.request.Request(os.environ["DOUBLE"] + "/subscriptions", headers={"Authorization": "Bearer " + token})
    urllib.request.urlopen(request)
call("resource manager", subscriptions)
call("key vault", lambda: credential.get_token("https://vault.azure.net/.default"))
print("sign in as the parent:", [name for name in os.environ if name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_ID")])
print(os.path.exists(os.environ["AZURE_CONFIG_DIR"] + "/azureProfile.json"))
"#;

fn user() -> (Double, Sandbox) {
    let double = Double::start("azure_double.py");
    let sandbox = double.azure_user();
    (double, sandbox)
}

#[test]
fn blobs_of_a_container_get_a_signature_that_the_cloud_keeps() {
    let (_double, sandbox) = user();
    let read = format!("{BLOBS}/read");
    let output = run_python(
        &sandbox,
        &["--provider", "azure", "--allow", &read, "--resource", CONTAINER],
        STORAGE,
    )
    .success();
    assert_eq!(
        output.stdout,
        "read: ok\nread another container: 403\nlist: ok\nwrite: 403\ndelete: 403\n"
    );
    let write = format!("{BLOBS}/write");
    let output = run_python(
        &sandbox,
        &["--provider", "azure", "--allow", &write, "--resource", CONTAINER],
        STORAGE,
    )
    .success();
    assert_eq!(
        output.stdout,
        "read: 403\nread another container: 403\nlist: 403\nwrite: ok\ndelete: 403\n"
    );
}

#[test]
fn an_audience_that_is_not_implied_has_no_token() {
    let (_double, sandbox) = user();
    let output = run_python(&sandbox, &["--profile", "azure-storage-readonly"], TOKENS).success();
    assert_eq!(
        output.stdout,
        "resource manager: ok\nkey vault: CredentialUnavailableError\nsign in as the parent: []\nTrue\n"
    );
    let _ = sandbox
        .run(["run", "--profile", "azure-storage-readonly", "--require", "cloud", "--", "true"])
        .exits(77);
}

#[test]
fn the_command_is_ended_at_the_ttl_as_its_tokens_live_longer() {
    let (_double, sandbox) = user();
    let output =
        sandbox.run_sh(&["--profile", "azure-compute-readonly", "--ttl", "1s"], "sleep 30");
    let output = output.exits(143);
    assert!(output.stderr.contains("ended at its ttl"), "{}", output.stderr);
}

#[test]
fn a_deny_list_that_the_token_could_not_keep_refuses() {
    let (_double, mut sandbox) = user();
    let deny =
        "[deny]\nactions = [\"Microsoft.Compute/virtualMachines/delete\", \"s3:DeleteBucket\"]\n";
    sandbox.plant(".config/audex/deny-list.toml", deny);
    let output =
        sandbox.run(["run", "--profile", "azure-storage-readonly", "--", "true"]).exits(77);
    assert!(
        output.stderr.contains("Microsoft.Compute/virtualMachines/delete"),
        "{}",
        output.stderr
    );
    let read = format!("{BLOBS}/read");
    let output = run_python(
        &sandbox,
        &["--provider", "azure", "--allow", &read, "--resource", CONTAINER],
        STORAGE,
    )
    .success();
    assert!(output.stdout.starts_with("read: ok\n"), "{}", output.stdout);
}

#[test]
fn every_line_of_the_document_can_be_planned() {
    let (_double, sandbox) = user();
    for allow in [
        "Microsoft.Storage/storageAccounts/read",
        "Microsoft.Storage/storageAccounts/read,Microsoft.Storage/storageAccounts/listKeys/action",
        "Microsoft.Storage/storageAccounts/*",
        "storage:read",
        "storage:write",
        "database:read",
        "database:write",
        "compute:read",
        "secrets:read",
        "logs:read",
        "monitoring:read",
    ] {
        let _ = sandbox
            .run(["plan", "--provider", "azure", "--allow", allow, "--", "az", "storage"])
            .success();
    }
    for profile in [
        "azure-storage-readonly",
        "azure-storage-readwrite",
        "azure-keyvault-readonly",
        "azure-compute-readonly",
    ] {
        let shown = sandbox.run(["policies", "show", profile, "--json"]).success().json();
        assert_eq!(shown["provider"], "azure");
        let _ = sandbox.run(["policies", "export", profile]).success();
    }
    let health = sandbox.run(["health", "--check", "azure"]).success();
    assert!(health.stdout.contains("audex double"), "{}", health.stdout);
}

#[test]
fn the_double_enforces_as_microsofts_own_client_sees_it() {
    let check = python::tests().join("python/check_azure_double.py");
    let output = Sandbox::without_cloud()
        .program(python::interpreter(), [check])
        .unscanned()
        .output()
        .success();
    assert!(output.stdout.ends_with(" passed, 0 failed\n"), "{}", output.stdout);
}
