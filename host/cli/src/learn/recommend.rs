//! Recommends the least permissions that cover the observed calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::compile::{Allowed, Compile};
use super::observed::Observed;
use super::resource;

/// The maximum number of shares that are tried for joining. Each share is compiled with every group so far,
/// so this number bounds the time.
const JOINED: usize = 40;

/// A group of actions on the same resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The actions, sorted.
    pub actions: Vec<String>,
    /// The resources; empty means every resource.
    pub resources: Vec<String>,
}

/// A recommended set of permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recommendation {
    /// The resources that each action needs; empty means every resource.
    needs: BTreeMap<String, BTreeSet<String>>,
    /// The needs in groups, with actions joined where that allows no more. The share with the most actions
    /// comes first.
    pub shares: Vec<Share>,
}

impl Recommendation {
    /// Returns a recommendation of every action that was allowed at least once. Actions that were only denied
    /// are left out.
    #[must_use]
    pub fn of(observed: &Observed, compile: Compile<'_>) -> Self {
        let used = observed.actions.iter().filter(|(_, action)| action.counts.used() > 0);
        let needs =
            used.map(|(name, action)| (name.clone(), action.resources().into_iter().collect()));
        Self::new(needs.collect(), compile)
    }

    /// Returns a recommendation of the actions in `needs`, each on its resources; none means every resource.
    #[must_use]
    pub(crate) fn new(needs: BTreeMap<String, BTreeSet<String>>, compile: Compile<'_>) -> Self {
        let mut shares: Vec<Share> = Vec::new();
        for (action, resources) in &needs {
            let resources: Vec<String> = resources.iter().cloned().collect();
            match shares.iter_mut().find(|share| share.resources == resources) {
                Some(share) => share.actions.push(action.clone()),
                None => shares.push(Share { actions: vec![action.clone()], resources }),
            }
        }
        Self { needs, shares: joined(shares, compile) }
    }

    /// Returns this recommendation with the actions in `more` added, each on its resources.
    ///
    /// Names that the cloud generates anew in every run (`instance/i-0123456789abcdef0`) become a pattern.
    #[must_use]
    pub fn with(
        &self,
        more: impl Iterator<Item = (String, Vec<String>)>,
        compile: Compile<'_>,
    ) -> Self {
        let mut needs = self.needs.clone();
        for (action, resources) in more {
            match needs.get_mut(&action) {
                Some(known) if known.is_empty() => {}
                Some(known) if resources.is_empty() => known.clear(),
                Some(known) => {
                    for resource in resources {
                        let pattern = resource::of_any_name(&resource);
                        let is_renamed = pattern.is_some()
                            && known.iter().any(|known| resource::of_any_name(known) == pattern);
                        match pattern.filter(|_| is_renamed) {
                            Some(pattern) => {
                                known.retain(|known| {
                                    resource::of_any_name(known).as_ref() != Some(&pattern)
                                });
                                known.insert(pattern);
                            }
                            None => drop(known.insert(resource)),
                        }
                    }
                }
                None => drop(needs.insert(action, resources.into_iter().collect())),
            }
        }
        Self::new(needs, compile)
    }

    /// Returns all actions, sorted, in the form that `--allow` accepts.
    #[must_use]
    pub fn allow(&self) -> Vec<String> {
        let actions: BTreeSet<&String> =
            self.shares.iter().flat_map(|share| &share.actions).collect();
        actions.into_iter().cloned().collect()
    }

    /// Returns the resources of all actions, sorted, or `None` if shares have different resources.
    ///
    /// Security: one list with the resources of several shares would allow every action on each of them.
    #[must_use]
    pub fn resources(&self) -> Option<&[String]> {
        match self.shares.as_slice() {
            [] => Some(&[]),
            [one] => Some(&one.resources),
            _ => None,
        }
    }

    /// Returns the recommendation as text of `profiles.toml`. If resources differ, each share has its own
    /// profile, and the first profile extends the others. `description` says where the profile comes from.
    #[must_use]
    pub fn profile(&self, name: &str, provider: &str, description: &str) -> String {
        let part = |index: usize| {
            if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) }
        };
        let mut text = String::new();
        for (index, share) in self.shares.iter().enumerate() {
            let _ = writeln!(
                text,
                "{}[profiles.{}]",
                if index == 0 { "" } else { "\n" },
                quoted_key(&part(index))
            );
            let _ = writeln!(
                text,
                "description = {}\nprovider = {}",
                quoted(description),
                quoted(provider)
            );
            let _ = writeln!(text, "actions = [{}]", list(&share.actions));
            if !share.resources.is_empty() {
                let _ = writeln!(text, "resources = [{}]", list(&share.resources));
            }
            let others: Vec<String> = (1..self.shares.len()).map(part).collect();
            if index == 0 && !others.is_empty() {
                let _ = writeln!(text, "extends = [{}]", list(&others));
            }
        }
        text
    }
}

/// Joins shares if compiling them as one allows exactly what compiling them apart allows.
fn joined(shares: Vec<Share>, compile: Compile<'_>) -> Vec<Share> {
    let mut joined: Vec<(Share, Option<Allowed>)> = Vec::new();
    for (number, share) in shares.into_iter().enumerate() {
        let alone = if number < JOINED { compile(std::slice::from_ref(&share)) } else { None };
        let together = alone.as_ref().and_then(|alone| {
            joined.iter().enumerate().find_map(|(place, (other, allowed))| {
                let (both, apart) =
                    (union(other, &share)?, allowed.as_ref()?.union(alone).cloned().collect());
                let together = compile(std::slice::from_ref(&both))?;
                (together == apart).then_some((place, both, together))
            })
        });
        match together {
            Some((place, both, allowed)) => {
                if let Some(group) = joined.get_mut(place) {
                    *group = (both, Some(allowed));
                }
            }
            None => joined.push((share, alone)),
        }
    }
    let mut shares: Vec<Share> = joined.into_iter().map(|(share, _)| share).collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.actions.len()));
    shares
}

/// Returns both shares as one, or `None` if one of them is not limited: joining would open the other.
fn union(one: &Share, other: &Share) -> Option<Share> {
    if one.resources.is_empty() || other.resources.is_empty() {
        return None;
    }
    let sorted = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().chain(b).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    Some(Share {
        actions: sorted(&one.actions, &other.actions),
        resources: sorted(&one.resources, &other.resources),
    })
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted_key(name: &str) -> String {
    let bare = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests;
