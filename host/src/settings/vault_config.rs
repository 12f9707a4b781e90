//! `vault-config.toml`: how to log in to Vault, and which role of it issues credentials.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::{SettingsError, source};
use crate::reachable;
use crate::secret::Secret;

/// The bits of a mode that let group and others do anything.
const OPEN: u32 = 0o077;

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

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    vault: VaultFile,
}

impl VaultFile {
    /// What of it are settings of the component.
    #[must_use]
    pub fn component_settings(&self) -> BTreeMap<String, String> {
        let settings = [("mount", &self.mount), ("role", &self.role), ("role_arn", &self.role_arn)];
        settings.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect()
    }

    fn has_secret(&self) -> bool {
        matches!(&self.auth, Some(AuthFile::AppRole { secret_id: Some(_), .. }))
    }
}

/// The file at `path`; empty if there is none.
///
/// # Errors
/// When it cannot be read, is malformed, or holds a secret that others may read.
pub fn read(path: &Path) -> Result<VaultFile, SettingsError> {
    let failed = |source| SettingsError::Read { path: path.to_path_buf(), source };
    let Some(file) = reachable::open(path).map_err(failed)? else { return Ok(VaultFile::default()) };
    // Of the very file that is read.
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let text = reachable::text_of(file, reachable::FILE_BYTES).map_err(failed)?;
    let File { vault } = source::parse(path, &text)?;
    if vault.has_secret() && mode & OPEN != 0 {
        return Err(SettingsError::Exposed { path: path.to_path_buf() });
    }
    Ok(vault)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str, mode: u32) -> Result<VaultFile, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("vault-config.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        read(&path)
    }

    const APPROLE: &str = "[vault]\naddress = \"https://vault.example.com:8200\"\n\
        auth = { method = \"approle\", role_id = \"my-role-id\", secret_id = \"planted-secret\" }\n\
        mount = \"aws\" # AWS secrets engine mount path\nrole = \"my-vault-role\"\n";

    #[test]
    fn the_documents_approle_file_is_read_and_its_secret_does_not_show() {
        let file = read_text(APPROLE, 0o600).unwrap();
        assert_eq!(file.address.as_deref(), Some("https://vault.example.com:8200"));
        assert_eq!(file.component_settings()["role"], "my-vault-role");
        assert!(!format!("{file:?}").contains("planted"));
        let Some(AuthFile::AppRole { role_id, secret_id, .. }) = file.auth else { panic!("{:?}", file.auth) };
        assert_eq!((role_id.as_deref(), secret_id.unwrap().expose()), (Some("my-role-id"), "planted-secret"));
    }

    #[test]
    fn the_documents_kubernetes_file_is_read() {
        let file = read_text("[vault]\nauth = { method = \"kubernetes\", role = \"my-k8s-role\" }\n", 0o644);
        let Some(AuthFile::Kubernetes { role, token_path: None, .. }) = file.unwrap().auth else { panic!() };
        assert_eq!(role, "my-k8s-role");
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused_and_a_file_without_one_is_not() {
        for mode in [0o644, 0o640, 0o604] {
            assert!(matches!(read_text(APPROLE, mode), Err(SettingsError::Exposed { .. })), "{mode:o}");
        }
        assert!(read_text("[vault]\nrole = \"x\"\n", 0o644).is_ok());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        for (text, wanted) in [
            ("[vault]\naddres = \"x\"\n", 2),
            ("[vault]\n\nauth = { method = \"approle\", rol_id = \"x\" }\n", 3),
            ("[vault]\nauth = { method = \"ldap\" }\n", 2),
            ("[vault]\nauth = { method = \"token\", token = \"x\" }\n", 2),
            ("[valt]\n", 1),
        ] {
            let Err(SettingsError::Invalid { line, .. }) = read_text(text, 0o600) else { panic!("{text}") };
            assert_eq!(line, wanted, "{text}");
        }
    }
}
