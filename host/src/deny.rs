//! The deny list in the provider's own words.
//!
//! Security: what is asked for is expanded and corrected before filters see it. What is denied must go the same way, or a
//! deny list written in the names this program teaches would deny nothing.

use audex_sdk::pattern;

use crate::components::DENY_LIST;
use crate::filter::{Denied, Grant};
use crate::plugin::component::PluginError;
use crate::plugin::mapping::Mapping;
use crate::plugin::provider::{Finding, Provider, Status};
use crate::settings::deny_list::DenyEntry;

/// Patterns of filters that a provider is asked about in one call, whose time is limited.
const AT_ONCE: usize = 100;

/// Why the deny list cannot be trusted to deny what its author meant.
#[derive(Debug, thiserror::Error)]
pub enum DenyError {
    /// A component failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// An entry that no action matches.
    #[error("{at}: `{pattern}` matches no action of provider `{provider}`")]
    Nothing {
        /// `FILE:LINE`.
        at: String,
        /// The entry.
        pattern: String,
        /// The provider.
        provider: String,
        /// The nearest action there is.
        suggestion: Option<String>,
    },
    /// An entry that is written as no provider writes actions.
    #[error("{at}: `{pattern}` is no action pattern of any provider")]
    Foreign {
        /// `FILE:LINE`.
        at: String,
        /// The entry.
        pattern: String,
    },
}

/// What the other providers make of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Elsewhere {
    /// None of them writes its actions so.
    Foreign,
    /// One of them writes its actions so, and has none of this name.
    Written,
    /// One of them has such an action.
    Known,
}

/// The deny list on one provider.
#[derive(Debug, Default)]
pub struct Native {
    /// Every entry as written, and what universal and corrected names in it stand for: what filters are given.
    pub entries: Vec<DenyEntry>,
    /// Those of them that are this provider's own actions, or patterns of such.
    pub own: Vec<String>,
}

/// Every entry as written, and what universal or corrected names in it stand for on the provider `id`.
///
/// `elsewhere` is asked once, about all entries that this provider does not know, and only if there are any.
///
/// # Errors
/// When a component fails, or an entry can deny nothing. Security: such an entry is a guard that does not stand.
pub fn native(
    entries: &[DenyEntry],
    id: &str,
    mapping: &Mapping,
    provider: &Provider,
    elsewhere: impl FnOnce(&[String]) -> Result<Vec<Elsewhere>, PluginError>,
) -> Result<Native, DenyError> {
    let mut denied = Native { entries: entries.to_vec(), own: Vec::new() };
    if entries.is_empty() {
        return Ok(denied);
    }
    let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.clone()).collect();
    let expansions = mapping.expand(id, &patterns)?;
    let findings = provider.check(&patterns)?;
    let mut doubtful = Vec::new();
    for ((entry, expansion), finding) in entries.iter().zip(expansions).zip(findings) {
        let also = match (expansion, finding.status) {
            (Some(expansion), _) => expansion.actions,
            (None, Status::Corrected) => finding.actions,
            (None, Status::Known) => {
                denied.own.push(entry.pattern.clone());
                Vec::new()
            }
            (None, Status::Unknown | Status::Malformed) => {
                if !any_service(&entry.pattern) {
                    doubtful.push((entry, finding));
                }
                Vec::new()
            }
        };
        let named =
            |pattern| DenyEntry { pattern, source: format!("{} (`{}`)", entry.source, entry.pattern) };
        denied.own.extend(also.iter().cloned());
        denied.entries.extend(also.into_iter().map(named));
    }
    if !doubtful.is_empty() {
        let vocabulary: Vec<String> = mapping.rows()?.into_iter().map(|row| row.universal).collect();
        // A universal permission may mean nothing on this provider.
        doubtful.retain(|(entry, _)| !vocabulary.contains(&entry.pattern));
        let patterns: Vec<String> = doubtful.iter().map(|(entry, _)| entry.pattern.clone()).collect();
        let answers = if patterns.is_empty() { Vec::new() } else { elsewhere(&patterns)? };
        for ((entry, finding), answer) in doubtful.into_iter().zip(answers) {
            stands(entry, finding, answer, id)?;
        }
    }
    Ok(denied)
}

/// Whether an entry that the provider `id` does not know is another provider's.
fn stands(entry: &DenyEntry, finding: Finding, elsewhere: Elsewhere, id: &str) -> Result<(), DenyError> {
    let (at, pattern) = (entry.source.clone(), entry.pattern.clone());
    match (finding.status, elsewhere) {
        (_, Elsewhere::Known) | (Status::Malformed, Elsewhere::Written) => Ok(()),
        (Status::Malformed, Elsewhere::Foreign) => Err(DenyError::Foreign { at, pattern }),
        // It is written as this provider's own actions are, so it is a misspelt one of them.
        _ => {
            let (provider, suggestion) = (id.to_owned(), finding.suggestion);
            Err(DenyError::Nothing { at, pattern, provider, suggestion })
        }
    }
}

