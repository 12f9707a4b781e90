//! Vault: AWS credentials from its AWS secrets engine, narrowed to the grant before delivery.
//!
//! Vault accepts no policy with a request: its credentials can do everything that the role may do. So the
//! credentials that Vault issues are never delivered. AWS STS exchanges them for others that carry the
//! planned policy. See `method.rs`.

mod api;
mod describe;
mod explain;
mod health;
mod method;
mod mint;
mod plan;
mod target;

use audex_sdk::provider::{
    Advice, Attribution, Call, CheckResult, Description, Effect, Error, Finding, Grant,
    KnownAction, Minted, Plan, Provider, Statement, settings,
};

struct Vault;

impl Provider for Vault {
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

    fn revoke(lease: String) -> Result<(), Error> {
        mint::revoke(&lease)
    }

    fn health() -> Vec<CheckResult> {
        health::health()
    }

    fn attribute(calls: Vec<Call>) -> Vec<Attribution> {
        aws_policy::observed::attribute(&calls)
    }

    fn expand(patterns: Vec<String>) -> Vec<KnownAction> {
        aws_policy::statements::expand(&patterns)
    }

    fn statements(document: String) -> Result<Vec<Statement>, Error> {
        aws_policy::statements::read(&document, "the document", Effect::Allow)
    }
}

audex_sdk::provider!(Vault, capabilities = ["slot:vault", "http:vault.invalid"]);
