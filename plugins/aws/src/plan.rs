//! What would be asked of AWS, before anything is.

use audex_sdk::provider::{Enforcer, Error, Grant, Plan, Planned, settings, sts};

use crate::invalid;
use crate::method::{Method, STS_FLOOR};
use crate::policy;

/// Stands for a method that depends on source credentials which were not found.
pub const UNDETERMINED: &str = "undetermined";

pub fn plan(grant: &Grant) -> Result<Plan, Error> {
    let policy = policy::compile(grant)?;
    let (method, notices) = match decide(grant) {
        Ok(method) => (Some(method), Vec::new()),
        // A plan can be read without any credentials at hand; only the method stays open.
        Err(error) if error.code == "no-credentials" => {
            (None, vec![format!("the method depends on the source credentials, and {}", error.message)])
        }
        Err(error) => return Err(error),
    };
    let ttl = grant.ttl_seconds;
    let forced = forced()?.is_some();
    if let Some(method) = method {
        check_ttl(method, ttl)?;
    }
    let permission = |permission: &audex_sdk::provider::Permission| Planned {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        enforced_by: Enforcer::Cloud,
        note: None,
    };
    Ok(Plan {
        method: method.map_or(UNDETERMINED, Method::name).to_owned(),
        permissions: grant.permissions.iter().map(permission).collect(),
        policy: Some(policy),
        policy_limit: u32::try_from(policy::LIMIT).ok(),
        longest_life_seconds: method.map_or(ttl.max(STS_FLOOR), |method| method.longest_life(ttl, forced)),
        notices,
    })
}

/// The method for this grant, chosen or forced.
pub fn decide(grant: &Grant) -> Result<Method, Error> {
    let role = settings::get("role_arn");
    let Some(method) = forced()? else {
        return Method::choose(role.is_some(), grant.ttl_seconds, sts::source);
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

/// The method the user insists on, if any.
pub fn forced() -> Result<Option<Method>, Error> {
    settings::get("method").map_or(Ok(None), |name| Method::parse(&name))
}

fn check_ttl(method: Method, ttl: u32) -> Result<(), Error> {
    if ttl <= method.ceiling() {
        return Ok(());
    }
    Err(invalid(
        "ttl-too-long",
        format!("a ttl of {ttl} s is more than `{}` can give ({} s)", method.name(), method.ceiling()),
        "ask for a shorter --ttl",
    ))
}
