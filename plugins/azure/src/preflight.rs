//! The needs of well-known `az` commands that a grant does not cover.

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant};

/// A command, its alternative operations (the one to propose first), and its effect.
struct Row {
    command: &'static [&'static str],
    needs: &'static [&'static str],
    does: &'static str,
}

const fn row(
    command: &'static [&'static str],
    needs: &'static [&'static str],
    does: &'static str,
) -> Row {
    Row { command, needs, does }
}

const BLOB_READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
const BLOB_WRITE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write";
const BLOB_ADD: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action";
const BLOB_DELETE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete";
const CONTAINER_READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/read";
/// The operation that returns account keys, with which `az storage` needs nothing else.
const LIST_KEYS: &str = "Microsoft.Storage/storageAccounts/listKeys/action";
const ACCOUNT_READ: &str = "Microsoft.Storage/storageAccounts/read";
const VAULT_READ: &str = "Microsoft.KeyVault/vaults/read";
const SECRET_GET: &str = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
const SECRET_SET: &str = "Microsoft.KeyVault/vaults/secrets/setSecret/action";
const SECRET_LIST: &str = "Microsoft.KeyVault/vaults/secrets/readMetadata/action";
const MACHINE_READ: &str = "Microsoft.Compute/virtualMachines/read";

/// The known commands. Sources: Azure CLI reference of each command; "Authorize with Microsoft Entra ID"
/// (blobs), "Provide access to Key Vault with Azure role-based access control" (secrets) and the request of
/// each command to Resource Manager.
const TABLE: [Row; 23] = [
    row(&["storage", "account", "keys", "list"], &[LIST_KEYS], "lists an account's keys"),
    row(&["storage", "account", "list"], &[ACCOUNT_READ], "lists storage accounts"),
    row(&["storage", "account", "show"], &[ACCOUNT_READ], "shows a storage account"),
    row(
        &["storage", "account", "create"],
        &["Microsoft.Storage/storageAccounts/write"],
        "creates a storage account",
    ),
    row(
        &["storage", "account", "delete"],
        &["Microsoft.Storage/storageAccounts/delete"],
        "deletes a storage account",
    ),
    row(&["storage", "container", "list"], &[CONTAINER_READ, LIST_KEYS], "lists containers"),
    row(&["storage", "blob", "list"], &[BLOB_READ, LIST_KEYS], "lists blobs"),
    row(&["storage", "blob", "show"], &[BLOB_READ, LIST_KEYS], "reads a blob's properties"),
    row(&["storage", "blob", "download"], &[BLOB_READ, LIST_KEYS], "reads a blob"),
    row(&["storage", "blob", "upload"], &[BLOB_WRITE, BLOB_ADD, LIST_KEYS], "writes a blob"),
    row(&["storage", "blob", "delete"], &[BLOB_DELETE, LIST_KEYS], "deletes a blob"),
    row(&["keyvault", "list"], &[VAULT_READ], "lists vaults"),
    row(&["keyvault", "show"], &[VAULT_READ], "shows a vault"),
    row(&["keyvault", "secret", "show"], &[SECRET_GET], "reads a secret's value"),
    row(&["keyvault", "secret", "download"], &[SECRET_GET], "reads a secret's value"),
    row(&["keyvault", "secret", "list"], &[SECRET_LIST], "lists secrets"),
    row(&["keyvault", "secret", "set"], &[SECRET_SET], "writes a secret"),
    row(&["vm", "list"], &[MACHINE_READ], "lists virtual machines"),
    row(&["vm", "show"], &[MACHINE_READ], "shows a virtual machine"),
    row(
        &["vm", "start"],
        &["Microsoft.Compute/virtualMachines/start/action"],
        "starts a virtual machine",
    ),
    row(
        &["vm", "deallocate"],
        &["Microsoft.Compute/virtualMachines/deallocate/action"],
        "stops a virtual machine",
    ),
    row(
        &["group", "list"],
        &["Microsoft.Resources/subscriptions/resourceGroups/read"],
        "lists resource groups",
    ),
    row(
        &["role", "assignment", "list"],
        &["Microsoft.Authorization/roleAssignments/read"],
        "lists role assignments",
    ),
];
/// Options with separate credentials; with these, the grant says nothing about the command.
const OWN_CREDENTIALS: [&str; 3] = ["--account-key", "--sas-token", "--connection-string"];

pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let Some((program, arguments)) = command.split_first() else { return Vec::new() };
    if program.rsplit('/').next() != Some("az")
        || arguments.iter().any(|word| brings_credentials(word))
    {
        return Vec::new();
    }
    let words: Vec<&str> =
        arguments.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
    let Some(row) = TABLE.iter().find(|row| words.starts_with(row.command)) else {
        return Vec::new();
    };
    if row.needs.iter().any(|need| asks_for(grant, need)) {
        return Vec::new();
    }
    let missing = row.needs.first().map(|&need| need.to_owned()).into_iter().collect();
    let message =
        format!("`az {}` {}, which this grant does not ask for", row.command.join(" "), row.does);
    vec![Advice { message, missing }]
}

fn asks_for(grant: &Grant, operation: &str) -> bool {
    grant.permissions.iter().any(|one| pattern::matches_ignore_ascii_case(&one.action, operation))
}

fn brings_credentials(word: &str) -> bool {
    let option = word.split('=').next().unwrap_or_default();
    OWN_CREDENTIALS.contains(&option)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(command: &str, actions: &[&str]) -> Vec<String> {
        let permissions: Vec<(&str, &[&str])> =
            actions.iter().map(|&action| (action, &[][..])).collect();
        let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let advice = preflight(&crate::plan::tests::grant(&permissions, &[]), &command);
        advice.into_iter().flat_map(|advice| advice.missing).collect()
    }

    #[test]
    fn a_command_that_the_grant_does_not_cover_is_told_what_is_missing() {
        assert_eq!(
            missing("az storage account keys list --account-name x", &[ACCOUNT_READ]),
            [LIST_KEYS]
        );
        assert_eq!(
            missing(
                "/usr/bin/az keyvault secret show --name s",
                &["Microsoft.KeyVault/vaults/secrets/read"]
            ),
            [SECRET_GET]
        );
        assert_eq!(missing("az vm list", &["Microsoft.Compute/disks/*"]), [MACHINE_READ]);
        assert_eq!(missing("az storage blob upload -f x", &[BLOB_READ]), [BLOB_WRITE]);
    }

    #[test]
    fn a_command_that_the_grant_covers_is_left_alone() {
        for (command, action) in [
            ("az storage account list", "microsoft.storage/storageaccounts/read"),
            ("az storage account keys list", "Microsoft.Storage/storageAccounts/*"),
            ("az storage blob list -c x", LIST_KEYS),
            ("az storage blob upload -f x", BLOB_ADD),
            ("az keyvault secret show", "*"),
        ] {
            assert!(missing(command, &[action]).is_empty(), "{command}");
        }
    }

    #[test]
    fn what_is_not_known_for_certain_is_not_judged() {
        for command in [
            "az version",
            "az storage",
            "terraform plan",
            "az storage blob list --sas-token x",
            "az storage blob list --account-key=x",
            "bash -c az",
        ] {
            assert!(missing(command, &[MACHINE_READ]).is_empty(), "{command}");
        }
        assert!(preflight(&crate::plan::tests::grant(&[], &[]), &[]).is_empty());
    }

    #[test]
    fn every_operation_of_the_table_is_in_the_catalogue_as_it_is_written() {
        for need in TABLE.iter().flat_map(|row| row.needs) {
            assert_eq!(azure_catalogue::find(need).map(|found| found.name).as_deref(), Some(*need));
        }
    }
}
