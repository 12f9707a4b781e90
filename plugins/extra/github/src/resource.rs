//! Resources: `owner/repository`, or `owner/*` for every repository of the owner that the App is installed
//! on.
//!
//! One token is for one installation, and an installation is on one account: all resources must have one
//! owner.

use std::collections::BTreeMap;

use audex_sdk::provider::Error;

use crate::invalid;

/// The longest name of an account, those of enterprise-managed users included.
const OWNER_CHARACTERS: usize = 100;
/// The longest name of a repository. Source: GitHub, "Repository names are limited to 100 characters".
const REPOSITORY_CHARACTERS: usize = 100;
/// The most repositories of one token. Source: GitHub Docs, "Create an installation access token for an app",
/// `repositories`.
const MOST_REPOSITORIES: usize = 500;

/// The repositories that a token can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every repository of the configured installation, for any owner.
    Installation,
    /// Every repository of the installation on this account.
    Owner(String),
    /// These repositories of one owner: the original spellings by name in lower case.
    Repositories { owner: String, names: BTreeMap<String, String> },
}

impl Reach {
    /// Combines `resources`; an empty list means every repository of the installation.
    ///
    /// # Errors
    /// If one is not a resource, or they have two owners.
    pub fn of(resources: &[String]) -> Result<Self, Error> {
        let mut first: Option<&str> = None;
        let (mut names, mut all) = (BTreeMap::new(), false);
        for resource in resources {
            let (owner, name) = parse(resource)?;
            match first {
                Some(first) if !first.eq_ignore_ascii_case(owner) => {
                    return Err(two_owners(first, owner));
                }
                Some(_) => {}
                None => first = Some(owner),
            }
            all |= name == "*";
            names.insert(name.to_ascii_lowercase(), name.to_owned());
        }
        let Some(owner) = first.map(str::to_owned) else { return Ok(Self::Installation) };
        if all {
            return Ok(Self::Owner(owner));
        }
        if names.len() > MOST_REPOSITORIES {
            return Err(invalid(
                "too-many-repositories",
                format!(
                    "{} repositories are more than one token can name ({MOST_REPOSITORIES})",
                    names.len()
                ),
                "ask for fewer, or for all of them with `owner/*`",
            ));
        }
        Ok(Self::Repositories { owner, names })
    }

    /// Returns true if this equals `other`, ignoring case.
    pub fn is_same(&self, other: &Self) -> bool {
        let owner = |reach: &Self| reach.owner().map(str::to_ascii_lowercase);
        let names = |reach: &Self| match reach {
            Self::Repositories { names, .. } => Some(names.keys().cloned().collect::<Vec<_>>()),
            Self::Installation | Self::Owner(_) => None,
        };
        owner(self) == owner(other) && names(self) == names(other)
    }

    pub fn owner(&self) -> Option<&str> {
        match self {
            Self::Installation => None,
            Self::Owner(owner) | Self::Repositories { owner, .. } => Some(owner),
        }
    }

    /// Returns the names for the body of the request, empty if the token is for all repositories.
    ///
    /// An empty list is never sent: GitHub reads it as every repository.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Repositories { names, .. } => names.values().map(String::as_str).collect(),
            Self::Installation | Self::Owner(_) => Vec::new(),
        }
    }
}

fn two_owners(first: &str, second: &str) -> Error {
    invalid(
        "two-owners",
        format!("one token cannot be for repositories of `{first}` and of `{second}`"),
        "run the command once for each owner",
    )
}

/// Splits a resource into owner and repository. Security: both become part of request paths.
fn parse(resource: &str) -> Result<(&str, &str), Error> {
    let parts =
        resource.split_once('/').filter(|(owner, name)| is_owner(owner) && is_repository(name));
    parts.ok_or_else(|| {
        invalid(
            "resource",
            format!("`{resource}` is not a repository"),
            "write `owner/repository`, for example `octo-org/hello`, or `owner/*` for all of an owner's",
        )
    })
}

fn is_owner(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !name.is_empty() && name.len() <= OWNER_CHARACTERS && name.bytes().all(letter)
}

fn is_repository(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let plain = !name.is_empty() && name.bytes().all(letter) && !matches!(name, "." | "..");
    name == "*" || (plain && name.len() <= REPOSITORY_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(resources: &[&str]) -> Result<Reach, Error> {
        Reach::of(&resources.iter().map(|&r| r.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn repositories_of_one_owner_are_named_once_in_any_case() {
        let reach = of(&["Octo-Org/Hello", "octo-org/other.js", "octo-org/hello"]).unwrap();
        assert_eq!(reach.owner(), Some("Octo-Org"));
        assert_eq!(reach.names(), ["hello", "other.js"]);
    }

    #[test]
    fn a_star_is_every_repository_of_the_owner_and_nothing_is_every_one_of_the_installation() {
        assert_eq!(of(&["octo-org/*"]).unwrap(), Reach::Owner("octo-org".to_owned()));
        assert_eq!(of(&["octo-org/a", "octo-org/*"]).unwrap(), Reach::Owner("octo-org".to_owned()));
        assert_eq!(of(&[]).unwrap(), Reach::Installation);
    }

    #[test]
    fn two_owners_are_refused() {
        assert_eq!(of(&["a/x", "b/x"]).unwrap_err().code, "two-owners");
    }

    #[test]
    fn what_would_lead_a_request_elsewhere_is_no_resource() {
        for bad in [
            "hello",
            "a/b/c",
            "a/..",
            "a/.",
            "../a",
            "a/",
            "/a",
            "a/b?c",
            "a/b#c",
            "a b/c",
            "a/b%2f",
            "*/*",
            "a/b*",
            "https://github.com/a/b",
            "a/é",
            "",
        ] {
            assert_eq!(of(&[bad]).unwrap_err().code, "resource", "{bad}");
        }
    }

    #[test]
    fn more_than_github_takes_is_refused() {
        let many: Vec<String> = (0..=500).map(|n| format!("a/r{n}")).collect();
        assert_eq!(Reach::of(&many).unwrap_err().code, "too-many-repositories");
        assert!(Reach::of(&many[1..]).is_ok());
    }
}
