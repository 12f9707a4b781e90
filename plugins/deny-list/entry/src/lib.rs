//! The meaning of an entry of a deny list: the actions that it covers.
//!
//! An entry covers the union of three sets: the actions that its own text matches, the actions that the
//! built-in tables give for the names that it matches (universal names, names that a cloud corrects), and the
//! actions that the configured mapping gives for these names.
//! Security: this is data and code of the program itself. A replaced mapping can add to the actions that an
//! entry covers, but cannot remove any.

mod correction;
mod vocabulary;

pub use correction::nearest;
pub use vocabulary::Vocabulary;

use audex_sdk::pattern;

/// A row of a mapping whose name an entry covers: a provider, and the actions the name stands for there.
pub type Row = (String, Vec<String>);

/// The effect of an entry in the runs of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The entry denies these patterns there.
    Binds(Vec<String>),
    /// The entry matches nothing there, but matches actions of another provider.
    Elsewhere,
    /// The entry matches no action of any provider, so it denies nothing. Holds the nearest pattern that
    /// matches an action, if there is one.
    Nothing(Option<String>),
}

/// Returns `text` in the form for comparisons, which ignore the case of letters.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Returns true if `entry` covers all of `action`, which may be a pattern itself.
#[must_use]
pub fn covers(entry: &str, action: &str) -> bool {
    pattern::covers(&fold(entry), &fold(action))
}

/// Returns the effect of `entry` in the runs of `provider`. The provider's actions are `known`; `rows` are
/// those of the configured mapping.
///
/// Security: the rows may come from a component that was replaced. A row can make an entry bind, but can
/// never release an entry that the program's own tables bind. A row counts only if one of its actions is
/// known.
#[must_use]
pub fn decide(entry: &str, provider: &str, known: Vocabulary<'_>, rows: &[Row]) -> Decision {
    let mut patterns = meaning(entry, provider, known);
    let is_here = |(of, actions): &&Row| uses_actions_of(provider, of) && is_known(known, actions);
    for (_, actions) in rows.iter().filter(is_here) {
        add(&mut patterns, actions.iter().cloned());
    }
    if !patterns.is_empty() {
        return Decision::Binds(patterns);
    }
    let others = || {
        Vocabulary::BUILT_IN.into_iter().filter(|(id, other)| *id != provider && *other != known)
    };
    let is_elsewhere = others().any(|(id, other)| {
        let named = || rows.iter().any(|(of, actions)| of == id && is_known(other, actions));
        !meaning(entry, id, other).is_empty() || named()
    });
    if is_elsewhere {
        return Decision::Elsewhere;
    }
    let nearest_of = |vocabulary| nearest(entry, vocabulary);
    Decision::Nothing(
        nearest_of(known).or_else(|| others().find_map(|(_, other)| nearest_of(other))),
    )
}

/// Returns the patterns that `entry` denies in the runs of `provider` by the program's own tables; none if it denies nothing.
#[must_use]
pub fn meaning(entry: &str, provider: &str, known: Vocabulary<'_>) -> Vec<String> {
    let mut patterns = Vec::new();
    if known.matches(entry) {
        patterns.push(entry.to_owned());
        patterns.extend(known.spelling(entry));
    }
    let corrected = known.corrections().filter(|(wrong, _)| covers(entry, wrong));
    let corrected = corrected.map(|(_, right)| right.to_owned());
    let rows = universal_table::entries().filter(|row| covers(entry, row.universal));
    let rows = rows.filter(|row| universal_table::providers(row).any(|of| of == provider));
    let mapped = rows.flat_map(|row| row.actions).map(|&action| action.to_owned());
    let further = corrected.chain(mapped).filter(|action| !covers(entry, action));
    add(&mut patterns, further);
    patterns
}

/// Returns true if `provider` uses the actions of `of`. Vault issues AWS credentials, so it uses the actions
/// of AWS.
fn uses_actions_of(provider: &str, of: &str) -> bool {
    of == provider || (provider == "vault" && of == "aws")
}

fn is_known(vocabulary: Vocabulary<'_>, actions: &[String]) -> bool {
    actions.iter().any(|action| vocabulary.matches(action))
}

fn add(patterns: &mut Vec<String>, more: impl Iterator<Item = String>) {
    for pattern in more {
        if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
}

#[cfg(test)]
mod tests;
