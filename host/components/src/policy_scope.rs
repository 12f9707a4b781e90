//! The host's own check of every policy that a component sends to STS.
//!
//! Security: a provider is third-party code. Whatever policy it compiles, the cloud must not be asked for
//! more than the grant, and only the planned policy may be delivered.

mod unique;

use audex_sdk::pattern;
use serde_json::{Map, Value};

use self::unique::Unique;
use crate::bindings::provider::types::{Grant, Scope};
use crate::limit;

/// The action that narrows a session; allowed in policies of sessions that are never delivered.
const SCOPE_DOWN: &str = "sts:getscopedcredentials";
/// STS creates shorter sessions only by scoping down.
const STS_FLOOR: u32 = 900;
/// The keys that a policy may have. Security: IAM might read `statement` where this code reads only
/// `Statement`.
const DOCUMENT_KEYS: [&str; 3] = ["Id", "Statement", "Version"];
const ALLOW_KEYS: [&str; 5] = ["Action", "Condition", "Effect", "Resource", "Sid"];
const DENY_KEYS: [&str; 7] =
    ["Action", "Condition", "Effect", "NotAction", "NotResource", "Resource", "Sid"];

/// The purpose of a call, which limits its access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// Answers from the component's own knowledge.
    Pure,
    /// Reads from the cloud, and creates nothing.
    Look,
    /// Tests minting with sessions that have no permissions.
    Probe,
    /// Mints one grant.
    Mint,
}

/// The limits of one call: what its policies may allow, and which sessions it may create.
#[derive(Clone, Debug)]
pub(crate) struct PolicyScope {
    purpose: Purpose,
    /// The granted action patterns in lower case, each with its resources.
    granted: Vec<(String, Scope)>,
    /// The patterns that must stay denied, in lower case.
    deny: Vec<String>,
    /// The longest life of delivered credentials.
    ttl_seconds: u32,
    /// The policy that was planned and shown.
    planned: Option<String>,
    /// True if the command gets no session of the call: a gateway holds it.
    is_held: bool,
}

/// The error for a request to STS, or another access, that the call may not make.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutsideGrant {
    /// A policy that allows more than the grant, or that cannot be parsed unambiguously.
    #[error("a policy outside the grant was asked of STS: {0}")]
    Policy(String),
    /// A session in a call that mints nothing.
    #[error("it asked for credentials in a call that mints nothing")]
    Mints,
    /// The network or source credentials in a call that needs neither.
    #[error("it reached out in a call that must answer from what it knows")]
    Reaches,
    /// A session that outlives the grant.
    #[error("it asked for credentials of {asked} s where {most} s are granted")]
    TooLong {
        /// The requested seconds.
        asked: u32,
        /// The permitted seconds.
        most: u32,
    },
}

impl PolicyScope {
    /// Returns the scope of calls that answer from the component's own knowledge.
    #[must_use]
    pub(crate) fn pure() -> Self {
        Self::without_grant(Purpose::Pure)
    }

    /// Returns the scope of calls that read from the cloud and create nothing.
    #[must_use]
    pub(crate) fn look() -> Self {
        Self::without_grant(Purpose::Look)
    }

    /// Returns the scope of health checks: sessions may be created, but have no permissions.
    #[must_use]
    pub(crate) fn probe() -> Self {
        Self::without_grant(Purpose::Probe)
    }

    /// Returns the scope of a call that mints `grant` with the policy `planned`.
    #[must_use]
    pub(crate) fn of(grant: &Grant, planned: Option<&str>) -> Self {
        Self {
            purpose: Purpose::Mint,
            granted: grant
                .permissions
                .iter()
                .map(|p| (p.action.to_lowercase(), p.resources.clone()))
                .collect(),
            deny: grant.deny.iter().map(|pattern| pattern.to_lowercase()).collect(),
            ttl_seconds: grant.ttl_seconds,
            planned: planned.map(str::to_owned),
            is_held: grant.gateway,
        }
    }

    fn without_grant(purpose: Purpose) -> Self {
        let (granted, deny) = (Vec::new(), Vec::new());
        Self { purpose, granted, deny, ttl_seconds: STS_FLOOR, planned: None, is_held: false }
    }

