//! Which audience an operation's requests are sent to. A token is good for one audience, and for everything its holder may do
//! there.
//!
//! Source: Microsoft Entra, "Azure services that support Microsoft Entra authentication"; the services' own pages.

/// A resource provider (lower case), and the audience of its data actions.
const DATA: [(&str, &str); 10] = [
    ("microsoft.storage", "https://storage.azure.com"),
    ("microsoft.keyvault", "https://vault.azure.net"),
    ("microsoft.eventhub", "https://eventhubs.azure.net"),
    ("microsoft.servicebus", "https://servicebus.azure.net"),
    ("microsoft.appconfiguration", "https://azconfig.io"),
    ("microsoft.cognitiveservices", "https://cognitiveservices.azure.com"),
    ("microsoft.documentdb", "https://cosmos.azure.com"),
    ("microsoft.compute", "https://pas.windows.net/CheckMyAccess/Linux"),
    ("microsoft.containerregistry", "https://containerregistry.azure.net"),
    ("microsoft.search", "https://search.azure.com"),
];

/// Resource Manager: every operation that is no data action.
pub const ARM: &str = "https://management.azure.com";
/// Log queries are operations of Resource Manager by name, and go to a service of their own.
const LOGS: &str = "https://api.loganalytics.io";
const LOG_QUERIES: [&str; 2] =
    ["microsoft.operationalinsights/workspaces/query/", "microsoft.insights/logs/"];

/// The audience of one operation; none for data actions of services that are not known.
pub fn of(name: &str, is_data: bool) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if LOG_QUERIES.iter().any(|start| lower.starts_with(start)) {
        return Some(LOGS);
    }
    if !is_data {
        return Some(ARM);
    }
    let provider = lower.split('/').next().unwrap_or_default();
    DATA.iter().find(|(known, _)| *known == provider).map(|(_, audience)| *audience)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_plane_data_and_log_queries_go_to_different_audiences() {
        for (name, is_data, audience) in [
            ("Microsoft.Storage/storageAccounts/read", false, ARM),
            (
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
                true,
                "https://storage.azure.com",
            ),
            ("Microsoft.KeyVault/vaults/secrets/getSecret/action", true, "https://vault.azure.net"),
            ("Microsoft.KeyVault/vaults/secrets/read", false, ARM),
            ("Microsoft.OperationalInsights/workspaces/query/read", false, LOGS),
            ("Microsoft.Insights/Logs/Read", false, LOGS),
        ] {
            assert_eq!(of(name, is_data), Some(audience), "{name}");
        }
        assert_eq!(of("Microsoft.Unheard/things/do/action", true), None);
    }
}
