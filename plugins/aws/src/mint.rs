//! The STS calls that mint credentials. The delivered credentials always carry the planned policy.

use audex_sdk::provider::sts::{self, RoleRequest, Session};
use audex_sdk::provider::{
    Error, ErrorKind, Grant, Minted, Plan, Value, Variable, clock, log, settings,
};

use crate::method::{Method, STS_FLOOR};
use crate::plan;
use aws_policy::{compile as policy, invalid};

/// The most seconds by which the clocks of this machine and STS may differ before an end counts as too early.
const CLOCK_SLACK_SECONDS: u32 = 60;

/// Credentials, the method that made them, and notices for the user.
struct Made {
    session: Session,
    method: Method,
    notices: Vec<String>,
}

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let Some(policy) = planned.policy.as_deref() else {
        return Err(invalid("no-policy", "the plan carries no policy".to_owned(), "plan again"));
    };
    let method = plan::decide(grant)?;
    let one_step = |session| Made { session, method, notices: Vec::new() };
    let made = match method {
        Method::AssumeRole => assume(grant, policy).map(one_step),
        Method::FederationToken => federate(grant, policy).map(one_step),
        Method::ScopedCredentials => sts::scope_down(policy, grant.ttl_seconds)
            .map(one_step)
            .map_err(|error| explain(error, Step::ScopeDown { role: false })),
        Method::AssumeRoleScoped => assume(grant, &policy::with_scope_down(policy))
            .and_then(|first| narrow(first, grant, policy, method)),
        Method::SessionScoped => sts::session_token(duration(grant))
            .map_err(|error| explain(error, Step::SessionToken))
            .and_then(|first| narrow(first, grant, policy, method)),
    };
    made.map(|made| deliver(made, grant))
}

/// Makes the second call of the two-step methods. If STS rejects the call and no method was forced, another
/// call gets credentials with the same policy. These can do no more, but may live longer; then the host ends
/// the command in time.
fn narrow(first: Session, grant: &Grant, policy: &str, method: Method) -> Result<Made, Error> {
    let refused = match first.scope_down(policy, grant.ttl_seconds) {
        Ok(session) => return Ok(Made { session, method, notices: Vec::new() }),
        Err(error) if is_refusal(&error) && plan::forced()?.is_none() => error,
        Err(error) => return Err(explain(error, Step::ScopeDown { role: method.needs_role() })),
    };
    let (session, step, method) = if method.needs_role() {
        (assume(grant, policy), Step::AssumeRole, Method::AssumeRole)
    } else {
        (federate(grant, policy), Step::FederationToken, Method::FederationToken)
    };
    let session = session.map_err(|second| both(&refused, &second, step))?;
    let notice = format!(
        "STS refused GetScopedCredentials ({}); used `{}` with the same policy",
        refused.message,
        method.name()
    );
    Ok(Made { session, method, notices: vec![notice] })
}

fn deliver(made: Made, grant: &Grant) -> Minted {
    let Made { session, method, mut notices } = made;
    notices.extend(shorter(session.expires_at(), clock::now(), grant.ttl_seconds));
    if let Some(percent) = session.packed_policy_percent().filter(|percent| *percent >= 80) {
        notices.push(format!("the session policy fills {percent} % of what STS takes"));
    }
    let region = sts::region();
    let plain =
        |name: &str, text: String| Variable { name: name.to_owned(), value: Value::Plain(text) };
    let secret =
        |name: &str, value| Variable { name: name.to_owned(), value: Value::Secret(value) };
    Minted {
        variables: vec![
            plain("AWS_ACCESS_KEY_ID", session.access_key_id()),
            secret("AWS_SECRET_ACCESS_KEY", session.secret_access_key()),
            secret("AWS_SESSION_TOKEN", session.session_token()),
            plain("AWS_REGION", region.clone()),
            plain("AWS_DEFAULT_REGION", region),
        ],
        files: Vec::new(),
        endpoints: Vec::new(),
        git: Vec::new(),
        expires_at: session.expires_at(),
        identity: session.arn(),
        credential_id: Some(session.access_key_id()),
        // STS sessions cannot be revoked one by one; they end by themselves.
        lease: None,
        settle_seconds: None,
        method: method.name().to_owned(),
        notices,
    }
}

