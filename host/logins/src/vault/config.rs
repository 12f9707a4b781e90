//! What `vault-config.toml` says: how to log in to Vault, and which role of it issues credentials.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use audex_core::secret::Secret;

/// What the file says; every part of it can come from the environment instead.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultFile {
    /// The server, such as `https://vault.example.com:8200`.
    pub address: Option<String>,
    /// Namespace of Vault Enterprise.
    pub namespace: Option<String>,
    /// PEM file of the roots the server is checked against, in place of the system's.
    pub ca_cert: Option<PathBuf>,
    /// How to log in.
    pub auth: Option<AuthFile>,
    /// Where the AWS secrets engine is mounted.
    pub mount: Option<String>,
    /// The secrets engine's role.
    pub role: Option<String>,
    /// Which role of AWS, if the Vault role has several.
    pub role_arn: Option<String>,
}

/// How to log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase", deny_unknown_fields)]
pub enum AuthFile {
    /// With a token of `VAULT_TOKEN` or `~/.vault-token`.
    Token {},
    /// With a role id and a secret id.
    AppRole {
        /// The role id.
        role_id: Option<String>,
        /// The secret id.
        #[serde(default, deserialize_with = "secret")]
        secret_id: Option<Secret>,
        /// Where the method is mounted.
        mount: Option<String>,
    },
    /// With the token of the pod's service account.
    Kubernetes {
        /// The role of the auth method.
        role: String,
        /// Where the token is.
        token_path: Option<PathBuf>,
        /// Where the method is mounted.
        mount: Option<String>,
    },
}

impl VaultFile {
    /// What of it are settings of the component.
    #[must_use]
    pub fn component_settings(&self) -> BTreeMap<String, String> {
        let settings = [("mount", &self.mount), ("role", &self.role), ("role_arn", &self.role_arn)];
        settings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect()
    }

    /// Tells whether the file holds a secret.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        matches!(&self.auth, Some(AuthFile::AppRole { secret_id: Some(_), .. }))
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}
