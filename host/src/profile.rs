//! Named sets of permissions: the provider's own and the user's.

use std::collections::BTreeMap;

use crate::plugin::provider::Profile as BuiltIn;
use crate::request::ProfileShare;
use crate::settings::profiles_file::CustomProfile;

/// Names less alike than this (0 to 1, Jaro-Winkler) are not suggested; one or two wrong letters stay above it.
const LIKENESS: f64 = 0.8;

/// Where a profile is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    /// By the provider component.
    Provider,
    /// In the user's `profiles.toml`.
    User,
}

/// A profile that can be used with one provider.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Actions.
    pub actions: Vec<String>,
    /// Resources; empty means every resource.
    pub resources: Vec<String>,
    /// Where it is defined.
    pub definition: Definition,
}

/// A name that no profile has.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Nobody defines it.
    #[error("there is no profile `{name}` for provider `{provider}`")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The provider.
        provider: String,
        /// The nearest name there is.
        suggestion: Option<String>,
    },
    /// It is for another provider.
    #[error("profile `{name}` is for provider `{of}`, not `{provider}`")]
    OtherProvider {
        /// The name asked for.
        name: String,
        /// The provider it is for.
        of: String,
        /// The provider of the request.
        provider: String,
    },
}

/// All profiles for `provider`, by name. A user's profile replaces a built-in one of the same name.
#[must_use]
pub fn all(provider: &str, built_in: &[BuiltIn], custom: &BTreeMap<String, CustomProfile>) -> Vec<Profile> {
    let mut all: BTreeMap<String, Profile> = BTreeMap::new();
    for profile in built_in {
        let profile = Profile {
            name: profile.name.clone(),
            description: profile.description.clone(),
            actions: profile.actions.clone(),
            resources: profile.resources.clone(),
            definition: Definition::Provider,
        };
        all.insert(profile.name.clone(), profile);
    }
    for (name, profile) in custom {
        if profile.provider.as_deref().unwrap_or(provider) == provider {
            let profile = Profile {
                name: name.clone(),
                description: profile.description.clone(),
                actions: profile.actions.clone(),
                resources: profile.resources.clone(),
                definition: Definition::User,
            };
            all.insert(name.clone(), profile);
        }
    }
    all.into_values().collect()
}

/// The name of `known` that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= LIKENESS).then(|| best.1.to_owned())
}

/// Looks `names` up.
///
/// # Errors
/// When one is unknown or for another provider.
pub fn look_up(
    names: &[String],
    provider: &str,
    built_in: &[BuiltIn],
    custom: &BTreeMap<String, CustomProfile>,
) -> Result<Vec<ProfileShare>, ProfileError> {
    let all = all(provider, built_in, custom);
    let find = |name: &String| {
        if let Some(profile) = all.iter().find(|profile| profile.name == *name) {
            let Profile { name, actions, resources, .. } = profile.clone();
            return Ok(ProfileShare { name, actions, resources });
        }
        let (name, provider) = (name.clone(), provider.to_owned());
        if let Some(of) = custom.get(&name).and_then(|profile| profile.provider.clone()) {
            return Err(ProfileError::OtherProvider { name, of, provider });
        }
        let suggestion = nearest(&name, all.iter().map(|profile| profile.name.as_str()));
        Err(ProfileError::Unknown { name, provider, suggestion })
    };
    names.iter().map(find).collect()
}
