//! Real calls that show if a run would get a token.

use audex_sdk::provider::{CheckResult, Error, HealthStatus, Secret, clock, identity, settings};

use crate::arm::{self, Subscription};
use crate::mint::role::AGENT;
use crate::rbac::Rbac;
use crate::{audience, mint};

pub fn health() -> Vec<CheckResult> {
    let [id, tenant] = ["subscription_id", "tenant_id"].map(settings::get);
    let mut results = Vec::new();
    match identity::whoami("azure") {
        Ok(who) => results.push(result("source credentials", HealthStatus::Ok, who, None)),
        Err(error) => {
            results.push(failed("source credentials", error));
            return results;
        }
    }
    match mint::token(mint::OWN, audience::RESOURCE_MANAGER) {
        Ok(token) => {
            results.push(result(
                "token",
                HealthStatus::Ok,
                format!("for {}{}", audience::RESOURCE_MANAGER, left(token.expires_at)),
                None,
            ));
            results.extend(agent(&token.value, id.as_deref()));
            match arm::subscriptions(&token.value) {
                Ok(listed) => results.push(subscription(&listed, id.as_deref(), tenant.as_deref())),
                Err(error) => results.push(failed("subscription", error)),
            }
        }
        Err(error) => results.push(failed("token", error)),
    }
    results.push(of_tenant(tenant));
    results
}

/// Describes the remaining life of a token.
fn left(expires_at: Option<u64>) -> String {
    let left = expires_at.map(|ends| ends.saturating_sub(clock::now()));
    left.map(|left| format!("; it lives {left} s more")).unwrap_or_default()
}

/// Checks the identity for temporary roles, if one is configured: it must be able to log in, and have no
/// other role.
fn agent(own: &Secret, subscription: Option<&str>) -> Option<CheckResult> {
    const NAME: &str = "identity for custom-role";
    let client_id = settings::get("client_id")?;
    let principal = match identity::whoami(AGENT) {
        Ok(principal) => principal,
        Err(error) => return Some(failed(NAME, error)),
    };
    let detail = format!("{principal} (client {client_id})");
    let Some(subscription) = subscription else {
        return Some(result(
            NAME,
            HealthStatus::Warning,
            detail,
            Some("set AZURE_SUBSCRIPTION_ID"),
        ));
    };
    Some(match (Rbac { token: own }).assigned_to(subscription, &principal) {
        Ok(held) if held.is_empty() => result(NAME, HealthStatus::Ok, detail, None),
        Ok(held) => result(
            NAME,
            HealthStatus::Failed,
            format!("{detail} has {} role assignments, which its tokens carry too", held.len()),
            Some("a session may be running; else delete them, or run tryaudex cleanup"),
        ),
        Err(error) => failed(NAME, error),
    })
}

fn subscription(listed: &[Subscription], id: Option<&str>, tenant: Option<&str>) -> CheckResult {
    const NAME: &str = "subscription";
    let Some(one) = arm::choose(listed, id, tenant) else {
        return match id {
            Some(id) => result(
                NAME,
                HealthStatus::Failed,
                format!("`{id}` is not among the {} that this login sees", listed.len()),
                Some(
                    "check AZURE_SUBSCRIPTION_ID and AZURE_TENANT_ID, or log in to that tenant: az login --tenant ID",
                ),
            ),
            None => result(
                NAME,
                HealthStatus::Warning,
                "this login sees none".to_owned(),
                Some(
                    "`az` needs one, if only to read data: set AZURE_SUBSCRIPTION_ID and AZURE_TENANT_ID",
                ),
            ),
        };
    };
    let detail = format!("{} `{}` ({})", one.id, one.name, one.state);
    match (one.state.as_str(), id) {
        ("Enabled" | "Warned", Some(_)) => result(NAME, HealthStatus::Ok, detail, None),
        ("Enabled" | "Warned", None) => {
            let hint = "it is the first that this login sees; set AZURE_SUBSCRIPTION_ID to choose";
            result(NAME, HealthStatus::Ok, detail, Some(hint))
        }
        _ => result(NAME, HealthStatus::Failed, detail, Some("it takes no requests in this state")),
    }
}

fn of_tenant(tenant: Option<String>) -> CheckResult {
    match tenant {
        Some(tenant) => result("tenant", HealthStatus::Ok, tenant, None),
        None => result(
            "tenant",
            HealthStatus::Warning,
            "none is set; that of the login is used".to_owned(),
            Some("set AZURE_TENANT_ID"),
        ),
    }
}

fn failed(name: &str, error: Error) -> CheckResult {
    CheckResult {
        name: name.to_owned(),
        status: HealthStatus::Failed,
        detail: error.message,
        hint: error.hint,
    }
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<&str>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint: hint.map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(state: &str) -> Vec<Subscription> {
        let text = str::to_owned;
        vec![Subscription {
            id: text("bbb"),
            tenant: text("t1"),
            name: text("Main"),
            state: text(state),
        }]
    }

    #[test]
    fn a_subscription_that_is_named_must_be_seen_and_in_use() {
        let found = subscription(&listed("Enabled"), Some("bbb"), None);
        assert_eq!(
            (found.status, found.detail.as_str()),
            (HealthStatus::Ok, "bbb `Main` (Enabled)")
        );
        assert_eq!(
            subscription(&listed("Disabled"), Some("bbb"), None).status,
            HealthStatus::Failed
        );
        let missing = subscription(&listed("Enabled"), Some("ccc"), None);
        assert_eq!(missing.status, HealthStatus::Failed);
        assert!(missing.hint.unwrap().contains("az login"));
    }

    #[test]
    fn without_a_name_the_first_will_do_and_none_is_a_warning() {
        assert!(
            subscription(&listed("Enabled"), None, None)
                .hint
                .unwrap()
                .contains("AZURE_SUBSCRIPTION_ID")
        );
        assert_eq!(subscription(&[], None, None).status, HealthStatus::Warning);
        assert_eq!(of_tenant(None).status, HealthStatus::Warning);
        assert_eq!(of_tenant(Some("t".to_owned())).status, HealthStatus::Ok);
    }
}
