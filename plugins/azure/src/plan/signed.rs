//! A grant as a shared access signature: one resource, and the letters for its operations.

use audex_sdk::pattern;
use audex_sdk::provider::{Enforcer, Error, Grant, Permission, Planned};
use serde_json::json;

use super::{Outline, planned};
use crate::letter::{self, Letter};
use crate::resource::{Part, Place};
use crate::{action, deny, invalid, sas};

/// The most names that a note spells out; more are counted.
const FEW: usize = 8;

/// The signature for a grant.
#[derive(Debug)]
pub struct Signed {
    pub place: Place,
    /// `sp`.
    pub letters: String,
    /// One row for each permission of the grant, in order.
    rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Row {
    letters: String,
    /// Other operations that the letters allow and no permission of the grant requests.
    more: Vec<String>,
    lost: Vec<String>,
}

/// The parts of one permission that a signature can grant.
struct Given {
    operations: Vec<String>,
    letters: Vec<&'static Letter>,
    /// Operations matched by a wildcard that no signature can grant, or none without a denied one.
    lost: Vec<String>,
}

impl Signed {
    /// Derives the signature for a grant.
    ///
    /// # Errors
    /// If the resources are not one container, directory or blob, an operation is not one on blobs, or a
    /// letter would allow a denied operation.
    pub fn of(grant: &Grant) -> Result<Self, Error> {
        let place = place(grant)?;
        let given: Vec<Given> = grant
            .permissions
            .iter()
            .map(|permission| give(permission, &place, &grant.deny))
            .collect::<Result<_, _>>()?;
        let asked: Vec<&String> = given.iter().flat_map(|one| &one.operations).collect();
        let row = |one: &Given| Row {
            letters: letter::written(one.letters.iter().copied()),
            more: more(&one.letters, &asked),
            lost: one.lost.clone(),
        };
        let rows = given.iter().map(row).collect();
        let letters = letter::written(given.iter().flat_map(|one| one.letters.iter().copied()));
        Ok(Self { place, letters, rows })
    }

    pub fn policy(&self, ttl: u32) -> String {
        let mut policy = json!({
            "account": self.place.account,
            "container": self.place.container,
            "sr": self.place.kind(),
            "sp": self.letters,
            "spr": sas::PROTOCOL,
            "sv": sas::VERSION,
            "se": format!("{ttl} s after it is signed"),
        });
        let inside = match &self.place.part {
            Part::Whole => None,
            Part::Directory(path) => Some(("directory", path)),
            Part::Blob(path) => Some(("blob", path)),
        };
        if let (Some((kind, path)), Some(policy)) = (inside, policy.as_object_mut()) {
            policy.insert(kind.to_owned(), path.clone().into());
        }
        policy.to_string()
    }

