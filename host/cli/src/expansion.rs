//! Universal permissions become native ones, each keeping what it came from.

use crate::request::Request;
use audex_components::component::PluginError;
use audex_components::mapping::Mapping;

/// Wrong, missing or swapped letters that still make a universal name out of another; these names are short.
const TYPING_ERRORS: usize = 2;

/// A native permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// As the provider is asked about it; not yet checked.
    pub action: String,
    /// What the user wrote.
    pub origin: String,
    /// Resources it is limited to; empty means every resource.
    pub resources: Vec<String>,
}

/// Native permissions, and what the user should know about how they came about.
#[derive(Debug)]
pub struct Expanded {
    /// In the order asked for.
    pub permissions: Vec<Native>,
    /// One sentence each.
    pub notices: Vec<String>,
    /// Whether the mapping answered for any of them.
    pub mapped: bool,
}

/// Why a request cannot be expanded.
#[derive(Debug, thiserror::Error)]
pub enum ExpansionError {
    /// The mapping failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The name is universal, and means nothing on this provider.
    #[error("`{permission}` means nothing on provider `{provider}`")]
    Unmappable {
        /// What was asked for.
        permission: String,
        /// The provider.
        provider: String,
    },
}

/// Asks `mapping` about each permission of `request`.
///
/// # Errors
/// When the mapping fails, or knows a name but no action for this provider.
pub fn expand(request: &Request, mapping: &Mapping) -> Result<Expanded, ExpansionError> {
    let asked: Vec<String> = request.permissions.iter().map(|asked| asked.permission.clone()).collect();
    let expansions = mapping.expand(&request.provider, &asked)?;
    let mut expanded = Expanded { permissions: Vec::new(), notices: Vec::new(), mapped: false };
    for (asked, expansion) in request.permissions.iter().zip(expansions) {
        let native = |action: String| Native {
            action,
            origin: asked.origin.clone(),
            resources: asked.resources.clone(),
        };
        let Some(expansion) = expansion else {
            expanded.permissions.push(native(asked.permission.clone()));
            continue;
        };
        if expansion.actions.is_empty() {
            let (permission, provider) = (asked.permission.clone(), request.provider.clone());
            return Err(ExpansionError::Unmappable { permission, provider });
        }
        expanded.mapped = true;
        expanded.notices.extend(expansion.notice);
        expanded.permissions.extend(expansion.actions.into_iter().map(native));
    }
    Ok(expanded)
}

/// The universal permission that `name` was probably meant to be: one in another case, or with a letter or two wrong.
///
/// A mapping that fails here has no say; what went wrong before is what the user has to know.
#[must_use]
pub fn nearest(mapping: &Mapping, name: &str) -> Option<String> {
    let vocabulary = mapping.rows().ok()?.into_iter().map(|row| row.universal);
    nearest_of(vocabulary, name)
}

fn nearest_of(vocabulary: impl Iterator<Item = String>, name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let far = vocabulary.map(|known| (strsim::osa_distance(&known.to_lowercase(), &name), known));
    far.filter(|(distance, _)| *distance <= TYPING_ERRORS).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universal_name_is_suggested_for_near_misses_and_for_nothing_else() {
        let nearest = |name: &str| {
            let vocabulary = ["storage:read", "storage:write", "logs:read", "secrets:read"];
            nearest_of(vocabulary.into_iter().map(str::to_owned), name)
        };
        for name in ["Storage:Read", "storage:raed", "STORAGE:READ", "storage.read"] {
            assert_eq!(nearest(name).as_deref(), Some("storage:read"), "{name}");
        }
        for name in ["s3:GetObjct", "storage:delete", "logs:GetLogEvent", "*", ""] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }
}
