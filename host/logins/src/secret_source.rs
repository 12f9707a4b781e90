//! The values behind `secret:NAME`: from the environment, a private file, or a keyring. No component sees a
//! value.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::token::tool;
use audex_core::environment::Environment;
use audex_core::secret::Secret;
use audex_core::{private_file, shape};

/// The maximum size of a secret. A key file has a few kilobytes.
const SECRET_BYTES: usize = 64 * 1024;
/// The time limit of the keyring's tool. The user may have to type the keyring's password.
const UNLOCK_TIME: Duration = Duration::from_mins(1);
/// The tool of the desktop's keyring, and its arguments before the key's name: Keychain on macOS, elsewhere
/// the Secret Service (`secret-tool` of libsecret). The attributes are those of Python's `keyring`, so that
/// `keyring set audex NAME` can write a key.
#[cfg(target_os = "macos")]
const DESKTOP: (&str, &[&str]) =
    ("/usr/bin/security", &["find-generic-password", "-w", "-s", "audex", "-a"]);
#[cfg(not(target_os = "macos"))]
const DESKTOP: (&str, &[&str]) = ("secret-tool", &["lookup", "service", "audex", "username"]);

/// The source of the value of a `secret:NAME`, if it is not the variable of that name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// Another environment variable.
    Env(String),
    /// A file that only its owner can read. One line end at the end of the file is not part of the value.
    File(PathBuf),
    /// The name of a key in the Linux kernel's keyrings or the desktop's keyring.
    Keyring(String),
}

/// The table `[secrets]` of the user's `config.toml`.
#[derive(Clone, Debug, Default)]
pub struct SecretSources(BTreeMap<String, SecretSource>);

/// The error for a secret that cannot be read. It contains nothing of the value.
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
        /// True if the file does not exist.
        is_missing: bool,
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
    /// Returns one action that can help the user.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unset(name) => {
                format!("set {name}, or say in [secrets] of config.toml where it is")
            }
            Self::File { name, is_missing: true, .. } => {
                format!("correct `{name} = {{ file = … }}` under [secrets] of config.toml")
            }
            Self::File { path, .. } => {
                format!("it must be a file of yours that nobody else can read: chmod 600 {path}")
            }
            Self::Keyring { key, .. } if cfg!(target_os = "macos") => {
                format!("add it: security add-generic-password -s audex -a {key} -w")
            }
            Self::Keyring { key, .. } => format!(
                "add it: keyctl padd user {key} @u < FILE, or secret-tool store --label={key} service audex username {key}"
            ),
        }
    }
}

impl SecretSources {
    /// Creates the table from sources by the names of the secrets.
    #[must_use]
    pub fn new(sources: BTreeMap<String, SecretSource>) -> Self {
        Self(sources)
    }

    /// Resolves relative file paths against `directory`, where the settings are.
    #[must_use]
    pub fn beside(mut self, directory: &Path) -> Self {
        for source in self.0.values_mut() {
            if let SecretSource::File(path) = source {
                *path = directory.join(&*path);
            }
        }
        self
    }

    /// Returns true if the user names a source for `name`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns the environment variable that `name` comes from. The command must not inherit it.
    #[must_use]
    pub fn variable<'a>(&'a self, name: &'a str) -> &'a str {
        match self.0.get(name) {
            Some(SecretSource::Env(variable)) => variable,
            _ => name,
        }
    }

    /// Returns the files that hold secrets.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.values().filter_map(|source| match source {
            SecretSource::File(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// Returns the value of `name`.
    ///
    /// # Errors
    /// If the value is missing, or if other users could read it.
    pub async fn get(&self, name: &str, environment: &Environment) -> Result<Secret, SecretError> {
        match self.0.get(name) {
            None | Some(SecretSource::Env(_)) => {
                let variable = self.variable(name);
                let value = environment
                    .get(variable)
                    .ok_or_else(|| SecretError::Unset(shown(variable, name)))?;
                Ok(Secret::new(value.to_owned()))
            }
            Some(SecretSource::File(path)) => {
                let failed = |error: std::io::Error| SecretError::File {
                    name: name.to_owned(),
                    path: shown(&path.to_string_lossy(), name),
                    reason: error.to_string(),
                    is_missing: error.kind() == std::io::ErrorKind::NotFound,
                };
                let file = private_file::open(path).map_err(failed)?;
                let mut text = zeroize::Zeroizing::new(String::new());
                let limit = u64::try_from(SECRET_BYTES).unwrap_or(u64::MAX);
                file.take(limit.saturating_add(1)).read_to_string(&mut text).map_err(failed)?;
                // A key that was cut off would be another key.
                if text.len() > SECRET_BYTES {
                    let reason = format!("it has more than {} KiB", SECRET_BYTES / 1024);
                    return Err(failed(std::io::Error::new(
                        std::io::ErrorKind::InvalidData,
                        reason,
                    )));
                }
                Ok(Secret::new(without_line_end(&text).to_owned()))
            }
            Some(SecretSource::Keyring(key)) => keyring(key, environment).await.map_err(|reason| {
                SecretError::Keyring { name: name.to_owned(), key: shown(key, name), reason }
            }),
        }
    }
}

/// Returns the place of the secret `name` as a message shows it. Security: the user may have written the
/// secret itself there.
fn shown(place: &str, name: &str) -> String {
    let is_place = shape::is_path(place) || shape::is_name(place);
    if is_place { place.to_owned() } else { format!("(the place of {name}, which is not shown)") }
}

/// Returns `text` without a line end. Editors and `echo` add one, which is not part of a token; a key in PEM
/// does not need it.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Reads a key from the kernel's keyrings, or else from the desktop's keyring.
async fn keyring(key: &str, environment: &Environment) -> Result<Secret, String> {
    let kernel = match kernel(key) {
        Ok(secret) => return Ok(secret),
        Err(reason) => reason,
    };
    let (program, arguments) = DESKTOP;
    let arguments: Vec<&str> = arguments.iter().copied().chain([key]).collect();
    match tool::run(environment, program, &arguments, UNLOCK_TIME).await {
        Ok(Some(secret)) if !secret.expose().is_empty() => Ok(secret),
        Ok(Some(_)) => Err(format!("{kernel}; `{program}` says nothing")),
        Ok(None) => {
            Err(format!("{kernel}; and there is no `{program}` to ask the desktop's keyring"))
        }
        Err(reason) => Err(format!("{kernel}; `{program}` gave none: {reason}")),
    }
}

/// Returns the payload of a key of the type `user` (keyrings(7)). Security: the user's keyring is searched
/// first, because any process of the login can put a key of the same name into the session's keyring.
#[cfg(target_os = "linux")]
fn kernel(key: &str) -> Result<Secret, String> {
    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};

