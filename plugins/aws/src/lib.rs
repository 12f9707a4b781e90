//! Amazon Web Services: session policies by STS.
//!
//! Every method ends in credentials that carry the planned policy; the methods differ in the calls to STS and
//! in the shortest life of the credentials. `method.rs` says when each method is used.

mod describe;
mod effective;
mod health;
mod method;
mod mint;
mod observed;
mod plan;
mod read;
mod recognise;
mod refuse;
mod source;

use audex_sdk::provider::{
    Advice, Attribution, Call, CheckResult, Description, Effect, Error, Finding, Grant,
    KnownAction, Minted, Plan, Provider, Reading, Reply, SeenRequest, Statement, Window, settings,
};
use aws_policy::statements;

struct Aws;

impl Provider for Aws {
    fn describe() -> Description {
        describe::describe()
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let allow_unknown = settings::get("allow_unknown").is_some_and(|value| value == "true");
        actions.iter().map(|action| aws_policy::action::check(action, allow_unknown)).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        plan::plan(&grant)
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        aws_policy::preflight::preflight(&grant, &command)
    }

    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        aws_policy::document::document(&grant, &plan::conditions()?, &name, &format)
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        mint::mint(&grant, &plan)
    }

    fn health() -> Vec<CheckResult> {
        health::health()
    }

    fn observed(window: Window) -> Result<Vec<Call>, Error> {
        observed::observed(&window)
    }

    fn recognise(requests: Vec<SeenRequest>, account: Option<String>) -> Vec<Call> {
        recognise::recognise(&requests, account.as_deref())
    }

    fn read(request: SeenRequest, account: Option<String>) -> Reading {
        read::read(&request, account.as_deref())
    }

    fn refuse(request: SeenRequest, message: String) -> Reply {
        refuse::refuse(&request, &message)
    }

    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        aws_policy::observed::attribute(&calls)
    }

    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        statements::expand(&patterns)
    }

    fn statements(document: String) -> Result<Vec<Statement>, Error> {
        statements::read(&document, "the document", Effect::Allow)
    }

    fn effective(principal: String) -> Result<Vec<Statement>, Error> {
        effective::effective(&principal)
    }
}

audex_sdk::provider!(
    Aws,
    capabilities = [
        "slot:aws",
        "http:cloudtrail.{region}.amazonaws.com",
        "http:cloudtrail.{region}.amazonaws.com.cn",
        "http:iam.amazonaws.com",
        "http:iam.us-gov.amazonaws.com",
        "http:iam.cn-north-1.amazonaws.com.cn",
    ]
);
