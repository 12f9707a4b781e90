//! One thing more while a command runs: asks, and the rules that answer them.

mod ahead;
mod answers;
mod forbidden;
mod person;
mod road;

use serde_json::Value;

use crate::support::Sandbox;

/// A session that may read the reports, with a gateway.
pub(super) const READ: &[&str] = &[
    "--allow",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::demo-reports/*",
    "--deliver",
    "gateway",
];

/// Returns the events of the log that are about asks, in short.
pub(super) fn asks(sandbox: &Sandbox) -> Vec<String> {
    let line = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
        let actions = || {
            let all = record["permissions"].as_array().unwrap().iter();
            all.map(|one| one["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(",")
        };
        Some(match text("event").as_str() {
            "asked" => format!("asked {} {}", actions(), text("why")),
            "answered" if record["granted"] == true => format!("granted by {}", text("by")),
            "answered" => format!("refused by {}: {}", text("by"), text("reason")),
            "adding" => format!("adding {} by {}", actions(), text("method")),
            "added" => "added".to_owned(),
            _ => return None,
        })
    };
    sandbox.audit().iter().filter_map(line).collect()
}
