//! The deny list in the runs of one provider.
//!
//! Security: `deny_entry` alone decides what an entry covers. A component is asked only for additions (its
//! mapping, the actions that an installed provider lists); its answer never makes an entry deny less.

use audex_sdk::pattern;
use deny_entry::{Decision, Row, Vocabulary, covers, decide};
use std::borrow::Cow;

use crate::components::DENY_LIST;
use crate::filter::{Denied, Grant};
use crate::settings::deny_list::DenyEntry;
use audex_components::component::PluginError;
use audex_components::mapping::{Expansion, Mapping};
use audex_components::provider::{Finding, Permission, Provider, Status};
use audex_core::hint::Hint;
use audex_core::source::Source;

/// The maximum number of filter patterns in one call to a provider, because the time of a call is limited.
const AT_ONCE: usize = 100;

/// The error for a deny list that may not deny what its author meant.
#[derive(Debug, thiserror::Error)]
pub enum DenyError {
    /// A component failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// No action matches an entry.
    #[error("{at}: `{pattern}` matches no action of {of}")]
    Nothing {
        /// `FILE:LINE`.
        at: String,
        /// The entry.
        pattern: String,
        /// The provider whose syntax the entry has, or any provider.
        of: String,
        /// The nearest pattern that matches an action.
        suggestion: Option<String>,
    },
}

impl Hint for DenyError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Plugin(error) => error.hint(),
            Self::Nothing { suggestion: Some(name), .. } => {
                Some(format!("did you mean `{name}`").into())
            }
            Self::Nothing { .. } => Some(
                "an entry that denies nothing is a guard that does not stand: correct or remove it"
                    .into(),
            ),
        }
    }
}

/// The deny list for one provider.
#[derive(Debug, Default)]
pub struct Native {
    /// The entries for filters: the patterns that bind this provider, each with the place of its entry.
    entries: Vec<DenyEntry>,
    /// The patterns that bind this provider, requested or not.
    pub own: Vec<String>,
    /// The entries that match no known action here. They still deny a request for an unknown name.
    spare: Vec<DenyEntry>,
}

impl Native {
    /// Returns the entries for filters in a request for these permissions.
    #[must_use]
    pub fn entries(&self, asked: &[Permission]) -> Vec<DenyEntry> {
        let names: Vec<&str> = asked.iter().map(|permission| permission.action.as_str()).collect();
        let is_asked = |entry: &&DenyEntry| {
            names.iter().any(|name| !pattern::is_wild(name) && covers(&entry.pattern, name))
        };
        self.entries.iter().chain(self.spare.iter().filter(is_asked)).cloned().collect()
    }
}

/// Returns the denials of the entries in the runs of the provider `id`.
///
/// `elsewhere` returns which of the given names another built-in provider accepts unchanged. It is called at most once, and only
/// with names that are in no catalogue.
///
/// # Errors
/// When a component fails, or an entry can deny nothing. Security: such an entry is a guard that is not in
/// place.
pub fn native(
    entries: &[DenyEntry],
    id: &str,
    mapping: &Mapping,
    provider: &Provider,
    elsewhere: impl FnOnce(&[String]) -> Result<Vec<bool>, PluginError>,
) -> Result<Native, DenyError> {
    let mut denied = Native::default();
    if entries.is_empty() {
        return Ok(denied);
    }
    let own = Own::of(entries, id, provider)?;
    let known = Vocabulary::of(id).unwrap_or(Vocabulary::Listed(&own.listed));
    let mut doubtful = Vec::new();
    for (place, (entry, rows)) in entries.iter().zip(rows(entries, id, mapping)?).enumerate() {
        let decision = decide(&entry.pattern, id, known, &rows);
        match (decision, own.taken.get(place).cloned().flatten()) {
            (Decision::Binds(patterns), also) => {
                denied.bind(entry, patterns.into_iter().chain(also.into_iter().flatten()));
            }
            (_, Some(patterns)) => denied.bind(entry, patterns.into_iter()),
            (Decision::Elsewhere, None) if own.is_installed => denied.entries.push(entry.clone()),
            (Decision::Elsewhere, None) => denied.spare.push(entry.clone()),
            (Decision::Nothing(nearest), None) => doubtful.push((entry, nearest)),
        }
    }
    if !doubtful.is_empty() {
        denied.names(doubtful, id, provider, elsewhere)?;
    }
    Ok(denied)
}

