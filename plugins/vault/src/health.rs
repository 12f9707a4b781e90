//! Real calls that show if credentials could be issued now. These calls issue no credentials.

use audex_sdk::provider::{CheckResult, Error, HealthStatus};
use serde_json::Value;

use crate::api::{self, Vault};
use crate::explain::{self, Asked};
use crate::target::Target;

/// A token with less time left than this gets a warning: the lease of the longest usual session.
const SHORT_TOKEN_SECONDS: u32 = 900;

pub fn health() -> Vec<CheckResult> {
    let server = server();
    let is_up = server.status != HealthStatus::Failed;
    let mut results = vec![server];
    if !is_up {
        return results;
    }
    let vault = match Vault::log_in() {
        Ok(vault) => vault,
        Err(error) => {
            results.push(failed("token", error));
            return results;
        }
    };
    let token = token(&vault);
    let is_accepted = token.status != HealthStatus::Failed;
    results.push(token);
    results.push(match Target::configured() {
        Ok(target) if is_accepted => role(&vault, &target),
        Ok(_) => return results,
        Err(error) => failed("role", error),
    });
    results
}

/// Statuses: Vault API documentation, `sys/health`.
fn server() -> CheckResult {
    let reply = match api::ask("sys/health") {
        Ok(reply) => reply,
        Err(error) => return failed("server", error),
    };
    let version = reply.text("/version").unwrap_or_else(|| "an unknown version".to_owned());
    let said = |status, text: &str, hint: Option<&str>| {
        result("server", status, format!("Vault {version}, {text}"), hint.map(ToOwned::to_owned))
    };
    match reply.status {
        200 => said(HealthStatus::Ok, "active", None),
        429 | 473 => said(HealthStatus::Ok, "standby; it passes requests on to the leader", None),
        472 => said(
            HealthStatus::Failed,
            "secondary for disaster recovery, which answers no requests",
            Some("point VAULT_ADDR at the primary cluster"),
        ),
        501 => said(
            HealthStatus::Failed,
            "not initialised",
            Some("initialise it (`vault operator init`)"),
        ),
        503 => failed("server", explain::sealed()),
        status => said(
            HealthStatus::Failed,
            &format!("answers with status {status}"),
            Some("check VAULT_ADDR: it is the server's address without a path"),
        ),
    }
}

fn token(vault: &Vault) -> CheckResult {
    // The reply repeats the token.
    let reply = match vault.get("auth/token/lookup-self", &["/data/id"]) {
        Ok(reply) if reply.is_success() => reply,
        Ok(reply) => return failed("token", explain::refused(&reply, Asked::Token)),
        Err(error) => return failed("token", error),
    };
    let name = reply.text("/data/display_name").unwrap_or_else(|| "unnamed".to_owned());
    match reply.seconds("/data/ttl") {
        // Root tokens and periodic ones without a ttl.
        0 => result("token", HealthStatus::Ok, format!("{name}, without an end"), None),
        left if left < SHORT_TOKEN_SECONDS => result(
            "token",
            HealthStatus::Warning,
            format!("{name}, for {left} s more"),
            Some("leases end with the token they were given to: log in again".to_owned()),
        ),
        left => result("token", HealthStatus::Ok, format!("{name}, for {left} s more"), None),
    }
}

fn role(vault: &Vault, target: &Target) -> CheckResult {
    let place = format!("{}/roles/{}", target.mount, target.role);
    let reply = match vault.get(&place, &[]) {
        Ok(reply) => reply,
        Err(error) => return failed("role", error),
    };
    match reply.status {
        200 => {
            let types = reply.body.pointer("/data/credential_types").and_then(Value::as_array);
            let types: Vec<&str> = types.into_iter().flatten().filter_map(Value::as_str).collect();
            let kind = reply.text("/data/credential_type").unwrap_or_else(|| types.join(", "));
            result("role", HealthStatus::Ok, format!("`{place}` issues {kind}"), None)
        }
        // Using a role and reading a role are two separate rights.
        403 => result(
            "role",
            HealthStatus::Warning,
            format!("`{place}` may not be read with this token; it may be usable all the same"),
            Some(format!("to have it checked, allow `read` on `{place}`")),
        ),
        _ => failed("role", explain::refused(&reply, Asked::Credentials("roles", target))),
    }
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
