//! The address of Vault and the way to log in: from the environment, then `vault-config.toml`, then
//! `~/.vault-token`.

use std::path::{Path, PathBuf};

use crate::vault::{AuthFile, VaultFile};
use audex_core::environment::{
    AUDEX_K8S_TOKEN_PATH, Environment, HOME, VAULT_ADDR, VAULT_CACERT, VAULT_NAMESPACE,
    VAULT_ROLE_ID, VAULT_SECRET_ID, VAULT_TOKEN,
};
use audex_core::secret::Secret;
use audex_core::shape::ConfiguredPath;

/// The path where Kubernetes puts a pod's token (Kubernetes documentation, "Configure Service Accounts for
/// Pods").
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// The whole configuration. A missing part is reported when the part is used.
pub(super) struct Source {
    pub address: Option<String>,
    pub namespace: Option<String>,
    pub ca_cert: Option<ConfiguredPath>,
    pub auth: Auth,
}

/// The way to log in.
pub(super) enum Auth {
    /// The user's own token.
    Token(Secret),
    /// The user's own token, from the file that `vault login` writes.
    TokenFile(Option<PathBuf>),
    AppRole {
        mount: String,
        role_id: Option<String>,
        secret_id: Option<Secret>,
    },
    Kubernetes {
        mount: String,
        role: String,
        token_path: ConfiguredPath,
    },
}

impl Source {
    /// Combines environment and file; the environment wins.
    pub(super) fn new(environment: &Environment, file: &VaultFile) -> Self {
        let text = |name: &str, file: &Option<String>| {
            environment.get(name).map(str::to_owned).or_else(|| file.clone())
        };
        Self {
            address: text(VAULT_ADDR, &file.address),
            namespace: text(VAULT_NAMESPACE, &file.namespace),
            ca_cert: ConfiguredPath::of_variable(environment, VAULT_CACERT)
                .or_else(|| file.ca_cert.as_ref().map(|path| ConfiguredPath::new("ca_cert", path))),
            auth: auth(environment, file.auth.as_ref()),
        }
    }
}

/// Selects the way to log in: a token in the environment, then a role id or secret id there, then the way
/// that the file names, then the token of `vault login`.
fn auth(environment: &Environment, file: Option<&AuthFile>) -> Auth {
    let secret = |name: &str| environment.get(name).map(|value| Secret::new(value.to_owned()));
    if let Some(token) = secret(VAULT_TOKEN) {
        return Auth::Token(token);
    }
    let (role_id, secret_id) =
        (environment.get(VAULT_ROLE_ID).map(str::to_owned), secret(VAULT_SECRET_ID));
    let mounted =
        |mount: Option<&String>, default: &str| mount.map_or(default, String::as_str).to_owned();
    match file {
        Some(AuthFile::AppRole { role_id: id, secret_id: secret, mount }) => Auth::AppRole {
            mount: mounted(mount.as_ref(), "approle"),
            role_id: role_id.or_else(|| id.clone()),
            secret_id: secret_id.or_else(|| secret.clone()),
        },
        _ if role_id.is_some() || secret_id.is_some() => {
            Auth::AppRole { mount: mounted(None, "approle"), role_id, secret_id }
        }
        Some(AuthFile::Kubernetes { role, token_path, mount }) => Auth::Kubernetes {
            mount: mounted(mount.as_ref(), "kubernetes"),
            role: role.clone(),
            token_path: ConfiguredPath::of_variable(environment, AUDEX_K8S_TOKEN_PATH)
                .unwrap_or_else(|| {
                    let path = token_path.as_deref().unwrap_or(Path::new(POD_TOKEN));
                    ConfiguredPath::new("token_path", path)
                }),
        },
        Some(AuthFile::Token {}) | None => Auth::TokenFile(
            environment.get_os(HOME).map(|home| PathBuf::from(home).join(".vault-token")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(pairs: &[(&str, &str)], file: &str) -> Source {
        let file: VaultFile = toml::from_str(file).unwrap();
        Source::new(&Environment::from_pairs(pairs.iter().copied()), &file)
    }

    const APPROLE: &str = "address = \"https://file\"\nauth = { method = \"approle\", role_id = \"file\", secret_id = \"s\" }";

    #[test]
    fn the_environment_wins_over_the_file() {
        let source = source(&[("VAULT_ADDR", "https://env"), ("VAULT_ROLE_ID", "env")], APPROLE);
        assert_eq!(source.address.as_deref(), Some("https://env"));
        let Auth::AppRole { role_id, secret_id, mount } = source.auth else { panic!() };
        assert_eq!((role_id.as_deref(), mount.as_str()), (Some("env"), "approle"));
        assert_eq!(secret_id.unwrap().expose(), "s");
    }

    #[test]
    fn a_token_in_the_environment_wins_over_every_way_to_log_in() {
        let pairs = [("VAULT_TOKEN", "t"), ("VAULT_ROLE_ID", "r"), ("VAULT_SECRET_ID", "s")];
        assert!(matches!(source(&pairs, APPROLE).auth, Auth::Token(_)));
        assert!(matches!(source(&pairs[1..], "").auth, Auth::AppRole { .. }));
    }

    #[test]
    fn a_pods_token_is_where_kubernetes_puts_it_unless_somebody_says_otherwise() {
        let path = |pairs: &[(&str, &str)], more: &str| {
            let file = format!("auth = {{ method = \"kubernetes\", role = \"r\"{more} }}");
            let Auth::Kubernetes { token_path, .. } = source(pairs, &file).auth else { panic!() };
            token_path.as_path().to_owned()
        };
        assert_eq!(path(&[], ""), PathBuf::from(POD_TOKEN));
        assert_eq!(path(&[], ", token_path = \"/t\""), PathBuf::from("/t"));
        assert_eq!(
            path(&[("AUDEX_K8S_TOKEN_PATH", "/e")], ", token_path = \"/t\""),
            PathBuf::from("/e")
        );
    }

    #[test]
    fn with_nothing_else_the_token_of_vault_login_is_used() {
        let Auth::TokenFile(Some(path)) = source(&[("HOME", "/home/u")], "").auth else { panic!() };
        assert_eq!(path, PathBuf::from("/home/u/.vault-token"));
    }
}
