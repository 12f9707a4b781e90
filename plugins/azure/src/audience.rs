//! Audiences: the services that accept a token. There a token can do everything that its holder can, and
//! nothing elsewhere.
//!
//! Sources: Microsoft, "Azure services that support Microsoft Entra authentication"; the names are those that
//! the services' own Python clients request (azure-storage-blob 12.31, -keyvault-secrets 4.12, -eventhub
//! 5.15, -servicebus 7.15, -eventgrid 4.22, -appconfiguration 1.10, -ai-textanalytics 5.4, -search-documents
//! 12.0, -cosmos 4.17, -containerregistry 1.2, -monitor-query 2.0).

use azure_catalogue::Operation;

/// Azure Resource Manager: every operation that is not a data action, except log queries.
pub const RESOURCE_MANAGER: &str = "https://management.azure.com";
/// The older name of the same service, which `az` uses to request its tokens: a grant for one name covers the
/// other. Source: azure-cli-core 2.91, `cloud.py`, `active_directory_resource_id`, and `_profile.py`,
/// `_arm_scope`.
pub const RESOURCE_MANAGER_OF_AZ: &str = "https://management.core.windows.net";
/// Blobs, files, queues and tables.
pub const STORAGE: &str = "https://storage.azure.com";
/// Secrets, keys and certificates.
pub const VAULT: &str = "https://vault.azure.net";
/// The service for log queries, whose operations are named like those of Resource Manager.
/// Source: Azure Monitor, "Access the Azure Monitor Log Analytics API".
const LOGS: &str = "https://api.loganalytics.io";
const LOG_QUERIES: [&str; 2] =
    ["microsoft.operationalinsights/workspaces/query/", "microsoft.insights/logs/"];

/// Resource providers (lower case), and the audience of their data actions.
///
/// Rows of SQL databases are in no list of operations: a database user decides about them, so no operation
/// needs a token for `https://database.windows.net`.
const DATA: [(&str, &str); 13] = [
    ("microsoft.storage", STORAGE),
    ("microsoft.keyvault", VAULT),
    ("microsoft.eventhub", "https://eventhubs.azure.net"),
    ("microsoft.servicebus", "https://servicebus.azure.net"),
    ("microsoft.eventgrid", "https://eventgrid.azure.net"),
    ("microsoft.appconfiguration", "https://appconfig.azure.com"),
    ("microsoft.cognitiveservices", "https://cognitiveservices.azure.com"),
    ("microsoft.search", "https://search.azure.com"),
    ("microsoft.documentdb", "https://cosmos.azure.com"),
    ("microsoft.containerregistry", "https://containerregistry.azure.net"),
    // The application of AKS. Source: "Use kubelogin to authenticate in Azure Kubernetes Service".
    ("microsoft.containerservice", "6dae42f8-4368-4678-94ff-3960e28e3630"),
    ("microsoft.operationalinsights", LOGS),
    ("microsoft.compute", "https://disk.azure.com"),
];
/// The operations to sign in to machines, with another audience than the data of their disks.
/// Source: azure-cli extension `ssh`, which requests this one.
const LOGIN: (&str, &str) =
    ("microsoft.compute/virtualmachines/login", "https://pas.windows.net/CheckMyAccess/Linux");

/// Returns true if a gateway reads the requests to the services of this audience.
pub fn is_read(audience: &str) -> bool {
    [RESOURCE_MANAGER, RESOURCE_MANAGER_OF_AZ, STORAGE, VAULT].contains(&audience)
}

/// Returns the audiences of one known operation: two for a name that is both an action and a data action,
/// none for data actions of a service that is not in the table.
pub fn of(operation: &Operation) -> Vec<&'static str> {
    let name = operation.name.to_ascii_lowercase();
    if LOG_QUERIES.iter().any(|start| name.starts_with(start)) {
        return vec![LOGS];
    }
    let control = operation.is_action.then_some(RESOURCE_MANAGER);
    let data = operation
        .is_data
        .then(|| if name.starts_with(LOGIN.0) { Some(LOGIN.1) } else { of_data(&name) });
    control.into_iter().chain(data.flatten()).collect()
}

/// Returns the possible audiences of an operation that is not in the catalogue: Resource Manager, or, for a
/// data action, the service of its provider; every audience if the provider is open.
pub fn possible(pattern: &str) -> Vec<&'static str> {
    let provider = pattern.split('/').next().unwrap_or_default();
    let mut found = vec![RESOURCE_MANAGER, LOGS];
    if audex_sdk::pattern::is_wild(provider) {
        found.extend(DATA.iter().map(|(_, audience)| *audience));
        found.push(LOGIN.1);
    } else {
        found.extend(of_data(&pattern.to_ascii_lowercase()));
        if provider.eq_ignore_ascii_case("Microsoft.Compute") {
            found.push(LOGIN.1);
        }
    }
    sorted(found)
}

/// Sorts audiences and removes duplicates.
pub fn sorted(mut audiences: Vec<&'static str>) -> Vec<&'static str> {
    audiences.sort_unstable();
    audiences.dedup();
    audiences
}

fn of_data(name: &str) -> Option<&'static str> {
    let provider = name.split('/').next().unwrap_or_default();
    DATA.iter().find(|(known, _)| *known == provider).map(|(_, audience)| *audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_plane_data_and_log_queries_go_to_different_audiences() {
        for (name, audiences) in [
            ("Microsoft.Storage/storageAccounts/read", &[RESOURCE_MANAGER][..]),
            ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read", &[STORAGE]),
            ("Microsoft.KeyVault/vaults/secrets/getSecret/action", &["https://vault.azure.net"]),
            ("Microsoft.KeyVault/vaults/secrets/read", &[RESOURCE_MANAGER]),
            ("Microsoft.KeyVault/vaults/keys/read", &[RESOURCE_MANAGER, "https://vault.azure.net"]),
            ("Microsoft.OperationalInsights/workspaces/query/read", &[LOGS]),
            ("Microsoft.Insights/Logs/Read", &[LOGS]),
            ("Microsoft.Compute/virtualMachines/loginAsAdmin/action", &[LOGIN.1]),
            ("Microsoft.Compute/disks/download/action", &["https://disk.azure.com"]),
        ] {
            assert_eq!(of(&azure_catalogue::find(name).unwrap()), audiences, "{name}");
        }
    }

    #[test]
    fn every_known_operation_has_an_audience() {
        for operation in azure_catalogue::matching("*") {
            assert!(!of(&operation).is_empty(), "{}", operation.name);
        }
    }

    #[test]
    fn what_is_not_known_may_go_to_more_than_one() {
        assert_eq!(possible("Contoso.Thing/x/write"), [LOGS, RESOURCE_MANAGER]);
        assert!(possible("Microsoft.KeyVault/new/*").contains(&"https://vault.azure.net"));
        assert!(!possible("Microsoft.KeyVault/new/*").contains(&STORAGE));
        assert!(possible("*/new/action").contains(&STORAGE));
    }
}
