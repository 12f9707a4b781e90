//! `tryaudex policies`: shows profiles, permissions and the universal vocabulary, and requests no
//! credentials.

pub(super) mod check;
mod export;
mod list;
mod show;
mod universal;

use std::collections::BTreeMap;

use crate::components::Components;
use crate::failure::Failure;
use crate::pipeline::open::{self, Opened};
use crate::profile::{Definition, Profile, ProfileError, Profiles};
use crate::settings::{Flags, Settings};
use audex_core::environment::Environment;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List every profile
    List(list::Args),
    /// Show one profile and the policy it becomes
    Show(show::Args),
    /// Check permissions against the provider's catalogue
    Check(check::Args),
    /// Print a policy document with exactly these permissions
    Export(export::Args),
    /// Print the universal permissions and their meaning on each provider
    Universal(universal::Args),
}

pub(super) use check::access as access_word;

pub(super) fn policies(environment: &Environment, args: Args) -> Result<u8, Failure> {
    match args.command {
        Command::List(args) => list::list(environment, &args),
        Command::Show(args) => show::show(environment, &args),
        Command::Check(args) => check::check(environment, &args),
        Command::Export(args) => export::export(environment, args),
        Command::Universal(args) => universal::universal(environment, &args),
    }
}

/// A profile with its provider.
struct Found {
    provider: String,
    profile: Profile,
}

/// Returns true if a provider defines a profile of this name. A profile of the user with this name would hide
/// it.
pub(super) fn is_built_in(
    environment: &Environment,
    settings: &Settings,
    name: &str,
) -> Result<bool, Failure> {
    let is_it = |found: &Found| {
        found.profile.name == name && matches!(found.profile.definition, Definition::Provider)
    };
    Ok(found(environment, settings, None)?.iter().any(is_it))
}

/// Returns true if a profile of this name can be found; for hints, so an error is not a profile.
pub(super) fn is_known(name: &str) -> bool {
    let environment = Environment::capture();
    let settings = Settings::resolve(&environment, Flags::default());
    let all = settings.ok().and_then(|settings| found(&environment, &settings, None).ok());
    all.is_some_and(|all| all.iter().any(|found| found.profile.name == name))
}

/// Returns the provider of the profile `name`, if there is such a profile.
pub(super) fn provider_of(
    environment: &Environment,
    name: &str,
) -> Result<Option<String>, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let all = found(environment, &settings, None)?;
    Ok(all.into_iter().find(|found| found.profile.name == name).map(|found| found.provider))
}

/// Returns every profile with its provider; `only` limits the profiles to one provider.
fn found(
    environment: &Environment,
    settings: &Settings,
    only: Option<&str>,
) -> Result<Vec<Found>, Failure> {
    let components = Components::open(settings)?;
    let ids = only.map_or_else(|| components.provider_ids(), |id| vec![id.to_owned()]);
    let mut all: Vec<Found> = Vec::new();
    let mut unusable: BTreeMap<String, ProfileError> = BTreeMap::new();
    for id in ids {
        let Opened { description, .. } = open::provider(environment, settings, &components, &id)?;
        let profiles = Profiles::new(&id, &description.profiles, &settings.profiles);
        for name in profiles.names() {
            // A profile of the user without a provider is listed once, for the first provider that can use
            // it.
            let anybodys =
                settings.profiles.get(name).is_some_and(|custom| custom.provider.is_none());
            if anybodys && all.iter().any(|found| found.profile.name == name) {
                continue;
            }
            match profiles.get(name) {
                Ok(profile) => all.push(Found { provider: id.clone(), profile }),
                Err(error) => drop(unusable.entry(name.to_owned()).or_insert(error)),
            }
        }
    }
    unusable.retain(|name, _| all.iter().all(|found| found.profile.name != *name));
    if !unusable.is_empty() {
        // Another provider may be able to use a profile that this provider cannot use.
        for id in components.provider_ids().iter().filter(|id| only.is_some_and(|only| only != *id))
        {
            let Opened { description, .. } =
                open::provider(environment, settings, &components, id)?;
            let profiles = Profiles::new(id, &description.profiles, &settings.profiles);
            unusable.retain(|name, _| profiles.get(name).is_err());
        }
    }
    match unusable.into_values().next() {
        Some(error) => Err(error.into()),
        None => Ok(all),
    }
}

/// Resolves the settings with the provider's options of these commands.
fn settings(
    environment: &Environment,
    provider: Option<&String>,
    provider_settings: Vec<(String, String)>,
) -> Result<Settings, Failure> {
    let provider_settings = provider_settings.into_iter().collect();
    let flags = Flags { provider: provider.cloned(), provider_settings, ..Flags::default() };
    Ok(Settings::resolve(environment, flags)?)
}
