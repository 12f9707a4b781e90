//! Decides what AWS IAM policies allow, for the loopback cloud and as the oracle of policy tests.
//!
//! Source of the rules: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
//! What it cannot decide it refuses: an unknown condition operator or a policy variable (`${…}`) makes an
//! `Allow` statement not apply and a `Deny` statement apply.

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
    /// Some statement allows it and none denies it.
    Allowed,
    /// A `Deny` statement applies.
    ExplicitDeny,
    /// Nothing allows it.
    ImplicitDeny,
}

impl Decision {
    /// Whether the request may go ahead.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }

    /// Either side may grant; a denial on any side wins.
    fn union(self, other: Self) -> Self {
        match (self, other) {
            (Self::ExplicitDeny, _) | (_, Self::ExplicitDeny) => Self::ExplicitDeny,
            (Self::Allowed, _) | (_, Self::Allowed) => Self::Allowed,
            (Self::ImplicitDeny, Self::ImplicitDeny) => Self::ImplicitDeny,
        }
    }

    /// Both sides must grant; a denial on any side wins.
    fn intersection(self, other: Self) -> Self {
        match (self, other) {
            (Self::ExplicitDeny, _) | (_, Self::ExplicitDeny) => Self::ExplicitDeny,
            (Self::ImplicitDeny, _) | (_, Self::ImplicitDeny) => Self::ImplicitDeny,
            (Self::Allowed, Self::Allowed) => Self::Allowed,
        }
    }
}

/// One call to be decided: an action, the resource it touches, and condition keys.
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

/// Decides `request` for a principal: the union of its `identity` policies, cut down by every one of
/// `limits` (session policies, permission boundaries). A denial anywhere wins.
#[must_use]
pub fn decide(identity: &[PolicyDocument], limits: &[PolicyDocument], request: &Request) -> Decision {
    let granted =
        identity.iter().map(|policy| policy.decide(request)).fold(Decision::ImplicitDeny, Decision::union);
    limits.iter().map(|policy| policy.decide(request)).fold(granted, Decision::intersection)
}
