//! The definition of what an entry of a deny list covers.
//!
//! An entry means the union of three things: the actions that its own text matches, what the built-in tables make of the names
//! that it matches (universal names, names that a cloud corrects), and what the configured mapping makes of them.
//! Security: this is data and code of the program itself. A replaced mapping can add to what an entry covers and takes nothing away.

mod correction;
mod vocabulary;

pub use correction::nearest;
pub use vocabulary::Vocabulary;

use audex_sdk::pattern;

/// A row of a mapping whose name an entry covers: a provider, and the actions the name stands for there.
pub type Row = (String, Vec<String>);

/// The part that an entry has in the runs of one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It denies these patterns there.
    Binds(Vec<String>),
    /// It matches nothing there, and it matches actions of another provider.
    Elsewhere,
    /// It matches no action of any provider, so it denies nothing. The nearest pattern that does, if there is one.
    Nothing(Option<String>),
}

/// Returns `text` as it is compared: the case of letters does not count.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// Returns whether `entry` covers all of `action`, which may be a pattern itself.
#[must_use]
pub fn covers(entry: &str, action: &str) -> bool {
    pattern::covers(&fold(entry), &fold(action))
}

/// Decides about `entry` in the runs of `provider`, whose actions are `known`; `rows` are the configured mapping's.
///
/// Security: the rows may come from a component that was replaced. They bind; they never excuse an entry that the program's own
/// tables bind, and a row counts only where one of its actions is a known one.
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
    let others = || Vocabulary::BUILT_IN.into_iter().filter(|(id, other)| *id != provider && *other != known);
    let is_elsewhere = others().any(|(id, other)| {
        let named = || rows.iter().any(|(of, actions)| of == id && is_known(other, actions));
        !meaning(entry, id, other).is_empty() || named()
    });
    if is_elsewhere {
        return Decision::Elsewhere;
    }
    let nearest_of = |vocabulary| nearest(entry, vocabulary);
    Decision::Nothing(nearest_of(known).or_else(|| others().find_map(|(_, other)| nearest_of(other))))
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

/// Returns whether `provider` uses the actions of `of`: Vault issues AWS credentials, so it uses those of AWS.
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
