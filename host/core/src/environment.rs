//! The only reader of the process environment, as an owned snapshot.
//!
//! Every variable that Audex itself acts on is a constant here. No variable moves `/etc/audex`. If the organisation has
//! rules for components, no variable moves the components either (`Paths::of_account`).
//! Security: otherwise an agent that may set variables could escape the rules of its organisation. An account that may also
//! write the user's files, load code into this program (`LD_PRELOAD`, ptrace) or run it in its own mount namespace can still
//! escape. The rules constrain tools and agents; they are not a wall against a hostile account.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// Mechanisms of isolation that are not used, comma-separated; read by builds for tests only.
#[cfg(debug_assertions)]
pub const AUDEX_TEST_WITHOUT: &str = "AUDEX_TEST_WITHOUT";
/// The directory of the session around this one, in which a run inside an isolated run keeps its own state.
pub const AUDEX_OUTER_SESSION: &str = "AUDEX_OUTER_SESSION";
/// The file that leads a command to the door of its session, by which it can ask for one thing more.
pub const AUDEX_SESSION_DOOR: &str = "AUDEX_SESSION_DOOR";
/// Replaces the directory of the user's settings files.
pub const AUDEX_CONFIG_DIR: &str = "AUDEX_CONFIG_DIR";
/// The ARN of the AWS role to assume if neither option nor settings name one.
pub const AUDEX_ROLE_ARN: &str = "AUDEX_ROLE_ARN";
/// The base of the settings directory (XDG Base Directory Specification).
pub const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
/// The base of the directory of the audit log and sessions (XDG Base Directory Specification).
pub const XDG_STATE_HOME: &str = "XDG_STATE_HOME";
/// The base of the directory of installed plugins (XDG Base Directory Specification).
pub const XDG_DATA_HOME: &str = "XDG_DATA_HOME";
/// The base of the directory of compiled plugins (XDG Base Directory Specification).
pub const XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
/// A private in-memory directory that is removed at logout; the preferred place for session files.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The directory for temporary files, in place of `/tmp`.
pub const TMPDIR: &str = "TMPDIR";
/// The user's home directory, the fallback of every XDG base.
pub const HOME: &str = "HOME";
/// The search path for the command given after `--`.
pub const PATH: &str = "PATH";
/// The AWS region, as AWS CLI v2 and most SDKs read it.
pub const AWS_REGION: &str = "AWS_REGION";
/// The AWS region, as AWS CLI v1 and boto3 read it.
pub const AWS_DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
/// The profile of the source credentials.
pub const AWS_PROFILE: &str = "AWS_PROFILE";
/// Replaces the endpoint of every AWS service.
pub const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// Replaces the endpoint of AWS CloudTrail alone.
pub const AWS_ENDPOINT_URL_CLOUDTRAIL: &str = "AWS_ENDPOINT_URL_CLOUDTRAIL";
/// Replaces the endpoint of AWS IAM alone.
pub const AWS_ENDPOINT_URL_IAM: &str = "AWS_ENDPOINT_URL_IAM";
/// Replaces the endpoint of AWS STS alone.
pub const AWS_ENDPOINT_URL_STS: &str = "AWS_ENDPOINT_URL_STS";
/// A PEM file of the root certificates for AWS endpoints.
pub const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// A PEM file of the root certificates that Python clients, such as `az`, trust instead of the system's.
pub const REQUESTS_CA_BUNDLE: &str = "REQUESTS_CA_BUNDLE";
/// A PEM file of the root certificates that gcloud trusts instead of the system's.
pub const CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: &str = "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE";
/// Replaces `https://iamcredentials.googleapis.com`.
pub const AUDEX_GCP_IAMCREDENTIALS_URL: &str = "AUDEX_GCP_IAMCREDENTIALS_URL";
/// Replaces `https://iamcredentials.googleapis.com`, as gcloud reads it.
pub const CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: &str =
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS";
/// Replaces `https://cloudresourcemanager.googleapis.com`, as gcloud reads it.
pub const CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER: &str =
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER";
/// Replaces `https://iam.googleapis.com`, as gcloud reads it.
pub const CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM: &str = "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM";
/// Replaces `https://sts.googleapis.com`.
pub const AUDEX_GCP_STS_URL: &str = "AUDEX_GCP_STS_URL";
/// Replaces `https://management.azure.com`.
pub const AUDEX_AZURE_RESOURCE_MANAGER_URL: &str = "AUDEX_AZURE_RESOURCE_MANAGER_URL";
/// Replaces the host of every vault.
pub const AUDEX_AZURE_KEY_VAULT_URL: &str = "AUDEX_AZURE_KEY_VAULT_URL";
/// Replaces the blob host of every storage account, as the Azure CLI reads it.
pub const AZURE_STORAGE_SERVICE_ENDPOINT: &str = "AZURE_STORAGE_SERVICE_ENDPOINT";
/// A file of Google Cloud credentials (Application Default Credentials).
pub const GOOGLE_APPLICATION_CREDENTIALS: &str = "GOOGLE_APPLICATION_CREDENTIALS";
/// The configuration directory of gcloud.
pub const CLOUDSDK_CONFIG: &str = "CLOUDSDK_CONFIG";
/// The active configuration of gcloud.
pub const CLOUDSDK_ACTIVE_CONFIG_NAME: &str = "CLOUDSDK_ACTIVE_CONFIG_NAME";
/// The active account of gcloud.
pub const CLOUDSDK_CORE_ACCOUNT: &str = "CLOUDSDK_CORE_ACCOUNT";
/// The host of the Compute Engine metadata server, as client libraries read it.
pub const GCE_METADATA_HOST: &str = "GCE_METADATA_HOST";
/// The tenant of the Azure source credentials.
pub const AZURE_TENANT_ID: &str = "AZURE_TENANT_ID";
/// The application of the Azure source credentials.
pub const AZURE_CLIENT_ID: &str = "AZURE_CLIENT_ID";
/// The secret of the application in `AZURE_CLIENT_ID`.
pub const AZURE_CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
/// A client certificate of the application in `AZURE_CLIENT_ID`, which Audex rejects.
pub const AZURE_CLIENT_CERTIFICATE_PATH: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
/// A file with a token that Entra ID exchanges for a token of the application in `AZURE_CLIENT_ID` (workload identity).
pub const AZURE_FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// The secret of the identity that receives temporary roles (`custom-role`).
pub const AUDEX_AZURE_CLIENT_SECRET: &str = "AUDEX_AZURE_CLIENT_SECRET";
/// A file with a token that Entra ID exchanges for a token of the identity that receives temporary roles.
pub const AUDEX_AZURE_FEDERATED_TOKEN_FILE: &str = "AUDEX_AZURE_FEDERATED_TOKEN_FILE";
/// The address of Entra ID.
pub const AZURE_AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
/// The subscription in which Azure permissions are requested.
pub const AZURE_SUBSCRIPTION_ID: &str = "AZURE_SUBSCRIPTION_ID";
/// The cloud that the Azure CLI works with: `AzureCloud`, a government cloud, or one from `clouds.config`.
pub(crate) const AZURE_CLOUD_NAME: &str = "AZURE_CLOUD_NAME";
/// The configuration directory of the Azure CLI.
pub const AZURE_CONFIG_DIR: &str = "AZURE_CONFIG_DIR";
/// The project that Google's client libraries use.
pub const GOOGLE_CLOUD_PROJECT: &str = "GOOGLE_CLOUD_PROJECT";
/// The project that gcloud uses.
pub const CLOUDSDK_CORE_PROJECT: &str = "CLOUDSDK_CORE_PROJECT";
/// The address at which an App Service managed identity issues tokens.
pub const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
/// The secret that `IDENTITY_ENDPOINT` requires.
pub const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
/// The key for Claude; no component and no output may see this key.
pub const ANTHROPIC_API_KEY: &str = "ANTHROPIC_API_KEY";
/// Replaces `https://api.anthropic.com`.
pub const ANTHROPIC_BASE_URL: &str = "ANTHROPIC_BASE_URL";
/// The Vault server's address.
pub const VAULT_ADDR: &str = "VAULT_ADDR";
/// The user's own Vault token, which Audex uses and never revokes.
pub const VAULT_TOKEN: &str = "VAULT_TOKEN";
/// The role id of a Vault `AppRole`.
pub const VAULT_ROLE_ID: &str = "VAULT_ROLE_ID";
/// The secret id of a Vault `AppRole`.
pub const VAULT_SECRET_ID: &str = "VAULT_SECRET_ID";
/// The namespace of Vault Enterprise.
pub const VAULT_NAMESPACE: &str = "VAULT_NAMESPACE";
/// A PEM file of the root certificates for the Vault server.
pub const VAULT_CACERT: &str = "VAULT_CACERT";
/// The file of the service account token for Vault's Kubernetes login.
pub const AUDEX_K8S_TOKEN_PATH: &str = "AUDEX_K8S_TOKEN_PATH";
/// The user's `git` configuration, in place of `~/.gitconfig`.
pub const GIT_CONFIG_GLOBAL: &str = "GIT_CONFIG_GLOBAL";
/// Turns colour off when set to anything but the empty string (<https://no-color.org>).
pub const NO_COLOR: &str = "NO_COLOR";

