//! Gets a token, checks the permissions in GitHub's reply, delivers the token, and revokes it at the end.
//!
//! If a step fails after GitHub has made a token, the token is revoked.

use audex_sdk::provider::{
    Error, ErrorKind, GitCredential, Grant, Minted, Piece, Plan, Secret, Value, Variable, clock,
    keep,
};
use audex_sdk::rfc3339;

use crate::api::{self, App, Reply};
use crate::catalogue::Level;
use crate::describe::{HOST, SETS};
use crate::explain::{self, refused};
use crate::installation::Installation;
use crate::plan::{self, Asked, LIFE_SECONDS, METHOD};
use crate::reply::Issued;
use crate::{error, invalid};

/// The secret field of the reply. Its format may change: 40 characters, or some 520 since 2026 (GitHub
/// changelog, 2026-05-15).
const TOKEN: &str = "/token";
/// The user name for git with an installation token. Source: GitHub Docs, "Authenticating as a GitHub App
/// installation".
const GIT_USER: &str = "x-access-token";

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let asked = plan::asked(grant)?;
    if planned.policy.as_deref() != Some(&asked.body) {
        return Err(invalid(
            "other-plan",
            "the plan is of another request".to_owned(),
            "plan again",
        ));
    }
    let app = App::log_in()?;
    let installation = Installation::find(&app, &asked.reach)?;
    let mut reply = app.post(
        &format!("app/installations/{}/access_tokens", installation.id),
        &asked.body,
        &[TOKEN],
    )?;
    let token = std::mem::take(&mut reply.lifted).into_iter().flatten().next();
    let Some(token) = token.filter(|_| reply.is_success()) else {
        return Err(not_issued(&reply, &installation, &asked));
    };
    match hand_out(&token, &reply, &asked, &installation, grant) {
        Ok(minted) => Ok(minted),
        Err(error) => Err(taken_back(&token, error)),
    }
}

fn hand_out(
    token: &Secret,
    reply: &Reply,
    asked: &Asked,
    installation: &Installation,
    grant: &Grant,
) -> Result<Minted, Error> {
    let issued: Issued = explain::read(reply, explain::Asked::Token(&installation.account.login))?;
    issued.is_for(asked)?;
    let expires_at = expiry(&issued.expires_at, clock::now());
    let lease = format!("{}@{expires_at}", grant.session);
    keep::put(&lease, token);
    // A secret is delivered once, so each place gets its own copy.
    let copy = || Secret::join(&[Piece::Secret(token)]);
    let variable = |&name: &&str| Variable { name: name.to_owned(), value: Value::Secret(copy()) };
    let git =
        GitCredential { host: HOST.to_owned(), username: GIT_USER.to_owned(), secret: copy() };
    Ok(Minted {
        variables: SETS.iter().map(variable).collect(),
        files: Vec::new(),
        endpoints: Vec::new(),
        git: vec![git],
        expires_at,
        identity: Some(format!("{}[bot] on {}", installation.app_slug, installation.account.login)),
        credential_id: None,
        lease: Some(lease),
        settle_seconds: None,
        method: METHOD.to_owned(),
        notices: Vec::new(),
    })
}

/// Limits the expiry by this machine's clock, which may be behind GitHub's: a new token lives at most an hour
/// from now.
fn expiry(text: &str, now: u64) -> u64 {
    let latest = now.saturating_add(LIFE_SECONDS.into());
    rfc3339::parse(text).map_or(latest, |ends| ends.min(latest))
}

/// Revokes the token of `lease`.
pub fn revoke(lease: &str) -> Result<(), Error> {
    match keep::get(lease) {
        Some(token) => end(&token),
        None => out_of_reach(lease, clock::now()),
    }
}

