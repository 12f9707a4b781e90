//! The provider checks every native permission before anything is decided about it.

use crate::expansion::{Expanded, Native};
use audex_components::component::PluginError;
use audex_components::provider::{Finding, Permission, Provider, Scope, Status};
use audex_core::hint::Hint;
use deny_entry::Vocabulary;
use std::borrow::Cow;

/// The permissions that the provider accepts, corrected to the provider's own names.
#[derive(Debug)]
pub struct Checked {
    /// The permissions without repetition, in the requested order.
    pub permissions: Vec<Permission>,
    /// The notices for the user.
    pub notices: Vec<String>,
}

/// The error for a permission that is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The provider failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The permission does not have this provider's syntax.
    #[error("`{action}` is not a permission of provider `{provider}`, which writes them {syntax}")]
    Malformed {
        /// The requested permission.
        action: String,
        /// The provider.
        provider: String,
        /// The provider's syntax, with an example.
        syntax: String,
        /// The universal permission that was probably meant.
        suggestion: Option<String>,
    },
    /// The permission has the right syntax and is unknown.
    #[error("provider `{provider}` knows no permission `{action}`")]
    Unknown {
        /// The requested permission.
        action: String,
        /// The provider.
        provider: String,
        /// The nearest known permission.
        suggestion: Option<String>,
        /// The provider's explanation.
        note: Option<String>,
    },
}

impl Hint for CheckError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Plugin(error) => return error.hint(),
            Self::Malformed { action, .. } if action.trim().contains(char::is_whitespace) => {
                let commas = action.split_whitespace().collect::<Vec<_>>().join(",");
                format!("separate permissions with commas: `{commas}`").into()
            }
            Self::Malformed { action, provider, .. } | Self::Unknown { action, provider, .. }
                if let Some(other) = elsewhere(action, provider) =>
            {
                format!("it is a permission of another cloud: use --provider {other}").into()
            }
            Self::Malformed { suggestion: Some(name), .. }
            | Self::Unknown { suggestion: Some(name), .. } => {
                format!("did you mean `{name}`").into()
            }
            Self::Unknown { note: Some(note), .. } => note.clone().into(),
            Self::Unknown { .. } => {
                "`tryaudex policies universal` shows names for every cloud".into()
            }
            Self::Malformed { .. } => "check --provider and the spelling in --allow".into(),
        })
    }
}

/// Returns the built-in provider whose catalogue has `action`, unless it is `provider` or shares its catalogue.
fn elsewhere(action: &str, provider: &str) -> Option<&'static str> {
    let own = Vocabulary::of(provider);
    let others = Vocabulary::BUILT_IN.into_iter().filter(|(_, known)| Some(*known) != own);
    others.into_iter().find(|(_, known)| known.matches(action)).map(|(id, _)| id)
}

impl CheckError {
    /// Returns this error with the suggestion that `nearest` has for the action, if any. A universal name of
    /// almost this spelling is nearer than any native name.
    #[must_use]
    pub(crate) fn suggesting(mut self, nearest: impl FnOnce(&str) -> Option<String>) -> Self {
        if let Self::Malformed { action, suggestion, .. } | Self::Unknown { action, suggestion, .. } =
            &mut self
            && let Some(universal) = nearest(action)
        {
            *suggestion = Some(universal);
        }
        self
    }
}

/// Asks `provider` about every permission of `expanded`. `syntax` is the provider's own description of its
/// syntax.
///
/// # Errors
/// When a permission is malformed or unknown, or the provider fails.
pub fn check(
    expanded: Expanded,
    provider: &Provider,
    id: &str,
    syntax: &str,
) -> Result<Checked, CheckError> {
    let actions: Vec<String> =
        expanded.permissions.iter().map(|native| native.action.clone()).collect();
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
    // The plan shows how much a wildcard means; in each run such a notice would be noise.
    let worth_saying =
        |note: &String| !audex_sdk::pattern::is_wild(&action) && !into.notices.contains(note);
    if let Some(note) = finding.note.filter(worth_saying) {
        into.notices.push(note);
    }
    for action in finding.actions {
        let (origin, resources) = (native.origin.clone(), Scope::asked(native.resources.clone()));
        let includes = |wide: &Scope| wide.is_every() || *wide == resources;
        let again = |known: &Permission| known.action == action && includes(&known.resources);
        if !into.permissions.iter().any(again) {
            into.permissions.push(Permission { action, origin, resources });
        }
    }
    Ok(())
}
