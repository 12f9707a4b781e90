//! `tryaudex policies list`: lists the profiles.

use serde_json::{Value, json};

use super::Found;
use crate::console::{self, table};
use crate::failure::Failure;
use crate::profile::{Definition, Profile};
use crate::request::ProfileShare;
use crate::settings::{Flags, Settings};
use audex_components::provider::Omission;
use audex_core::environment::Environment;

/// The most actions of a profile that its line in the list names.
const LISTED: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// List only profiles for this provider
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn list(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let found = super::found(environment, &settings, args.provider.as_deref())?;
    if args.json {
        let all: Vec<Value> = found.iter().map(to_json).collect();
        console::result(&Value::from(all).to_string());
        return Ok(0);
    }
    let row = |Found { provider, profile }: &Found| {
        let actions = match profile.actions() {
            many if many.len() > LISTED => format!("{} patterns", many.len()),
            few => few.join(","),
        };
        vec![profile.name.clone(), provider.clone(), profile.description.clone(), actions]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    console::result(&table(&["PROFILE", "PROVIDER", "USE CASE", "ACTIONS"], &rows));
    Ok(0)
}

/// Returns a profile as JSON. `resources` are the resources of its own actions; `parts` are its own and its
/// inherited shares.
pub(super) fn to_json(Found { provider, profile }: &Found) -> Value {
    let part = |share: &ProfileShare| json!({ "name": share.name, "actions": share.actions, "resources": share.resources });
    let omission = |one: &Omission| json!({ "actions": one.actions, "reason": one.reason, "source": one.source });
    let own = profile.shares.iter().find(|share| share.name == profile.name);
    json!({
        "name": profile.name,
        "provider": provider,
        "description": profile.description,
        "actions": profile.actions(),
        "resources": own.map(|share| share.resources.clone()).unwrap_or_default(),
        "parts": profile.shares.iter().map(part).collect::<Vec<_>>(),
        "extends": profile.extends,
        "leaves_out": profile.leaves_out.iter().map(omission).collect::<Vec<_>>(),
        "deny": profile.deny.iter().map(|entry| entry.pattern.clone()).collect::<Vec<_>>(),
        "ttl_seconds": profile.ttl.map(|ttl| ttl.as_secs()),
        "defined": defined(profile),
    })
}

/// Returns the place where a profile is defined.
pub(super) fn defined(profile: &Profile) -> String {
    match &profile.definition {
        Definition::Provider => "by the provider component".to_owned(),
        Definition::User(source) => format!("in {source}"),
    }
}
