//! The operations whose reply carries a credential, or that give somebody a permission.
//!
//! A credential passes every limit of a gateway, so such an operation is allowed only by its exact name.
//!
//! Sources: "Azure resource provider operations"; the REST references of `listKeys`, `listCredentials`,
//! `listAccountSas`, `beginGetAccess`, `listClusterUserCredential`, `publishxml`, `listCallbackUrl`; "Create a user
//! delegation SAS"; "Assign Azure roles". Values of a key vault are data, and not here.

use audex_sdk::pattern;

/// Words (lower case) in the last part of an operation whose reply is a key, a signature or the like.
const WORDS: [&str; 27] = [
    "key",
    "sas",
    "secret",
    "credential",
    "connectionstring",
    "token",
    "password",
    "passphrase",
    "publishxml",
    "publishingprofile",
    "callbackurl",
    "accessprofile",
    "kubeconfig",
    "getaccess",
    "uploadurl",
    "downloadur",
    "logfileurl",
    "loglink",
    "fullurl",
    "generateuri",
    "vpnprofile",
    "vpnclientpackage",
    "wallet",
    "gatewaysettings",
    "bootdiagnosticsdata",
    "shareablelinks",
    "generatecertificate",
];
/// Patterns (lower case) of further operations: configurations with credentials in them, and operations that
/// give permissions.
const FURTHER: [&str; 23] = [
    // Settings and connection strings of App Service, and its functions' keys.
    "microsoft.web/*/config/list/action",
    "microsoft.web/*/config/appsettings/read",
    "microsoft.web/sites/*/listsyncstatus/action",
    "microsoft.web/sites/*backup*/list/action",
    "microsoft.compute/locations/diskoperations/read",
    // Roles, and identities that another login may use.
    "microsoft.authorization/roleassignments/write",
    "microsoft.authorization/roledefinitions/write",
    "microsoft.authorization/roleassignmentschedulerequests/write",
    "microsoft.authorization/roleeligibilityschedulerequests/write",
    "microsoft.authorization/denyassignments/write",
    "microsoft.authorization/elevateaccess/action",
    "microsoft.authorization/classicadministrators/write",
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/write",
    "microsoft.documentdb/*roleassignments/write",
    "microsoft.documentdb/*roledefinitions/write",
    "microsoft.keyvault/vaults/accesspolicies/*",
    // A backup of a vault can be restored in another one, and a released key leaves it.
    "microsoft.keyvault/vaults/secrets/backup/action",
    "microsoft.keyvault/vaults/keys/backup/action",
    "microsoft.keyvault/vaults/keys/release/action",
    "microsoft.keyvault/vaults/certificates/backup/action",
    "microsoft.kubernetes/connectedclusters/*credential*",
    "microsoft.logic/*accesskeys*/action",
    "microsoft.hdinsight/clusters/configurations/*",
];
/// Patterns (lower case) of operations that have such a word and hand out nothing.
const HARMLESS: [&str; 17] = [
    "microsoft.keyvault/*",
    "microsoft.managedhsm/*",
    "*/listkeyvaultkeys/action",
    "*/revoketoken*/action",
    "*/revokeaccesstoken*/action",
    "*/deleteshareablelinksbytoken/action",
    "*/check*/action",
    "*/validate*/action",
    "*/verify*/action",
    "*/delete*/action",
    "*/revoke*/action",
    "*/update*/action",
    "*/monitor*/action",
    "*/import*/action",
    "*/purge*/action",
    "*/disassociate*/action",
    "*/listsitesassignedtohostname/action",
];
/// Reading operations that hand out credentials to readers: those that the profile `azure-readonly` leaves out.
const READS: &str = include_str!("../catalogue/readonly-left-out.txt");
/// The reason of the entries there.
const REASON: &str = "[returns secrets: keys";

