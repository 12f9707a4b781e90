//! The deny list in the provider's own words.
//!
//! Security: what is asked for is expanded and corrected before filters see it. What is denied must go the same way, or a
//! deny list written in the names this program teaches would deny nothing.

use crate::plugin::component::PluginError;
use crate::plugin::mapping::Mapping;
use crate::plugin::provider::{Provider, Status};
use crate::settings::deny_list::DenyEntry;

/// Entries for the filter, and what the user should know about them.
#[derive(Debug, Default)]
pub struct Denied {
    /// Every entry as written, and what universal or corrected names in it stand for.
    pub entries: Vec<DenyEntry>,
    /// Entries that deny nothing on this provider.
    pub notices: Vec<String>,
}

/// Adds to `entries` what they mean on the provider `id`.
///
/// # Errors
/// When a component fails.
pub fn native(
    entries: &[DenyEntry],
    id: &str,
    mapping: &Mapping,
    provider: &Provider,
) -> Result<Denied, PluginError> {
    let mut denied = Denied { entries: entries.to_vec(), notices: Vec::new() };
    if entries.is_empty() {
        return Ok(denied);
    }
    let patterns: Vec<String> = entries.iter().map(|entry| entry.pattern.clone()).collect();
    let expansions = mapping.expand(id, &patterns)?;
    let findings = provider.check(&patterns)?;
    for ((entry, expansion), finding) in entries.iter().zip(expansions).zip(findings) {
        let also = match (expansion, finding.status) {
            (Some(expansion), _) => expansion.actions,
            (None, Status::Corrected) => finding.actions,
            (None, Status::Malformed) if !audex_sdk::pattern::is_wild(&entry.pattern) => {
                let DenyEntry { pattern, source } = entry;
                denied.notices.push(format!("`{pattern}` in {source} denies nothing on provider `{id}`"));
                Vec::new()
            }
            (None, Status::Known | Status::Unknown | Status::Malformed) => Vec::new(),
        };
        let named =
            |pattern| DenyEntry { pattern, source: format!("{} (`{}`)", entry.source, entry.pattern) };
        denied.entries.extend(also.into_iter().map(named));
    }
    Ok(denied)
}
