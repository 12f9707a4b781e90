//! `deny-list.toml`: the actions that are never granted.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Spanned, Value};

use super::{SettingsError, source};

/// A pattern and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DenyEntry {
    /// The pattern as written.
    pub pattern: String,
    /// The place of the pattern, `FILE:LINE`.
    pub source: String,
}

/// The form of a deny list.
const FORM: &str = "write `[deny]`, and below it one list `actions = [\"s3:DeleteBucket\"]`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyFile {
    deny: Deny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deny {
    actions: Vec<Spanned<String>>,
}

/// Returns the entries of the deny list at `path`, or none if there is no file.
///
/// # Errors
/// When the file cannot be read, is malformed, or an entry is not a pattern. Security: no entry is skipped,
/// because a skipped entry is an action that is allowed.
pub fn read(path: &Path) -> Result<Vec<DenyEntry>, SettingsError> {
    match source::text(path)? {
        Some(text) => parse(path, &text),
        None => Ok(Vec::new()),
    }
}

/// Returns the entries of `text`, which was read from `path`.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, text: &str) -> Result<Vec<DenyEntry>, SettingsError> {
    let file: DenyFile = toml::from_str(text).map_err(|error| {
        let message = malformed(text).unwrap_or_else(|| error.message().to_owned());
        source::invalid(path, text, error.span(), &message)
    })?;
    file.deny.actions.into_iter().map(|pattern| entry(path, text, pattern)).collect()
}

/// Returns the message for TOML that has another form than a deny list; `None` if an unknown key or the syntax is at fault.
fn malformed(text: &str) -> Option<String> {
    let file = text.parse::<toml::Table>().ok()?;
    let Some(deny) = file.get("deny") else {
        return file.is_empty().then(|| format!("there is no deny list: {FORM}"));
    };
    let Some(table) = deny.as_table() else {
        return Some(format!("`deny` must be one table: {FORM}"));
    };
    match table.get("actions") {
        None => table.is_empty().then(|| format!("`[deny]` has no `actions`: {FORM}")),
        Some(Value::Array(actions)) => {
            let odd = actions.iter().find(|action| !action.is_str())?;
            Some(format!(
                "`actions` must have texts only, found a value of type {}",
                odd.type_str()
            ))
        }
        Some(odd) => Some(format!("`actions` must be a list, found a {}: {FORM}", odd.type_str())),
    }
}

/// Returns one entry of the file at `path`.
///
/// # Errors
/// When the entry is not a pattern.
pub fn entry(
    path: &Path,
    text: &str,
    spanned: Spanned<String>,
) -> Result<DenyEntry, SettingsError> {
    let span = spanned.span();
    let line = source::line(text, span.start);
    let pattern = spanned.into_inner();
    if !is_pattern(&pattern) {
        let message = format!("`{pattern}` is not an action pattern");
        return Err(source::invalid(path, text, Some(span), &message));
    }
    Ok(DenyEntry { pattern, source: format!("{}:{line}", path.display()) })
}

/// Returns true if an action of any provider could match: `service:Action`, `service.resource.verb`,
/// `Microsoft.X/y/z`, `*`.
pub(super) fn is_pattern(pattern: &str) -> bool {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | ':' | '.' | '/' | '-' | '_');
    let separated = pattern == "*" || pattern.contains([':', '.', '/']);
    let whole =
        !pattern.split([':', '.', '/']).any(str::is_empty) && pattern.matches(':').count() <= 1;
    !pattern.is_empty() && pattern.chars().all(allowed) && separated && whole
}