/// Returns true if the reply to `operation` carries a credential, or the operation gives a permission.
pub fn is_in_reply_to(operation: &str) -> bool {
    let lower = operation.to_ascii_lowercase();
    let is_in = |patterns: &[&str]| patterns.iter().any(|one| pattern::matches(one, &lower));
    if is_in(&FURTHER) {
        return true;
    }
    let mut parts = lower.rsplit('/');
    let last = parts.next().unwrap_or_default();
    let verb = parts.next().unwrap_or_default();
    match last {
        "action" => WORDS.iter().any(|word| verb.contains(word)) && !is_in(&HARMLESS),
        // `…/listKeys/read`, and those of the list.
        "read" => {
            let hands_out = verb.starts_with("list") || verb.starts_with("generate");
            hands_out && WORDS.iter().any(|word| verb.contains(word))
                || reads().any(|known| pattern::matches_ignore_ascii_case(known, &lower))
        }
        _ => false,
    }
}

/// Returns the reading operations with credentials in their replies.
fn reads() -> impl Iterator<Item = &'static str> {
    let after = READS.split_once(REASON).map_or("", |(_, after)| after);
    let lines = after.lines().skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_signatures_tokens_and_roles_are_told() {
        for name in [
            "Microsoft.Storage/storageAccounts/listKeys/action",
            "Microsoft.Storage/storageAccounts/regenerateKey/action",
            "Microsoft.Storage/storageAccounts/ListAccountSas/action",
            "Microsoft.Storage/storageAccounts/listServiceSas/action",
            "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action",
            "Microsoft.Storage/storageAccounts/localUsers/regeneratePassword/action",
            "Microsoft.Compute/disks/beginGetAccess/action",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
            "Microsoft.ContainerRegistry/registries/listCredentials/action",
            "Microsoft.ContainerRegistry/registries/generateCredentials/action",
            "Microsoft.DocumentDB/databaseAccounts/listConnectionStrings/action",
            "Microsoft.DocumentDB/databaseAccounts/readonlykeys/action",
            "Microsoft.DocumentDB/databaseAccounts/readonlykeys/read",
            "Microsoft.MachineLearning/webServices/listkeys/read",
            "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
            "Microsoft.Web/sites/publishxml/action",
            "Microsoft.Web/sites/config/list/action",
            "Microsoft.Web/sites/slots/config/list/action",
            "Microsoft.Web/sites/functions/listSecrets/action",
            "Microsoft.Logic/workflows/triggers/listCallbackUrl/action",
            "Microsoft.KeyVault/vaults/keys/release/action",
            "Microsoft.KeyVault/vaults/secrets/backup/action",
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.RecoveryServices/Vaults/tokenInfo/read",
        ] {
            assert!(is_in_reply_to(name), "{name}");
        }
    }

    #[test]
    fn data_and_resources_are_not_told() {
        for name in [
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/keys/sign/action",
            "Microsoft.KeyVault/vaults/read",
            "Microsoft.Authorization/roleAssignments/read",
            "Microsoft.Authorization/roleAssignments/delete",
            "Microsoft.Storage/storageAccounts/read",
            "Microsoft.Storage/storageAccounts/write",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "Microsoft.Compute/virtualMachines/start/action",
            "Microsoft.Compute/sshPublicKeys/read",
        ] {
            assert!(!is_in_reply_to(name), "{name}");
        }
    }

    /// The list of what the rules match, so that a new catalogue shows what it adds.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test has no environment of the program")]
    fn the_operations_of_the_catalogue_with_credentials_are_those_of_the_list() {
        const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/catalogue/credentials.txt");
        let mut made = String::from(
            "# The operations of the catalogue whose replies carry credentials, or that give permissions. Made by \
             src/credential.rs; do not edit.\n",
        );
        for operation in azure_catalogue::matching("*") {
            if is_in_reply_to(&operation.name) {
                made.push_str(&operation.name);
                made.push('\n');
            }
        }
        if std::env::var_os("AUDEX_WRITE_DOCS").is_some() {
            std::fs::write(FILE, &made).unwrap();
        }
        let read = std::fs::read_to_string(FILE).unwrap();
        assert!(
            read == made,
            "{FILE} is not in step: AUDEX_WRITE_DOCS=1 cargo test credential writes it"
        );
    }
}
