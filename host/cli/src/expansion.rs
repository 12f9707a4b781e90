//! Expands universal permissions to native ones, each with its origin.

use crate::request::Request;
use audex_components::component::PluginError;
use audex_components::mapping::Mapping;
use audex_core::hint::Hint;
use audex_sdk::spelling;
use std::borrow::Cow;

/// The maximum number of wrong, missing or swapped letters in a misspelt universal name. These names are
/// short.
const TYPING_ERRORS: usize = 2;

/// A native permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// The action as the provider is asked about it, not yet checked.
    pub action: String,
    /// The permission as the user wrote it.
    pub origin: String,
    /// The resources to which the permission is limited; empty means every resource.
    pub resources: Vec<String>,
}

/// Native permissions, with notices about their expansion.
#[derive(Debug)]
pub struct Expanded {
    /// The permissions, in the requested order.
    pub permissions: Vec<Native>,
    /// The notices for the user, one sentence each.
    pub notices: Vec<String>,
    /// True if the mapping expanded any of the permissions.
    pub mapped: bool,
}

/// The error for a request that cannot be expanded.
#[derive(Debug, thiserror::Error)]
pub enum ExpansionError {
    /// The mapping failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The name is universal and has no meaning on this provider.
    #[error("`{permission}` means nothing on provider `{provider}`")]
    Unmappable {
        /// The requested permission.
        permission: String,
        /// The provider.
        provider: String,
    },
}

impl Hint for ExpansionError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Plugin(error) => error.hint(),
            Self::Unmappable { .. } => {
                Some("ask for the provider's own permissions instead".into())
            }
        }
    }
}

/// Asks `mapping` about each permission of `request`.
///
/// # Errors
/// When the mapping fails, or knows a name but has no action for this provider.
pub fn expand(request: &Request, mapping: &Mapping) -> Result<Expanded, ExpansionError> {
    let asked: Vec<String> =
        request.permissions.iter().map(|asked| asked.permission.clone()).collect();
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

/// Returns the universal permission that `name` was probably meant to be: one in another case, or with a
/// letter or two wrong.
///
/// If the mapping fails here, there is no suggestion, because the user has to know the earlier error.
#[must_use]
pub fn nearest(mapping: &Mapping, name: &str) -> Option<String> {
    let vocabulary = mapping.rows().ok()?.into_iter().map(|row| row.universal);
    spelling::nearest(name, vocabulary, TYPING_ERRORS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_universal_name_is_suggested_for_near_misses_and_for_nothing_else() {
        let nearest = |name: &str| {
            let vocabulary = ["storage:read", "storage:write", "logs:read", "secrets:read"];
            spelling::nearest(name, vocabulary, TYPING_ERRORS)
        };
        for name in ["Storage:Read", "storage:raed", "STORAGE:READ", "storage.read"] {
            assert_eq!(nearest(name), Some("storage:read"), "{name}");
        }
        for name in ["s3:GetObjct", "storage:delete", "logs:GetLogEvent", "*", ""] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }
}
