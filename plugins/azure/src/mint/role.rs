//! Creates a session's roles, delivers tokens of their identity, and deletes the roles again.

use audex_sdk::provider::{
    Error, ErrorKind, Grant, Minted, Plan, clock, identity, leases, log, settings,
};

use super::serve;
use crate::rbac::Rbac;
use crate::role::lease::{self, Lease};
use crate::role::{Roles, permissions};
use crate::{arm, audience, mint, refusal};

/// The slot of the identity that gets the roles; its value for `whoami` is its object id.
pub const AGENT: &str = "azure-agent";
/// The wait for new roles: they mostly work after some seconds, sometimes after minutes. Source: Azure RBAC,
/// "Troubleshoot Azure RBAC", role assignment changes are not being detected: up to 10 minutes.
const SETTLE_SECONDS: u32 = 180;
/// The time after a session's end when its roles are left over for certain, even if clocks differ.
const LEFT_AFTER_SECONDS: u64 = 300;
/// The attempts to delete a role: Azure may not have noticed yet that its assignments are deleted.
const ATTEMPTS: usize = 3;

/// Creates the roles of `roles`, then delivers their holder's tokens.
pub fn mint(grant: &Grant, roles: &Roles, planned: &Plan) -> Result<Minted, Error> {
    // The id comes from the token that will be delivered, not from the settings.
    let principal = identity::whoami(AGENT)?;
    let own = mint::token(mint::OWN, audience::RESOURCE_MANAGER)?.value;
    let rbac = Rbac { token: &own };
    must_have_no_other(rbac.assigned_to(&roles.subscription, &principal)?.len())?;
    // An identity with any role in a subscription can see the subscription.
    let agent = mint::token(AGENT, audience::RESOURCE_MANAGER)?.value;
    must_have_no_other(arm::subscriptions(&agent)?.len())?;
    let lease = Lease {
        session: grant.session.clone(),
        ends_at: clock::now() + u64::from(SETTLE_SECONDS) + u64::from(grant.ttl_seconds),
        subscription: roles.subscription.clone(),
        roles: roles.each.iter().map(|role| role.scopes.clone()).collect(),
    };
    // From here on the record suffices to revoke everything that is created; if minting fails, the host does
    // so.
    leases::announce(&lease.text(), lease.ends_at)?;
    make(&rbac, roles, &lease, &principal)?;
    let mut minted = serve(roles.audiences(), planned, AGENT)?;
    minted.identity = Some(format!("{principal} (client {})", roles.client_id));
    minted.lease = Some(lease.text());
    minted.settle_seconds = Some(SETTLE_SECONDS);
    Ok(minted)
}

fn make(rbac: &Rbac<'_>, roles: &Roles, lease: &Lease, principal: &str) -> Result<(), Error> {
    for (index, role) in roles.each.iter().enumerate() {
        let id = lease.role_id(index);
        rbac.define(
            &roles.subscription,
            &id,
            &lease.role_name(index),
            &permissions(&role.definition),
        )?;
    }
    for (index, scope) in lease.assignments() {
        let (id, role) = (lease.assignment_id(index, scope), lease.role_id(index));
        rbac.assign(scope, &id, &roles.subscription, &role, principal)?;
    }
    // Security: another session may have checked at the same moment; then neither continues.
    let ours: Vec<String> =
        lease.assignments().map(|(index, scope)| lease.assignment_id(index, scope)).collect();
    let held = rbac.assigned_to(&roles.subscription, principal)?;
    let foreign =
        held.iter().filter(|held| !ours.iter().any(|own| own.eq_ignore_ascii_case(&held.name)));
    must_have_no_other(foreign.count())
}

/// Rejects an identity with other roles. Security: a token carries every role of its holder, so the command
/// would get those roles too.
fn must_have_no_other(found: usize) -> Result<(), Error> {
    if found == 0 {
        return Ok(());
    }
    Err(refusal(
        ErrorKind::Denied,
        "identity-has-roles",
        format!(
            "the identity has {found} role assignments besides this session's, which its token would carry too"
        ),
        "take an identity that has none, one for each session at a time; `tryaudex cleanup` deletes what sessions left",
    ))
}

