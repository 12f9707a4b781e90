//! The STS calls themselves. What is handed out always carries the planned policy.

use audex_sdk::provider::sts::{self, RoleRequest, Session};
use audex_sdk::provider::{Error, ErrorKind, Grant, Minted, Plan, Value, Variable, settings};

use crate::method::{Method, STS_FLOOR};
use crate::{invalid, plan, policy};

/// Credentials, the method that made them, and what the user should know.
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
        Method::ScopedCredentials => sts::scope_down(policy, grant.ttl_seconds).map(one_step),
        Method::AssumeRoleScoped => assume(grant, &policy::with_scope_down(policy))
            .and_then(|first| narrow(first, grant, policy, method)),
        Method::SessionScoped => {
            sts::session_token(duration(grant)).and_then(|first| narrow(first, grant, policy, method))
        }
    };
    made.map(deliver).map_err(|error| explain(error, method))
}

/// The second step of the two-step methods. Where STS refuses it and no method was forced, another way to credentials
/// with the same policy is taken: they can do no more, they may live longer, and then the host ends the command in time.
fn narrow(first: Session, grant: &Grant, policy: &str, method: Method) -> Result<Made, Error> {
    let refused = match first.scope_down(policy, grant.ttl_seconds) {
        Ok(session) => return Ok(Made { session, method, notices: Vec::new() }),
        Err(error) if is_refusal(&error) && plan::forced()?.is_none() => error,
        Err(error) => return Err(error),
    };
    let (session, method) = if method.needs_role() {
        (assume(grant, policy)?, Method::AssumeRole)
    } else {
        (federate(grant, policy)?, Method::FederationToken)
    };
    let notice = format!(
        "STS refused GetScopedCredentials ({}); used `{}` with the same policy",
        refused.message,
        method.name()
    );
    Ok(Made { session, method, notices: vec![notice] })
}

fn deliver(made: Made) -> Minted {
    let Made { session, method, mut notices } = made;
    if let Some(percent) = session.packed_policy_percent().filter(|percent| *percent >= 80) {
        notices.push(format!("the session policy fills {percent} % of what STS takes"));
    }
    let region = sts::region();
    let plain = |name: &str, text: String| Variable { name: name.to_owned(), value: Value::Plain(text) };
    let secret = |name: &str, value| Variable { name: name.to_owned(), value: Value::Secret(value) };
    Minted {
        variables: vec![
            plain("AWS_ACCESS_KEY_ID", session.access_key_id()),
            secret("AWS_SECRET_ACCESS_KEY", session.secret_access_key()),
            secret("AWS_SESSION_TOKEN", session.session_token()),
            plain("AWS_REGION", region.clone()),
            plain("AWS_DEFAULT_REGION", region),
        ],
        files: Vec::new(),
        expires_at: session.expires_at(),
        identity: session.arn(),
        credential_id: Some(session.access_key_id()),
        // STS sessions cannot be revoked one by one; they end by themselves.
        lease: None,
        method: method.name().to_owned(),
        notices,
    }
}

fn assume(grant: &Grant, policy: &str) -> Result<Session, Error> {
    let Some(role_arn) = settings::get("role_arn") else {
        return Err(invalid(
            "no-role",
            "no role is configured".to_owned(),
            "set AUDEX_ROLE_ARN or pass --role-arn",
        ));
    };
    // No tags and no source identity: they would need sts:TagSession and sts:SetSourceIdentity in the trust policy.
    sts::assume_role(&RoleRequest {
        role_arn,
        session_name: grant.session.clone(),
        policy: policy.to_owned(),
        duration_seconds: duration(grant),
        external_id: settings::get("external_id"),
    })
}

fn federate(grant: &Grant, policy: &str) -> Result<Session, Error> {
    sts::federation_token(&grant.session, policy, duration(grant))
}

/// What STS is asked for where it has a floor, in seconds.
fn duration(grant: &Grant) -> u32 {
    grant.ttl_seconds.max(STS_FLOOR)
}

/// Whether another method may succeed: the call was refused or is unknown, not merely unreachable.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported)
}

/// Adds what is missing where the method tells.
fn explain(mut error: Error, method: Method) -> Error {
    if error.hint.is_none() && is_refusal(&error) {
        error.hint = Some(match method {
            Method::AssumeRole | Method::AssumeRoleScoped => {
                "the role's trust policy must allow these source credentials `sts:AssumeRole`".to_owned()
            }
            Method::ScopedCredentials | Method::SessionScoped => {
                "the source credentials need `sts:GetScopedCredentials`; or set AUDEX_ROLE_ARN to a role to assume".to_owned()
            }
            Method::FederationToken => "the IAM user needs `sts:GetFederationToken`".to_owned(),
        });
    }
    error
}
