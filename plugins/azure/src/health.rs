//! Real calls that show whether a run would get a token.

use audex_sdk::provider::{CheckResult, Error, HealthStatus, identity, settings};
use serde_json::Value;

use crate::{audience, mint};

pub fn health() -> Vec<CheckResult> {
    let mut checks = Vec::new();
    match mint::token(audience::ARM) {
        Err(error) => {
            checks.push(failed("source credentials", error));
            checks.push(result(
                "subscription",
                HealthStatus::Warning,
                "not tried without a source".to_owned(),
                None,
            ));
        }
        Ok(token) => {
            let who = identity::whoami("azure").unwrap_or_else(|_| "found".to_owned());
            checks.push(result("source credentials", HealthStatus::Ok, who, None));
            checks.push(subscription(mint::subscriptions(&token.value)));
        }
    }
    checks.push(match settings::get("tenant_id") {
        Some(tenant) => result("tenant", HealthStatus::Ok, tenant, None),
        None => result(
            "tenant",
            HealthStatus::Warning,
            "none set; that of the subscription is used".to_owned(),
            Some("set AZURE_TENANT_ID".to_owned()),
        ),
    });
    checks
}

fn subscription(listed: Result<Value, Error>) -> CheckResult {
    let listed = match listed {
        Ok(listed) => listed,
        Err(error) => return failed("subscription", error),
    };
    let known = listed.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let wanted = settings::get("subscription_id");
    let found =
        known.iter().find(|entry| wanted.as_ref().is_none_or(|id| *id == text(entry, "subscriptionId")));
    match (found, wanted) {
        (Some(entry), _) => {
            let detail = format!("{} ({})", text(entry, "displayName"), text(entry, "state"));
            result("subscription", HealthStatus::Ok, detail, None)
        }
        (None, Some(id)) => result(
            "subscription",
            HealthStatus::Failed,
            format!("`{id}` is not among those this login sees"),
            Some("check AZURE_SUBSCRIPTION_ID, or log in to its tenant".to_owned()),
        ),
        (None, None) => result(
            "subscription",
            HealthStatus::Warning,
            "this login sees none".to_owned(),
            Some("data operations may work all the same".to_owned()),
        ),
    }
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
