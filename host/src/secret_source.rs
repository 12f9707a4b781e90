//! The values behind `secret:NAME`: from the environment, a private file, or the kernel's keyring. No component sees one.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use crate::environment::Environment;
use crate::private_file;
use crate::secret::Secret;
use crate::settings::components::SecretSource;

/// A key file has a few kilobytes.
const SECRET_BYTES: usize = 64 * 1024;

/// `[secrets]` of the user's `config.toml`.
#[derive(Clone, Debug, Default)]
pub struct SecretSources(BTreeMap<String, SecretSource>);

/// A secret cannot be had. Nothing of its value is said.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The file cannot be read, or others may read it.
    #[error("cannot read the secret `{name}` from `{path}`: {reason}")]
    File {
        /// The secret.
        name: String,
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// There is no such key, or no keyring.
    #[error("cannot read the secret `{name}` from the key `{key}`: {reason}")]
    Keyring {
        /// The secret.
        name: String,
        /// The key's description.
        key: String,
        /// The system's reason.
        reason: String,
    },
}

impl SecretError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unset(name) => format!("set {name}, or say in [secrets] of config.toml where it is"),
            Self::File { path, .. } => {
                format!("it must be a file of yours that nobody else can read: chmod 600 {path}")
            }
            Self::Keyring { key, .. } => format!("add it: keyctl padd user {key} @u < FILE"),
        }
    }
}

impl SecretSources {
    /// Sources by the names of the secrets.
    #[must_use]
    pub fn new(sources: BTreeMap<String, SecretSource>) -> Self {
        Self(sources)
    }

    /// The same with files named by relative paths beside the settings.
    #[must_use]
    pub fn beside(mut self, directory: &Path) -> Self {
        for source in self.0.values_mut() {
            if let SecretSource::File(path) = source {
                *path = directory.join(&*path);
            }
        }
        self
    }

    /// Whether the user says where `name` is.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The environment variable that `name` comes from, which the command must not inherit.
    #[must_use]
    pub fn variable<'a>(&'a self, name: &'a str) -> &'a str {
        match self.0.get(name) {
            Some(SecretSource::Env(variable)) => variable,
            _ => name,
        }
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// When it is not there, or where others could read it.
    pub fn get(&self, name: &str, environment: &Environment) -> Result<Secret, SecretError> {
        match self.0.get(name) {
            None | Some(SecretSource::Env(_)) => {
                let variable = self.variable(name);
                let value =
                    environment.get(variable).ok_or_else(|| SecretError::Unset(variable.to_owned()))?;
                Ok(Secret::new(value.to_owned()))
            }
            Some(SecretSource::File(path)) => {
                let failed = |error: std::io::Error| SecretError::File {
                    name: name.to_owned(),
                    path: path.display().to_string(),
                    reason: error.to_string(),
                };
                let file = private_file::open(path).map_err(failed)?;
                let mut text = zeroize::Zeroizing::new(String::new());
                let limit = u64::try_from(SECRET_BYTES).unwrap_or(u64::MAX);
                file.take(limit).read_to_string(&mut text).map_err(failed)?;
                Ok(Secret::new(without_line_end(&text).to_owned()))
            }
            Some(SecretSource::Keyring(key)) => keyring(key).map_err(|reason| SecretError::Keyring {
                name: name.to_owned(),
                key: key.clone(),
                reason,
            }),
        }
    }
}

/// What editors and `echo` leave at the end is no part of a token; a key in PEM does not miss it.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// The payload of a key of the type `user` (keyrings(7)). Security: the user's keyring first: anything that runs in the login can put a
/// key of the same name into the session's.
#[cfg(target_os = "linux")]
fn keyring(key: &str) -> Result<Secret, String> {
    use linux_keyutils::{KeyRing, KeyRingIdentifier};

    let rings = [KeyRingIdentifier::User, KeyRingIdentifier::Session];
    let mut reason = "there is none".to_owned();
    for ring in rings {
        let found = KeyRing::from_special_id(ring, false).and_then(|ring| ring.search(key));
        match found.and_then(|key| key.read_to_vec()) {
            Ok(bytes) => {
                let bytes = zeroize::Zeroizing::new(bytes);
                let text = std::str::from_utf8(&bytes).map_err(|_| "it is no text".to_owned())?;
                return Ok(Secret::new(without_line_end(text).to_owned()));
            }
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

#[cfg(not(target_os = "linux"))]
fn keyring(_key: &str) -> Result<Secret, String> {
    Err("this version reads the keyring of Linux only; use a file".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn sources(source: SecretSource) -> SecretSources {
        SecretSources::new(BTreeMap::from([("API_KEY".to_owned(), source)]))
    }

    #[test]
    fn a_secret_comes_from_where_the_user_says_and_else_from_its_variable() {
        let environment = Environment::from_pairs([("API_KEY", "by-name"), ("OTHER", "by-other")]);
        let get = |sources: &SecretSources| sources.get("API_KEY", &environment).unwrap().expose().to_owned();
        assert_eq!(get(&SecretSources::default()), "by-name");
        let other = sources(SecretSource::Env("OTHER".to_owned()));
        assert_eq!((get(&other).as_str(), other.variable("API_KEY")), ("by-other", "OTHER"));
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        std::fs::write(&path, "from-file\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(get(&sources(SecretSource::File(path))), "from-file");
    }

    /// Some containers forbid the system call; whoever tests in one says so, and this is then not tested.
    #[cfg(target_os = "linux")]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test's own switch")]
    fn a_key_of_the_kernels_keyring_is_read() {
        use linux_keyutils::{KeyRing, KeyRingIdentifier};
        if std::env::var_os("AUDEX_TEST_NO_KEYRING").is_some() {
            return;
        }
        let ring = KeyRing::from_special_id(KeyRingIdentifier::User, false)
            .and_then(|ring| ring.add_key("audex-test-key", b"from-keyring\n".as_slice()));
        let key = ring.expect("no keyring here (a container may forbid it: set AUDEX_TEST_NO_KEYRING=1)");
        let found = sources(SecretSource::Keyring("audex-test-key".to_owned()))
            .get("API_KEY", &Environment::default());
        let _ = key.invalidate();
        assert_eq!(found.unwrap().expose(), "from-keyring");
    }

    #[test]
    fn a_file_that_others_may_read_and_what_is_not_there_are_errors_without_a_value() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        std::fs::write(&path, "planted-secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let nowhere = Environment::default();
        for source in [
            SecretSource::File(path),
            SecretSource::File(home.path().join("none")),
            SecretSource::Env("NONE".to_owned()),
            SecretSource::Keyring("audex-no-such-key".to_owned()),
        ] {
            let error = sources(source).get("API_KEY", &nowhere).unwrap_err();
            assert!(!format!("{error:?} {error} {}", error.hint()).contains("planted"), "{error}");
        }
    }
}