/// Returns true if the roles of `lease` are in effect.
pub fn settled(lease: &str) -> Result<bool, Error> {
    let lease = Lease::parse(lease)?;
    let token = mint::token(AGENT, audience::RESOURCE_MANAGER)?.value;
    let rbac = Rbac { token: &token };
    for (_, scope) in lease.assignments() {
        if !rbac.may_anything(scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes the assignments and roles that `lease` names.
pub fn revoke(lease: &str) -> Result<(), Error> {
    let own = mint::token(mint::OWN, audience::RESOURCE_MANAGER)?.value;
    end(&Rbac { token: &own }, &Lease::parse(lease)?)
}

/// Deletes assignments first: without them a role grants nothing. A failure does not stop the other
/// deletions.
fn end(rbac: &Rbac<'_>, lease: &Lease) -> Result<(), Error> {
    let mut failed = None;
    for (index, scope) in lease.assignments() {
        failed = failed.or(rbac.unassign(scope, &lease.assignment_id(index, scope)).err());
    }
    for index in 0..lease.roles.len() {
        let id = lease.role_id(index);
        let last =
            (0..ATTEMPTS).map(|_| rbac.undefine(&lease.subscription, &id)).find_map(Result::ok);
        if last.is_none() {
            failed = failed.or(rbac.undefine(&lease.subscription, &id).err());
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Returns the leases of ended sessions whose roles still exist, found by the names of the roles.
pub fn leftovers() -> Result<Vec<String>, Error> {
    if settings::get("client_id").is_none() {
        return Ok(Vec::new());
    }
    let Some(subscription) = settings::get("subscription_id") else {
        let message =
            "the subscription that may have roles of earlier sessions is not set".to_owned();
        return Err(refusal(
            ErrorKind::InvalidInput,
            "subscription-missing",
            message,
            "set AZURE_SUBSCRIPTION_ID",
        ));
    };
    let own = mint::token(mint::OWN, audience::RESOURCE_MANAGER)?.value;
    let rbac = Rbac { token: &own };
    let now = clock::now();
    let roles = rbac.custom_roles(&subscription)?;
    for id in &roles.unreadable {
        let message = format!("the custom role `{id}` has no readable name: look who made it");
        log::write(log::Level::Warn, &message);
    }
    let over: Vec<(&str, u64, usize)> = roles
        .names
        .iter()
        .filter_map(|name| lease::read_name(name))
        .filter(|(_, ends_at, _)| ends_at.saturating_add(LEFT_AFTER_SECONDS) < now)
        .collect();
    if over.is_empty() {
        return Ok(Vec::new());
    }
    let assignments = rbac.all_assignments(&subscription)?;
    let mut leases: Vec<Lease> = Vec::new();
    for (session, ends_at, index) in over {
        let same = |lease: &Lease| lease.session == session && lease.ends_at == ends_at;
        let at = leases.iter().position(same).unwrap_or_else(|| {
            let (session, subscription) = (session.to_owned(), subscription.clone());
            leases.push(Lease { session, ends_at, subscription, roles: Vec::new() });
            leases.len().saturating_sub(1)
        });
        let Some(lease) = leases.get_mut(at) else { continue };
        // No session has so many roles, so such a name is not one of Audex's.
        if index >= lease::LONGEST_SCOPES {
            continue;
        }
        if lease.roles.len() <= index {
            lease.roles.resize(index.saturating_add(1), Vec::new());
        }
        let role = lease.role_id(index);
        let scopes = assignments.iter().filter(|held| held.role.eq_ignore_ascii_case(&role));
        let scopes =
            scopes.filter_map(|held| crate::role::scope::Scope::parse(&held.scope).ok()).collect();
        if let Some(own) = lease.roles.get_mut(index) {
            *own = scopes;
        }
    }
    Ok(leases.iter().map(Lease::text).collect())
}
