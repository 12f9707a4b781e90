//! `vault-config.toml`: the login to Vault, and the Vault role that issues credentials.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::Deserialize;

use super::{SettingsError, source};
use audex_core::reachable;
use audex_logins::vault::VaultFile;

/// The bits of a mode that give group and others any access.
const OPEN: u32 = 0o077;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    vault: VaultFile,
}

/// Returns the contents of the file at `path`, or empty ones if there is no file.
///
/// # Errors
/// When the file cannot be read, is malformed, or holds a secret that others may read.
pub(crate) fn read(path: &Path) -> Result<VaultFile, SettingsError> {
    let failed = |source| SettingsError::Read { path: path.to_path_buf(), source };
    let Some(file) = reachable::open(path).map_err(failed)? else {
        return Ok(VaultFile::default());
    };
    // The mode is that of the opened file, not of the path.
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    let text = reachable::text_of(file, reachable::FILE_BYTES).map_err(failed)?;
    let File { vault } = source::parse(path, &text)?;
    if vault.has_secret() && mode & OPEN != 0 {
        return Err(SettingsError::Exposed { path: path.to_path_buf() });
    }
    Ok(vault)
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
        let Some(audex_logins::vault::AuthFile::AppRole { role_id, secret_id, .. }) = file.auth
        else {
            panic!("{:?}", file.auth)
        };
        assert_eq!(
            (role_id.as_deref(), secret_id.unwrap().expose()),
            (Some("my-role-id"), "planted-secret")
        );
    }

    #[test]
    fn the_documents_kubernetes_file_is_read() {
        let file = read_text(
            "[vault]\nauth = { method = \"kubernetes\", role = \"my-k8s-role\" }\n",
            0o644,
        );
        let Some(audex_logins::vault::AuthFile::Kubernetes { role, token_path: None, .. }) =
            file.unwrap().auth
        else {
            panic!()
        };
        assert_eq!(role, "my-k8s-role");
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused_and_a_file_without_one_is_not() {
        for mode in [0o644, 0o640, 0o604] {
            assert!(
                matches!(read_text(APPROLE, mode), Err(SettingsError::Exposed { .. })),
                "{mode:o}"
            );
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
            let Err(SettingsError::Invalid { line, .. }) = read_text(text, 0o600) else {
                panic!("{text}")
            };
            assert_eq!(line, wanted, "{text}");
        }
    }
}
