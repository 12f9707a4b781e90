//! A property of any settings file: it is read completely, or rejected with a line number, and no entry is
//! skipped.

use std::path::{Path, PathBuf};

use audex::settings::config_file::{ConfigFile, OrganisationFile};
use audex::settings::{SettingsError, deny_list, profiles_file, source};

/// The directory of the settings file, which is rewritten for each input.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, input: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, input).unwrap();
        path
    }
}

/// Parses the file as TOML only.
fn toml(input: &[u8]) -> Option<toml::Table> {
    std::str::from_utf8(input).ok()?.parse().ok()
}

/// Checks `profiles.toml`.
pub(crate) fn profiles(scratch: &Scratch, input: &[u8]) {
    let path = scratch.write("profiles.toml", input);
    let Some(read) = accepted(&path, input, profiles_file::read(&path)) else { return };
    let table = toml(input).expect("what is accepted is TOML");
    assert!(table.keys().all(|key| key == "profiles"), "an unknown table was skipped");
    let written =
        table.get("profiles").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    assert_eq!(read.keys().collect::<Vec<_>>(), written.keys().collect::<Vec<_>>());
    for (name, profile) in read {
        assert!(profile.actions.iter().all(|action| !action.is_empty()), "{name}");
        assert!(!profile.actions.is_empty() || !profile.extends.is_empty(), "{name}");
        assert!(profile.resources.iter().all(|resource| !resource.trim().is_empty()), "{name}");
        let limits =
            written[&name].get("resources").and_then(toml::Value::as_array).map_or(0, Vec::len);
        assert_eq!(profile.resources.len(), limits, "a resource of `{name}` was lost");
    }
}

/// Checks `deny-list.toml`.
pub(crate) fn deny_list(scratch: &Scratch, input: &[u8]) {
    let path = scratch.write("deny-list.toml", input);
    let Some(read) = accepted(&path, input, deny_list::read(&path)) else { return };
    let table = toml(input).expect("what is accepted is TOML");
    let written: Vec<&str> = table["deny"]["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap())
        .collect();
    let patterns: Vec<&str> = read.iter().map(|entry| entry.pattern.as_str()).collect();
    assert_eq!(patterns, written, "an entry was skipped");
    let lines = String::from_utf8_lossy(input).matches('\n').count() + 1;
    for entry in &read {
        assert!(
            !entry.pattern.is_empty() && !entry.pattern.contains(char::is_whitespace),
            "{entry:?}"
        );
        let (file, line) = entry.source.rsplit_once(':').unwrap();
        assert!(
            file == path.to_str().unwrap() && (1..=lines).contains(&line.parse().unwrap()),
            "{entry:?}"
        );
    }
}

/// Checks `config.toml` of the user and of the organisation.
pub(crate) fn config(scratch: &Scratch, input: &[u8]) {
    let path = scratch.write("config.toml", input);
    let keys = |known: &[&str]| {
        let table = toml(input).expect("what is accepted is TOML");
        assert!(
            table.keys().all(|key| known.contains(&key.as_str())),
            "an unknown key was skipped"
        );
    };
    if let Some(Some(read)) = accepted(&path, input, ConfigFile::read(&path)) {
        keys(&[
            "provider",
            "ttl",
            "on_expiry",
            "run",
            "approve",
            "isolate",
            "enforcement",
            "mapping",
            "intent",
            "mcp",
            "providers",
            "filters",
            "secrets",
            "endpoints",
            "plugins",
        ]);
        assert!(read.ttl.is_none_or(|ttl| ttl.as_secs() > 0 && ttl.subsec_nanos() == 0));
    }
    if let Some(Some(read)) = accepted(&path, input, source::read::<OrganisationFile>(&path)) {
        keys(&[
            "max_ttl",
            "run",
            "approve",
            "isolate",
            "enforcement",
            "audit",
            "filters",
            "endpoints",
            "mapping",
            "plugins",
        ]);
        assert!(read.max_ttl.is_none_or(|ttl| ttl.as_secs() > 0));
        assert!(read.audit.directory.is_none_or(|directory| directory.is_absolute()));
    }
}

/// Returns the accepted file. If the file was rejected, checks that the error names the file and an existing
/// line.
fn accepted<T>(path: &Path, input: &[u8], read: Result<T, SettingsError>) -> Option<T> {
    let error = match read {
        Ok(read) => return Some(read),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    if std::str::from_utf8(input).is_ok() {
        let after = error.split(path.to_str().unwrap()).nth(1).unwrap();
        let digits: String =
            after.trim_start_matches(':').chars().take_while(char::is_ascii_digit).collect();
        let lines = String::from_utf8_lossy(input).matches('\n').count() + 1;
        assert!(digits.parse().is_ok_and(|line: usize| (1..=lines).contains(&line)), "{error}");
    }
    None
}
