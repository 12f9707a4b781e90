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
    insta::assert_snapshot!(output.stdout, @"");
    insta::assert_snapshot!(double.seen(HOLDER).join("\n"), @"");
    assert_eq!(double.seen(""), [""; 0], "no request went past the gateway");
    assert_eq!(double.told("stored"), before);
    insta::assert_snapshot!(used(&sandbox).join("\n"), @"");
    double.plant_issued(&mut sandbox, "secrets");
}
