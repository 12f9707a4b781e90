//! Amazon Web Services: session policies by STS.
//!
//! Every method ends in credentials that carry the planned policy; they differ in who is asked and in how short the
//! credentials can live. See `method.rs` for which one is taken when.

mod describe;
mod health;
mod method;
mod mint;
mod plan;

use audex_sdk::provider::{
    Advice, CheckResult, Description, Error, Finding, Grant, Minted, Plan, Provider, settings,
};

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
}

audex_sdk::provider!(Aws, capabilities = ["slot:aws"]);
