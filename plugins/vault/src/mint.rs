//! Gets credentials: Vault issues the first, AWS narrows them to the planned policy, and only the narrowed
//! ones are delivered.
//!
//! If a step fails after Vault has issued credentials, the lease is revoked.

use audex_sdk::provider::sts::Session;
use audex_sdk::provider::{
    Error, ErrorKind, Grant, Minted, Plan, Secret, Value, Variable, clock, settings,
};
use aws_policy::invalid;
use serde_json::json;

use crate::api::{Reply, Vault};
use crate::explain::{Asked, is_iam_user_role, refused};
use crate::method::{Method, STS_FLOOR};
use crate::plan;
use crate::target::Target;

/// The secret fields of Vault's reply. `session_token` is the newer name of `security_token`; both may be
/// present.
const LIFT: [&str; 3] = ["/data/secret_key", "/data/security_token", "/data/session_token"];
/// Characters of a role session name (Vault API documentation, AWS secrets engine, `role_session_name`).
const SESSION_NAME_CHARACTERS: usize = 64;

/// The credentials that Vault issued.
struct Issued {
    lease: String,
    lease_seconds: u32,
    access_key: String,
    secret_key: Secret,
    /// `None` for keys of an IAM user.
    token: Option<Secret>,
    arn: Option<String>,
}

pub fn mint(grant: &Grant, planned: &Plan) -> Result<Minted, Error> {
    let (method, target) = (plan::configured()?, Target::configured()?);
    let vault = Vault::log_in()?;
    let issued = issue(&vault, method, &target, grant)?;
    let (lease, seconds) = (issued.lease.clone(), issued.lease_seconds);
    let made = match (&planned.policy, method.is_scoped()) {
        (Some(policy), true) => narrow(issued, policy, grant),
        (None, false) => Ok(unscoped(issued)),
        _ => Err(invalid("no-policy", "the plan is for another method".to_owned(), "plan again")),
    };
    match made {
        Ok(mut minted) => {
            if seconds > 0 && seconds < grant.ttl_seconds {
                minted.notices.push(format!("Vault's role limits credentials to {seconds} s"));
            }
            minted.lease = (!lease.is_empty()).then_some(lease);
            Ok(minted)
        }
        Err(error) => Err(taken_back(&vault, &lease, error)),
    }
}

pub fn revoke(lease: &str) -> Result<(), Error> {
    end(&Vault::log_in()?, lease)
}

fn end(vault: &Vault, lease: &str) -> Result<(), Error> {
    // With `sync`, Vault reports an error of AWS instead of retrying later without a report.
    let reply = vault.put("sys/leases/revoke", &json!({ "lease_id": lease, "sync": true }), &[])?;
    if reply.is_success() { Ok(()) } else { Err(refused(&reply, Asked::Revocation)) }
}

/// Revokes the lease and returns `error`; if the lease could not be revoked, the message says so.
fn taken_back(vault: &Vault, lease: &str, mut error: Error) -> Error {
    if !lease.is_empty()
        && let Err(left) = end(vault, lease)
    {
        error.message = format!(
            "{}; Vault's lease `{lease}` was not revoked ({})",
            error.message, left.message
        );
    }
    error
}

fn issue(vault: &Vault, method: Method, target: &Target, grant: &Grant) -> Result<Issued, Error> {
    let ask = |kind: &str| {
        let path = format!("{}/{kind}/{}", target.mount, target.role);
        vault.put(&path, &asked(target, grant), &LIFT)
    };
    let mut kind = if method == Method::Creds { "creds" } else { "sts" };
    let mut reply = ask(kind)?;
    // Users of a role of IAM users are mostly allowed `creds/` and not `sts/`.
    let may_be_user = is_iam_user_role(&reply) || reply.status == 403;
    if may_be_user && matches!(method, Method::Auto | Method::Unscoped) {
        let second = ask("creds")?;
        if second.is_success() || second.status != 403 {
            (kind, reply) = ("creds", second);
        }
    }
    if !reply.is_success() {
        return Err(refused(&reply, Asked::Credentials(kind, target)));
    }
    let lease = reply.text("/lease_id").unwrap_or_default();
    read(reply).map_err(|error| taken_back(vault, &lease, error))
}

fn asked(target: &Target, grant: &Grant) -> serde_json::Value {
    let name: String = grant.session.chars().take(SESSION_NAME_CHARACTERS).collect();
    let seconds = grant.ttl_seconds.max(STS_FLOOR);
    let mut body = json!({ "ttl": format!("{seconds}s"), "role_session_name": name });
    if let (Some(role_arn), Some(fields)) = (&target.role_arn, body.as_object_mut()) {
        fields.insert("role_arn".to_owned(), role_arn.as_str().into());
    }
    body
}

fn read(mut reply: Reply) -> Result<Issued, Error> {
    let mut lifted = std::mem::take(&mut reply.lifted).into_iter();
    let (secret_key, security_token, session_token) =
        (lifted.next().flatten(), lifted.next().flatten(), lifted.next().flatten());
    let (Some(access_key), Some(secret_key)) = (reply.text("/data/access_key"), secret_key) else {
        return Err(Error {
            kind: ErrorKind::Unavailable,
            code: "no-aws-keys".to_owned(),
            message: "Vault's reply has no AWS keys".to_owned(),
            hint: Some("is what is mounted there the AWS secrets engine?".to_owned()),
        });
    };
    Ok(Issued {
        lease: reply.text("/lease_id").unwrap_or_default(),
        lease_seconds: reply.seconds("/lease_duration"),
        access_key,
        secret_key,
        token: security_token.or(session_token),
        arn: reply.text("/data/arn"),
    })
}