    pub fn outline(&self, grant: &Grant) -> Outline {
        let permissions = grant.permissions.iter().zip(&self.rows);
        let permissions = permissions.map(|(permission, row)| row.planned(permission)).collect();
        let directory = "a signature for a directory needs an account with a hierarchical namespace; others refuse it, \
                         and can be limited to the container or to one blob";
        let is_directory = matches!(self.place.part, Part::Directory(_));
        let notices = if is_directory { vec![directory.to_owned()] } else { Vec::new() };
        Outline { policy: self.policy(grant.ttl_seconds), permissions, notices }
    }
}

impl Row {
    fn planned(&self, permission: &Permission) -> Planned {
        let described = action::describe(&permission.action);
        let lost = match self.lost.as_slice() {
            [] => String::new(),
            few if few.len() <= FEW => format!("; gives no {}", few.join(", ")),
            many => format!("; {} of them are in no signature that may be made here", many.len()),
        };
        let note = format!("{described}; sp={}{lost}", self.letters);
        if self.more.is_empty() {
            return planned(permission, Enforcer::Cloud, note);
        }
        planned(permission, Enforcer::Token, format!("{note}; admits {} too", self.more.join(", ")))
    }
}

/// Returns the one resource of all permissions.
fn place(grant: &Grant) -> Result<Place, Error> {
    let mut places: Vec<Place> = Vec::new();
    for permission in &grant.permissions {
        if permission.resources.is_every() {
            return Err(invalid(
                "resource-missing",
                format!(
                    "`{}` is limited to nothing, and other permissions are limited to resources",
                    permission.action
                ),
                "one credential cannot be both: give --resource for all of them, or run them one after another",
            ));
        }
        for resource in permission.resources.named() {
            let place = Place::parse(resource)?;
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    let several = places.len();
    match places.pop() {
        Some(place) if several == 1 => Ok(place),
        _ => Err(invalid(
            "several-resources",
            format!("a signature is for one container, directory or blob, and {several} are given"),
            "name the container that holds them all, run them one after another, or take --deliver gateway",
        )),
    }
}

/// Returns the operations of one permission and their letters. A wildcard loses operations that cannot be
/// granted; for a name that is an error.
fn give(permission: &Permission, place: &Place, denied: &[String]) -> Result<Given, Error> {
    let wild = pattern::is_wild(&permission.action);
    let expanded = action::expand(&permission.action);
    let mut given = Given { operations: Vec::new(), letters: Vec::new(), lost: Vec::new() };
    for operation in &expanded {
        let letters = letter::needed(&operation.name, place);
        let void = if deny::is_denied(denied, &operation.name) {
            // The operation itself is denied, so the grant no longer includes it.
            continue;
        } else {
            letters.iter().find_map(|letter| voids(letter, denied))
        };
        match void {
            Some((pattern, letter)) if !wild => {
                let how = format!(
                    "`sp={letter}`, which `{}` needs, would let it through",
                    operation.name
                );
                return Err(deny::not_enforceable(pattern, &how));
            }
            None if !letters.is_empty() => {
                given.operations.push(operation.name.to_ascii_lowercase());
                given.letters.extend(letters);
            }
            _ => given.lost.push(operation.name.clone()),
        }
    }
    if given.operations.is_empty() {
        return Err(invalid(
            "resource-not-enforceable",
            format!("`{}` cannot be limited to a resource", permission.action),
            "only operations on blobs can (`Microsoft.Storage/storageAccounts/blobServices/containers/blobs/…`), by a \
             signature; leave out --resource for the others, or take --deliver gateway",
        ));
    }
    Ok(given)
}

/// Returns the pattern that denies an operation which the letter allows.
fn voids<'a>(letter: &Letter, denied: &'a [String]) -> Option<(&'a str, char)> {
    letter
        .operations()
        .find_map(|(name, _)| deny::denying(denied, &name))
        .map(|pattern| (pattern, letter.sign))
}

/// Lists, for messages, the operations that the letters allow beyond `asked`.
fn more(letters: &[&Letter], asked: &[&String]) -> Vec<String> {
    let admitted = letters.iter().flat_map(|letter| letter.operations());
    let mut more: Vec<String> = admitted
        .filter(|(name, _)| !asked.contains(&name))
        .map(|(name, part)| {
            let verb = name.split_once("/blobs/").map_or(name.as_str(), |(_, verb)| verb);
            part.map_or_else(
                || format!("`blobs/{verb}`"),
                |part| format!("{part} (of `blobs/{verb}`)"),
            )
        })
        .collect();
    more.sort_unstable();
    more.dedup();
    more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::grant;

    const DATA: &[&str] = &["https://acct.blob.core.windows.net/data"];
    const PREFIX: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/";

    /// Returns `sp`, and the enforcer of each permission.
    fn signed(
        verbs: &[&str],
        resources: &[&str],
        deny: &[&str],
    ) -> Result<(String, Vec<Enforcer>), Error> {
        let names: Vec<String> = verbs.iter().map(|verb| format!("{PREFIX}{verb}")).collect();
        let denied: Vec<String> = deny.iter().map(|verb| format!("{PREFIX}{verb}")).collect();
        let permissions: Vec<(&str, &[&str])> =
            names.iter().map(|name| (name.as_str(), resources)).collect();
        let denied: Vec<&str> = denied.iter().map(String::as_str).collect();
        let grant = grant(&permissions, &denied);
        let signed = Signed::of(&grant)?;
        let rows = signed.outline(&grant).permissions.iter().map(|row| row.enforced_by).collect();
        Ok((signed.letters, rows))
    }

    #[test]
    fn letters_that_admit_exactly_what_was_asked_are_enforced_by_the_cloud() {
        for (verbs, letters) in [
            (&["blobs/read"][..], "rl"),
            (&["blobs/write"], "w"),
            (&["blobs/add/action"], "ac"),
            (&["blobs/read", "read"], "rl"),
            (&["blobs/write", "blobs/delete"], "wd"),
            (&["blobs/tags/*"], "t"),
        ] {
            let (sp, rows) = signed(verbs, DATA, &[]).unwrap();
            assert_eq!(sp, letters, "{verbs:?}");
            assert!(rows.iter().all(|row| *row == Enforcer::Cloud), "{verbs:?}");
        }
    }

    #[test]
    fn letters_that_admit_more_are_said_to_be_wider() {
        for verb in ["blobs/delete", "blobs/tags/write", "read"] {
            assert_eq!(signed(&[verb], DATA, &[]).unwrap().1, [Enforcer::Token], "{verb}");
        }
        let delete = format!("{PREFIX}blobs/delete");
        let grant = grant(&[(&delete, DATA)], &[]);
        let note = Signed::of(&grant).unwrap().outline(&grant).permissions[0].note.clone().unwrap();
        assert_eq!(note, "write; sp=d; admits breaking a lease (of `blobs/write`) too");
    }

    #[test]
    fn a_wildcard_is_given_as_far_as_a_signature_goes() {
        let (sp, _) = signed(&["blobs/*"], DATA, &[]).unwrap();
        assert_eq!(sp, "racwdxltm");
        let all = format!("{PREFIX}blobs/*");
        let grant = grant(&[(&all, DATA)], &[]);
        let note = Signed::of(&grant).unwrap().outline(&grant).permissions[0].note.clone().unwrap();
        assert!(
            note.contains("; gives no ") && note.contains("blobs/runAsSuperUser/action"),
            "{note}"
        );
        assert_eq!(
            signed(&["blobs/*"], &["https://acct.blob.core.windows.net/data/a/*"], &[]).unwrap().0,
            "racwdlm"
        );
        assert_eq!(
            signed(&["blobs/*"], &["https://acct.blob.core.windows.net/data/a"], &[]).unwrap().0,
            "racwdxtm"
        );
    }

    #[test]
    fn a_denied_operation_never_has_a_letter_that_admits_it() {
        let verbs = [
            "read",
            "write",
            "add/action",
            "delete",
            "deleteBlobVersion/action",
            "move/action",
            "tags/read",
            "tags/write",
        ];
        for denied in verbs.map(|verb| format!("blobs/{verb}")) {
            let (sp, _) = signed(&["blobs/*"], DATA, &[&denied]).unwrap();
            let name = format!("{PREFIX}{denied}").to_ascii_lowercase();
            let admits =
                |letter: &&Letter| letter.operations().any(|(operation, _)| operation == name);
            let place = Place::parse(DATA[0]).unwrap();
            let all: Vec<&Letter> = verbs
                .iter()
                .flat_map(|verb| letter::needed(&format!("{PREFIX}blobs/{verb}"), &place))
                .collect();
            let given: Vec<&&Letter> =
                all.iter().filter(|letter| sp.contains(letter.sign)).collect();
            assert!(!given.is_empty() && !given.into_iter().any(admits), "{denied}: {sp}");
        }
    }

    #[test]
    fn a_name_whose_letter_admits_something_denied_is_an_error() {
        for (asked, denied) in [
            ("blobs/tags/read", "blobs/tags/write"),
            ("blobs/delete", "blobs/WRITE"),
            ("read", "blobs/read"),
        ] {
            let error = signed(&[asked], DATA, &[denied]).unwrap_err();
            assert_eq!(error.code, "deny-not-enforceable", "{asked} {denied}");
            assert!(error.message.contains(denied), "{}", error.message);
        }
        assert!(signed(&["blobs/read"], DATA, &["blobs/write", "blobs/tags/*"]).is_ok());
    }

    #[test]
    fn what_no_signature_can_give_is_refused_with_a_resource() {
        let code =
            |verbs: &[&str], resources: &[&str]| signed(verbs, resources, &[]).unwrap_err().code;
        assert_eq!(code(&["write"], DATA), "resource-not-enforceable");
        assert_eq!(code(&["blobs/runAsSuperUser/action"], DATA), "resource-not-enforceable");
        assert_eq!(
            code(&["blobs/tags/read"], &["https://acct.blob.core.windows.net/data/a/*"]),
            "resource-not-enforceable"
        );
        assert_eq!(
            code(&["read"], &["https://acct.blob.core.windows.net/data/a"]),
            "resource-not-enforceable"
        );
        let account: &[(&str, &[&str])] = &[("Microsoft.Storage/storageAccounts/read", DATA)];
        assert_eq!(Signed::of(&grant(account, &[])).unwrap_err().code, "resource-not-enforceable");
    }

    #[test]
    fn a_signature_is_for_one_place() {
        let same = &[
            "https://acct.blob.core.windows.net/data",
            "https://acct.blob.core.windows.net/data/*",
        ];
        assert_eq!(signed(&["blobs/read"], same, &[]).unwrap().0, "rl");
        for other in
            ["https://acct.blob.core.windows.net/other", "https://other.blob.core.windows.net/data"]
        {
            assert_eq!(
                signed(&["blobs/read"], &[DATA[0], other], &[]).unwrap_err().code,
                "several-resources"
            );
        }
        let (read, write) = (format!("{PREFIX}blobs/read"), format!("{PREFIX}blobs/write"));
        let mixed = grant(&[(&read, DATA), (&write, &[])], &[]);
        assert_eq!(Signed::of(&mixed).unwrap_err().code, "resource-missing");
    }

    #[test]
    fn the_policy_names_everything_that_is_signed() {
        let read = format!("{PREFIX}blobs/read");
        let grant = grant(&[(&read, &["https://acct.blob.core.windows.net/data/a/*"])], &[]);
        let outline = Signed::of(&grant).unwrap().outline(&grant);
        // The order of the keys depends on features of serde_json that other components switch on.
        let policy: serde_json::Value = serde_json::from_str(&outline.policy).unwrap();
        assert_eq!(
            policy,
            serde_json::json!({
                "account": "acct", "container": "data", "directory": "a", "se": "900 s after it is signed",
                "sp": "rl", "spr": "https", "sr": "d", "sv": "2022-11-02"
            })
        );
        assert!(outline.notices[0].contains("hierarchical namespace"));
    }
}
