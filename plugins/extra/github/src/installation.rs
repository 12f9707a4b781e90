//! Finds the App's installation to use: the configured one, or that of the owner.
//!
//! Sources: GitHub Docs, "REST API endpoints for GitHub Apps": `GET /app/installations/{id}`,
//! `GET /repos/{owner}/{repo}/installation`, `GET /orgs/{org}/installation`,
//! `GET /users/{username}/installation`.

use std::collections::BTreeMap;

use audex_sdk::provider::{Error, ErrorKind, settings};
use serde::Deserialize;

use crate::api::App;
use crate::explain::{self, Asked};
use crate::resource::Reach;
use crate::{error, invalid};

/// An installation of the App on an account.
#[derive(Debug, Deserialize)]
pub struct Installation {
    pub id: u64,
    pub account: Account,
    #[serde(default)]
    pub app_slug: String,
    /// The App's permissions there: names and levels.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    pub suspended_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Account {
    pub login: String,
}

impl Installation {
    /// Finds the installation for the requested repositories or owner.
    ///
    /// # Errors
    /// If there is none, or it belongs to another owner.
    pub fn find(app: &App, reach: &Reach) -> Result<Self, Error> {
        let found = match (configured()?, reach) {
            (Some(id), _) => Self::at(app, &format!("app/installations/{id}"))?,
            (None, Reach::Repositories { owner, .. }) => {
                let names = reach.names();
                let first = names.first().copied().unwrap_or_default();
                Self::at(app, &format!("repos/{owner}/{first}/installation"))?
            }
            (None, Reach::Owner(owner)) => Self::of_owner(app, owner)?,
            (None, Reach::Installation) => return Err(none_named()),
        };
        found.is_for(reach)?;
        Ok(found)
    }

    /// Finds the installation of an owner: organisations and users have separate paths.
    fn of_owner(app: &App, owner: &str) -> Result<Self, Error> {
        let of_organisation = app.get(&format!("orgs/{owner}/installation"))?;
        if of_organisation.status == 404 {
            return Self::at(app, &format!("users/{owner}/installation"));
        }
        explain::read(&of_organisation, Asked::Installation(owner))
    }

    fn at(app: &App, path: &str) -> Result<Self, Error> {
        explain::read(&app.get(path)?, Asked::Installation(path))
    }

    /// Checks the owner. Security: a token request names repositories without their owner, so `hello` of
    /// another account would be used.
    fn is_for(&self, reach: &Reach) -> Result<(), Error> {
        if let Some(owner) = reach.owner()
            && !owner.eq_ignore_ascii_case(&self.account.login)
        {
            return Err(invalid(
                "other-owner",
                format!(
                    "installation {} is on `{}`, not on `{owner}`",
                    self.id, self.account.login
                ),
                "leave `installation_id` out: it is found by the owner",
            ));
        }
        if self.suspended_at.is_some() {
            return Err(suspended(&self.account.login));
        }
        Ok(())
    }
}

/// Returns the configured installation's id.
///
/// # Errors
/// If the id is not a number. Security: the id becomes part of paths.
pub fn configured() -> Result<Option<String>, Error> {
    let id = settings::get("installation_id");
    if let Some(id) =
        id.as_ref().filter(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(invalid(
            "installation-id",
            format!("`{id}` is not an installation id"),
            "it is the number at the end of the address of the installation's settings",
        ));
    }
    Ok(id)
}

pub fn suspended(login: &str) -> Error {
    error(
        ErrorKind::Denied,
        "suspended",
        format!("the App's installation on `{login}` is suspended"),
        "an owner of that account can unsuspend it in its settings, under GitHub Apps",
    )
}

fn none_named() -> Error {
    invalid(
        "no-installation",
        "nothing says which installation of the App to use".to_owned(),
        "give --resource owner/repository, or set `installation_id`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(login: &str, suspended: bool) -> Installation {
        let suspended = if suspended { r#""2026-01-01T00:00:00Z""# } else { "null" };
        let text = format!(
            r#"{{"id":1,"account":{{"login":"{login}","id":2}},"app_slug":"a","suspended_at":{suspended}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_installation_of_another_owner_is_refused() {
        let reach = Reach::of(&["octo-org/hello".to_owned()]).unwrap();
        assert!(on("Octo-Org", false).is_for(&reach).is_ok());
        assert_eq!(on("monalisa", false).is_for(&reach).unwrap_err().code, "other-owner");
        assert!(on("monalisa", false).is_for(&Reach::Installation).is_ok());
    }

    #[test]
    fn a_suspended_one_is_said_before_a_token_is_asked_for() {
        assert_eq!(
            on("octo-org", true).is_for(&Reach::Installation).unwrap_err().code,
            "suspended"
        );
    }
}