/// Reports a token that is lost: only the token can revoke itself, and the token of a killed run is gone.
fn out_of_reach(lease: &str, now: u64) -> Result<(), Error> {
    let ends = lease.rsplit_once('@').and_then(|(_, seconds)| seconds.parse::<u64>().ok());
    let Some(ends) = ends else {
        let message = format!("`{lease}` is not a lease of this provider");
        return Err(invalid(
            "lease",
            message,
            "it ended within an hour of being made, whatever it was",
        ));
    };
    let left = ends.saturating_sub(now);
    if left == 0 {
        return Ok(());
    }
    Err(error(
        ErrorKind::Unavailable,
        "token-gone",
        format!("the token is gone with the run that had it, and lives {left} s more"),
        "it ends by itself; to end it now, suspend the App's installation",
    ))
}

/// Revokes a token. Source: GitHub Docs, "Revoke an installation access token": 204. A token unknown to
/// GitHub has ended.
fn end(token: &Secret) -> Result<(), Error> {
    let reply = api::delete(token, "installation/token")?;
    if reply.is_success() || reply.status == 401 {
        return Ok(());
    }
    Err(refused(&reply, explain::Asked::Revocation))
}

/// Revokes the token and returns `error`; if the token could not be revoked, the message says so.
fn taken_back(token: &Secret, mut error: Error) -> Error {
    if let Err(left) = end(token) {
        error.message = format!(
            "{}; the token was not revoked ({}) and ends within an hour",
            error.message, left.message
        );
    }
    error
}

/// Returns the error for a reply without a token, with the permissions that the App lacks there.
fn not_issued(reply: &Reply, installation: &Installation, asked: &Asked) -> Error {
    let login = &installation.account.login;
    if reply.is_success() {
        let message = "GitHub's reply has no token".to_owned();
        return error(ErrorKind::Unavailable, "no-token", message, "try again");
    }
    let mut refusal = refused(reply, explain::Asked::Token(login));
    let has =
        |name: &String| installation.permissions.get(name).and_then(|level| Level::parse(level));
    let lacks = asked.levels.iter().filter(|(name, level)| has(name) < Some(**level));
    let lacks: Vec<String> =
        lacks.map(|(name, level)| format!("`{name}:{}`", level.name())).collect();
    if refusal.code == "not-given-to-app" && !lacks.is_empty() {
        refusal.message = format!("the App has no {} on `{login}`", lacks.join(", "));
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Reach;

    #[test]
    fn a_token_that_nobody_has_any_more_ends_by_itself() {
        assert!(out_of_reach("session@1000", 1000).is_ok());
        let error = out_of_reach("session@1000", 400).unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unavailable, "token-gone"));
        assert!(error.message.contains("600 s"));
        assert_eq!(out_of_reach("forged", 400).unwrap_err().code, "lease");
    }

    #[test]
    fn no_token_is_said_to_live_longer_than_an_hour_from_now() {
        assert_eq!(expiry("1970-01-01T00:50:00Z", 0), 3000);
        assert_eq!(expiry("1970-01-01T02:00:00Z", 0), 3600);
        assert_eq!(expiry("soon", 10), 3610);
    }

    #[test]
    fn a_refusal_names_what_the_app_has_not_been_given() {
        let installation: Installation = serde_json::from_str(
            r#"{"id":1,"account":{"login":"octo-org"},"permissions":{"contents":"read","metadata":"read"}}"#,
        )
        .unwrap();
        let level = |name: &str, level| (name.to_owned(), level);
        let asked = Asked {
            body: String::new(),
            reach: Reach::Installation,
            levels: [
                level("contents", Level::Write),
                level("issues", Level::Read),
                level("metadata", Level::Read),
            ]
            .into(),
        };
        let body =
            br#"{"message":"The permissions requested are not granted to this installation."}"#;
        let reply =
            Reply { status: 422, body: body.to_vec(), retry_after: None, lifted: Vec::new() };
        let error = not_issued(&reply, &installation, &asked);
        assert_eq!(error.message, "the App has no `contents:write`, `issues:read` on `octo-org`");
        assert_eq!(error.code, "not-given-to-app");
    }
}
