//! Compares the permissions that a principal has with those it should have: one comparison for every cloud.
//!
//! The provider's catalogue expands wildcards on both sides; denials are removed and limits (boundaries)
//! applied. A statement that has conditions, or that names only exceptions, cannot be decided and never
//! counts as equal.

mod access;
pub mod sarif;

use std::collections::BTreeMap;

use audex_sdk::pattern;

use audex_components::component::PluginError;
use audex_components::provider::{AccessLevel, Effect, KnownAction, Provider, Statement};

use self::access::Access;

/// An action in which the two sides differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The action.
    pub action: String,
    /// The access level of the action, if it is known.
    pub level: Option<AccessLevel>,
    /// The resources in question; empty means every resource.
    pub resources: Vec<String>,
    /// The sources of the statements that allow the action.
    pub sources: Vec<String>,
}

/// A statement that cannot be decided from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The source of the statement.
    pub source: String,
    /// The action patterns of the statement.
    pub actions: Vec<String>,
    /// The reason.
    pub reason: String,
}

/// The result of a comparison, with the most dangerous actions first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Actions that are allowed and not expected.
    pub additional: Vec<Difference>,
    /// Actions that are expected and not allowed.
    pub missing: Vec<Difference>,
    /// Statements that cannot be decided.
    pub undecided: Vec<Undecided>,
}

impl Drift {
    /// Returns true only if both sides are certainly equal.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.additional.is_empty() && self.missing.is_empty() && self.undecided.is_empty()
    }
}

/// Compares the actual permissions with the expected ones.
///
/// # Errors
/// When the provider fails to expand patterns.
pub fn compare(
    provider: &Provider,
    actual: &[Statement],
    expected: &[Statement],
) -> Result<Drift, PluginError> {
    let mut patterns: Vec<String> =
        actual.iter().chain(expected).flat_map(|one| one.actions.clone()).collect();
    patterns.sort_unstable();
    patterns.dedup();
    Ok(compare_known(&provider.expand(&patterns)?, actual, expected))
}

/// Compares both sides over the known actions.
fn compare_known(known: &[KnownAction], actual: &[Statement], expected: &[Statement]) -> Drift {
    let mut drift = Drift::default();
    let mut unclear: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for statement in actual.iter().chain(expected) {
        if let Some(reason) = &statement.undecided {
            let known = unclear.entry((statement.source.clone(), reason.clone())).or_default();
            known.extend(statement.actions.clone());
        }
    }
    for action in known {
        let (is, should) = (Access::of(&action.name, actual), Access::of(&action.name, expected));
        let difference = |resources: Vec<String>, side: &[Statement]| Difference {
            action: action.name.clone(),
            level: action.access,
            resources,
            sources: sources(&action.name, side),
        };
        if let Some(resources) = is.beyond(&should) {
            drift.additional.push(difference(resources, actual));
        }
        if let Some(resources) = should.beyond(&is) {
            drift.missing.push(difference(resources, expected));
        }
        for partly in is.partly.iter().chain(&should.partly) {
            let reason = "it denies or limits a part of what is allowed".to_owned();
            let about = unclear.entry((partly.clone(), reason)).or_default();
            if !about.contains(&action.name) {
                about.push(action.name.clone());
            }
        }
    }
    let undecided = |((source, reason), mut actions): ((String, String), Vec<String>)| {
        actions.dedup();
        Undecided { source, actions, reason }
    };
    drift.undecided = unclear.into_iter().map(undecided).collect();
    for list in [&mut drift.additional, &mut drift.missing] {
        list.sort_by(|left, right| {
            danger(right.level).cmp(&danger(left.level)).then(left.action.cmp(&right.action))
        });
    }
    drift
}

/// Returns the sources of the statements that allow `action`.
fn sources(action: &str, side: &[Statement]) -> Vec<String> {
    let about = |one: &&Statement| {
        one.effect == Effect::Allow && one.undecided.is_none() && names(one, action)
    };
    let mut sources: Vec<String> =
        side.iter().filter(about).map(|one| one.source.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Returns true if a pattern of `statement` matches `action`.
fn names(statement: &Statement, action: &str) -> bool {
    statement
        .actions
        .iter()
        .any(|asked| is_every(asked) || pattern::matches_ignore_ascii_case(asked, action))
}

/// Returns true for `*` and for `*:*`, which AWS's own tools write for IAM's `*`.
fn is_every(pattern: &str) -> bool {
    matches!(pattern, "*" | "*:*")
}

/// Returns a rank from harmless to dangerous. An unknown level may be anything.
fn danger(level: Option<AccessLevel>) -> u8 {
    match level {
        Some(AccessLevel::List) => 0,
        Some(AccessLevel::Read) => 1,
        Some(AccessLevel::Tagging) => 2,
        Some(AccessLevel::Write) => 3,
        None => 4,
        Some(AccessLevel::Permissions) => 5,
    }
}

#[cfg(test)]
mod tests;
