//! Skeleton, replaced in the next commits.

use audex_sdk::provider::{Description, Error, Finding, Grant, Minted, Plan, Provider, unsupported};

struct Gcp;

impl Provider for Gcp {
    fn describe() -> Description {
        Description {
            id: "gcp".to_owned(),
            title: String::new(),
            action_syntax: String::new(),
            settings: Vec::new(),
            profiles: Vec::new(),
            sets: Vec::new(),
        }
    }

    fn check(_actions: Vec<String>) -> Vec<Finding> {
        Vec::new()
    }

    fn plan(_grant: Grant) -> Result<Plan, Error> {
        Err(unsupported("plan"))
    }

    fn mint(_grant: Grant, _plan: Plan) -> Result<Minted, Error> {
        Err(unsupported("mint"))
    }
}

audex_sdk::provider!(Gcp, capabilities = ["slot:gcp"]);
