//! Adds a learned profile to `profiles.toml`; existing content is kept.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use crate::settings::{SettingsError, profiles_file};
use audex_core::hint::Hint;
use audex_core::private_file;

/// The error for a profile that was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file has a profile of this name already.
    #[error("there is a profile `{name}` already, the table `[profiles.{name}]` at {at}")]
    Exists {
        /// The profile's name.
        name: String,
        /// The profile's place, `FILE:LINE`.
        at: String,
    },
    /// A provider has a built-in profile of this name.
    #[error("`{0}` is a profile already, which comes with its provider")]
    BuiltIn(String),
    /// The profile is empty.
    #[error("nothing was seen that a profile could be made of")]
    Nothing,
    /// The file is not valid.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Hint for SaveError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Settings(error) => return error.hint(),
            Self::Exists { .. } => "choose another name, or remove it there first".into(),
            Self::BuiltIn(_) => "choose another name".into(),
            Self::Nothing => {
                "the report above says what was seen; `--source` looks elsewhere".into()
            }
            Self::Io { .. } => return None,
        })
    }
}

/// Checks that `name` and its numbered forms (`name-2`) are free in the file at `path`.
///
/// # Errors
/// [`SaveError::Exists`], or the error of reading the file.
pub fn check(path: &Path, name: &str) -> Result<(), SaveError> {
    let taken = |known: &String| {
        known == name
            || known
                .strip_prefix(name)
                .is_some_and(|rest| rest.strip_prefix('-').is_some_and(is_number))
    };
    match profiles_file::read(path)?.into_iter().find(|(known, _)| taken(known)) {
        Some((name, profile)) => Err(SaveError::Exists { name, at: profile.source }),
        None => Ok(()),
    }
}

/// Appends `profile`, which has the name `name`, to the file at `path`.
///
/// # Errors
/// As [`check`], and when the file cannot be written. The file is then unchanged.
pub fn save(path: &Path, name: &str, profile: &str) -> Result<(), SaveError> {
    if profile.is_empty() {
        return Err(SaveError::Nothing);
    }
    let failed = |source| SaveError::Io { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        private_file::create_directory(parent).map_err(failed)?;
    }
    check(path, name)?;
    // A symbolic link is kept: its target is written.
    let file = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if !text.is_empty() {
        text += if text.ends_with('\n') { "\n" } else { "\n\n" };
    }
    text += profile;
    // A text that cannot be read back is not written.
    profiles_file::parse(path, &text)?;
    private_file::replace(&file, text.as_bytes()).map_err(failed)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_appended_and_all_else_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("audex/profiles.toml");
        let profile = "[profiles.learned]\nactions = [\"s3:GetObject\"]\n";
        save(&path, "learned", profile).unwrap();
        let before = "# mine\n[profiles.own] # kept\nactions = \"s3:PutObject\"";
        std::fs::write(&path, before).unwrap();
        save(&path, "learned", profile).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{before}\n\n{profile}"));
        assert!(matches!(save(&path, "learned", profile), Err(SaveError::Exists { .. })));
        assert!(matches!(save(&path, "own", profile), Err(SaveError::Exists { .. })));
        assert!(matches!(save(&path, "other", ""), Err(SaveError::Nothing)));
    }

    #[test]
    fn a_file_that_is_malformed_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("profiles.toml");
        std::fs::write(&path, "[profiles").unwrap();
        assert!(save(&path, "learned", "[profiles.learned]\nactions = [\"a:b\"]\n").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[profiles");
    }
}
