//! Plans the requests to AWS before any is sent.

use aws_policy::compile::{self as policy, Conditions};
use aws_policy::room::{Room, Sent};
use aws_policy::{action, arn, invalid, partition};

use audex_sdk::provider::{Enforcer, Error, Grant, Permission, Plan, Planned, settings, sts};

use crate::method::{Method, STS_FLOOR};
use crate::source;

/// The word in a plan for a method that depends on source credentials which were not found.
pub const UNDETERMINED: &str = "undetermined";

pub fn plan(grant: &Grant) -> Result<Plan, Error> {
    for permission in &grant.permissions {
        arn::check_resources(permission.resources.named())?;
    }
    let resources: Vec<&str> = grant
        .permissions
        .iter()
        .flat_map(|permission| permission.resources.named())
        .map(String::as_str)
        .collect();
    partition::check_same(&resources)?;
    let (method, mut notices) = match decide(grant) {
        Ok(method) => (Some(method), Vec::new()),
        // A plan can be made without any credentials; only the method stays open.
        Err(error) if error.code == "no-credentials" => (
            None,
            vec![format!("the method depends on the source credentials, and {}", error.message)],
        ),
        Err(error) => return Err(error),
    };
    let ttl = grant.ttl_seconds;
    let forced = forced()?.is_some();
    if let Some(method) = method {
        check_ttl(method, ttl)?;
        source::check(method, ttl)?;
        check_partition(method, &resources)?;
    }
    let mut room = Room::of(settings::get("policy_limit").as_deref(), sent(method))?;
    // The host narrows its own credentials once more for a session inside this one. The command holds none.
    if grant.gateway {
        room = room.beside_scope_down();
    }
    let mut compiled = policy::compile(grant, &conditions()?, room)?;
    if grant.gateway {
        compiled.policy = policy::with_scope_down(&compiled.policy);
    }
    notices.extend(compiled.notices);
    notices.extend(policy::valueless(grant));
    let permission = |permission: &Permission| Planned {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        enforced_by: Enforcer::Cloud,
        note: Some(note(permission, &compiled.idle)),
    };
    Ok(Plan {
        method: method.map_or(UNDETERMINED, Method::name).to_owned(),
        permissions: grant.permissions.iter().map(permission).collect(),
        policy: Some(compiled.policy),
        policy_limit: u32::try_from(room.limit).ok(),
        longest_life_seconds: method
            .map_or(ttl.max(STS_FLOOR), |method| method.longest_life(ttl, forced)),
        notices,
        decides: Vec::new(),
    })
}

/// Returns the calls that carry the policy; if the method is not known yet, the calls with the least room.
fn sent(method: Option<Method>) -> Sent {
    match method {
        Some(Method::AssumeRole) => Sent::AssumeRole,
        Some(Method::AssumeRoleScoped) => Sent::AssumeRoleScoped,
        Some(Method::ScopedCredentials | Method::SessionScoped | Method::FederationToken)
        | None => Sent::Capped,
    }
}

/// Rejects resources that the role cannot name, or, without a role, the credentials of the region's
/// partition.
fn check_partition(method: Method, resources: &[&str]) -> Result<(), Error> {
    if let Some(role) = role()?.filter(|_| method.needs_role()) {
        let of_role = partition::of_arn(&role)
            .map(|of| partition::check(resources, of, &format!("the role `{role}`")));
        return of_role.unwrap_or(Ok(()));
    }
    if resources.iter().all(|resource| *resource == "*") {
        return Ok(());
    }
    let region = sts::region();
    let of_region = partition::of_region(&region)
        .map(|of| partition::check(resources, of, &format!("the region `{region}`")));
    of_region.unwrap_or(Ok(()))
}

/// Describes an action by its access level or its matches, and adds a note if it grants nothing on these
/// resources.
fn note(permission: &Permission, idle: &[(String, Vec<String>)]) -> String {
    let described = action::describe(&permission.action);
    if idle
        .iter()
        .any(|(action, on)| *action == permission.action && *on == permission.resources.named())
    {
        return format!("{described}; grants nothing on the given resources");
    }
    described
}

/// Returns the conditions that the settings name.
pub fn conditions() -> Result<Conditions, Error> {
    let [source_ip, mfa, tag] = ["source_ip", "mfa", "tag"].map(settings::get);
    Conditions::parse(source_ip.as_deref(), mfa.as_deref(), tag.as_deref())
}

/// Returns the method for this grant, chosen or forced.
pub fn decide(grant: &Grant) -> Result<Method, Error> {
    method(grant.ttl_seconds)
}

/// Returns the method for credentials of the given duration, chosen or forced.
pub fn method(ttl_seconds: u32) -> Result<Method, Error> {
    let role = role()?;
    let Some(method) = forced()? else {
        return Method::choose(role.is_some(), ttl_seconds, sts::source);
    };
    if method.needs_role() && role.is_none() {
        return Err(invalid(
            "no-role",
            format!("the method `{}` needs a role", method.name()),
            "set AUDEX_ROLE_ARN or pass --role-arn",
        ));
    }
    Ok(method)
}

/// Returns the role to assume, if any.
pub fn role() -> Result<Option<String>, Error> {
    let role = settings::get("role_arn");
    role.as_deref().map_or(Ok(()), arn::check_role)?;
    Ok(role)
}

/// Returns the method that the user forces, if any.
pub fn forced() -> Result<Option<Method>, Error> {
    settings::get("method").map_or(Ok(None), |name| Method::parse(&name))
}

fn check_ttl(method: Method, ttl: u32) -> Result<(), Error> {
    if ttl <= method.ceiling() {
        return Ok(());
    }
    Err(invalid(
        "ttl-too-long",
        format!(
            "a ttl of {} is more than `{}` can give ({})",
            duration(ttl),
            method.name(),
            duration(method.ceiling())
        ),
        "ask for a shorter --ttl",
    ))
}

/// Writes seconds in the form of `--ttl`: `13h`, `1h30m`, `45s`.
pub fn duration(seconds: u32) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let said: String = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .flat_map(|(count, unit)| [count.to_string(), (*unit).to_owned()])
        .collect();
    if said.is_empty() { "0s".to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_they_are_asked_for() {
        for (seconds, said) in [
            (46_800, "13h"),
            (129_600, "36h"),
            (5400, "1h30m"),
            (3601, "1h1s"),
            (45, "45s"),
            (0, "0s"),
        ] {
            assert_eq!(duration(seconds), said);
        }
    }
}
