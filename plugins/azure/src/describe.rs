//! What the host and the user need to know about this provider.

use audex_sdk::provider::{Description, Profile, Setting};

/// What a run may set. The identity endpoint's variables are the host's.
pub const SETS: [&str; 6] = [
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_SUBSCRIPTION_ID",
    "ARM_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZURE_TOKEN_CREDENTIALS",
];

/// Name, what it is for, operations: the table of the project's policy document.
const PROFILES: [(&str, &str, &[&str]); 4] = [
    ("azure-storage-readonly", "Read storage accounts", &["Microsoft.Storage/storageAccounts/read"]),
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

pub fn describe() -> Description {
    let setting = |key: &str, description: &str, env: &str| Setting {
        key: key.to_owned(),
        description: description.to_owned(),
        env: Some(env.to_owned()),
    };
    let profile = |(name, description, actions): &(&str, &str, &[&str])| Profile {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        actions: actions.iter().map(|&action| action.to_owned()).collect(),
        resources: Vec::new(),
    };
    Description {
        id: "azure".to_owned(),
        title: "Microsoft Azure".to_owned(),
        action_syntax:
            "`Microsoft.Service/resource/action`, for example `Microsoft.Storage/storageAccounts/read`"
                .to_owned(),
        settings: vec![
            setting("subscription_id", "subscription the command works in", "AZURE_SUBSCRIPTION_ID"),
            setting("tenant_id", "tenant of that subscription", "AZURE_TENANT_ID"),
        ],
        profiles: PROFILES.iter().map(profile).collect(),
        sets: SETS.iter().map(|&name| name.to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_a_profile_is_in_the_catalogue() {
        for name in PROFILES.iter().flat_map(|(_, _, names)| *names) {
            assert_eq!(azure_catalogue::find(name).map(|found| found.name).as_deref(), Some(*name));
        }
    }
}
