//! Turns a refusal by GitHub into an error with a hint.
//!
//! Statuses: GitHub Docs, "Create an installation access token for an app", "Rate limits for the REST API".
//! Messages: recorded exchanges of `PyGithub` (tests/ReplayData), octokit/auth-app.js issue 375,
//! octokit/octokit.rb pull request 1307.

use audex_sdk::provider::{Error, ErrorKind};
use serde::de::DeserializeOwned;

use crate::api::Reply;
use crate::{error, invalid};

/// The kinds of request to GitHub.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// Asks about the App itself.
    App,
    /// Asks for the App's installation on an owner or a path.
    Installation(&'a str),
    /// Asks for a token for the installation on this account.
    Token(&'a str),
    /// Revokes a token.
    Revocation,
}

impl Asked<'_> {
    fn what(self) -> String {
        match self {
            Self::App => "the App".to_owned(),
            Self::Installation(place) => format!("an installation of the App (`{place}`)"),
            Self::Token(login) => format!("a token of the installation on `{login}`"),
            Self::Revocation => "the end of the token".to_owned(),
        }
    }
}

/// Reads the content of a successful reply.
///
/// # Errors
/// If the reply is not a success, or has other content.
pub fn read<T: DeserializeOwned>(reply: &Reply, asked: Asked<'_>) -> Result<T, Error> {
    if !reply.is_success() {
        return Err(refused(reply, asked));
    }
    reply.read().ok_or_else(|| {
        error(
            ErrorKind::Unavailable,
            "unreadable",
            format!("GitHub's reply to the request for {} cannot be read", asked.what()),
            "try again; if it stays so, this version of Audex does not know GitHub's replies any more",
        )
    })
}

/// Returns the error for a reply that is not a success.
pub fn refused(reply: &Reply, asked: Asked<'_>) -> Error {
    let (message, what) = (reply.message(), asked.what());
    let says =
        if message.is_empty() { format!("status {}", reply.status) } else { message.clone() };
    let has = |part: &str| message.contains(part);
    match reply.status {
        // Both limits are reported as 403 or 429; only the message distinguishes them from denials.
        403 | 429 if reply.status == 429 || has("rate limit") => throttled(reply, &says),
        401 if has("claim") => error(
            ErrorKind::Unavailable,
            "clock",
            format!("GitHub does not accept the time in the App's token ({says})"),
            "set this machine's clock: it may differ from GitHub's by a minute at most",
        ),
        401 | 404 if has("JSON web token") || has("Integration") => error(
            ErrorKind::Denied,
            "app-rejected",
            format!("GitHub does not know the App by this key ({says})"),
            "GITHUB_APP_PRIVATE_KEY must be a private key of the App that `app_id` names: compare both with the App's settings",
        ),
        403 if has("suspended") => error(
            ErrorKind::Denied,
            "suspended",
            format!("GitHub refused {what} ({says})"),
            "an owner of that account can unsuspend it in its settings, under GitHub Apps",
        ),
        404 if matches!(asked, Asked::Installation(_)) => error(
            ErrorKind::InvalidInput,
            "not-installed",
            format!("there is no {}", what.trim_start_matches("an ")),
            "check the spelling, and that the App is installed there (its page, `Install App`)",
        ),
        301 | 302 | 307 | 308 => invalid(
            "moved",
            format!("GitHub has {what} under another name now"),
            "give the present name of owner and repository",
        ),
        422 if has("permissions requested") => error(
            ErrorKind::Denied,
            "not-given-to-app",
            format!("GitHub refused {what} ({says})"),
            "ask for less, or have the permission added to the App and accepted where it is installed",
        ),
        422 if has("repository") => invalid(
            "not-reached",
            format!("GitHub refused {what} ({says})"),
            "check the names, and that the App is installed on each of these repositories",
        ),
        400 | 422 => invalid(
            "github-refused",
            format!("GitHub refused {what} ({says})"),
            "`tryaudex plan` shows the request as it is sent",
        ),
        401 | 403 | 404 => error(
            ErrorKind::Denied,
            "github-denied",
            format!("GitHub denied {what} ({says})"),
            "see what the App may do in its settings",
        ),
        status => error(
            ErrorKind::Unavailable,
            "github-failed",
            format!("GitHub failed with status {status} when asked for {what}"),
            "try again; https://www.githubstatus.com tells whether something is wrong there",
        ),
    }
}

fn throttled(reply: &Reply, says: &str) -> Error {
    let digits = |text: &&String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let hint = match reply.retry_after.as_ref().filter(digits) {
        Some(seconds) => format!("try again in {seconds} s"),
        // GitHub Docs, "Rate limits for the REST API": if the reply has no waiting time, at least a minute.
        None => "try again in a minute or more".to_owned(),
    };
    error(
        ErrorKind::Unavailable,
        "throttled",
        format!("GitHub has had too many requests ({says})"),
        &hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, message: &str) -> Reply {
        let body = serde_json::json!({ "message": message }).to_string().into_bytes();
        Reply { status, body, retry_after: None, lifted: Vec::new() }
    }

    #[test]
    fn every_refusal_is_told_apart() {
        let installation = Asked::Installation("octo-org");
        let token = Asked::Token("octo-org");
        for (status, said, asked, kind, code) in [
            (
                401,
                "A JSON web token could not be decoded",
                Asked::App,
                ErrorKind::Denied,
                "app-rejected",
            ),
            (404, "Integration not found", Asked::App, ErrorKind::Denied, "app-rejected"),
            (
                401,
                "'Expiration time' claim ('exp') is too far in the future",
                token,
                ErrorKind::Unavailable,
                "clock",
            ),
            (403, "This installation has been suspended", token, ErrorKind::Denied, "suspended"),
            (
                403,
                "You have exceeded a secondary rate limit",
                token,
                ErrorKind::Unavailable,
                "throttled",
            ),
            (429, "", token, ErrorKind::Unavailable, "throttled"),
            (404, "Not Found", installation, ErrorKind::InvalidInput, "not-installed"),
            (404, "Not Found", token, ErrorKind::Denied, "github-denied"),
            (301, "Moved Permanently", installation, ErrorKind::InvalidInput, "moved"),
            (
                422,
                "The permissions requested are not granted to this installation.",
                token,
                ErrorKind::Denied,
                "not-given-to-app",
            ),
            (
                422,
                "There is at least one repository that does not exist or is not accessible to the parent installation.",
                token,
                ErrorKind::InvalidInput,
                "not-reached",
            ),
            (400, "Problems parsing JSON", token, ErrorKind::InvalidInput, "github-refused"),
            (502, "", token, ErrorKind::Unavailable, "github-failed"),
        ] {
            let error = refused(&reply(status, said), asked);
            assert_eq!((error.kind, error.code.as_str()), (kind, code), "{status} {said}");
            assert!(error.hint.is_some(), "{status} {said}");
        }
    }

    #[test]
    fn a_limit_says_how_long_to_wait_where_github_does() {
        let mut limited = reply(429, "");
        limited.retry_after = Some("60".to_owned());
        assert_eq!(refused(&limited, Asked::App).hint.as_deref(), Some("try again in 60 s"));
    }

    #[test]
    fn an_unreadable_success_is_an_error() {
        let odd =
            Reply { status: 200, body: b"<html>".to_vec(), retry_after: None, lifted: Vec::new() };
        assert_eq!(read::<u64>(&odd, Asked::App).unwrap_err().code, "unreadable");
    }
}
