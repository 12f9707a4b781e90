//! The deny list in the provider's own words.
//!
//! Security: what is asked for is expanded and corrected before filters see it. What is denied must go the same way, or a
//! deny list written in the names this program teaches would deny nothing.

use audex_sdk::pattern;

use crate::plugin::component::PluginError;
use crate::plugin::mapping::Mapping;
use crate::plugin::provider::{Provider, Status};
use crate::settings::deny_list::DenyEntry;

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

/// Every entry as written, and what universal or corrected names in it stand for on the provider `id`.
///
/// `elsewhere` is asked about an entry that is not of this provider's syntax: whether some other provider writes its actions
/// so. It is asked only then.
///
/// # Errors
/// When a component fails, or an entry can deny nothing. Security: such an entry is a guard that does not stand.
pub fn native(
    entries: &[DenyEntry],
    id: &str,
    mapping: &Mapping,
    provider: &Provider,
    elsewhere: impl Fn(&str) -> Result<bool, PluginError>,
) -> Result<Vec<DenyEntry>, DenyError> {
    let mut denied = entries.to_vec();
    if entries.is_empty() {
        return Ok(denied);
    }
    let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.clone()).collect();
    let expansions = mapping.expand(id, &patterns)?;
    let findings = provider.check(&patterns)?;
    for ((entry, expansion), finding) in entries.iter().zip(expansions).zip(findings) {
        let DenyEntry { pattern, source } = entry;
        let also = match (expansion, finding.status) {
            (Some(expansion), _) => expansion.actions,
            (None, Status::Corrected) => finding.actions,
            (None, Status::Known) => Vec::new(),
            (None, Status::Unknown | Status::Malformed) if universal(mapping, pattern)? => Vec::new(),
            (None, Status::Unknown) => {
                let (at, pattern) = (source.clone(), pattern.clone());
                let (provider, suggestion) = (id.to_owned(), finding.suggestion);
                return Err(DenyError::Nothing { at, pattern, provider, suggestion });
            }
            (None, Status::Malformed) => {
                if !any_service(pattern) && !elsewhere(pattern)? {
                    return Err(DenyError::Foreign { at: source.clone(), pattern: pattern.clone() });
                }
                Vec::new()
            }
        };
        let named = |pattern| DenyEntry { pattern, source: format!("{source} (`{}`)", entry.pattern) };
        denied.extend(also.into_iter().map(named));
    }
    Ok(denied)
}

/// Whether the service part has wildcards, as in `*:Delete*`: no provider takes that in an allow, and any may match it.
fn any_service(pattern: &str) -> bool {
    pattern.split([':', '.', '/']).next().is_some_and(pattern::is_wild)
}

/// Whether `name` is a universal permission, though it may mean nothing on this provider.
fn universal(mapping: &Mapping, name: &str) -> Result<bool, PluginError> {
    Ok(mapping.rows()?.iter().any(|row| row.universal == name))
}
