//! The record of what was added to the files of an agent, so that it can be taken out byte for byte.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::agent::{Agent, Place};
use super::target::{EditError, Form};
use audex_core::{digest, private_file, reachable};

/// The directory of the records, under the state directory.
const DIRECTORY: &str = "agents";
/// The characters of a project's digest in the name of its record.
const NAME_CHARACTERS: usize = 16;

/// What was added for one agent at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of the program that added it.
    pub version: String,
    /// The profile of the launcher.
    pub profile: String,
    /// The provider of the profile.
    pub provider: String,
    /// The files.
    pub files: Vec<Kept>,
}

/// One addition: `removed` was replaced by `inserted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The path of the file.
    pub path: PathBuf,
    /// True if the file existed.
    pub existed: bool,
    /// The directories that were made for the file.
    pub directories: Vec<PathBuf>,
    /// The byte at which the texts differ.
    pub start: usize,
    removed: String,
    inserted: String,
    /// The digest of the text with the addition.
    digest: String,
}

impl Kept {
    /// Returns the addition that made `after` of `before`.
    #[must_use]
    pub fn of(path: &Path, before: Option<&str>, after: &str, directories: Vec<PathBuf>) -> Self {
        let text = before.unwrap_or_default();
        let same = |left: &mut dyn Iterator<Item = char>, right: &mut dyn Iterator<Item = char>| {
            left.zip(right)
                .take_while(|(one, other)| one == other)
                .map(|(one, _)| one.len_utf8())
                .sum()
        };
        let start: usize = same(&mut text.chars(), &mut after.chars());
        let (left, right) = (&text.get(start..), &after.get(start..));
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        let end: usize = same(&mut left.chars().rev(), &mut right.chars().rev());
        let middle = |text: &str| text.get(..text.len() - end).unwrap_or_default().to_owned();
        Self {
            path: path.to_path_buf(),
            existed: before.is_some(),
            directories,
            start,
            removed: middle(left),
            inserted: middle(right),
            digest: digest::sha256(after.as_bytes()),
        }
    }

    /// Returns `current` as it was before the addition, if nothing or only other parts were changed since.
    fn taken_out(&self, current: &str) -> Option<String> {
        let at = if digest::sha256(current.as_bytes()) == self.digest {
            self.start
        } else {
            let mut found =
                current.match_indices(&self.inserted).filter(|_| !self.inserted.is_empty());
            let (at, _) = found.next()?;
            if found.next().is_some() {
                return None;
            }
            at
        };
        let after = current.get(at.checked_add(self.inserted.len())?..)?;
        Some(format!("{}{}{after}", current.get(..at)?, self.removed))
    }
}

/// Returns `current` without our part; none if the file is to be removed.
///
/// # Errors
/// When the text is not in the format of `form`.
pub(crate) fn without(
    kept: Option<&Kept>,
    form: Form,
    current: &str,
) -> Result<Option<String>, EditError> {
    let is_made = kept.is_some_and(|kept| !kept.existed);
    let is_clean = |text: &String| form.is_in(text) == Ok(false);
    let left = match kept.and_then(|kept| kept.taken_out(current)).filter(is_clean) {
        Some(left) => Some(left),
        None => form.without(current)?,
    };
    let is_empty = |text: &String| matches!(text.trim(), "" | "{}");
    Ok(left.filter(|text| !(is_made && is_empty(text))))
}

impl Record {
    /// Returns the record of `agent` at `place`, if there is one.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn load(state: &Path, agent: Agent, place: &Place) -> io::Result<Option<Self>> {
        let Some(text) = reachable::text(&path(state, agent, place))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(io::Error::other)
    }

    /// Writes the record.
    ///
    /// # Errors
    /// The system's error.
    pub fn save(&self, state: &Path, agent: Agent, place: &Place) -> io::Result<()> {
        let path = path(state, agent, place);
        if let Some(directory) = path.parent() {
            private_file::create_directory(directory)?;
        }
        private_file::replace(&path, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    /// Removes the record.
    ///
    /// # Errors
    /// The system's error.
    pub fn remove(state: &Path, agent: Agent, place: &Place) -> io::Result<()> {
        match std::fs::remove_file(path(state, agent, place)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the addition to the file at `path`.
    #[must_use]
    pub fn kept(&self, path: &Path) -> Option<&Kept> {
        self.files.iter().find(|kept| kept.path == path)
    }
}

fn path(state: &Path, agent: Agent, place: &Place) -> PathBuf {
    let name = agent.name();
    let file = match place {
        Place::User => format!("{name}.json"),
        Place::Project(root) => {
            let digest = digest::sha256(root.as_os_str().as_encoded_bytes());
            let hex = digest.rsplit(':').next().unwrap_or_default();
            format!("{name}-{}.json", hex.get(..NAME_CHARACTERS).unwrap_or(hex))
        }
    };
    state.join(DIRECTORY).join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(before: Option<&str>, after: &str) -> Kept {
        Kept::of(Path::new("/f"), before, after, Vec::new())
    }

    #[test]
    fn an_unchanged_file_is_as_it_was_byte_for_byte() {
        for (before, after) in [
            ("{}", "{\n  \"a\": 1\n}"),
            ("aXbXc", "aXbXbXc"),
            ("é", "éè"),
            ("same", "same"),
            ("", "new"),
            ("old", ""),
        ] {
            assert_eq!(kept(Some(before), after).taken_out(after).as_deref(), Some(before));
        }
    }

    #[test]
    fn what_was_changed_meanwhile_stays() {
        let made = kept(Some("one\n"), "one\n<audex>\n");
        assert_eq!(
            made.taken_out("zero\none\n<audex>\ntwo\n").as_deref(),
            Some("zero\none\ntwo\n")
        );
        // Our part itself was changed, or copied: the form takes it out.
        assert_eq!(made.taken_out("one\n<AUDEX>\n"), None);
        assert_eq!(made.taken_out("<audex>\n<audex>\n"), None);
    }

    #[test]
    fn a_file_that_was_made_is_removed_unless_it_holds_something_else() {
        let form = Form::Json { servers: "servers", is_typed: true };
        let after = "{\n  \"servers\": {\n    \"audex\": {}\n  }\n}\n";
        let made = kept(None, after);
        assert_eq!(without(Some(&made), form, after), Ok(None));
        let more = "{\n  \"servers\": {\n    \"audex\": {}\n  },\n  \"a\": 1\n}\n";
        let left = without(Some(&made), form, more).unwrap().unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&left).unwrap(),
            serde_json::json!({ "a": 1 })
        );
    }
}