/// Returns a notice if the credentials end before the ttl: a scoped-down session ends with its source
/// session.
fn shorter(expires_at: u64, now: u64, ttl_seconds: u32) -> Option<String> {
    let lives = u32::try_from(expires_at.saturating_sub(now)).unwrap_or(u32::MAX);
    let is_shorter = lives.saturating_add(CLOCK_SLACK_SECONDS) < ttl_seconds;
    is_shorter
        .then(|| format!("the source credentials end in {}, before the ttl", plan::duration(lives)))
}

fn assume(grant: &Grant, policy: &str) -> Result<Session, Error> {
    let Some(role_arn) = settings::get("role_arn") else {
        return Err(invalid(
            "no-role",
            "no role is configured".to_owned(),
            "set AUDEX_ROLE_ARN or pass --role-arn",
        ));
    };
    // No tags and no source identity: they would need sts:TagSession and sts:SetSourceIdentity in the trust
    // policy.
    let request = RoleRequest {
        role_arn,
        session_name: grant.session.clone(),
        policy: policy.to_owned(),
        duration_seconds: duration(grant),
        external_id: settings::get("external_id"),
    };
    sts::assume_role(&request).map_err(|error| explain(error, Step::AssumeRole))
}

fn federate(grant: &Grant, policy: &str) -> Result<Session, Error> {
    sts::federation_token(&grant.session, policy, duration(grant))
        .map_err(|error| explain(error, Step::FederationToken))
}

/// Returns the duration to request from a call with a floor, in seconds.
fn duration(grant: &Grant) -> u32 {
    grant.ttl_seconds.max(STS_FLOOR)
}

/// Returns true if another method may succeed: the call was denied or is unknown, not merely unreachable.
pub fn is_refusal(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported)
}

/// One call to STS on the way to credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    AssumeRole,
    SessionToken,
    FederationToken,
    /// Narrows the session of a role, or that of the source.
    ScopeDown {
        role: bool,
    },
}

impl Step {
    fn action(self) -> &'static str {
        match self {
            Self::AssumeRole => "AssumeRole",
            Self::SessionToken => "GetSessionToken",
            Self::FederationToken => "GetFederationToken",
            Self::ScopeDown { .. } => "GetScopedCredentials",
        }
    }

    /// Returns the condition under which STS accepts the call.
    fn hint(self) -> &'static str {
        match self {
            Self::AssumeRole => {
                "the role's trust policy must allow these source credentials `sts:AssumeRole`"
            }
            Self::SessionToken => {
                "the IAM user must not be denied `sts:GetSessionToken`; or set AUDEX_ROLE_ARN to a role to assume"
            }
            Self::FederationToken => "the IAM user needs `sts:GetFederationToken`",
            Self::ScopeDown { role: true } => {
                "the role needs `sts:GetScopedCredentials`; or ask for a --ttl of 15m or more"
            }
            Self::ScopeDown { role: false } => {
                "the source credentials need `sts:GetScopedCredentials` and fewer than 3 scope-down policies on them; \
                 or set AUDEX_ROLE_ARN to a role to assume"
            }
        }
    }
}

/// Adds the hint of the step to an error without one.
pub fn explain(mut error: Error, step: Step) -> Error {
    if error.hint.is_none() && is_refusal(&error) {
        error.hint = Some(step.hint().to_owned());
    }
    error
}

