//! What a principal may do against what it should: one comparison for every cloud.
//!
//! Wildcards are expanded by the provider's catalogue on both sides, denials taken out, limits (boundaries) applied. What has
//! conditions or names only what it is not about cannot be decided, and never counts as equal.

mod access;
pub mod sarif;

use std::collections::BTreeMap;

use audex_sdk::pattern;

use audex_components::component::PluginError;
use audex_components::provider::{AccessLevel, Effect, KnownAction, Provider, Statement};

use self::access::Access;

/// One action that the two sides differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The action.
    pub action: String,
    /// How dangerous it is, if that is known.
    pub level: Option<AccessLevel>,
    /// The resources in question; empty: every one.
    pub resources: Vec<String>,
    /// Where it stands.
    pub sources: Vec<String>,
}

/// What nobody can decide from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// Where it stands.
    pub source: String,
    /// The patterns it is about.
    pub actions: Vec<String>,
    /// Why.
    pub reason: String,
}

/// What came out. The most dangerous first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Had, and not expected.
    pub additional: Vec<Difference>,
    /// Expected, and not had.
    pub missing: Vec<Difference>,
    /// Neither.
    pub undecided: Vec<Undecided>,
}

impl Drift {
    /// Whether both sides are the same for certain.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.additional.is_empty() && self.missing.is_empty() && self.undecided.is_empty()
    }
}

/// Compares what is with what should be.
///
/// # Errors
/// When the provider fails to say what patterns stand for.
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

/// The same over the actions that there are.
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

/// Where it is said that `action` is allowed.
fn sources(action: &str, side: &[Statement]) -> Vec<String> {
    let about =
        |one: &&Statement| one.effect == Effect::Allow && one.undecided.is_none() && names(one, action);
    let mut sources: Vec<String> = side.iter().filter(about).map(|one| one.source.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Whether `statement` is about `action`.
fn names(statement: &Statement, action: &str) -> bool {
    statement.actions.iter().any(|asked| is_every(asked) || pattern::matches_ignore_ascii_case(asked, action))
}

/// `*:*` is how AWS's own tools write what IAM calls `*`.
fn is_every(pattern: &str) -> bool {
    matches!(pattern, "*" | "*:*")
}

/// From harmless to dangerous; what is not known may be anything.
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
