//! Real calls that show whether a run would get a token.

use audex_sdk::provider::{CheckResult, Error, HealthStatus, identity, settings};

use crate::{mint, scope};

/// A token nobody is given lives this long; generateAccessToken takes any second.
const PROBE_SECONDS: u32 = 60;

pub fn health() -> Vec<CheckResult> {
    let source = identity::token("gcp", &[format!("{}{}", gcp_catalogue::SCOPE_PREFIX, scope::PLATFORM)]);
    let found = source.is_ok();
    let mut checks = vec![match source {
        Ok(_) => {
            let who = identity::whoami("gcp").unwrap_or_else(|_| "found".to_owned());
            result("source credentials", HealthStatus::Ok, who, None)
        }
        Err(error) => failed("source credentials", error),
    }];
    checks.push(match mint::account() {
        Err(error) => failed("service account", error),
        Ok(account) if !found => result(
            "service account",
            HealthStatus::Warning,
            format!("{account}, not tried without a source"),
            None,
        ),
        Ok(account) => {
            let scopes = [format!("{}userinfo.email", gcp_catalogue::SCOPE_PREFIX)];
            match mint::impersonate(&account, &scopes, PROBE_SECONDS) {
                Ok(_) => result(
                    "service account",
                    HealthStatus::Ok,
                    format!("{account} can be impersonated"),
                    None,
                ),
                Err(error) => failed("service account", error),
            }
        }
    });
    checks.push(match settings::get("project") {
        Some(project) => result("project", HealthStatus::Ok, project, None),
        None => result(
            "project",
            HealthStatus::Warning,
            "none set; the service account's own is used".to_owned(),
            Some("set AUDEX_GCP_PROJECT".to_owned()),
        ),
    });
    checks
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
