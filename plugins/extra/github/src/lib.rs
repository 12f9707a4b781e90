//! GitHub: an installation access token of a GitHub App, narrowed to permissions and repositories, revoked at
//! the end.
//!
//! GitHub enforces both: the token request carries them, and the reply is compared with the request before
//! delivery. GitHub has no life shorter than an hour, so at the end the host ends the command and `revoke`
//! the token.

mod action;
mod api;
mod catalogue;
mod describe;
mod explain;
mod health;
mod installation;
mod jwt;
mod mint;
mod plan;
mod preflight;
mod reply;
mod resource;
mod suggestion;

use audex_sdk::provider::{
    Advice, CheckResult, Description, Error, ErrorKind, Finding, Grant, KnownAction, Minted, Plan,
    Provider, settings, unsupported,
};

struct GitHub;

impl Provider for GitHub {
    fn describe() -> Description {
        describe::describe()
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let allow_unknown = settings::get("allow_unknown").is_some_and(|value| value == "true");
        actions.iter().map(|action| action::check(action, allow_unknown)).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        plan::plan(&grant, settings::get("installation_id").is_some())
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        preflight::preflight(&grant, &command)
    }

    fn document(grant: Grant, _name: String, format: String) -> Result<String, Error> {
        if format == "json" {
            return Ok(plan::asked(&grant)?.body);
        }
        Err(unsupported(&format!("document {format}")))
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        mint::mint(&grant, &plan)
    }

    fn revoke(lease: String) -> Result<(), Error> {
        mint::revoke(&lease)
    }

    fn health() -> Vec<CheckResult> {
        health::health()
    }

    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        action::expand(&patterns)
    }
}

/// Returns an error for a malformed request; `hint` says what to write instead.
fn invalid(code: &str, message: String, hint: &str) -> Error {
    error(ErrorKind::InvalidInput, code, message, hint)
}

fn error(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}

audex_sdk::provider!(
    GitHub,
    capabilities = ["http:api.github.com", "http:github.com", "secret:GITHUB_APP_PRIVATE_KEY"]
);
