//! `tryaudex policies`: the profiles there are.

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::environment::Environment;
use crate::error::Failure;
use crate::pipeline;
use crate::profile::{self, Definition, Profile, ProfileError};
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List every profile
    List {
        /// Only profiles for this provider
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one profile
    Show {
        /// The profile's name
        name: String,
        /// Provider it is for, if several have one of that name
        #[arg(long, value_name = "ID")]
        provider: Option<String>,
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn policies(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    match args.command {
        Command::List { provider, json } => list(&found(environment, &settings, provider.as_deref())?, json),
        Command::Show { name, provider, json } => {
            show(&name, &found(environment, &settings, provider.as_deref())?, provider, json)?;
        }
    }
    Ok(0)
}

/// Every profile with the provider it is for.
fn found(
    environment: &Environment,
    settings: &Settings,
    only: Option<&str>,
) -> Result<Vec<(String, Profile)>, Failure> {
    let components = Components::open(settings)?;
    let ids = only.map_or_else(|| components.provider_ids(), |id| vec![id.to_owned()]);
    let mut all = Vec::new();
    for id in ids {
        let (_, description) = pipeline::open_provider(environment, settings, &components, &id)?;
        let profiles = profile::all(&id, &description.profiles, &settings.profiles);
        all.extend(profiles.into_iter().map(|profile| (id.clone(), profile)));
    }
    Ok(all)
}

fn list(found: &[(String, Profile)], json: bool) {
    if json {
        let all: Vec<Value> = found.iter().map(|(provider, profile)| to_json(provider, profile)).collect();
        return console::result(&Value::from(all).to_string());
    }
    let row = |(provider, profile): &(String, Profile)| {
        vec![profile.name.clone(), provider.clone(), profile.description.clone(), profile.actions.join(",")]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    console::result(&table(&["PROFILE", "PROVIDER", "USE CASE", "ACTIONS"], &rows));
}

fn show(
    name: &str,
    found: &[(String, Profile)],
    provider: Option<String>,
    json: bool,
) -> Result<(), Failure> {
    let Some((provider, profile)) = found.iter().find(|(_, profile)| profile.name == name) else {
        let provider = provider.unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
        let suggestion = profile::nearest(name, found.iter().map(|(_, profile)| profile.name.as_str()));
        return Err(ProfileError::Unknown { name: name.to_owned(), provider, suggestion }.into());
    };
    if json {
        console::result(&to_json(provider, profile).to_string());
        return Ok(());
    }
    let resources = if profile.resources.is_empty() {
        "every resource".to_owned()
    } else {
        profile.resources.join("\n           ")
    };
    console::result(&format!(
        "profile    {name}\nprovider   {provider}\nuse case   {}\ndefined    {}\nactions    {}\nresources  {resources}",
        profile.description,
        definition(profile.definition),
        profile.actions.join("\n           "),
    ));
    Ok(())
}

fn to_json(provider: &str, profile: &Profile) -> Value {
    json!({
        "name": profile.name,
        "provider": provider,
        "description": profile.description,
        "actions": profile.actions,
        "resources": profile.resources,
        "defined": definition(profile.definition),
    })
}

fn definition(definition: Definition) -> &'static str {
    match definition {
        Definition::Provider => "by the provider component",
        Definition::User => "in profiles.toml",
    }
}