/// The actions of an installed provider, as the provider lists them. The program has no catalogue of them.
#[derive(Default)]
struct Own {
    is_installed: bool,
    /// The actions that the provider lists.
    listed: Vec<String>,
    /// The patterns that the provider reads each entry as; `None` if the provider does not know the entry.
    taken: Vec<Option<Vec<String>>>,
}

impl Own {
    fn of(entries: &[DenyEntry], id: &str, provider: &Provider) -> Result<Self, PluginError> {
        if Vocabulary::of(id).is_some() {
            return Ok(Self::default());
        }
        let known = provider.expand(&["*".to_owned()])?;
        let listed =
            known.into_iter().map(|action| action.name).filter(|name| !pattern::is_wild(name));
        let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.clone()).collect();
        let findings = provider.check(&patterns)?.into_iter();
        let taken = findings.zip(patterns).map(|(finding, pattern)| {
            match finding.status {
                // The further actions of a known action are not denied with it.
                Status::Known => Some(vec![pattern]),
                Status::Corrected => Some([vec![pattern], finding.actions].concat()),
                Status::Unknown | Status::Malformed => None,
            }
        });
        Ok(Self { is_installed: true, listed: listed.collect(), taken: taken.collect() })
    }
}

impl Native {
    fn bind(&mut self, entry: &DenyEntry, patterns: impl Iterator<Item = String>) {
        let patterns: Vec<String> = patterns.collect();
        // A name that maps to other actions is also denied itself. A pattern that matches no action cannot be put into a policy.
        if patterns.contains(&entry.pattern) || !pattern::is_wild(&entry.pattern) {
            self.entries.push(entry.clone());
        } else {
            self.spare.push(entry.clone());
        }
        for pattern in patterns {
            if pattern != entry.pattern {
                let source = format!("{} (`{}`)", entry.source, entry.pattern);
                self.entries.push(DenyEntry { pattern: pattern.clone(), source });
            }
            if !self.own.contains(&pattern) {
                self.own.push(pattern);
            }
        }
    }

