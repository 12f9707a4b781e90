//! Which provider a request is for, ready to be asked.

use std::sync::Arc;

use deny_entry::Vocabulary;

use crate::components::Components;
use crate::deny;
use crate::failure::Failure;
use crate::profile::Profiles;
use crate::request::Ask;
use crate::settings::{DEFAULT_PROVIDER, Settings};
use audex_components::component::PluginError;
use audex_components::outside::Outside;
use audex_components::provider::{Description, Provider};
use audex_core::environment::Environment;
use audex_core::source::Source;

/// A provider with its settings, and what it says of itself.
pub struct Opened {
    /// Its id.
    pub id: String,
    /// The component.
    pub provider: Provider,
    /// What it says of itself.
    pub description: Description,
}

/// The provider of a request: named by option or file, else by the profiles, else the default.
///
/// # Errors
/// As [`provider`]. A profile that no provider has is found when it is looked up.
pub fn for_ask(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    ask: &Ask,
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
    // A built-in profile says by its name which cloud is meant.
    for id in components.provider_ids().iter().filter(|id| **id != default.id) {
        let opened = provider(environment, settings, components, id)?;
        if has_all(&opened) {
            return Ok(opened);
        }
    }
    Ok(default)
}

/// Loads the provider `id`, gives it its settings, and asks who it is.
///
/// # Errors
/// When there is none, it fails, or a setting is not one of its own.
pub fn provider(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    id: &str,
) -> Result<Opened, Failure> {
    settings.check_providers(&components.provider_ids())?;
    let outside = Outside::new(environment.clone(), settings.region_flag()).with_vault(&settings.vault);
    let outside = Arc::new(settings.apply_to(outside));
    let mut provider = components.provider(id, outside)?;
    let description = provider.describe()?;
    provider.must_be(id, &description)?;
    provider.configure(settings.for_provider(id, &description.settings, environment)?);
    Ok(Opened { id: id.to_owned(), provider, description })
}

/// Returns for each of these names whether a built-in provider other than `id` takes it as it is. One that was installed is not
/// asked: it could vouch for anything.
///
/// # Errors
/// When one fails.
pub fn elsewhere(
    environment: &Environment,
    components: &Components,
    id: &str,
    names: &[String],
) -> Result<Vec<bool>, PluginError> {
    let mut answers = vec![false; names.len()];
    for other in components.provider_ids().iter().filter(|other| *other != id) {
        let outside = Arc::new(Outside::new(environment.clone(), None));
        // A provider that is not there, or cannot be loaded, takes nothing.
        let Ok(provider) = components.provider(other, outside) else { continue };
        if provider.loaded().source == Source::Installed {
            continue;
        }
        // The other clouds take any name of the right form. Only one of a service that they have is meant for them.
        let Some(known) = Vocabulary::of(other) else { continue };
        for ((answer, name), finding) in answers.iter_mut().zip(names).zip(provider.check(names)?) {
            *answer |= deny::is_name(name, &finding) && known.has_service_of(name);
        }
    }
    Ok(answers)
}
