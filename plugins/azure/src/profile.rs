//! The built-in profiles, as the project's policy document lists them.

use audex_sdk::provider::{Profile, Scope};

use crate::readonly;

/// Name, purpose and operations.
const TABLE: [(&str, &str, &[&str]); 4] = [
    (
        "azure-storage-readonly",
        "Read storage accounts",
        &["Microsoft.Storage/storageAccounts/read"],
    ),
    (
        "azure-storage-readwrite",
        "Full storage access",
        &["Microsoft.Storage/storageAccounts/read", "Microsoft.Storage/storageAccounts/write"],
    ),
    (
        "azure-keyvault-readonly",
        "Read Key Vault",
        &["Microsoft.KeyVault/vaults/read", "Microsoft.KeyVault/vaults/secrets/read"],
    ),
    ("azure-compute-readonly", "Read VMs", &["Microsoft.Compute/virtualMachines/read"]),
];

pub fn built_in() -> Vec<Profile> {
    let profile = |(name, description, actions): &(&str, &str, &[&str])| Profile {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        actions: actions.iter().map(|&action| action.to_owned()).collect(),
        resources: Scope::Every,
        leaves_out: Vec::new(),
    };
    TABLE.iter().map(profile).chain([readonly::profile()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_a_profile_is_in_the_catalogue_as_it_is_written() {
        for name in TABLE.iter().flat_map(|(_, _, actions)| *actions) {
            assert_eq!(azure_catalogue::find(name).map(|found| found.name).as_deref(), Some(*name));
        }
    }
}
