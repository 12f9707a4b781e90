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
    let may_fall_back = plan::forced()?.is_none();
    let made = match method {
        Method::AssumeRole => assume(grant, policy, grant.ttl_seconds.max(STS_FLOOR)).map(|session| (session, method)),
        Method::FederationToken => federate(grant, policy).map(|session| (session, method)),
        Method::ScopedCredentials => sts::scope_down(policy, grant.ttl_seconds).map(|session| (session, method)),
        Method::AssumeRoleScoped => assume_scoped(grant, policy).map(|session| (session, method)),
        Method::SessionScoped => session_scoped(grant, policy).map(|session| (session, method)),
    };
    let made = match made {
        Ok((session, method)) => Made { session, method, notices: Vec::new() },
        Err(refused) if may_fall_back && is_refusal(&refused) => fall_back(grant, policy, method, refused)?,
        Err(error) => return Err(explain(error, method)),
    };
    Ok(deliver(made))
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

fn assume(grant: &Grant, policy: &str, duration_seconds: u32) -> Result<Session, Error> {
    let Some(role_arn) = settings::get("role_arn") else {
        return Err(invalid("no-role", "no role is configured".to_owned(), "set AUDEX_ROLE_ARN or pass --role-arn"));
    };
    // No tags and no source identity: they would need sts:TagSession and sts:SetSourceIdentity in the trust policy.
    sts::assume_role(&RoleRequest {
        role_arn,
        session_name: grant.session.clone(),
        policy: policy.to_owned(),
        duration_seconds,
        external_id: settings::get("external_id"),
    })
}

fn assume_scoped(grant: &Grant, policy: &str) -> Result<Session, Error> {
    let first = assume(grant, &policy::compile_with_scope_down(grant)?, STS_FLOOR.max(grant.ttl_seconds))?;
    first.scope_down(policy, grant.ttl_seconds)
}

fn session_scoped(grant: &Grant, policy: &str) -> Result<Session, Error> {
    let first = sts::session_token(STS_FLOOR.max(grant.ttl_seconds))?;
    first.scope_down(policy, grant.ttl_seconds)
}

fn federate(grant: &Grant, policy: &str) -> Result<Session, Error> {
    sts::federation_token(&grant.session, policy, STS_FLOOR.max(grant.ttl_seconds))
}

/// Another way to credentials with the same policy, which therefore can do no more; they may live longer, and then the
/// host ends the command in time.
fn fall_back(grant: &Grant, policy: &str, method: Method, refused: Error) -> Result<Made, Error> {
    let why = format!("STS refused GetScopedCredentials ({})", refused.message);
    let (session, used) = match method {
        Method::AssumeRoleScoped => (assume(grant, policy, STS_FLOOR.max(grant.ttl_seconds))?, Method::AssumeRole),
        Method::SessionScoped => (federate(grant, policy)?, Method::FederationToken),
        Method::AssumeRole | Method::ScopedCredentials | Method::FederationToken => return Err(explain(refused, method)),
    };
    Ok(Made { session, method: used, notices: vec![format!("{why}; used `{}` with the same policy", used.name())] })
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
