//! Chooses, loads and configures the provider of a request.

use deny_entry::Vocabulary;

use crate::components::Components;
use crate::deny;
use crate::failure::Failure;
use crate::profile::Profiles;
use crate::request::Arguments;
use crate::settings::{DEFAULT_PROVIDER, Settings};
use audex_components::backend::Backend;
use audex_components::component::PluginError;
use audex_components::provider::{Description, Provider};
use audex_core::environment::Environment;
use audex_core::source::Source;

/// A configured provider and its own description.
pub struct Opened {
    /// The provider's id.
    pub id: String,
    /// The component.
    pub provider: Provider,
    /// The provider's own description.
    pub description: Description,
}

/// Opens the provider of a request, which an option or a file names, else the profiles, else the default.
///
/// # Errors
/// As [`provider`]. A profile that no provider has is reported when it is looked up.
pub(crate) fn for_ask(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    ask: &Arguments,
) -> Result<Opened, Failure> {
    let said = ask.profiles.iter().find_map(|name| settings.profiles.get(name)?.provider.as_ref());
    if let Some(id) = settings.provider.as_ref().or(said) {
        return provider(environment, settings, components, id);
    }
    let default = provider(environment, settings, components, DEFAULT_PROVIDER)?;
    let has_all = |opened: &Opened| {
        let profiles = Profiles::new(&opened.id, &opened.description.profiles, &settings.profiles);
        ask.profiles.iter().all(|name| profiles.get(name).is_ok())
    };
    if has_all(&default) {
        return Ok(default);
    }
    // The name of a built-in profile tells which cloud is meant.
    for id in components.provider_ids().iter().filter(|id| **id != default.id) {
        let opened = provider(environment, settings, components, id)?;
        if has_all(&opened) {
            return Ok(opened);
        }
    }
    Ok(default)
}

/// Loads the provider `id`, checks its identity, and gives it its settings.
///
/// # Errors
/// When there is no such provider, when it fails, or when a setting is not one of its own.
pub fn provider(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    id: &str,
) -> Result<Opened, Failure> {
    settings.check_providers(&components.provider_ids())?;
    let mut provider = components.provider(id, settings.backend(environment.clone()))?;
    let description = provider.describe()?;
    provider.must_be(id, &description)?;
    provider.configure(settings.for_provider(id, &description.settings, environment)?);
    Ok(Opened { id: id.to_owned(), provider, description })
}

/// Returns true for each name that a built-in provider other than `id` accepts unchanged. Installed providers
/// are not asked, because they could vouch for any name.
///
/// # Errors
/// When a provider fails.
pub fn elsewhere(
    components: &Components,
    id: &str,
    names: &[String],
) -> Result<Vec<bool>, PluginError> {
    let mut answers = vec![false; names.len()];
    for other in components.provider_ids().iter().filter(|other| *other != id) {
        // A provider that is missing or cannot be loaded accepts no name.
        let Ok(provider) = components.provider(other, Backend::default()) else { continue };
        if provider.loaded().source == Source::Installed {
            continue;
        }
        // The other clouds accept any name of the right form. A name is meant for a cloud only if that cloud
        // has its service.
        let Some(known) = Vocabulary::of(other) else { continue };
        for ((answer, name), finding) in answers.iter_mut().zip(names).zip(provider.check(names)?) {
            *answer |= deny::is_name(name, &finding) && known.has_service_of(name);
        }
    }
    Ok(answers)
}
