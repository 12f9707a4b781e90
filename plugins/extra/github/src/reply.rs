//! Compares the permissions in GitHub's reply with the request. If the reply has anything more, the token is
//! not delivered.

use std::collections::{BTreeMap, BTreeSet};

use audex_sdk::provider::{Error, ErrorKind};
use serde::Deserialize;

use crate::catalogue::{Level, METADATA};
use crate::error;
use crate::plan::Asked;
use crate::resource::Reach;

/// The reply to a token request, without the token.
/// Source: GitHub Docs, "Create an installation access token for an app", 201.
#[derive(Debug, Deserialize)]
pub struct Issued {
    pub expires_at: String,
    /// The schema calls this field optional, but it is always present (github/rest-api-description issue
    /// 442). Without it the token's permissions are unknown.
    permissions: BTreeMap<String, String>,
    repository_selection: String,
    /// Present if the request named repositories.
    repositories: Option<Vec<Repository>>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

impl Issued {
    /// Checks that the token is exactly the requested one.
    ///
    /// # Errors
    /// If the token has an additional permission, level or repository, or lacks a repository.
    pub fn is_for(&self, asked: &Asked) -> Result<(), Error> {
        for (name, level) in &self.permissions {
            let most = asked.levels.get(name).copied();
            // GitHub adds `metadata:read` to every token; the plan includes it.
            let most = most.or((name == METADATA).then_some(Level::Read));
            let given = Level::parse(level);
            if given.is_none() || given > most {
                return Err(wider(&format!("`{name}:{level}`")));
            }
        }
        let Reach::Repositories { owner, names } = &asked.reach else { return Ok(()) };
        let wanted: BTreeSet<String> =
            names.keys().map(|name| format!("{}/{name}", owner.to_ascii_lowercase())).collect();
        let given = self.repositories.iter().flatten();
        let given: BTreeSet<String> = given.map(|one| one.full_name.to_ascii_lowercase()).collect();
        if let Some(more) = given.difference(&wanted).next() {
            return Err(wider(&format!("`{more}`")));
        }
        if self.repository_selection != "selected" || given != wanted {
            return Err(wider("other repositories than were named"));
        }
        Ok(())
    }
}

fn wider(what: &str) -> Error {
    error(
        ErrorKind::Denied,
        "wider-than-asked",
        format!("GitHub's token reaches {what}, which was not asked for"),
        "nobody got the token; if a repository was renamed, give its present name",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(resources: &[&str]) -> Asked {
        let resources: Vec<String> = resources.iter().map(|&r| r.to_owned()).collect();
        Asked {
            body: String::new(),
            reach: Reach::of(&resources).unwrap(),
            levels: BTreeMap::from([
                ("contents".to_owned(), Level::Write),
                ("metadata".to_owned(), Level::Read),
            ]),
        }
    }

    fn code(
        permissions: &str,
        selection: &str,
        repositories: &str,
        asked: &Asked,
    ) -> Option<String> {
        let text = format!(
            r#"{{"token":"","expires_at":"2026-11-24T10:00:00Z","permissions":{permissions},
                "repository_selection":"{selection}","repositories":{repositories}}}"#
        );
        let issued: Issued = serde_json::from_str(&text).unwrap();
        issued.is_for(asked).err().map(|error| error.code)
    }

    const FINE: &str = r#"{"contents":"write","metadata":"read"}"#;
    const HELLO: &str = r#"[{"id":1,"name":"hello","full_name":"Octo-Org/Hello"}]"#;

    #[test]
    fn what_was_asked_for_is_accepted_and_so_is_less() {
        let asked = asked(&["octo-org/hello"]);
        assert_eq!(code(FINE, "selected", HELLO, &asked), None);
        assert_eq!(code(r#"{"contents":"read"}"#, "selected", HELLO, &asked), None);
    }

    #[test]
    fn a_permission_or_level_more_is_refused() {
        let asked = asked(&["octo-org/hello"]);
        for wider in [
            r#"{"contents":"admin"}"#,
            r#"{"metadata":"write"}"#,
            r#"{"contents":"read","issues":"read"}"#,
            r#"{"contents":"owner"}"#,
        ] {
            assert_eq!(
                code(wider, "selected", HELLO, &asked).as_deref(),
                Some("wider-than-asked"),
                "{wider}"
            );
        }
    }

    #[test]
    fn other_repositories_are_refused_even_of_the_same_name() {
        let asked = asked(&["octo-org/hello"]);
        for (selection, repositories) in [
            ("all", HELLO),
            ("selected", "null"),
            ("selected", "[]"),
            ("selected", r#"[{"full_name":"monalisa/hello"}]"#),
            ("selected", r#"[{"full_name":"octo-org/hello"},{"full_name":"octo-org/other"}]"#),
        ] {
            let found = code(FINE, selection, repositories, &asked);
            assert_eq!(found.as_deref(), Some("wider-than-asked"), "{selection} {repositories}");
        }
    }

    #[test]
    fn a_token_for_every_repository_needs_no_list() {
        assert_eq!(code(FINE, "all", "null", &asked(&["octo-org/*"])), None);
        assert_eq!(code(FINE, "selected", "null", &asked(&[])), None);
    }

    #[test]
    fn a_reply_that_does_not_say_what_the_token_may_do_cannot_be_read() {
        let silent = r#"{"token":"","expires_at":"2026-11-24T10:00:00Z"}"#;
        assert!(serde_json::from_str::<Issued>(silent).is_err());
    }
}
