//! Calls become the least that would have allowed them. What was denied was not used, and what is unknown is not guessed.

use std::collections::BTreeMap;

use crate::plugin::component::PluginError;
use crate::plugin::provider::{Call, Provider};

/// One permission that was used, or refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The action.
    pub action: String,
    /// Where calls that took it were seen, and how many there.
    pub sources: BTreeMap<String, u32>,
}

impl Used {
    /// How many calls took it: sources see the same calls, so they are not summed up.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.sources.values().copied().max().unwrap_or_default()
    }
}

/// What came out of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Permissions that calls took, in the order of their names.
    pub used: Vec<Used>,
    /// Permissions of calls that were denied.
    pub denied: Vec<Used>,
    /// Calls of which it is not known what they take.
    pub unknown: Vec<String>,
    /// What is to be known of some of them.
    pub notes: Vec<String>,
}

impl Learned {
    /// The actions to allow.
    #[must_use]
    pub fn allow(&self) -> Vec<String> {
        self.used.iter().map(|used| used.action.clone()).collect()
    }

    /// The actions that were only ever denied.
    #[must_use]
    pub fn only_denied(&self) -> Vec<String> {
        let is_used = |action: &String| self.used.iter().any(|used| used.action == *action);
        self.denied.iter().map(|denied| denied.action.clone()).filter(|action| !is_used(action)).collect()
    }

    /// Whether nothing was seen at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.used.is_empty() && self.denied.is_empty() && self.unknown.is_empty()
    }
}

/// What `calls` took.
///
/// # Errors
/// When the provider fails to say.
pub fn recommend(provider: &Provider, calls: &[Call]) -> Result<Learned, PluginError> {
    let mut learned = Learned::default();
    for (call, attribution) in calls.iter().zip(provider.attribute(calls)?) {
        if !attribution.known {
            learned.unknown.push(format!("{}:{}", call.service, call.operation));
            continue;
        }
        if let Some(note) = attribution.note.filter(|note| !learned.notes.contains(note)) {
            learned.notes.push(note);
        }
        let list = if call.denied { &mut learned.denied } else { &mut learned.used };
        for permission in attribution.permissions {
            add(list, permission.action, call);
        }
    }
    for list in [&mut learned.used, &mut learned.denied] {
        list.sort_by(|left, right| left.action.cmp(&right.action));
    }
    learned.unknown.sort_unstable();
    learned.unknown.dedup();
    Ok(learned)
}

fn add(list: &mut Vec<Used>, action: String, call: &Call) {
    let at = list.iter().position(|used| used.action == action).unwrap_or_else(|| {
        list.push(Used { action, sources: BTreeMap::new() });
        list.len().saturating_sub(1)
    });
    if let Some(used) = list.get_mut(at) {
        let count = used.sources.entry(call.source.clone()).or_default();
        *count = count.saturating_add(call.count);
    }
}
