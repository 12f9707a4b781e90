//! A comparison as SARIF 2.1.0, which code hosts show beside a change.
//!
//! Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use serde_json::{Value, json};

use super::{Difference, Drift};
use audex_components::provider::AccessLevel;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ADDITIONAL: &str = "additional-permission";
const MISSING: &str = "missing-permission";
const UNDECIDED: &str = "undecided-statement";

/// Returns the SARIF log of one comparison of `principal`.
#[must_use]
pub fn log(drift: &Drift, principal: &str, expected: &str) -> Value {
    let place = |name: &str| json!([{ "logicalLocations": [{ "fullyQualifiedName": principal, "name": name, "kind": "resource" }] }]);
    let result = |rule: &str, level: &str, text: String, name: &str| json!({ "ruleId": rule, "level": level, "message": { "text": text }, "locations": place(name) });
    let mut results: Vec<Value> = Vec::new();
    for one in &drift.additional {
        let text = format!("{principal} has {}, which {expected} does not", on(one));
        results.push(result(ADDITIONAL, level(one.level), text, &one.action));
    }
    for one in &drift.missing {
        let text = format!("{principal} lacks {}, which {expected} has", on(one));
        results.push(result(MISSING, "warning", text, &one.action));
    }
    for one in &drift.undecided {
        let text = format!("{}: {} {}", one.source, one.actions.join(", "), one.reason);
        results.push(result(UNDECIDED, "warning", text, &one.source));
    }
    let rule = |id: &str, text: &str| json!({ "id": id, "shortDescription": { "text": text } });
    let driver = json!({
        "name": "tryaudex drift",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": [
            rule(ADDITIONAL, "The principal may do what it should not"),
            rule(MISSING, "The principal may not do what it should"),
            rule(UNDECIDED, "What a statement covers cannot be decided"),
        ],
    });
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [{ "tool": { "driver": driver }, "results": results }] })
}

fn on(one: &Difference) -> String {
    if one.resources.is_empty() {
        return one.action.clone();
    }
    format!("{} on {}", one.action, one.resources.join(", "))
}

fn level(level: Option<AccessLevel>) -> &'static str {
    match level {
        Some(AccessLevel::List | AccessLevel::Read) => "warning",
        _ => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_names_a_rule_that_is_there_and_where() {
        let action = "iam:CreateUser".to_owned();
        let one = Difference {
            action,
            level: Some(AccessLevel::Write),
            resources: Vec::new(),
            sources: Vec::new(),
        };
        let drift =
            Drift { additional: vec![one.clone()], missing: vec![one], undecided: Vec::new() };
        let log = log(&drift, "arn:aws:iam::1:role/x", "profile `p`");
        let run = &log["runs"][0];
        let rules: Vec<&str> = run["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|rule| rule["id"].as_str())
            .collect();
        for result in run["results"].as_array().unwrap() {
            assert!(rules.contains(&result["ruleId"].as_str().unwrap()));
            assert_eq!(
                result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
                "arn:aws:iam::1:role/x"
            );
        }
        assert_eq!(
            (&log["version"], &run["results"][0]["level"]),
            (&"2.1.0".into(), &"error".into())
        );
    }
}
