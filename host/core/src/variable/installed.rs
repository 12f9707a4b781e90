//! The variables that an installed provider may deliver: fewer than a built-in one, whose effect on the clouds' tools is known.
//!
//! Security: tools read more than credentials from variables and files: programs to run (`users[].user.exec` of a kubeconfig,
//! `plugin_directory` of boto), private files to send (`credential_source.file` of Google's external accounts) and
//! destinations to send them to. So the list names the variables that pass. The provider's files lie where no tool looks, and
//! no variable of a cloud points to one.

use super::family::is_governed;
use super::{identity_token, is_credential, tool_family};

/// The clouds' variables that hold a credential, or that name its owner and its project, region or namespace. The list contains
/// no variable for a path, an address or a program, and none for a document that may name one (`GOOGLE_CREDENTIALS`, connection
/// strings).
const CLOUDS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "CLOUDSDK_AUTH_ACCESS_TOKEN",
    "CLOUDSDK_CORE_PROJECT",
    "GOOGLE_OAUTH_ACCESS_TOKEN",
    "GOOGLE_API_KEY",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_PROJECT",
    "GCP_PROJECT",
    "GCLOUD_PROJECT",
    "FIREBASE_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_STORAGE_ACCOUNT",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_DEVOPS_EXT_PAT",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "VAULT_TOKEN",
    "VAULT_NAMESPACE",
    "BAO_TOKEN",
    "BAO_NAMESPACE",
];

/// Checks that the provider may set the variable `name` to its own text.
///
/// # Errors
/// A short reason for the refusal.
pub fn may_set(name: &str) -> Result<(), &'static str> {
    if CLOUDS.contains(&name) { Ok(()) } else { may_point(name) }
}

/// Checks that the provider may point the variable `name` to one of its files.
///
/// # Errors
/// A short reason for the refusal.
pub fn may_point(name: &str) -> Result<(), &'static str> {
    if is_governed(name) || identity_token::is_named(name) || !tool_family::passes(name) {
        return Err(
            "of a cloud's variables an added provider may set only some, and point none at a file",
        );
    }
    is_credential(name).then_some(()).ok_or("its name is not that of a credential")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_the_places_they_are_for_can_be_set() {
        for name in
            ["AWS_SESSION_TOKEN", "GOOGLE_CLOUD_PROJECT", "VAULT_TOKEN", "GH_TOKEN", "ACME_ACCOUNT"]
        {
            assert_eq!(may_set(name), Ok(()), "{name}");
        }
        assert_eq!(may_point("ACME_CREDENTIALS"), Ok(()));
    }

    #[test]
    fn what_leads_a_tool_to_a_file_an_address_or_a_program_cannot() {
        for name in [
            "KUBECONFIG",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_CREDENTIALS",
            "BOTO_CONFIG",
            "BOTO_PATH",
            "AWS_CONFIG_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_ENDPOINT_URL",
            "CLOUDSDK_CORE_UNIVERSE_DOMAIN",
            "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
            "GCE_METADATA_HOST",
            "ARM_METADATA_HOST",
            "AZURE_FEDERATED_TOKEN_FILE",
            "AZURE_STORAGE_CONNECTION_STRING",
            "IDENTITY_ENDPOINT",
            "VAULT_ADDR",
            "VAULT_CONFIG_PATH",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "AUDEX_TOKEN",
            "NO_GCE_CHECK",
            "GIT_SSH_COMMAND",
            "SOME_URL",
        ] {
            assert!(may_set(name).is_err() && may_point(name).is_err(), "{name}");
        }
        for name in CLOUDS {
            assert!(may_point(name).is_err(), "{name}");
        }
    }

    #[test]
    fn every_variable_in_the_list_is_a_clouds() {
        assert!(CLOUDS.iter().all(|name| is_governed(name)));
    }
}
