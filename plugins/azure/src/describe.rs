//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, Front, LearnSource, Setting, Sign};

use crate::{audience, profile};

/// The variables that a run may set; the host owns those of the identity endpoint. Sources: azure-cli, "Azure
/// CLI environment variables" for storage; azure-identity, `DefaultAzureCredential`, for the last two.
pub const SETS: [&str; 5] = [
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_AUTH_MODE",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
];

pub fn describe() -> Description {
    let setting = |key: &str, description: &str, env: Option<&str>| Setting {
        key: key.to_owned(),
        description: description.to_owned(),
        env: env.map(ToOwned::to_owned),
    };
    Description {
        settings: vec![
            setting(
                "subscription_id",
                "subscription the command works in",
                Some("AUDEX_AZURE_SUBSCRIPTION_ID"),
            ),
            setting("tenant_id", "tenant of that subscription", Some("AUDEX_AZURE_TENANT_ID")),
            setting(
                "method",
                "`sas`, `audience-tokens`, `custom-role` or `auto`, which is the default",
                None,
            ),
            setting(
                "client_id",
                "service principal or user-assigned identity that gets temporary custom roles",
                Some("AUDEX_AZURE_CLIENT_ID"),
            ),
            setting("cloud", "which cloud `az` works with", Some("AUDEX_AZURE_CLOUD")),
            setting(
                "allow_unknown",
                "`true` says nothing of operations that are not in the catalogue",
                None,
            ),
        ],
        profiles: profile::built_in(),
        configured_by: vec![Sign::Login("azure".to_owned())],
        fronts: fronts(),
        learn_sources: vec![LearnSource::HttpLog, LearnSource::Gateway],
        ..Description::new(
            "azure",
            "Microsoft Azure",
            "`Microsoft.Service/resource/action`, for example `Microsoft.Storage/storageAccounts/read`",
            &SETS,
        )
    }
}

/// Returns the hosts that a gateway stands before. The token of the older name of Resource Manager is for the same
/// hosts. No tool of Azure takes a bearer token to an address without TLS, so no variable leads to the gateway.
fn fronts() -> Vec<Front> {
    const STORAGE: [&str; 10] = [
        "*.blob.core.windows.net",
        "*.queue.core.windows.net",
        "*.table.core.windows.net",
        "*.file.core.windows.net",
        "*.dfs.core.windows.net",
        "*.blob.storage.azure.net",
        "*.queue.storage.azure.net",
        "*.table.storage.azure.net",
        "*.file.storage.azure.net",
        "*.dfs.storage.azure.net",
    ];
    let front = |audience: &str, hosts: &[&str]| Front {
        audience: Some(audience.to_owned()),
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        leads: Vec::new(),
    };
    vec![
        front(audience::RESOURCE_MANAGER, &["management.azure.com"]),
        front(audience::STORAGE, &STORAGE),
        front(audience::VAULT, &["*.vault.azure.net"]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_front_is_before_hosts_whose_requests_are_read() {
        for front in fronts() {
            assert!(audience::is_read(front.audience.as_deref().unwrap()));
            assert!(front.leads.is_empty());
            for host in front.hosts {
                let host = match host.strip_prefix("*.") {
                    Some(rest) if rest.ends_with("storage.azure.net") => format!("acct.z1.{rest}"),
                    Some(rest) => format!("acct.{rest}"),
                    None => host,
                };
                let is_known =
                    crate::read::account_of(&host).is_some() || crate::read::is_vault(&host);
                assert!(is_known || host == "management.azure.com", "{host}");
            }
        }
    }
}
