//! What well-known commands need. Only certain failure is spoken of.

use audex_sdk::pattern;
use audex_sdk::provider::{Advice, Grant};

/// How a command line begins, the operation it cannot do without, and what it does.
/// Source: Azure CLI reference of each command, and the operation of the request it makes.
const ROWS: [(&[&str], &str, &str); 11] = [
    (
        &["az", "storage", "account", "keys", "list"],
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "lists keys",
    ),
    (
        &["az", "storage", "account", "list"],
        "Microsoft.Storage/storageAccounts/read",
        "lists storage accounts",
    ),
    (
        &["az", "storage", "account", "show"],
        "Microsoft.Storage/storageAccounts/read",
        "reads a storage account",
    ),
    (
        &["az", "storage", "blob", "download"],
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "reads a blob",
    ),
    (
        &["az", "storage", "blob", "list"],
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
        "lists blobs",
    ),
    (
        &["az", "storage", "blob", "upload"],
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
        "writes a blob",
    ),
    (
        &["az", "storage", "blob", "delete"],
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete",
        "deletes a blob",
    ),
    (
        &["az", "keyvault", "secret", "show"],
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "reads a secret's value",
    ),
    (&["az", "keyvault", "list"], "Microsoft.KeyVault/vaults/read", "lists vaults"),
    (&["az", "vm", "list"], "Microsoft.Compute/virtualMachines/read", "lists virtual machines"),
    (
        &["az", "group", "list"],
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "lists resource groups",
    ),
];
/// What gives the account's keys gives its blobs: `az storage blob` may use them.
const ACCOUNT_KEYS: &str = "Microsoft.Storage/storageAccounts/listKeys/action";

pub fn preflight(grant: &Grant, command: &[String]) -> Vec<Advice> {
    let words = words(command);
    let Some((row, action, why)) = ROWS.iter().find(|(row, ..)| words.starts_with(row)) else {
        return Vec::new();
    };
    let said = format!("`{}` {why}", row.join(" "));
    let has = |action: &str| {
        let asked = |pattern: &str| pattern == "*" || pattern::matches_ignore_ascii_case(pattern, action);
        grant.permissions.iter().any(|permission| asked(&permission.action))
    };
    let by_keys = row.get(2).is_some_and(|word| *word == "blob") && has(ACCOUNT_KEYS);
    if !has(action) && !by_keys {
        return vec![Advice { message: said, missing: vec![(*action).to_owned()] }];
    }
    if grant.deny.iter().any(|deny| pattern::matches_ignore_ascii_case(deny, action)) {
        return vec![Advice { message: format!("{said}, and `{action}` is denied"), missing: Vec::new() }];
    }
    Vec::new()
}

/// The program's name and the words up to the first option.
fn words(command: &[String]) -> Vec<&str> {
    let mut words = command.iter().map(String::as_str);
    let program = words.next().map(|program| program.rsplit('/').next().unwrap_or(program));
    program.into_iter().chain(words.take_while(|word| !word.starts_with('-'))).collect()
}

#[cfg(test)]
mod tests {
    use audex_sdk::provider::Permission;

    use super::*;

    fn check(command: &str, action: &str) -> Vec<String> {
        let permission =
            Permission { action: action.to_owned(), origin: String::new(), resources: Vec::new() };
        let grant = Grant {
            provider: "azure".into(),
            permissions: vec![permission],
            deny: Vec::new(),
            ttl_seconds: 900,
            session: "audex-1".into(),
        };
        let command: Vec<String> = command.split(' ').map(str::to_owned).collect();
        preflight(&grant, &command).into_iter().flat_map(|advice| advice.missing).collect()
    }

    #[test]
    fn reading_accounts_is_not_listing_their_keys() {
        let read = "Microsoft.Storage/storageAccounts/read";
        assert!(check("az storage account list", read).is_empty());
        assert_eq!(check("az storage account keys list --account-name x", read), [ACCOUNT_KEYS]);
        assert!(check("az storage account keys list", "microsoft.storage/storageaccounts/*").is_empty());
        assert!(check("az storage blob list -c x", ACCOUNT_KEYS).is_empty());
        assert_eq!(
            check("az keyvault secret show --name s", "Microsoft.KeyVault/vaults/secrets/read").len(),
            1
        );
    }

    #[test]
    fn what_is_not_known_is_not_judged() {
        for command in ["az version", "az login", "terraform plan", "az storage"] {
            assert!(check(command, "Microsoft.Compute/virtualMachines/read").is_empty(), "{command}");
        }
    }

    #[test]
    fn every_operation_of_the_table_is_in_the_catalogue() {
        for (_, action, _) in ROWS {
            assert_eq!(azure_catalogue::find(action).map(|found| found.name).as_deref(), Some(action));
        }
    }
}
