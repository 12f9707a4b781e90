//! "Did you mean": the permission nearest to a wrong name. Runs only if a permission is unknown.

use audex_sdk::spelling;

use crate::catalogue::{ENTRIES, Entry, LEVELS, Level};

/// Returns the nearest permission of the table, if it is close enough to be a likely correction, at the
/// likely level.
pub fn nearest(name: &str, level: &str) -> Option<String> {
    let entry = nearest_entry(name)?;
    Some(format!("{}:{}", entry.name, nearest_level(entry.levels, level).name()))
}

/// Finds an entry by spelling first (`content`, `pull-request`), then by its beginning (`pull`,
/// `dependabot`).
fn nearest_entry(name: &str) -> Option<Entry> {
    let name = name.to_ascii_lowercase().replace(['-', ' '], "_");
    let meant = spelling::likely(&name, ENTRIES.iter().map(|entry| entry.name))?;
    ENTRIES.iter().find(|entry| entry.name == meant).copied()
}

/// Returns the level of `levels` that `given` most likely means: never a higher one, unless there is no lower
/// one.
fn nearest_level(levels: &[Level], given: &str) -> Level {
    let given = given.to_ascii_lowercase();
    let begins = |level: &&Level| !given.is_empty() && given.starts_with(level.name());
    let close = |level: &&Level| spelling::distance(&given, level.name(), 2).is_some();
    let meant = LEVELS.iter().find(begins).or_else(|| LEVELS.iter().find(close)).copied();
    let least = levels.first().copied().unwrap_or(Level::Read);
    let Some(meant) = meant else { return least };
    levels.iter().copied().filter(|level| *level <= meant).max().unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_in_either_part_are_seen_through() {
        for (name, level, right) in [
            ("content", "read", "contents:read"),
            ("Contents", "Read", "contents:read"),
            ("pull-requests", "write", "pull_requests:write"),
            ("pull_request", "wirte", "pull_requests:write"),
            ("pull", "readonly", "pull_requests:read"),
            ("dependabot", "read", "dependabot_secrets:read"),
            ("issue", "raed", "issues:read"),
            ("workflow", "read", "workflows:write"),
            ("contents", "admin", "contents:write"),
            ("contents", "delete", "contents:read"),
        ] {
            assert_eq!(nearest(name, level).as_deref(), Some(right), "{name}:{level}");
        }
    }

    #[test]
    fn what_is_far_from_everything_gets_no_suggestion() {
        for name in ["s3", "unheard_of", "x", ""] {
            assert_eq!(nearest(name, "read"), None, "{name}");
        }
    }
}