    /// Checks that this call may use the network and source credentials.
    ///
    /// # Errors
    /// When the call must answer from the component's own knowledge.
    pub(crate) fn may_reach(&self) -> Result<(), OutsideGrant> {
        if self.purpose == Purpose::Pure { Err(OutsideGrant::Reaches) } else { Ok(()) }
    }

    /// Checks that this call may create a first session of `seconds`. STS makes no such session shorter than
    /// its minimum.
    ///
    /// # Errors
    /// When the call mints nothing, or the session would outlive the grant.
    pub(crate) fn may_make(&self, seconds: u32) -> Result<(), OutsideGrant> {
        self.may_live(seconds, self.ttl_seconds.max(STS_FLOOR))
    }

    /// Checks that this call may create a session that is scoped down to `seconds`.
    ///
    /// # Errors
    /// See [`PolicyScope::may_make`].
    pub(crate) fn may_narrow(&self, seconds: u32) -> Result<(), OutsideGrant> {
        self.may_live(seconds, self.ttl_seconds)
    }

    fn may_live(&self, asked: u32, most: u32) -> Result<(), OutsideGrant> {
        match self.purpose {
            Purpose::Pure | Purpose::Look => Err(OutsideGrant::Mints),
            Purpose::Probe | Purpose::Mint if asked > most => {
                Err(OutsideGrant::TooLong { asked, most })
            }
            Purpose::Probe | Purpose::Mint => Ok(()),
        }
    }

    /// Checks that `policy` stays inside the grant.
    ///
    /// # Errors
    /// Names the part that is outside the grant. A document that cannot be parsed is outside.
    pub(crate) fn permit(&self, policy: &str) -> Result<(), OutsideGrant> {
        if policy.len() > limit::POLICY_BYTES {
            return Err(outside("it is too long"));
        }
        let Ok(Unique(Value::Object(document))) = serde_json::from_str(policy) else {
            return Err(outside("it is not one JSON object with each key once"));
        };
        only(&document, &DOCUMENT_KEYS)?;
        let statements = match document.get("Statement") {
            Some(Value::Array(many)) => many.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err(outside("it has no statement")),
        };
        let intermediate = self.planned.as_deref() != Some(policy);
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for statement in statements {
            let fields =
                statement.as_object().ok_or_else(|| outside("a statement is not an object"))?;
            match fields.get("Effect").and_then(Value::as_str) {
                Some("Deny") => denied.extend(denied_everywhere(fields)?),
                Some("Allow") => allowed.extend(self.permit_allow(fields, intermediate)?),
                _ => return Err(outside("a statement has no effect")),
            }
        }
        // A session of an intermediate policy is never delivered.
        if intermediate { Ok(()) } else { self.keep_denied(&allowed, &denied) }
    }

    /// Returns the actions, in lower case, of an allowing statement inside the grant; empty if the statement
    /// of a session that is never delivered allows only scoping down.
    fn permit_allow(
        &self,
        fields: &Map<String, Value>,
        intermediate: bool,
    ) -> Result<Vec<String>, OutsideGrant> {
        only(fields, &ALLOW_KEYS)?;
        let actions: Vec<String> =
            strings(fields.get("Action"))?.into_iter().map(str::to_lowercase).collect();
        if (intermediate || self.is_held) && actions.iter().all(|action| action == SCOPE_DOWN) {
            return Ok(Vec::new());
        }
        let resources = strings(fields.get("Resource"))?;
        for resource in resources {
            let here = self.granted_on(Some(resource));
            let inside =
                |action: &String| allows(&here, action) || self.grants_resourceless(action);
            if let Some(action) = actions.iter().find(|action| !inside(action)) {
                let anywhere = allows(&self.granted_on(None), action);
                let on =
                    if anywhere { format!(" on the resource `{resource}`") } else { String::new() };
                return Err(outside(&format!("`{action}`{on}")));
            }
        }
        Ok(actions)
    }

    /// Returns `true` if `action` is granted on any resource and needs no resource.
    ///
    /// Security: for an action without resources, IAM accepts only `*`. An action that may take a resource of
    /// an uncommon kind must be granted by its exact name, never by a pattern, and must not be limited to a
    /// resource of its own service.
    fn grants_resourceless(&self, action: &str) -> bool {
        let service = action.split(':').next().unwrap_or_default();
        let is_elsewhere = |resource: &String| {
            let of = resource.split(':').nth(2).unwrap_or("*");
            of != service && !of.contains(['*', '?', '$'])
        };
        let is_named = self
            .granted
            .iter()
            .any(|(own, scope)| own == action && scope.any(|named| named.iter().all(is_elsewhere)));
        let takes_none = aws_catalogue::takes_no_resource(action);
        (takes_none && allows(&self.granted_on(None), action))
            || (is_named && aws_catalogue::needs_no_resource(action))
    }

