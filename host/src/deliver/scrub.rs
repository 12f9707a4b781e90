//! Removes every road to a cloud from an environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::family::passes;
use crate::environment::Environment;

/// Parts of names whose values are worth looking for in other variables.
const SECRET_WORDS: &[&str] =
    &["KEY", "SECRET", "TOKEN", "PASSWORD", "CREDENTIALS", "SAS", "CONNECTION_STRING"];

/// The shortest value that is looked for in other variables: an AWS access key id has 20 characters, and
/// shorter text turns up by chance.
const SHORTEST_COPY: usize = 16;

/// An environment without roads to a cloud.
pub(super) struct Scrubbed {
    pub environment: BTreeMap<OsString, OsString>,
    pub removed: Vec<String>,
}

/// Removes the variables that give access by their name, then those that hold a copy of such a value
/// (`TF_VAR_key=$AWS_SECRET_ACCESS_KEY`).
pub(super) fn scrub(parent: &Environment, withheld: &[String]) -> Scrubbed {
    let is_withheld = |name: &OsStr| withheld.iter().any(|one| OsStr::new(one) == name);
    let (kept, gone): (Vec<_>, Vec<_>) =
        parent.iter().partition(|(name, _)| passes(&name.to_string_lossy()) && !is_withheld(name));
    let secrets: Vec<&[u8]> =
        gone.iter().filter_map(|(name, value)| worth_finding(name, value, is_withheld(name))).collect();
    let mut removed: Vec<String> = gone.iter().map(|(name, _)| shown(name)).collect();
    let mut environment = BTreeMap::new();
    for (name, value) in kept {
        if secrets.iter().any(|secret| contains(value.as_bytes(), secret)) {
            removed.push(shown(name));
        } else {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }
    removed.sort();
    Scrubbed { environment, removed }
}

fn worth_finding<'a>(name: &OsStr, value: &'a OsStr, is_withheld: bool) -> Option<&'a [u8]> {
    let name = name.to_string_lossy();
    let is_secret = is_withheld || SECRET_WORDS.iter().any(|word| name.contains(word));
    (is_secret && value.len() >= SHORTEST_COPY).then(|| value.as_bytes())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn shown(name: &OsStr) -> String {
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_removed_secret_is_removed_too() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let parent = Environment::from_pairs([
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("TF_VAR_secret", secret),
            ("BACKUP_URL", &format!("s3://key:{secret}@host")),
            ("AWS_PROFILE", "production-account-admin"),
            ("PROMPT", "production-account-admin"),
            ("OTHER", "x"),
        ]);
        let scrubbed = scrub(&parent, &[]);
        assert_eq!(scrubbed.removed, ["AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "BACKUP_URL", "TF_VAR_secret"]);
        // A profile's name is not a secret: text that repeats it stays.
        assert_eq!(scrubbed.environment.keys().collect::<Vec<_>>(), ["OTHER", "PROMPT"]);
    }

    #[test]
    fn what_components_mint_from_goes_with_every_copy() {
        let parent = Environment::from_pairs([
            ("SIGNER", "planted-secret-of-a-component"),
            ("COPY", "x planted-secret-of-a-component"),
            ("OTHER", "y"),
        ]);
        assert_eq!(scrub(&parent, &["SIGNER".to_owned(), "UNSET".to_owned()]).removed, ["COPY", "SIGNER"]);
    }

    #[test]
    fn a_short_value_is_not_looked_for() {
        let parent = Environment::from_pairs([("VAULT_TOKEN", "root"), ("HOME", "/root")]);
        assert_eq!(scrub(&parent, &[]).removed, ["VAULT_TOKEN"]);
    }
}
