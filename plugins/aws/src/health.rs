//! Real calls that show if credentials could be minted now. The credentials that they return can do nothing.

use audex_sdk::provider::sts::{self, RoleRequest};
use audex_sdk::provider::{CheckResult, Error, HealthStatus, clock, settings};

use crate::method::{Method, STS_FLOOR};
use crate::mint::{self, Step};
use crate::plan;

/// A session under this policy can only narrow itself.
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:GetScopedCredentials","Resource":"*"}]}"#;
/// Signature Version 4 rejects signatures older than 15 minutes; a third of that time gets a warning.
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
            results.push(failed("source credentials", error));
            return results;
        }
    }
    match plan::role() {
        Ok(role) => results.extend(minting(role)),
        Err(error) => results.push(failed("role", error)),
    }
    results
}

/// Makes the calls of a run, with a policy that allows nothing.
fn minting(role_arn: Option<String>) -> Vec<CheckResult> {
    let method = match plan::method(STS_FLOOR) {
        Ok(method) => method,
        Err(error) => return vec![failed("method", error)],
    };
    match role_arn.filter(|_| method.needs_role()) {
        Some(role_arn) => role(role_arn, method),
        None => vec![
            result(
                "role",
                HealthStatus::Ok,
                "none used; the source credentials themselves are narrowed".to_owned(),
                Some("set AUDEX_ROLE_ARN to use a role".to_owned()),
            ),
            source_session(method),
        ],
    }
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

fn role(role_arn: String, method: Method) -> Vec<CheckResult> {
    let request = RoleRequest {
        role_arn: role_arn.clone(),
        session_name: session_name(),
        policy: HARMLESS.to_owned(),
        duration_seconds: STS_FLOOR,
        external_id: settings::get("external_id"),
    };
    let session = match sts::assume_role(&request) {
        Ok(session) => session,
        Err(error) => return vec![failed("role", mint::explain(error, Step::AssumeRole))],
    };
    let short = match session.scope_down(HARMLESS, 1) {
        Ok(_) => result("short ttl", HealthStatus::Ok, "credentials can end to the second".to_owned(), None),
        // Only a forced method always needs GetScopedCredentials.
        Err(error) if method == Method::AssumeRoleScoped => {
            failed("short ttl", mint::explain(error, Step::ScopeDown { role: true }))
        }
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

/// Checks the methods that start from the source credentials, with the same fallback as in a run.
fn source_session(method: Method) -> CheckResult {
    let federated = || sts::federation_token(&session_name(), HARMLESS, STS_FLOOR);
    let made = match method {
        Method::FederationToken => {
            federated().map(drop).map_err(|error| mint::explain(error, Step::FederationToken))
        }
        Method::SessionScoped => match sts::session_token(STS_FLOOR) {
            Ok(first) => match first.scope_down(HARMLESS, 1) {
                Err(refused)
                    if mint::is_refusal(&refused) && matches!(plan::forced(), Ok(None)) =>
                {
                    return match federated() {
                        Ok(_) => only_federated(&refused),
                        Err(second) => {
                            failed("session", mint::both(&refused, &second, Step::FederationToken))
                        }
                    };
                }
                narrowed => narrowed
                    .map(drop)
                    .map_err(|error| mint::explain(error, Step::ScopeDown { role: false })),
            },
            Err(error) => Err(mint::explain(error, Step::SessionToken)),
        },
        Method::ScopedCredentials | Method::AssumeRole | Method::AssumeRoleScoped => {
            sts::scope_down(HARMLESS, 1)
                .map(drop)
                .map_err(|error| mint::explain(error, Step::ScopeDown { role: false }))
        }
    };
    match made {
        Ok(()) => result("session", HealthStatus::Ok, format!("`{}` works", method.name()), None),
        Err(error) => failed("session", error),
    }
}

fn only_federated(refused: &Error) -> CheckResult {
    let fallback = Method::FederationToken.name();
    result(
        "session",
        HealthStatus::Warning,
        format!("STS refused GetScopedCredentials ({}); `{fallback}` works", refused.message),
        Some(
            "a --ttl under 15m ends the command instead; allow the IAM user `sts:GetScopedCredentials`"
                .to_owned(),
        ),
    )
}

fn session_name() -> String {
    format!("audex-health-{}", clock::now())
}

fn failed(name: &str, error: Error) -> CheckResult {
    result(name, HealthStatus::Failed, error.message, error.hint)
}

fn result(name: &str, status: HealthStatus, detail: String, hint: Option<String>) -> CheckResult {
    CheckResult { name: name.to_owned(), status, detail, hint }
}
