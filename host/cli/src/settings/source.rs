//! Reads one TOML file. A missing file is `None`; any problem is an error with file and line.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::SettingsError;
use audex_core::reachable;
use audex_core::toml_place::line_of;

pub use audex_core::toml_place::{line, place};

/// Returns the contents of the file at `path`, or `None` if there is no file.
///
/// # Errors
/// When the file cannot be read or parsed; an unknown key is an error.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SettingsError> {
    text(path)?.map(|text| parse(path, &text)).transpose()
}

/// Parses `text`, which was read from the file at `path`.
///
/// # Errors
/// When the text cannot be parsed; an unknown key is an error.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, SettingsError> {
    toml::from_str(text).map_err(|error| invalid(path, text, error.span(), error.message()))
}

/// Returns the text of the file at `path`, or `None` if there is no file.
///
/// # Errors
/// When the file exists and cannot be read.
pub fn text(path: &Path) -> Result<Option<String>, SettingsError> {
    reachable::text(path).map_err(|source| SettingsError::Read { path: path.to_path_buf(), source })
}

/// Returns an error at a place in a file.
#[must_use]
pub fn invalid(
    path: &Path,
    text: &str,
    span: Option<Range<usize>>,
    message: &str,
) -> SettingsError {
    let message = message.lines().next().unwrap_or("it is malformed").to_owned();
    SettingsError::Invalid {
        path: path.to_path_buf(),
        line: span.map_or(1, |span| line(text, span.start)),
        message,
    }
}

/// Returns an error at the key to which `keys` lead.
#[must_use]
pub fn wrong(path: &Path, keys: &[&str], message: String) -> SettingsError {
    let line = line_of(path, keys).unwrap_or(1);
    SettingsError::Invalid { path: path.to_path_buf(), line, message }
}