    /// Binds each entry that matches no known action but is a name that this provider accepts. Leaves the names that another
    /// provider accepts to that provider.
    ///
    /// # Errors
    /// When no provider accepts an entry.
    fn names(
        &mut self,
        doubtful: Vec<(&DenyEntry, Option<String>)>,
        id: &str,
        provider: &Provider,
        elsewhere: impl FnOnce(&[String]) -> Result<Vec<bool>, PluginError>,
    ) -> Result<(), DenyError> {
        let patterns: Vec<String> =
            doubtful.iter().map(|(entry, _)| entry.pattern.clone()).collect();
        let mut unknown = Vec::new();
        for ((entry, nearest), finding) in doubtful.into_iter().zip(provider.check(&patterns)?) {
            if is_name(&entry.pattern, &finding) {
                self.bind(entry, [entry.pattern.clone()].into_iter().chain(finding.actions));
            } else {
                unknown.push((entry, nearest, finding));
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let patterns: Vec<String> =
            unknown.iter().map(|(entry, _, _)| entry.pattern.clone()).collect();
        for ((entry, nearest, finding), is_elsewhere) in
            unknown.into_iter().zip(elsewhere(&patterns)?)
        {
            if !is_elsewhere {
                return Err(nothing(entry, nearest, finding, id));
            }
            self.spare.push(entry.clone());
        }
        Ok(())
    }
}

/// Returns for each entry the rows of the configured mapping whose names it covers. The built-in table is not asked for: it is
/// part of the definition.
fn rows(entries: &[DenyEntry], id: &str, mapping: &Mapping) -> Result<Vec<Vec<Row>>, PluginError> {
    if mapping.loaded().source == Source::BuiltIn {
        return Ok(vec![Vec::new(); entries.len()]);
    }
    let table = mapping.rows()?;
    let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.clone()).collect();
    let expansions = mapping.expand(id, &patterns)?;
    let of = |(entry, expansion): (&DenyEntry, Option<_>)| {
        let covered = table.iter().filter(|row| covers(&entry.pattern, &row.universal));
        let listed = covered.map(|row| (row.provider.clone(), row.actions.clone()));
        let expanded = expansion.map(|expansion: Expansion| (id.to_owned(), expansion.actions));
        listed.chain(expanded).collect()
    };
    Ok(entries.iter().zip(expansions).map(of).collect())
}

/// Returns true if an entry is a name that no catalogue has and that a provider accepts unchanged: a
/// permission that can be requested can also be denied. For a misspelt name the provider suggests another
/// one.
#[must_use]
pub fn is_name(entry: &str, finding: &Finding) -> bool {
    let is_taken = matches!(finding.status, Status::Known | Status::Corrected);
    is_taken && finding.suggestion.is_none() && !pattern::is_wild(entry)
}

/// Returns the error for an entry that matches no action.
fn nothing(entry: &DenyEntry, nearest: Option<String>, finding: Finding, id: &str) -> DenyError {
    let is_own_syntax = finding.status != Status::Malformed;
    let of = if is_own_syntax { format!("provider `{id}`") } else { "any provider".to_owned() };
    let suggestion = finding.suggestion.or(nearest);
    DenyError::Nothing { at: entry.source.clone(), pattern: entry.pattern.clone(), of, suggestion }
}

/// Returns a notice for each pattern that a filter denies and `provider` does not know: a misspelt denial has
/// no effect.
///
/// The entries of the deny lists are checked before, in [`native`].
///
/// # Errors
/// When the provider fails.
pub fn misspelt(
    denied: &[Denied],
    granted: &Grant,
    id: &str,
    provider: &Provider,
) -> Result<Vec<String>, PluginError> {
    let is_pattern = |one: &&Denied| granted.shown().deny.contains(&one.action);
    let is_foreign = |one: &&Denied| one.by != DENY_LIST;
    let doubtful: Vec<&Denied> = denied.iter().filter(is_pattern).filter(is_foreign).collect();
    let mut notices = Vec::new();
    for some in doubtful.chunks(AT_ONCE) {
        let patterns: Vec<String> = some.iter().map(|one| one.action.clone()).collect();
        let findings = provider.check(&patterns)?;
        for (Denied { action, by, .. }, finding) in some.iter().zip(findings) {
            let nearest = if any_service(action) {
                // No provider accepts such a pattern in an allow, so the provider's check says nothing about
                // it.
                match Vocabulary::of(id).map(|known| decide(action, id, known, &[])) {
                    Some(Decision::Nothing(nearest)) => nearest,
                    _ => continue,
                }
            } else if is_slip(action, &finding) {
                finding.suggestion
            } else {
                continue;
            };
            let meant =
                nearest.map(|meant| format!(": did you mean `{meant}`?")).unwrap_or_default();
            notices
                .push(format!("`{action}`, which `{by}` denies, is not an action of {id}{meant}"));
        }
    }
    Ok(notices)
}

/// Returns true if a pattern of a filter is misspelt. A pattern in another cloud's syntax is meant for that
/// cloud.
fn is_slip(action: &str, finding: &Finding) -> bool {
    finding.status == Status::Unknown
        || (finding.status == Status::Malformed && action.contains(in_no_action))
}

/// Returns true for a character of lists, of other kinds of patterns, or of a typing error.
fn in_no_action(c: char) -> bool {
    c.is_whitespace() || ",;![](){}\"'`\\".contains(c)
}

/// Returns true if the service part has wildcards, as in `*:Delete*`. No provider accepts such a pattern in
/// an allow, and the pattern may match an action of any provider.
fn any_service(pattern: &str) -> bool {
    pattern.split([':', '.', '/']).next().is_some_and(pattern::is_wild)
}

#[cfg(test)]
mod tests;
