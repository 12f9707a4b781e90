//! Real calls that show whether credentials could be minted now. What they return can do nothing.

use audex_sdk::provider::sts::{self, RoleRequest};
use audex_sdk::provider::{CheckResult, HealthStatus, clock, settings};

use crate::method::STS_FLOOR;

/// A session under this policy can only narrow itself.
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}]}"#;
/// Signatures older than 15 minutes are refused (Signature Version 4); a third of that is worth a word.
const SKEW_WARNING_SECONDS: i64 = 300;
const SKEW_FAILURE_SECONDS: i64 = 900;

pub fn health() -> Vec<CheckResult> {
    let mut results = vec![result("region", HealthStatus::Ok, sts::region(), None)];
    match sts::caller() {
        Ok(caller) => {
            results.push(result("source credentials", HealthStatus::Ok, caller.arn, None));
            results.push(clock_skew(caller.clock_skew_seconds));
        }
        Err(error) => {
            results.push(result("source credentials", HealthStatus::Failed, error.message, error.hint));
            return results;
        }
    }
    match settings::get("role_arn") {
        Some(role_arn) => results.extend(role(role_arn)),
        None => results.push(result(
            "role",
            HealthStatus::Ok,
            "none configured; the source credentials themselves are narrowed".to_owned(),
            Some("set AUDEX_ROLE_ARN to use a role".to_owned()),
        )),
    }
    results
}

fn clock_skew(seconds: Option<i64>) -> CheckResult {
    let Some(seconds) = seconds else {
        return result("clock", HealthStatus::Warning, "STS sent no date".to_owned(), None);
    };
    let status = match seconds.abs() {
        skew if skew >= SKEW_FAILURE_SECONDS => HealthStatus::Failed,
        skew if skew >= SKEW_WARNING_SECONDS => HealthStatus::Warning,
        _ => HealthStatus::Ok,
    };
    let hint = (status != HealthStatus::Ok).then(|| "set the system clock (NTP)".to_owned());
    result("clock", status, format!("{seconds} s against STS"), hint)
}

fn role(role_arn: String) -> Vec<CheckResult> {
    let request = RoleRequest {
        role_arn: role_arn.clone(),
        session_name: format!("audex-health-{}", clock::now()),
        policy: HARMLESS.to_owned(),
        duration_seconds: STS_FLOOR,
        external_id: settings::get("external_id"),
    };
    let session = match sts::assume_role(&request) {
        Ok(session) => session,
        Err(error) => return vec![result("role", HealthStatus::Failed, error.message, error.hint)],
    };
    let short = match session.scope_down(HARMLESS, 1) {
        Ok(_) => result("short ttl", HealthStatus::Ok, "credentials can end to the second".to_owned(), None),
        Err(error) => result(
            "short ttl",
            HealthStatus::Warning,
            format!("STS refused GetScopedCredentials ({})", error.message),
            Some(
                "a --ttl under 15m ends the command instead; allow the role `sts:GetScopedCredentials`"
                    .to_owned(),
            ),
        ),
    };
    vec![result("role", HealthStatus::Ok, format!("{role_arn} can be assumed"), None), short]
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
