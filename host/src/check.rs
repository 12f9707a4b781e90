//! The provider looks at every native permission before anything is decided about it.

use crate::expansion::{Expanded, Native};
use crate::plugin::component::PluginError;
use crate::plugin::provider::{Finding, Permission, Provider, Status};
use crate::request::includes;

/// Permissions the provider accepts, corrected where it calls them something else.
#[derive(Debug)]
pub struct Checked {
    /// Without repetition, in the order asked for.
    pub permissions: Vec<Permission>,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// Why a permission is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The provider failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// Not of this provider's syntax.
    #[error("`{action}` is no permission of provider `{provider}`, which writes them {syntax}")]
    Malformed {
        /// What was asked for.
        action: String,
        /// The provider.
        provider: String,
        /// Its syntax, with an example.
        syntax: String,
        /// The universal permission it was probably meant to be.
        suggestion: Option<String>,
    },
    /// Of the right syntax, and unknown.
    #[error("provider `{provider}` knows no permission `{action}`")]
    Unknown {
        /// What was asked for.
        action: String,
        /// The provider.
        provider: String,
        /// The nearest known one.
        suggestion: Option<String>,
        /// What the provider says of it.
        note: Option<String>,
    },
}

impl CheckError {
    /// The same, suggesting what `nearest` makes of the action, if anything: a universal name of almost this spelling is
    /// nearer than any native one.
    #[must_use]
    pub fn suggesting(mut self, nearest: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Self::Malformed { action, suggestion, .. } | Self::Unknown { action, suggestion, .. } =
            &mut self
            && let Some(universal) = nearest(action)
        {
            *suggestion = Some(universal);
        }
        self
    }
}

/// Asks `provider` about every permission of `expanded`; `syntax` is its own word for how they are written.
///
/// # Errors
/// When one is malformed or unknown, or the provider fails.
pub fn check(expanded: Expanded, provider: &Provider, id: &str, syntax: &str) -> Result<Checked, CheckError> {
    let actions: Vec<String> = expanded.permissions.iter().map(|native| native.action.clone()).collect();
    let findings = provider.check(&actions)?;
    let mut checked = Checked { permissions: Vec::new(), notices: expanded.notices };
    for (native, finding) in expanded.permissions.into_iter().zip(findings) {
        accept(native, finding, id, syntax, &mut checked)?;
    }
    Ok(checked)
}

fn accept(
    native: Native,
    finding: Finding,
    id: &str,
    syntax: &str,
    into: &mut Checked,
) -> Result<(), CheckError> {
    let (action, provider) = (native.action, id.to_owned());
    match finding.status {
        Status::Malformed => {
            let (syntax, suggestion) = (syntax.to_owned(), finding.suggestion);
            return Err(CheckError::Malformed { action, provider, syntax, suggestion });
        }
        Status::Unknown => {
            let (suggestion, note) = (finding.suggestion, finding.note);
            return Err(CheckError::Unknown { action, provider, suggestion, note });
        }
        Status::Known | Status::Corrected => {}
    }
    // How much a wildcard means stands in the plan; in each run it would be noise.
    let worth_saying = |note: &String| !audex_sdk::pattern::is_wild(&action) && !into.notices.contains(note);
    if let Some(note) = finding.note.filter(worth_saying) {
        into.notices.push(note);
    }
    for action in finding.actions {
        let (origin, resources) = (native.origin.clone(), native.resources.clone());
        let again = |known: &Permission| known.action == action && includes(&known.resources, &resources);
        if !into.permissions.iter().any(again) {
            into.permissions.push(Permission { action, origin, resources });
        }
    }
    Ok(())
}
