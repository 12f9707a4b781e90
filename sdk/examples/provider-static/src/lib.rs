//! A whole provider: doors that open by a token made here. A real one would ask its cloud in `mint`.

use audex_sdk::pattern;
use audex_sdk::provider::*;

struct Acme;

impl Provider for Acme {
    fn describe() -> Description {
        let env = Some("AUDEX_ACME_BUILDING".into());
        Description {
            id: "acme".into(),
            title: "Acme doors".into(),
            action_syntax: "thing:verb, for example `door:open`".into(),
            settings: vec![Setting { key: "building".into(), description: "the building".into(), env }],
            profiles: vec![],
            sets: ["ACME_ACCOUNT", "ACME_TOKEN", "ACME_CREDENTIALS"].map(String::from).to_vec(),
        }
    }

    fn check(actions: Vec<String>) -> Vec<Finding> {
        let check = |action: String| {
            let is_action = action.contains(':') && action.is_ascii();
            let status = if is_action { Status::Known } else { Status::Malformed };
            Finding { status, actions: vec![action], access: None, note: None, suggestion: None }
        };
        actions.into_iter().map(check).collect()
    }

    fn plan(grant: Grant) -> Result<Plan, Error> {
        let planned = |Permission { action, origin, .. }| {
            // Said out loud: this token opens every door of the building.
            Planned { action, origin, enforced_by: Enforcer::Token, note: Some("the whole building".into()) }
        };
        let permissions = grant.permissions.into_iter().map(planned).collect();
        let (method, longest_life_seconds) = ("static-token".into(), grant.ttl_seconds);
        Ok(Plan {
            method,
            policy: None,
            policy_limit: None,
            permissions,
            longest_life_seconds,
            notices: vec![],
        })
    }

    fn preflight(grant: Grant, command: Vec<String>) -> Vec<Advice> {
        let program = command.first().and_then(|path| path.rsplit('/').next());
        let may_open = grant.permissions.iter().any(|p| pattern::matches(&p.action, "door:open"));
        if program != Some("open-door") || may_open {
            return vec![];
        }
        vec![Advice { message: "`open-door` opens a door".into(), missing: vec!["door:open".into()] }]
    }

    fn document(grant: Grant, name: String, format: String) -> Result<String, Error> {
        if format != "json" {
            return Err(unsupported(&format!("document {format}")));
        }
        let quoted = |text: &str| format!(r#""{}""#, text.replace('\\', r"\\").replace('"', r#"\""#));
        let may: Vec<String> = grant.permissions.iter().map(|p| quoted(&p.action)).collect();
        Ok(format!(r#"{{"name":{},"may":[{}]}}"#, quoted(&name), may.join(",")))
    }

    fn mint(grant: Grant, plan: Plan) -> Result<Minted, Error> {
        let building = settings::get("building").unwrap_or_else(|| "main".into());
        let token = || Value::Secret(Secret::new(&format!("acme-{building}-{}", grant.session)));
        let (account, credentials) = (Value::Plain(building.clone()), Some("ACME_CREDENTIALS".into()));
        let variable = |name: &str, value| Variable { name: name.into(), value };
        Ok(Minted {
            variables: vec![variable("ACME_ACCOUNT", account), variable("ACME_TOKEN", token())],
            files: vec![File { name: "acme/token".into(), contents: token(), env: credentials }],
            endpoints: vec![],
            expires_at: clock::now() + u64::from(grant.ttl_seconds),
            identity: None,
            credential_id: None,
            lease: None,
            settle_seconds: None,
            method: plan.method,
            notices: vec![],
        })
    }
}

audex_sdk::provider!(Acme);
