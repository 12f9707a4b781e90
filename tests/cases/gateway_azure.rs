//! `--deliver gateway` on Azure: Microsoft's own clients use their own addresses, and Azure sees what the session
//! allows and nothing else.

use crate::support::double::{Double, run_program};
use crate::support::{Output, Sandbox};

use super::gateway::used;
use super::gateway_gcp::enforcers;

const ALLOW: &str = "Microsoft.Resources/subscriptions/resourceGroups/read,\
                     Microsoft.Storage/storageAccounts/read,\
                     Microsoft.KeyVault/vaults/secrets/getSecret/action,\
                     Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const GROUP: &str = "/subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/data";
const SECRET: &str = "https://double.vault.azure.net/secrets/db";
const BLOBS: &str = "https://audexdouble.blob.core.windows.net/alpha/team/*";
/// The object id of the principal whose tokens the session has; it may do everything at the double.
const HOLDER: &str = "99999999-8888-7777-6666-555555555555";

fn options() -> Vec<&'static str> {
    let mut options = vec!["--provider", "azure", "--deliver", "gateway", "--allow", ALLOW];
    for resource in [GROUP, SECRET, BLOBS] {
        options.extend(["--resource", resource]);
    }
    options
}

fn user() -> (Double, Sandbox) {
    let double = Double::start("azure_double.py");
    let sandbox = double.azure_user();
    (double, sandbox)
}

fn calls(sandbox: &Sandbox, options: &[&str], names: &[&str]) -> Output {
    run_program(sandbox, options, "azure_calls.py", names)
}

#[test]
fn microsofts_clients_do_what_is_allowed_and_azure_sees_nothing_else() {
    let (double, mut sandbox) = user();
    let before = double.told("stored");
    let output = calls(&sandbox, &options(), &[]).success();
    insta::assert_snapshot!(output.stdout, @"
    get group: ok
    get other group: 403 HttpResponseError
    list groups: 403 HttpResponseError
    create group: 403 HttpResponseError
    delete group: 403 HttpResponseError
    get account: ok
    delete account: 403 HttpResponseError
    get secret: ok
    get other secret: 403 HttpResponseError
    get secret of other vault: 403 HttpResponseError
    list secrets: 403 HttpResponseError
    set secret: 403 HttpResponseError
    read blob: ok
    read blob elsewhere: 403 HttpResponseError
    read other container: 403 HttpResponseError
    write blob: 403 HttpResponseError
    delete blob: 403 HttpResponseError
    list containers: 403 HttpResponseError
    graph:  CredentialUnavailableError
    ");
    insta::assert_snapshot!(double.seen(HOLDER).join("\n"), @"
    GET /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data
    GET /subscriptions/12345678-1234-1234-1234-123456789012/resourceGroups/data/providers/Microsoft.Storage/storageAccounts/audexdouble
    GET /secrets/db/
    GET /audexdouble/alpha/team/a.txt
    ");
    assert_eq!(double.seen(""), [""; 0], "no request went past the gateway");
    assert_eq!(double.told("stored"), before);
    insta::assert_snapshot!(used(&sandbox).join("\n"), @"
    allowed Microsoft.KeyVault/vaults/secrets/getSecret/action https://double.vault.azure.net/secrets/db 1
    allowed Microsoft.Resources/subscriptions/resourceGroups/read /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data 1
    allowed Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read https://audexdouble.blob.core.windows.net/alpha/team/a.txt 1
    allowed Microsoft.Storage/storageAccounts/read /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data/providers/microsoft.storage/storageaccounts/audexdouble 1
    refused Microsoft.KeyVault/vaults/secrets/getSecret/action https://double.vault.azure.net/secrets/root 1
    refused Microsoft.KeyVault/vaults/secrets/getSecret/action https://other.vault.azure.net/secrets/db 1
    refused Microsoft.KeyVault/vaults/secrets/readMetadata/action https://double.vault.azure.net/secrets/* 1
    refused Microsoft.KeyVault/vaults/secrets/setSecret/action https://double.vault.azure.net/secrets/db 1
    refused Microsoft.Resources/subscriptions/resourceGroups/delete /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data 1
    refused Microsoft.Resources/subscriptions/resourceGroups/read /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/* 1
    refused Microsoft.Resources/subscriptions/resourceGroups/read /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/network 1
    refused Microsoft.Resources/subscriptions/resourceGroups/write /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data 1
    refused Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete https://audexdouble.blob.core.windows.net/alpha/team/a.txt 1
    refused Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read https://audexdouble.blob.core.windows.net/alpha/other/b.txt 1
    refused Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read https://audexdouble.blob.core.windows.net/beta/hello.txt 1
    refused Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write https://audexdouble.blob.core.windows.net/alpha/team/new.txt 1
    refused Microsoft.Storage/storageAccounts/blobServices/containers/read https://audexdouble.blob.core.windows.net/* 1
    refused Microsoft.Storage/storageAccounts/delete /subscriptions/12345678-1234-1234-1234-123456789012/resourcegroups/data/providers/microsoft.storage/storageaccounts/audexdouble 1
    ");
    double.plant_issued(&mut sandbox, "secrets");
}

#[test]
fn the_gateway_is_the_enforcer_on_azure() {
    let (_double, sandbox) = user();
    assert_eq!(enforcers(&sandbox, &options()), ["gateway"; 4]);
    let _ = sandbox.run([&["plan"], &options()[..], &["--require", "gateway"]].concat()).success();
}
