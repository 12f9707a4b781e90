//! Letters of a shared access signature: which operations on blobs each admits.

use crate::resource::Place;

/// Operations on blobs, and on the container around them.
const BLOBS: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/";
const CONTAINER_READ: &str = "microsoft.storage/storageaccounts/blobservices/containers/read";

/// One letter of `sp`.
pub struct Letter {
    pub sign: char,
    /// The operations (after `blobs/`, lower case) that are what it admits.
    admits: &'static [&'static str],
    /// A part of another operation that it admits besides.
    besides: Option<(&'static str, &'static str)>,
    /// The kinds of resource (`sr`) it may stand with.
    kinds: &'static str,
}

/// In the order in which the service wants them.
///
/// Sources: Azure Storage, "Create a user delegation SAS", permissions for a directory, container, or blob; "Authorize with
/// Microsoft Entra ID", permissions for calling data operations: listing is of `read`, and appending, creating and taking a
/// snapshot are of `add/action` as well as of `write`.
const LETTERS: [Letter; 9] = [
    Letter { sign: 'r', admits: &["read"], besides: None, kinds: "cdb" },
    Letter { sign: 'a', admits: &["add/action"], besides: None, kinds: "cdb" },
    Letter { sign: 'c', admits: &["add/action"], besides: None, kinds: "cdb" },
    Letter { sign: 'w', admits: &["write"], besides: None, kinds: "cdb" },
    Letter { sign: 'd', admits: &["delete"], besides: Some(("write", "breaking a lease")), kinds: "cdb" },
    Letter { sign: 'x', admits: &["deleteblobversion/action"], besides: None, kinds: "cb" },
    Letter { sign: 'l', admits: &["read"], besides: None, kinds: "cd" },
    Letter { sign: 't', admits: &["tags/read", "tags/write"], besides: None, kinds: "cb" },
    Letter { sign: 'm', admits: &["move/action"], besides: None, kinds: "cdb" },
];

/// The letters that an operation needs at `place`; none if a signature cannot give it.
pub fn needed(operation: &str, place: &Place) -> Vec<&'static Letter> {
    let lower = operation.to_ascii_lowercase();
    let here = LETTERS.iter().filter(|letter| letter.kinds.contains(place.kind()));
    // Of the container itself nothing can be read; what `containers/read` is asked for here is to see what is in it.
    if lower == CONTAINER_READ {
        return here.filter(|letter| letter.sign == 'l').collect();
    }
    let Some(verb) = lower.strip_prefix(BLOBS) else { return Vec::new() };
    here.filter(|letter| letter.admits.contains(&verb)).collect()
}

/// Letters as `sp` has them: each once, in order.
pub fn written<'a>(letters: impl IntoIterator<Item = &'a Letter>) -> String {
    let given: Vec<char> = letters.into_iter().map(|letter| letter.sign).collect();
    LETTERS.iter().map(|letter| letter.sign).filter(|letter| given.contains(letter)).collect()
}

impl Letter {
    /// The names (lower case) of all operations of which it admits the whole or a part, with that part.
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
