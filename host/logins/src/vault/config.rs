//! The file `vault-config.toml`: the login to Vault, and the Vault role that issues credentials.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use audex_core::secret::Secret;

/// The contents of the file. Every part can come from the environment instead.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultFile {
    /// The server, such as `https://vault.example.com:8200`.
    pub address: Option<String>,
    /// The namespace of Vault Enterprise.
    pub namespace: Option<String>,
    /// The PEM file of the roots that the server is checked against, instead of the system's roots.
    pub ca_cert: Option<PathBuf>,
    /// The way to log in.
    pub auth: Option<AuthFile>,
    /// The mount path of the AWS secrets engine.
    pub mount: Option<String>,
    /// The secrets engine's role.
    pub role: Option<String>,
    /// The ARN of the AWS role, if the Vault role has several.
    pub role_arn: Option<String>,
}

/// The way to log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub enum AuthFile {
    /// A token from `VAULT_TOKEN` or `~/.vault-token`.
    Token {},
    /// A role id and a secret id.
    AppRole {
        /// The role id.
        role_id: Option<String>,
        /// The secret id.
        #[serde(default, deserialize_with = "secret")]
        secret_id: Option<Secret>,
        /// The mount path of the auth method.
        mount: Option<String>,
    },
    /// The token of the pod's service account.
    Kubernetes {
        /// The role of the auth method.
        role: String,
        /// The path of the token.
        token_path: Option<PathBuf>,
        /// The mount path of the auth method.
        mount: Option<String>,
    },
}

impl VaultFile {
    /// Returns the values that are settings of the component.
    #[must_use]
    pub fn component_settings(&self) -> BTreeMap<String, String> {
        let settings = [("mount", &self.mount), ("role", &self.role), ("role_arn", &self.role_arn)];
        settings
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect()
    }

    /// Returns true if the file contains a secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        matches!(&self.auth, Some(AuthFile::AppRole { secret_id: Some(_), .. }))
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
