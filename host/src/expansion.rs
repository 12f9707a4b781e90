//! Universal permissions become native ones, each keeping what it came from.

use crate::plugin::component::PluginError;
use crate::plugin::mapping::Mapping;
use crate::request::Request;

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
