//! Evaluates AWS IAM policies, for the loopback cloud and as the oracle of policy tests.
//!
//! Source of the rules: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements". If a
//! statement cannot be decided because of an unknown condition operator or a policy variable (`${…}`), an
//! `Allow` statement does not apply and a `Deny` statement applies.

use std::collections::BTreeMap;

mod condition;
mod document;
mod glob;
#[cfg(test)]
mod properties;

pub use document::{PolicyDocument, PolicyError};
pub use glob::matches;

/// The outcome of evaluating policies for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and no statement denies it.
    Allowed,
    /// A `Deny` statement applies.
    ExplicitDeny,
    /// No statement allows the request.
    ImplicitDeny,
}

impl Decision {
    /// Returns true if the request is allowed.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }

    /// Combines two decisions of which one must allow; an explicit denial in either wins.
    fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::ExplicitDeny, _) | (_, Self::ExplicitDeny) => Self::ExplicitDeny,
            (Self::Allowed, _) | (_, Self::Allowed) => Self::Allowed,
            (Self::ImplicitDeny, Self::ImplicitDeny) => Self::ImplicitDeny,
        }
    }

    /// Combines two decisions that must both allow; an explicit denial in either wins.
    fn intersection(self, other: Self) -> Self {
        match (self, other) {
            (Self::ExplicitDeny, _) | (_, Self::ExplicitDeny) => Self::ExplicitDeny,
            (Self::ImplicitDeny, _) | (_, Self::ImplicitDeny) => Self::ImplicitDeny,
            (Self::Allowed, Self::Allowed) => Self::Allowed,
        }
    }
}

/// One call to decide: an action, its resource and condition keys.
#[derive(Clone, Debug)]
pub struct Request {
    action: String,
    resource: String,
    context: BTreeMap<String, String>,
}

impl Request {
    /// Builds a request for `action` (`s3:GetObject`, any case) on `resource` (an ARN, or `*`).
    #[must_use]
    pub fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
    }

    /// Adds the value of one condition key (`aws:SourceIp`, any case).
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.context.insert(key.to_ascii_lowercase(), value.to_owned());
        self
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.context.get(&key.to_ascii_lowercase()).map(String::as_str)
    }
}

/// Decides `request` for a principal: the union of its `identity` policies, intersected with each of `limits`
/// (session policies, permission boundaries). An explicit denial in any policy wins.
#[must_use]
pub fn decide(
    identity: &[PolicyDocument],
    limits: &[PolicyDocument],
    request: &Request,
) -> Decision {
    let granted = identity
        .iter()
        .map(|policy| policy.decide(request))
        .fold(Decision::ImplicitDeny, Decision::union);
    limits.iter().map(|policy| policy.decide(request)).fold(granted, Decision::intersection)
}