/// Notices of what filters deny and `provider` does not have: a misspelt deny is shown as one, and forbids nothing.
///
/// The deny lists' own entries were looked at before ([`native`]).
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
    let own = |one: &&Denied| one.by != DENY_LIST && !any_service(&one.action);
    let doubtful: Vec<&Denied> = denied.iter().filter(is_pattern).filter(own).collect();
    let mut notices = Vec::new();
    for some in doubtful.chunks(AT_ONCE) {
        let patterns: Vec<String> = some.iter().map(|one| one.action.clone()).collect();
        let findings = provider.check(&patterns)?;
        for (Denied { action, by, .. }, finding) in some.iter().zip(findings) {
            // What is written in another cloud's syntax is meant for that one.
            let is_slip = finding.status == Status::Unknown
                || (finding.status == Status::Malformed && action.contains(in_no_action));
            if is_slip {
                let meant = finding.suggestion.map(|meant| format!(": did you mean `{meant}`?"));
                let meant = meant.unwrap_or_default();
                notices.push(format!("`{action}`, which `{by}` denies, is no action of {id}{meant}"));
            }
        }
    }
    Ok(notices)
}

/// A character of lists, of other kinds of patterns, or of a slip of the hand.
fn in_no_action(c: char) -> bool {
    c.is_whitespace() || ",;![](){}\"'`\\".contains(c)
}

/// Whether the service part has wildcards, as in `*:Delete*`: no provider takes that in an allow, and any may match it.
fn any_service(pattern: &str) -> bool {
    pattern.split([':', '.', '/']).next().is_some_and(pattern::is_wild)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::environment::Environment;
    use crate::plugin::capability::outside::Outside;
    use crate::plugin::embedded;
    use crate::plugin::engine::Engine;

    /// What becomes of one entry on AWS, where the other providers say `answer`; and whether they were asked.
    fn on_aws(pattern: &str, answer: Elsewhere) -> (Result<Vec<String>, String>, bool) {
        let engine = Engine::new().unwrap();
        let load = |name: &str| embedded::find(name).unwrap().load(&engine).unwrap();
        let outside = Arc::new(Outside::new(Environment::default(), None));
        let provider = Provider::new(&engine, load("aws"), outside).unwrap();
        let mapping = Mapping::new(&engine, load("universal")).unwrap();
        let entries = [DenyEntry { pattern: pattern.to_owned(), source: "d:2".to_owned() }];
        let mut asked = false;
        let denied = native(&entries, "aws", &mapping, &provider, |patterns| {
            asked = true;
            Ok(vec![answer; patterns.len()])
        });
        let patterns = |denied: Native| denied.entries.into_iter().map(|entry| entry.pattern).collect();
        (denied.map(patterns).map_err(|error| error.to_string()), asked)
    }

    #[test]
    fn an_entry_that_this_provider_knows_asks_nobody_else() {
        for pattern in
            ["s3:DeleteBucket", "s3:Delete?bject", "iam:*", "*:DeleteBucket", "*:*", "*", "storage:write"]
        {
            let (denied, asked) = on_aws(pattern, Elsewhere::Foreign);
            assert!(denied.is_ok_and(|denied| denied[0] == pattern) && !asked, "{pattern}");
        }
    }

    #[test]
    fn an_entry_of_another_providers_syntax_is_left_to_it() {
        for answer in [Elsewhere::Known, Elsewhere::Written] {
            let (denied, asked) = on_aws("storage.objects.delete", answer);
            assert_eq!((denied.unwrap(), asked), (vec!["storage.objects.delete".to_owned()], true));
        }
        let (refused, _) = on_aws("storage.objects.delete", Elsewhere::Foreign);
        assert_eq!(
            refused.unwrap_err(),
            "d:2: `storage.objects.delete` is no action pattern of any provider"
        );
    }

    #[test]
    fn an_entry_of_this_providers_syntax_must_match_one_of_its_actions() {
        for answer in [Elsewhere::Foreign, Elsewhere::Written] {
            let (refused, _) = on_aws("s3:DeleteBuckt", answer);
            assert_eq!(refused.unwrap_err(), "d:2: `s3:DeleteBuckt` matches no action of provider `aws`");
        }
        // Two providers may write their actions alike.
        assert!(on_aws("door:open", Elsewhere::Known).0.is_ok());
    }
}
