//! Named sets of permissions: the provider's own and the user's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::request::ProfileShare;
use crate::settings::deny_list::DenyEntry;
use crate::settings::profiles_file::CustomProfile;
use audex_components::provider::{Omission, Profile as BuiltIn};
use audex_core::hint::Hint;
use audex_core::printable;
use audex_gateway::decide::Limit;
use audex_sdk::spelling;

/// The place of a profile's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// The provider component.
    Provider,
    /// The user's `profiles.toml`, at `FILE:LINE`.
    User(String),
}

/// A profile that can be used with one provider.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// The purpose of the profile.
    pub description: String,
    /// The permissions: the profile's own first, then those of each extended profile, each part on its own
    /// resources.
    pub shares: Vec<ProfileShare>,
    /// The ttl of runs without the ttl option: the shortest one of this profile and those it extends.
    pub ttl: Option<Duration>,
    /// The patterns that the profile denies to the whole request, with their places.
    pub deny: Vec<DenyEntry>,
    /// How often the gateway lets a session use actions.
    pub limits: Vec<Limit>,
    /// The extended profiles, as written.
    pub extends: Vec<String>,
    /// The permissions that the provider left out on purpose, here and in the extended profiles.
    pub leaves_out: Vec<Omission>,
    /// The place of the definition.
    pub definition: Definition,
}

impl Profile {
    /// Returns every action, without repetition.
    #[must_use]
    pub fn actions(&self) -> Vec<&str> {
        let mut actions: Vec<&str> = Vec::new();
        for action in self.shares.iter().flat_map(|share| &share.actions) {
            if !actions.contains(&action.as_str()) {
                actions.push(action);
            }
        }
        actions
    }
}

/// The error for a profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No profile has this name.
    #[error("there is no profile `{name}` for provider `{provider}`")]
    Unknown {
        /// The requested name.
        name: String,
        /// The provider.
        provider: String,
        /// The nearest existing name.
        suggestion: Option<String>,
    },
    /// The profile is for another provider.
    #[error("profile `{name}` is for provider `{of}`, not `{provider}`")]
    OtherProvider {
        /// The requested name.
        name: String,
        /// The provider of the profile.
        of: String,
        /// The provider of the request.
        provider: String,
    },
    /// The profile extends a profile that does not exist.
    #[error("{at}: profile `{name}` extends `{parent}`, which provider `{provider}` does not have")]
    NoParent {
        /// `FILE:LINE`.
        at: String,
        /// The profile.
        name: String,
        /// The profile that does not exist.
        parent: String,
        /// The provider.
        provider: String,
    },
    /// The profile extends itself, directly or through others.
    #[error("{at}: profile `{name}` extends itself")]
    Cycle {
        /// `FILE:LINE`.
        at: String,
        /// The profile.
        name: String,
    },
}

impl Hint for ProfileError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::NoParent { .. } => {
                "correct `extends` there, or say with `provider` whose profile it is".into()
            }
            Self::Cycle { .. } => "correct `extends` there".into(),
            Self::Unknown { suggestion: Some(name), .. } => format!("did you mean `{name}`").into(),
            _ => "`tryaudex policies list` shows the profiles there are".into(),
        })
    }
}

/// The profiles of one provider, before extensions are resolved.
pub struct Profiles<'a> {
    provider: &'a str,
    built_in: &'a [BuiltIn],
    custom: &'a BTreeMap<String, CustomProfile>,
}

impl<'a> Profiles<'a> {
    /// Collects the profiles of `provider`. A user's profile replaces a built-in one of the same name.
    #[must_use]
    pub fn new(
        provider: &'a str,
        built_in: &'a [BuiltIn],
        custom: &'a BTreeMap<String, CustomProfile>,
    ) -> Self {
        Self { provider, built_in, custom }
    }