    let rings = [KeyRingIdentifier::User, KeyRingIdentifier::Session];
    let mut reason = String::new();
    for ring in rings {
        let found = KeyRing::from_special_id(ring, false).and_then(|ring| ring.search(key));
        match found.and_then(|key| key.read_to_vec()) {
            Ok(bytes) => {
                let bytes = zeroize::Zeroizing::new(bytes);
                let text = std::str::from_utf8(&bytes).map_err(|_| "it is not text".to_owned())?;
                return Ok(Secret::new(without_line_end(text).to_owned()));
            }
            Err(error) => {
                reason = match error {
                    KeyError::KeyDoesNotExist => "has none".to_owned(),
                    other => format!("cannot be asked ({other})"),
                }
            }
        }
    }
    Err(format!("the kernel's keyring {reason}"))
}

#[cfg(not(target_os = "linux"))]
fn kernel(_key: &str) -> Result<Secret, String> {
    Err("this system's kernel has no keyring".to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn get(sources: &SecretSources, environment: &Environment) -> Result<Secret, SecretError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(sources.get("API_KEY", environment))
    }

    fn sources(source: SecretSource) -> SecretSources {
        SecretSources::new(BTreeMap::from([("API_KEY".to_owned(), source)]))
    }

    #[test]
    fn a_secret_comes_from_where_the_user_says_and_else_from_its_variable() {
        let environment = Environment::from_pairs([("API_KEY", "by-name"), ("OTHER", "by-other")]);
        let get = |sources: &SecretSources| get(sources, &environment).unwrap().expose().to_owned();
        assert_eq!(get(&SecretSources::default()), "by-name");
        let other = sources(SecretSource::Env("OTHER".to_owned()));
        assert_eq!((get(&other).as_str(), other.variable("API_KEY")), ("by-other", "OTHER"));
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        std::fs::write(&path, "from-file\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(get(&sources(SecretSource::File(path))), "from-file");
    }

    /// Some containers forbid the system call. In such a container, a variable skips this test.
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
        let key =
            ring.expect("no keyring here (a container may forbid it: set AUDEX_TEST_NO_KEYRING=1)");
        let found = get(
            &sources(SecretSource::Keyring("audex-test-key".to_owned())),
            &Environment::default(),
        );
        let _ = key.invalidate();
        assert_eq!(found.unwrap().expose(), "from-keyring");
    }

    /// A script replaces the desktop's tool, because there is no desktop here; tests/interop tries the real
    /// tool.
    #[cfg(not(target_os = "macos"))]
    #[test]
    fn a_key_that_the_kernel_has_not_is_looked_up_on_the_desktop() {
        let bin = tempfile::tempdir().unwrap();
        let tool = bin.path().join("secret-tool");
        let script = "#!/bin/sh\ntest \"$*\" = 'lookup service audex username audex-desktop-key' && echo from-desktop && exit\necho 'no such key' >&2; exit 1\n";
        std::fs::write(&tool, script).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.path().display());
        let environment = Environment::from_pairs([("PATH", path)]);
        let asked = |key: &str| get(&sources(SecretSource::Keyring(key.to_owned())), &environment);
        assert_eq!(asked("audex-desktop-key").unwrap().expose(), "from-desktop");
        let error = asked("audex-no-such-key").unwrap_err().to_string();
        assert!(error.ends_with("; `secret-tool` gave none: no such key"), "{error}");
    }

    #[test]
    fn a_file_that_others_may_read_and_what_is_not_there_are_errors_without_a_value() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        std::fs::write(&path, "planted-secret").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let nowhere = Environment::default();
        let long = home.path().join("long");
        std::fs::write(&long, "planted".repeat(SECRET_BYTES)).unwrap();
        std::fs::set_permissions(&long, std::fs::Permissions::from_mode(0o600)).unwrap();
        for source in [
            SecretSource::File(path),
            SecretSource::File(long),
            SecretSource::File(home.path().join("none")),
            SecretSource::Env("NONE".to_owned()),
            SecretSource::Keyring("audex-no-such-key".to_owned()),
            // The user wrote the secret itself where its source belongs.
            SecretSource::Env("hvs.CAESIJplanted0123456789".to_owned()),
            SecretSource::File("{\"key\": \"planted\"}".into()),
            SecretSource::Keyring("AKIAPLANTED0EXAMPLE0".to_owned()),
        ] {
            let error = get(&sources(source), &nowhere).unwrap_err();
            assert!(
                !format!("{error:?} {error} {}", error.hint()).to_lowercase().contains("planted"),
                "{error}"
            );
        }
    }
}