/// Returns the error for a refused GetScopedCredentials whose fallback, `step`, failed too.
pub fn both(refused: &Error, second: &Error, step: Step) -> Error {
    if let (ErrorKind::Denied, Step::FederationToken) = (second.kind, step) {
        return not_narrowable(refused, second);
    }
    let (first, action) = (&refused.message, step.action());
    let message = if is_refusal(second) {
        format!("STS refused GetScopedCredentials ({first}) and {action} ({})", second.message)
    } else {
        format!(
            "STS refused GetScopedCredentials ({first}), and {action} failed ({})",
            second.message
        )
    };
    let hint = match (is_refusal(second), step) {
        (true, Step::FederationToken) => Some(step.hint().to_owned()),
        (true, _) => Some(format!("{}; {}", Step::ScopeDown { role: true }.hint(), step.hint())),
        (false, _) => second.hint.clone(),
    };
    Error { kind: second.kind, code: second.code.clone(), message, hint }
}

/// Returns the error for keys of an IAM user that no STS call narrows. AWS's message for each call is logged,
/// for `--verbose`.
fn not_narrowable(refused: &Error, second: &Error) -> Error {
    log::write(log::Level::Info, &format!("GetScopedCredentials: {}", refused.message));
    log::write(log::Level::Info, &format!("GetFederationToken: {}", second.message));
    Error {
        kind: ErrorKind::Denied,
        code: second.code.clone(),
        message: "no role is set, and this IAM user may not narrow its own keys".to_owned(),
        hint: Some(
            "set AUDEX_ROLE_ARN, or pass --role-arn, to a role that this user may assume"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use audex_sdk::fake::Fake;

    use super::*;

    fn failed(kind: ErrorKind, message: &str) -> Error {
        Error { kind, code: "x".to_owned(), message: message.to_owned(), hint: None }
    }

    #[test]
    fn an_error_after_a_fallback_names_both_calls() {
        let first = failed(ErrorKind::Unsupported, "one");
        let refused = both(&first, &failed(ErrorKind::Unsupported, "two"), Step::FederationToken);
        assert_eq!(
            refused.message,
            "STS refused GetScopedCredentials (one) and GetFederationToken (two)"
        );
        let hint = refused.hint.unwrap();
        assert!(hint.contains("sts:GetFederationToken"), "{hint}");
        let unreachable = both(&first, &failed(ErrorKind::Unavailable, "two"), Step::AssumeRole);
        assert_eq!(
            unreachable.message,
            "STS refused GetScopedCredentials (one), and AssumeRole failed (two)"
        );
        assert_eq!((unreachable.kind, unreachable.hint), (ErrorKind::Unavailable, None));
    }

    #[test]
    fn keys_that_sts_narrows_by_no_call_need_a_role_and_the_words_of_aws_are_logged() {
        let denied = |message: &str| failed(ErrorKind::Denied, message);
        let fake = Fake::new();
        let error = fake.run(|| {
            both(&denied("long words one"), &denied("long words two"), Step::FederationToken)
        });
        let logged = fake.logged().join("\n");
        assert!(logged.contains("long words one") && logged.contains("long words two"), "{logged}");
        assert_eq!(error.message, "no role is set, and this IAM user may not narrow its own keys");
        assert_eq!(error.kind, ErrorKind::Denied);
        assert!(error.hint.unwrap().contains("AUDEX_ROLE_ARN"));
    }

    #[test]
    fn an_end_before_the_ttl_is_said() {
        assert_eq!(shorter(1_900, 1_000, 900), None);
        assert_eq!(shorter(1_860, 1_000, 900), None);
        let said = shorter(1_700, 1_000, 900).unwrap();
        assert_eq!(said, "the source credentials end in 11m40s, before the ttl");
        assert!(shorter(900, 1_000, 900).unwrap().contains("end in 0s"));
    }

    #[test]
    fn the_hint_is_of_the_step_that_was_refused() {
        let hint = |step| explain(failed(ErrorKind::Denied, "no"), step).hint.unwrap();
        assert!(
            hint(Step::ScopeDown { role: true })
                .contains("the role needs `sts:GetScopedCredentials`")
        );
        assert!(hint(Step::AssumeRole).contains("trust policy"));
        assert_eq!(explain(failed(ErrorKind::Unavailable, "no"), Step::AssumeRole).hint, None);
    }
}
