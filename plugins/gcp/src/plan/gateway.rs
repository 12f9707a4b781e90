//! Plans for a session with a gateway: the narrowest token that Google has, and the statements by which the gateway
//! decides each request.

use audex_sdk::pattern;
use audex_sdk::provider::{
    Effect, Enforcer, Error, Grant, Permission, Plan, Planned, Scope, Statement,
};

use super::{bounded, scoped};
use crate::{action, read, resource};

/// The permissions of a write to Cloud Storage, and of replacing what is there.
const CREATE: &str = "storage.objects.create";
const DELETE: &str = "storage.objects.delete";

/// Plans `grant`. Denies that the token cannot carry are no error: the host's gateway binds them.
///
/// # Errors
/// If a resource is not written as a full resource name or `gs://…`, or no token can be planned.
pub fn plan(grant: &Grant) -> Result<Plan, Error> {
    let decides = decides(grant)?;
    let is_limited = |permission: &Permission| !permission.resources.is_every();
    let by_boundary = grant.permissions.iter().all(is_limited).then(|| bounded(grant));
    let mut plan = match by_boundary {
        Some(Ok(plan)) => plan,
        // A boundary that cannot be made is none that the token needs: the gateway decides.
        Some(Err(_)) | None => scoped(grant)?,
    };
    for (planned, permission) in plan.permissions.iter_mut().zip(&grant.permissions) {
        if planned.enforced_by == Enforcer::Token {
            *planned = by_gateway(planned, permission, grant);
        }
    }
    plan.decides = decides;
    Ok(plan)
}

/// Returns the statements, one for each set of resources.
fn decides(grant: &Grant) -> Result<Vec<Statement>, Error> {
    let mut statements: Vec<Statement> = Vec::new();
    for permission in &grant.permissions {
        let named = permission.resources.named();
        let mut patterns = Vec::new();
        for text in named {
            patterns.extend(resource::patterns(text)?);
        }
        let resources = if named.is_empty() { Scope::Every } else { Scope::These(patterns) };
        match statements.iter_mut().find(|known| known.resources == resources) {
            Some(known) => known.actions.push(permission.action.clone()),
            None => statements.push(Statement {
                effect: Effect::Allow,
                actions: vec![permission.action.clone()],
                resources,
                undecided: None,
                source: "the grant".to_owned(),
            }),
        }
    }
    Ok(statements)
}

fn by_gateway(planned: &Planned, permission: &Permission, grant: &Grant) -> Planned {
    let action = &permission.action;
    let mut parts = vec![action::describe(action)];
    if !read::reads(action) {
        parts.push("the gateway reads no requests of this service, so nothing uses it".to_owned());
    }
    let covers = |name: &str| {
        let matches = |wide: &str| wide == "*" || pattern::matches_ignore_ascii_case(wide, name);
        grant.permissions.iter().any(|one| matches(&one.action))
            && !grant.deny.iter().any(|deny| matches(deny))
    };
    let is_write = action == "*" || pattern::matches_ignore_ascii_case(action, CREATE);
    if is_write && !covers(DELETE) {
        parts.push(format!(
            "without {DELETE} only for uploads that cannot replace an object (`ifGenerationMatch=0`, `--no-clobber`)"
        ));
    }
    let note = Some(parts.join("; "));
    Planned { enforced_by: Enforcer::Gateway, note, ..planned.clone() }
}