fn narrow(issued: Issued, policy: &str, grant: &Grant) -> Result<Minted, Error> {
    let ends =
        issued.token.as_ref().map(|_| clock::now().saturating_add(issued.lease_seconds.into()));
    let first =
        Session::from_keys(&issued.access_key, &issued.secret_key, issued.token.as_ref(), ends);
    let (session, method) = if issued.token.is_some() {
        // A scoped session cannot outlive its source session, and Vault's role may have shortened the source.
        let seconds = match issued.lease_seconds {
            0 => grant.ttl_seconds,
            lease => grant.ttl_seconds.min(lease),
        };
        (first.scope_down(policy, seconds), Method::Sts)
    } else {
        let seconds = grant.ttl_seconds.max(STS_FLOOR);
        (first.federation_token(&grant.session, policy, seconds), Method::Creds)
    };
    let session = session.map_err(|error| not_narrowed(error, method))?;
    let mut variables = keys(
        session.access_key_id(),
        Value::Secret(session.secret_access_key()),
        Some(Value::Secret(session.session_token())),
    );
    variables.extend(region());
    let mut notices = Vec::new();
    if let Some(percent) = session.packed_policy_percent().filter(|percent| *percent >= 80) {
        notices.push(format!("the session policy fills {percent} % of what STS takes"));
    }
    Ok(Minted {
        variables,
        files: Vec::new(),
        endpoints: Vec::new(),
        git: Vec::new(),
        expires_at: session.expires_at(),
        identity: session.arn().or(issued.arn),
        credential_id: Some(session.access_key_id()),
        lease: None,
        settle_seconds: None,
        method: method.name().to_owned(),
        notices,
    })
}

/// Delivers what Vault issued, unchanged; the plan said that nothing enforces the permissions.
fn unscoped(issued: Issued) -> Minted {
    let token = issued.token.map(Value::Secret);
    let mut variables = keys(issued.access_key.clone(), Value::Secret(issued.secret_key), token);
    variables.extend(region());
    Minted {
        variables,
        files: Vec::new(),
        endpoints: Vec::new(),
        git: Vec::new(),
        expires_at: clock::now().saturating_add(issued.lease_seconds.into()),
        identity: issued.arn,
        credential_id: Some(issued.access_key),
        lease: None,
        settle_seconds: None,
        method: Method::Unscoped.name().to_owned(),
        notices: Vec::new(),
    }
}

fn keys(id: String, secret: Value, token: Option<Value>) -> Vec<Variable> {
    let variable = |name: &str, value| Variable { name: name.to_owned(), value };
    let mut variables = vec![
        variable("AWS_ACCESS_KEY_ID", Value::Plain(id)),
        variable("AWS_SECRET_ACCESS_KEY", secret),
    ];
    variables.extend(token.map(|token| variable("AWS_SESSION_TOKEN", token)));
    variables
}

/// Returns both region variables if a region is configured; otherwise the parent's variables stay.
fn region() -> Vec<Variable> {
    let Some(region) = settings::get("region") else { return Vec::new() };
    let variable =
        |name: &str| Variable { name: name.to_owned(), value: Value::Plain(region.clone()) };
    vec![variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")]
}

/// Returns the error for credentials that AWS refused to narrow; they are not delivered.
fn not_narrowed(error: Error, method: Method) -> Error {
    if !matches!(error.kind, ErrorKind::Denied | ErrorKind::Unsupported) {
        return error;
    }
    let (call, room) = match method {
        Method::Sts => ("GetScopedCredentials", " and carry fewer than 3 scope-down policies"),
        _ => ("GetFederationToken", ""),
    };
    Error {
        kind: ErrorKind::Denied,
        code: "not-narrowed".to_owned(),
        message: format!(
            "what Vault issued could not be narrowed to the request: {}",
            error.message
        ),
        hint: Some(format!(
            "what Vault's role issues must allow `sts:{call}`{room}; to run without any limit but the role's own: \
             --method {} --require none",
            Method::Unscoped.name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: ErrorKind) -> Error {
        Error { kind, code: "x".to_owned(), message: "no".to_owned(), hint: None }
    }

    #[test]
    fn a_refusal_to_narrow_is_a_denial_and_names_the_call() {
        let error = not_narrowed(failed(ErrorKind::Unsupported), Method::Sts);
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Denied, "not-narrowed"));
        assert!(error.hint.unwrap().contains("sts:GetScopedCredentials"));
        assert_eq!(not_narrowed(failed(ErrorKind::Unavailable), Method::Creds).code, "x");
    }

    #[test]
    fn a_session_is_asked_for_no_shorter_than_sts_makes_them() {
        let target = Target {
            mount: "aws".to_owned(),
            role: "ci".to_owned(),
            role_arn: Some("arn".to_owned()),
        };
        let grant = Grant {
            provider: "vault".to_owned(),
            permissions: Vec::new(),
            deny: Vec::new(),
            ttl_seconds: 60,
            session: "s".repeat(80),
            gateway: false,
        };
        let body = asked(&target, &grant);
        assert_eq!(body["ttl"], "900s");
        assert_eq!(body["role_session_name"].as_str().unwrap().len(), 64);
        assert_eq!(body["role_arn"], "arn");
    }
}