    /// Returns true if there is a profile of this name for this provider.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self.custom.get(name) {
            Some(custom) => custom.provider.as_deref().is_none_or(|of| of == self.provider),
            None => self.built_in.iter().any(|profile| profile.name == name),
        }
    }

    /// Returns every name, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&'a str> {
        let built_in = self.built_in.iter().map(|profile| profile.name.as_str());
        let mut names: Vec<&str> = built_in.chain(self.custom.keys().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| self.has(name));
        names
    }

    /// Returns the profile of this name, with everything it extends.
    ///
    /// # Errors
    /// When the profile, or one it extends, is unknown, is for another provider, or extends itself.
    pub fn get(&self, name: &str) -> Result<Profile, ProfileError> {
        self.resolve(name, &mut Vec::new(), &mut BTreeSet::new())
    }

    /// Resolves the profile `name`. `path` leads from the requested profile to this one. The profiles in
    /// `done` are included already; without `done`, profiles that share parents would take exponential time.
    fn resolve(
        &self,
        name: &str,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Result<Profile, ProfileError> {
        let Some(custom) = self.custom.get(name) else {
            return self.built_in(name);
        };
        if let Some(of) = custom.provider.as_ref().filter(|of| *of != self.provider) {
            let (name, provider) = (name.to_owned(), self.provider.to_owned());
            return Err(ProfileError::OtherProvider { name, of: of.clone(), provider });
        }
        let mut profile = own(name, custom);
        path.push(name.to_owned());
        for parent in &custom.extends {
            // A profile may extend the built-in one that it replaces.
            let shadowed =
                parent == name && self.built_in.iter().any(|profile| profile.name == *parent);
            if path.contains(parent) && !shadowed {
                return Err(ProfileError::Cycle {
                    at: custom.source.clone(),
                    name: name.to_owned(),
                });
            }
            if !shadowed && !done.insert(parent.clone()) {
                continue;
            }
            let found =
                if shadowed { self.built_in(parent) } else { self.resolve(parent, path, done) };
            let found = found.map_err(|error| match error {
                ProfileError::Unknown { name: missing, .. }
                | ProfileError::OtherProvider { name: missing, .. }
                    if missing == *parent =>
                {
                    ProfileError::NoParent {
                        at: custom.source.clone(),
                        name: name.to_owned(),
                        parent: missing,
                        provider: self.provider.to_owned(),
                    }
                }
                other => other,
            })?;
            profile.inherit(found);
        }
        path.pop();
        Ok(profile)
    }

    fn built_in(&self, name: &str) -> Result<Profile, ProfileError> {
        let Some(found) = self.built_in.iter().find(|profile| profile.name == name) else {
            let suggestion = spelling::likely(name, self.names()).map(str::to_owned);
            let suggestion = suggestion.or_else(|| permission(name));
            let (name, provider) = (name.to_owned(), self.provider.to_owned());
            return Err(ProfileError::Unknown { name, provider, suggestion });
        };
        let BuiltIn { name, description, actions, resources, leaves_out } = found.clone();
        let resources = resources.named().to_vec();
        let share = ProfileShare { name: name.clone(), actions, resources };
        Ok(Profile {
            name,
            description,
            shares: vec![share],
            ttl: None,
            deny: Vec::new(),
            limits: Vec::new(),
            extends: Vec::new(),
            leaves_out,
            definition: Definition::Provider,
        })
    }
}

impl Profile {
    fn inherit(&mut self, parent: Profile) {
        let named = |share: ProfileShare| ProfileShare {
            name: if share.name == parent.name {
                format!("{} (from {})", self.name, share.name)
            } else {
                share.name
            },
            ..share
        };
        let shares: Vec<ProfileShare> = parent.shares.into_iter().map(named).collect();
        self.shares.extend(shares);
        self.ttl = shortest(self.ttl, parent.ttl);
        self.deny.extend(parent.deny);
        self.limits.extend(parent.limits);
        self.leaves_out.extend(parent.leaves_out);
    }
}

/// Returns the option for `name` if it is a permission and not a profile.
#[must_use]
pub fn permission(name: &str) -> Option<String> {
    let is_separated = name.contains(':') || name.contains('/') || name.matches('.').count() > 1;
    (is_separated && !name.contains(char::is_whitespace)).then(|| format!("--allow {name}"))
}

/// Returns the shorter of two lifetimes, or the only one.
#[must_use]
pub fn shortest(left: Option<Duration>, right: Option<Duration>) -> Option<Duration> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (left, right) => left.or(right),
    }
}

/// Returns a user's profile without those it extends.
fn own(name: &str, custom: &CustomProfile) -> Profile {
    let share = ProfileShare {
        name: name.to_owned(),
        actions: custom.actions.clone(),
        resources: custom.resources.clone(),
    };
    Profile {
        name: name.to_owned(),
        // Tables and lists show a description in one line, as they show a component's.
        description: printable::line(&custom.description),
        shares: if custom.actions.is_empty() { Vec::new() } else { vec![share] },
        ttl: custom.ttl,
        deny: custom.deny.clone(),
        limits: custom.limits.clone(),
        extends: custom.extends.clone(),
        leaves_out: Vec::new(),
        definition: Definition::User(custom.source.clone()),
    }
}

#[cfg(test)]
mod tests;