/// The environment of a process at one moment.
///
/// Security: the type has no `Debug`, because it holds all credentials that the parent process left in the environment.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Takes a snapshot of this process's environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the environment's one home")]
    pub fn capture() -> Self {
        std::env::vars_os().collect()
    }

    /// Builds an environment from names and values; if a name occurs twice, the later value wins.
    pub fn from_pairs<N: Into<OsString>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    /// Returns the value of `name`; `None` if it is unset, empty or not UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_os(name).and_then(OsStr::to_str)
    }

    /// Returns the value of `name` in the platform's encoding; `None` if it is unset or empty.
    #[must_use]
    pub fn get_os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the environment with `name` set to `value`, unless `name` already has a value.
    #[must_use]
    pub fn or(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        if with.get_os(name).is_none() {
            with.0.insert(name.into(), value.into());
        }
        with
    }

    /// Iterates over all names and values, including empty values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn an_empty_value_counts_as_unset() {
        let environment = Environment::from_pairs([("EMPTY", ""), ("SET", "x")]);
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.get_os("EMPTY"), None);
        assert_eq!(environment.get("ABSENT"), None);
        assert_eq!(environment.get("SET"), Some("x"));
        assert_eq!(environment.iter().count(), 2);
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_readable_as_bytes_only() {
        let environment = Environment::from_pairs([("RAW", OsString::from_vec(vec![0xff, 0xfe]))]);
        assert_eq!(environment.get("RAW"), None);
        assert!(environment.get_os("RAW").is_some());
    }

    #[test]
    fn capture_sees_this_process() {
        assert!(Environment::capture().get(PATH).is_some());
    }
}
