//! Google Cloud: short-lived tokens of a service account, as narrow as Google supports.
//!
//! Only Cloud Storage can be limited to buckets and roles (Credential Access Boundary); for every other
//! service an OAuth scope is the only limit, and the plan says so.

mod action;
mod boundary;
mod credential;
mod describe;
mod document;
mod effective;
mod health;
mod mint;
mod plan;
mod preflight;
mod read;
mod readonly;
mod recognise;
mod refuse;
mod resource;
mod role;
mod scope;

use audex_sdk::provider::{
    Advice, Attribution, Call, CheckResult, Description, Error, ErrorKind, Finding, Grant,
    KnownAction, Minted, Plan, Provider, Reading, Reply, SeenRequest, Statement, settings,
};

struct Gcp;

impl Provider for Gcp {
    fn describe() -> Description {
        describe::describe()
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        actions.iter().map(|action| action::check(action)).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        plan::plan(&grant, settings::get("service_account").as_deref())
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        preflight::preflight(&grant, &command)
    }

    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        document::document(&grant, &name, &format)
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        mint::mint(&grant, &plan)
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
    Gcp,
    capabilities = [
        "slot:gcp",
        "http:iamcredentials.googleapis.com",
        "http:sts.googleapis.com",
        "http:cloudresourcemanager.googleapis.com",
        "http:iam.googleapis.com",
    ]
);

/// Returns an error that the request itself caused.
fn invalid(code: &str, message: String, hint: &str) -> Error {
    refusal(ErrorKind::InvalidInput, code, message, hint)
}

fn refusal(kind: ErrorKind, code: &str, message: String, hint: &str) -> Error {
    Error { kind, code: code.to_owned(), message, hint: Some(hint.to_owned()) }
}
