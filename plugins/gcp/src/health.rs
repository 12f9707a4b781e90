//! Real calls that show if a run would get a token.

use audex_sdk::provider::{CheckResult, Error, HealthStatus, clock, identity, settings};

use crate::{mint, scope};

/// Google rejects the signed claims of a service account if the clock is wrong by some minutes.
const SKEW_WARNING_SECONDS: u64 = 120;
/// The life of a test token, which is delivered to no one; generateAccessToken accepts any number of seconds.
const PROBE_SECONDS: u32 = 60;

pub fn health() -> Vec<CheckResult> {
    let source =
        identity::token("gcp", &[format!("{}{}", gcp_catalogue::SCOPE_PREFIX, scope::PLATFORM)]);
    let found = source.is_ok();
    let mut checks = vec![match source {
        Ok(token) => {
            let who = identity::whoami("gcp").unwrap_or_else(|_| "found".to_owned());
            let ends = token.expires_at.map(|ends| ends.saturating_sub(clock::now()));
            let left =
                ends.map(|left| format!("; its token lives {left} s more")).unwrap_or_default();
            result("source credentials", HealthStatus::Ok, format!("{who}{left}"), None)
        }
        Err(error) => failed("source credentials", error),
    }];
    let mut skew = None;
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
                Ok(token) => {
                    skew = Some(against_google(token.expires_at));
                    let detail = format!("{account} can be impersonated");
                    result("service account", HealthStatus::Ok, detail, None)
                }
                Err(error) => failed("service account", error),
            }
        }
    });
    checks.extend(skew);
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

/// Compares the clocks: Google's reply says when the one-minute test token ends.
fn against_google(expires_at: u64) -> CheckResult {
    let expected = clock::now().saturating_add(u64::from(PROBE_SECONDS));
    let seconds = expected.abs_diff(expires_at);
    let (status, hint) = if seconds < SKEW_WARNING_SECONDS {
        (HealthStatus::Ok, None)
    } else {
        (HealthStatus::Warning, Some("set the system clock (NTP)".to_owned()))
    };
    result("clock", status, format!("{seconds} s from Google's"), hint)
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
