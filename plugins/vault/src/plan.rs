//! Plans the request without calling Vault.

use audex_sdk::provider::{Enforcer, Error, Grant, Permission, Plan, Planned, settings};
use aws_policy::compile::{self as policy, Compiled, Conditions};
use aws_policy::room::LIMIT;
use aws_policy::{action, arn, invalid, partition};

use crate::method::{Method, STS_CEILING};
use crate::target::Target;

pub fn plan(grant: &Grant) -> Result<Plan, Error> {
    for permission in &grant.permissions {
        arn::check_resources(permission.resources.named())?;
    }
    let (method, target) = (configured()?, Target::configured()?);
    let resources: Vec<&str> = grant
        .permissions
        .iter()
        .flat_map(|permission| permission.resources.named())
        .map(String::as_str)
        .collect();
    partition::check_same(&resources)?;
    if let Some((role, of)) =
        target.role_arn.as_deref().and_then(|role| Some((role, partition::of_arn(role)?)))
    {
        partition::check(&resources, of, &format!("the role `{role}`"))?;
    }
    let ttl = grant.ttl_seconds;
    if ttl > STS_CEILING {
        let message = format!("a ttl of {ttl} s is more than STS can give ({STS_CEILING} s)");
        return Err(invalid("ttl-too-long", message, "ask for a shorter --ttl"));
    }
    let conditions = conditions()?;
    let compiled = policy::compile(grant, &conditions, LIMIT)?;
    let plan = |policy, permissions, notices| Plan {
        method: method.name().to_owned(),
        policy,
        policy_limit: u32::try_from(LIMIT).ok(),
        permissions,
        longest_life_seconds: method.longest_life(ttl),
        notices,
        decides: Vec::new(),
    };
    if method.is_scoped() {
        let permissions =
            grant.permissions.iter().map(|permission| scoped(permission, &compiled)).collect();
        return Ok(plan(Some(compiled.policy), permissions, compiled.notices));
    }
    let place = format!("{}/roles/{}", target.mount, target.role);
    let permissions =
        grant.permissions.iter().map(|permission| unscoped(permission, &place)).collect();
    let notice = format!(
        "nobody keeps the command to these permissions: it gets all that Vault's role `{place}` may do"
    );
    Ok(plan(None, permissions, vec![notice]))
}

/// Returns the method that the settings name.
pub fn configured() -> Result<Method, Error> {
    settings::get("method").map_or(Ok(Method::Auto), |name| Method::parse(&name))
}

fn scoped(permission: &Permission, compiled: &Compiled) -> Planned {
    let described = action::describe(&permission.action);
    let is_idle = compiled
        .idle
        .iter()
        .any(|(action, on)| *action == permission.action && *on == permission.resources.named());
    let note = if is_idle {
        format!("{described}; grants nothing on the given resources")
    } else {
        described
    };
    planned(permission, Enforcer::Cloud, note)
}

fn unscoped(permission: &Permission, place: &str) -> Planned {
    planned(permission, Enforcer::None, format!("limited by Vault's role `{place}` alone"))
}

fn planned(permission: &Permission, enforced_by: Enforcer, note: String) -> Planned {
    Planned {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        enforced_by,
        note: Some(note),
    }
}

/// Returns the conditions that the settings name.
pub fn conditions() -> Result<Conditions, Error> {
    let [source_ip, mfa, tag] = ["source_ip", "mfa", "tag"].map(settings::get);
    Conditions::parse(source_ip.as_deref(), mfa.as_deref(), tag.as_deref())
}