    /// Returns the action patterns that are granted on `resource`, or on at least one resource if `resource`
    /// is `None`.
    fn granted_on(&self, resource: Option<&str>) -> Vec<&str> {
        let reaches =
            |own: &Scope| own.any(|named| resource.is_none_or(|resource| covered(named, resource)));
        self.granted
            .iter()
            .filter(|(_, own)| reaches(own))
            .map(|(action, _)| action.as_str())
            .collect()
    }

    /// Security: a filter's deny pattern is part of the grant. If a policy allows a part of the pattern, the
    /// policy must deny the pattern again.
    fn keep_denied(&self, allowed: &[String], denied: &[String]) -> Result<(), OutsideGrant> {
        for pattern in &self.deny {
            for action in allowed.iter().filter(|action| pattern::intersects(pattern, action)) {
                // IAM accepts no wildcard for a service, so `*:Delete*` is written with the service of the
                // allowed action.
                let here = match (pattern.split_once(':'), action.split_once(':')) {
                    (Some((_, verb)), Some((service, _))) => format!("{service}:{verb}"),
                    _ => pattern.clone(),
                };
                let each_service = action == "*" && denied_service_by_service(pattern, denied);
                if !covered(denied, pattern) && !covered(denied, &here) && !each_service {
                    return Err(outside(&format!("`{action}` without the denied `{pattern}`")));
                }
            }
        }
        Ok(())
    }
}

/// Returns `true` if a pattern for any service is denied for each service that has such an action: an IAM
/// policy accepts no wildcard for a service. The catalogue does not contain newer services; the component
/// says so.
fn denied_service_by_service(pattern: &str, denied: &[String]) -> bool {
    let Some((service, verb)) = pattern.split_once(':') else { return false };
    let services = aws_catalogue::services_with(service, verb);
    !services.is_empty()
        && services.iter().all(|service| covered(denied, &format!("{service}:{verb}")))
}

fn outside(what: &str) -> OutsideGrant {
    OutsideGrant::Policy(what.to_owned())
}

fn only(fields: &Map<String, Value>, known: &[&str]) -> Result<(), OutsideGrant> {
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(outside(&format!("it has `{key}`"))),
        None => Ok(()),
    }
}

/// Returns the actions, in lower case, that a denying statement forbids on every resource and under every
/// condition.
fn denied_everywhere(fields: &Map<String, Value>) -> Result<Vec<String>, OutsideGrant> {
    only(fields, &DENY_KEYS)?;
    let plain = !fields.contains_key("Condition")
        && !fields.contains_key("NotAction")
        && strings(fields.get("Resource")).is_ok_and(|all| all.contains(&"*"));
    let actions =
        if plain { strings(fields.get("Action")).unwrap_or_default() } else { Vec::new() };
    Ok(actions.into_iter().map(str::to_lowercase).collect())
}

fn covered(patterns: &[impl AsRef<str>], narrow: &str) -> bool {
    let narrow = aws_catalogue::unescaped(narrow);
    patterns.iter().any(|wide| pattern::covers(&aws_catalogue::unescaped(wide.as_ref()), &narrow))
}

/// Returns `true` if everything that `action` matches is granted: as written, or, for a shortened pattern,
/// action by action.
fn allows(granted: &[&str], action: &str) -> bool {
    covered(granted, action) || aws_catalogue::expansion_within(action, granted)
}

/// Reads a string or a non-empty list of strings.
fn strings(value: Option<&Value>) -> Result<Vec<&str>, OutsideGrant> {
    let list = match value {
        Some(Value::String(one)) => Some(vec![one.as_str()]),
        Some(Value::Array(many)) if !many.is_empty() => many.iter().map(Value::as_str).collect(),
        _ => None,
    };
    list.ok_or_else(|| outside("an allowing statement without plain actions and resources"))
}

#[cfg(test)]
mod tests;
