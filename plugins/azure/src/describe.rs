//! The description of this provider for the host and the user.

use audex_sdk::provider::{Description, LearnSource, Setting, Sign};

use crate::profile;

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
        learn_sources: vec![LearnSource::HttpLog],
        ..Description::new(
            "azure",
            "Microsoft Azure",
            "`Microsoft.Service/resource/action`, for example `Microsoft.Storage/storageAccounts/read`",
            &SETS,
        )
    }
}
