//! A complete provider: doors that open with a token made here. A real provider would call its cloud in
//! `mint`.

use audex_sdk::pattern;
use audex_sdk::provider::*;
use audex_sdk::spelling::nearest;

struct Acme;

/// Every action that can be granted.
const ACTIONS: [&str; 4] = ["door:open", "door:close", "door:lock", "door:inspect"];

impl Provider for Acme {
    fn describe() -> Description {
        let sets = ["ACME_ACCOUNT", "ACME_TOKEN", "ACME_CREDENTIALS"];
        let syntax = "thing:verb, for example `door:open`";
        let building = Some("AUDEX_ACME_BUILDING");
        Description::new("acme", "Acme doors", syntax, &sets).setting(
            "building",
            "the building",
            building,
        )
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let check = |action: &String| match action {
            known if ACTIONS.iter().any(|one| pattern::matches(known, one)) => {
                Finding::known(known)
            }
            other if !other.contains(':') => Finding::malformed(),
            other => Finding::unknown(nearest(other, ACTIONS, 2).map(String::from)),
        };
        actions.iter().map(check).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        // The plan must say this: the token opens every door of the building.
        Ok(Plan::of(&grant, "static-token", Enforcer::Token, Some("the whole building")))
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        let opens =
            command.first().is_some_and(|path| path.rsplit('/').next() == Some("open-door"));
        let may_open = grant.permissions.iter().any(|p| pattern::matches(&p.action, "door:open"));
        let advice = Advice::new("`open-door` opens a door", &["door:open"]);
        if opens && !may_open { vec![advice] } else { vec![] }
    }

    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        if format != "json" {
            return Err(unsupported(&format!("document {format}")));
        }
        let quoted =
            |text: &str| format!(r#""{}""#, text.replace('\\', r"\\").replace('"', r#"\""#));
        let may: Vec<String> = grant.permissions.iter().map(|p| quoted(&p.action)).collect();
        Ok(format!(r#"{{"name":{},"may":[{}]}}"#, quoted(&name), may.join(",")))
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        let building = settings::get("building").unwrap_or_else(|| "main".into());
        let token = || Value::Secret(Secret::new(&format!("acme-{building}-{}", grant.session)));
        Ok(Minted::new(&plan, clock::now() + u64::from(grant.ttl_seconds))
            .variable("ACME_ACCOUNT", Value::Plain(building.clone()))
            .variable("ACME_TOKEN", token())
            .file("acme/token", token(), Some("ACME_CREDENTIALS")))
    }
}

audex_sdk::provider!(Acme);
