//! Microsoft Azure: tokens for the audiences that a grant implies, or a shared access signature for blobs.
//!
//! A token of Entra ID carries its audience and nothing else of the grant; the plan says so. A
//! user-delegation SAS carries operations, container and expiry, and the service enforces them. A temporary
//! custom role limits everything, and is made only on request. `method.rs` says when each method is used. With a
//! gateway the host keeps the tokens, and decides on each request by what `read.rs` reads from it.

mod action;
mod arm;
mod audience;
mod credential;
mod definition;
mod delegation;
mod deny;
mod describe;
mod document;
mod effective;
mod granted;
mod health;
mod letter;
mod method;
mod mint;
mod plan;
mod preflight;
mod profile;
mod rbac;
mod read;
mod readonly;
mod recognise;
mod refuse;
mod resource;
mod role;
mod sas;
mod suggestion;
mod xml;

use audex_sdk::provider::{
    Advice, Attribution, Call, CheckResult, Description, Error, ErrorKind, Finding, Grant,
    KnownAction, Minted, Plan, Provider, Reading, Reply, SeenRequest, Statement, settings,
};

struct Azure;

impl Provider for Azure {
    fn describe() -> Description {
        describe::describe()
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let allow_unknown = settings::get("allow_unknown").is_some_and(|value| value == "true");
        actions.iter().map(|action| action::check(action, allow_unknown)).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        plan::plan(&grant, &configured())
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        preflight::preflight(&grant, &command)
    }

    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        document::document(&grant, &name, &format, settings::get("subscription_id").as_deref())
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        mint::mint(&grant, &plan)
    }

    fn settled(lease: String) -> Result<bool, Error> {
        mint::role::settled(&lease)
    }

    fn revoke(lease: String) -> Result<(), Error> {
        mint::role::revoke(&lease)
    }

    fn leftovers() -> Result<Vec<String>, Error> {
        mint::role::leftovers()
    }

    fn health() -> Vec<CheckResult> {
        health::health()
    }

    fn recognise(requests: Vec<SeenRequest>, _account: Option<String>) -> Vec<Call> {
        recognise::recognise(&requests)
    }

    fn read(request: SeenRequest, _account: Option<String>) -> Reading {
        read::read(&request)
    }

    fn refuse(request: SeenRequest, message: String) -> Reply {
        refuse::refuse(&request, &message)
    }

    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        recognise::attribute(&calls)
    }

    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        effective::expand(&patterns)
    }

    fn statements(document: String) -> Result<Vec<Statement>, Error> {
        effective::statements(&document)
    }

    fn effective(principal: String) -> Result<Vec<Statement>, Error> {
        effective::effective(&principal)
    }
}

audex_sdk::provider!(
    Azure,
    capabilities =
        ["slot:azure", "http:management.azure.com", "http:{account}.blob.core.windows.net"]
);

fn configured() -> plan::Settings {
    let [method, client_id, subscription_id] =
        ["method", "client_id", "subscription_id"].map(settings::get);
    plan::Settings { method, client_id, subscription_id }
}

/// Returns an error that the request itself caused.
fn invalid(code: &str, message: String, hint: &str) -> Error {
    refusal(ErrorKind::InvalidInput, code, message, hint)
}

fn refusal(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}
