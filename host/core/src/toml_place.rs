//! The lines of keys in a TOML file, for messages.

use std::path::Path;

use toml::de::DeTable;

use crate::reachable;

/// Returns the place of the key to which `keys` lead, as `PATH:LINE: ` to begin an error with. The text is
/// empty if the file does not have the key.
#[must_use]
pub fn place(path: &Path, keys: &[&str]) -> String {
    location(path, keys).map(|location| format!("{location}: ")).unwrap_or_default()
}

/// Returns `PATH:LINE` of the key to which `keys` lead; none if the file does not have the key.
#[must_use]
pub fn location(path: &Path, keys: &[&str]) -> Option<String> {
    line_of(path, keys).map(|line| format!("{}:{line}", path.display()))
}

/// Returns the line of the key to which `keys` lead, from 1; none if the file does not have the key.
#[must_use]
pub fn line_of(path: &Path, keys: &[&str]) -> Option<usize> {
    let text = reachable::text(path).ok().flatten()?;
    let document = DeTable::parse(&text).ok()?;
    let (mut table, mut start) = (document.get_ref(), None);
    for (depth, key) in keys.iter().enumerate() {
        let (name, value) = table.iter().find(|(name, _)| name.get_ref() == key)?;
        start = Some(name.span().start);
        if depth.saturating_add(1) < keys.len() {
            table = value.get_ref().as_table()?;
        }
    }
    Some(line(&text, start?))
}

/// Returns the line of the byte `offset`, from 1.
#[must_use]
pub fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
