//! Letters of a shared access signature, and the operations on blobs that each allows.

use crate::resource::Place;

/// Operations on blobs, and on the container around them.
const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/";
const CONTAINER_READ: &str = "microsoft.storage/storageaccounts/blobservices/containers/read";

/// One letter of `sp`.
pub struct Letter {
    pub sign: char,
    /// The operations (after `blobs/`, lower case) that the letter fully allows.
    admits: &'static [&'static str],
    /// A part of another operation that the letter also allows.
    besides: Option<(&'static str, &'static str)>,
    /// The kinds of resource (`sr`) that accept the letter.
    kinds: &'static str,
}

/// The letters, in the order that the service requires.
///
/// Sources: Azure Storage, "Create a user delegation SAS", permissions for a directory, container, or blob;
/// "Authorize with Microsoft Entra ID", permissions for calling data operations: listing belongs to `read`,
/// and appending, creating and taking a snapshot belong to `add/action` as well as to `write`.
const LETTERS: [Letter; 9] = [
    Letter { sign: 'r', admits: &["read"], besides: None, kinds: "cdb" },
    Letter { sign: 'a', admits: &["add/action"], besides: None, kinds: "cdb" },
    Letter { sign: 'c', admits: &["add/action"], besides: None, kinds: "cdb" },
    Letter { sign: 'w', admits: &["write"], besides: None, kinds: "cdb" },
    Letter {
        sign: 'd',
        admits: &["delete"],
        besides: Some(("write", "breaking a lease")),
        kinds: "cdb",
    },
    Letter { sign: 'x', admits: &["deleteblobversion/action"], besides: None, kinds: "cb" },
    Letter { sign: 'l', admits: &["read"], besides: None, kinds: "cd" },
    Letter { sign: 't', admits: &["tags/read", "tags/write"], besides: None, kinds: "cb" },
    Letter { sign: 'm', admits: &["move/action"], besides: None, kinds: "cdb" },
];

/// Returns the letters that an operation needs at `place`, or none if a signature cannot grant it.
pub fn needed(operation: &str, place: &Place) -> Vec<&'static Letter> {
    let lower = operation.to_ascii_lowercase();
    let here = LETTERS.iter().filter(|letter| letter.kinds.contains(place.kind()));
    // The container itself cannot be read; here `containers/read` means listing its blobs.
    if lower == CONTAINER_READ {
        return here.filter(|letter| letter.sign == 'l').collect();
    }
    let Some(verb) = lower.strip_prefix(BLOBS) else { return Vec::new() };
    here.filter(|letter| letter.admits.contains(&verb)).collect()
}

/// Writes letters in the form of `sp`: each once, in order.
pub fn written<'a>(letters: impl IntoIterator<Item = &'a Letter>) -> String {
    let given: Vec<char> = letters.into_iter().map(|letter| letter.sign).collect();
    LETTERS.iter().map(|letter| letter.sign).filter(|letter| given.contains(letter)).collect()
}

impl Letter {
    /// Returns the names (lower case) of all operations that the letter allows fully or in part, with that
    /// part.
    pub fn operations(&self) -> impl Iterator<Item = (String, Option<&'static str>)> {
        let whole = self.admits.iter().map(|verb| (format!("{BLOBS}{verb}"), None));
        whole.chain(self.besides.map(|(verb, part)| (format!("{BLOBS}{verb}"), Some(part))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(verb: &str, path: &str) -> String {
        let place = Place::parse(&format!("https://acct.blob.core.windows.net/{path}")).unwrap();
        let name = format!("Microsoft.Storage/storageAccounts/blobServices/containers/{verb}");
        written(needed(&name, &place))
    }

    #[test]
    fn each_operation_has_its_letters() {
        for (verb, container, directory, blob) in [
            ("blobs/read", "rl", "rl", "r"),
            ("blobs/write", "w", "w", "w"),
            ("blobs/add/action", "ac", "ac", "ac"),
            ("blobs/delete", "d", "d", "d"),
            ("blobs/deleteBlobVersion/action", "x", "", "x"),
            ("blobs/tags/read", "t", "", "t"),
            ("blobs/tags/write", "t", "", "t"),
            ("blobs/move/action", "m", "m", "m"),
            ("read", "l", "l", ""),
            ("blobs/runAsSuperUser/action", "", "", ""),
            ("write", "", "", ""),
        ] {
            assert_eq!(letters(verb, "data"), container, "{verb}");
            assert_eq!(letters(verb, "data/a/*"), directory, "{verb}");
            assert_eq!(letters(verb, "data/a"), blob, "{verb}");
        }
    }

    #[test]
    fn letters_are_in_the_order_the_service_wants() {
        assert_eq!(written(LETTERS.iter().rev()), "racwdxltm");
        assert!("racwdxltmeop".starts_with(&written(&LETTERS)));
    }

    #[test]
    fn every_operation_of_a_letter_is_in_the_catalogue() {
        for (name, _) in LETTERS.iter().flat_map(Letter::operations) {
            assert!(azure_catalogue::find(&name).is_some_and(|found| found.is_data), "{name}");
        }
    }
}
