//! `tryaudex policies universal`: the vocabulary of the mapping that answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::environment::Environment;
use crate::error::Failure;
use crate::plugin::component::short;
use crate::plugin::mapping::Row;
use crate::settings::{Flags, Settings};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only what the permissions mean on this provider
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub fn universal(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let mapping = Components::open(&settings)?.mapping(&settings.mapping)?;
    let mut rows = mapping.rows()?;
    if let Some(only) = &args.provider {
        rows.retain(|row| row.provider == *only);
        if rows.is_empty() {
            let message = format!("mapping `{}` says nothing of provider `{only}`", mapping.loaded().name);
            return Err(Failure::usage(&message, "leave --provider out to see every provider it speaks of"));
        }
    }
    if args.json {
        let row = |row: &Row| json!({ "universal": row.universal, "provider": row.provider, "actions": row.actions, "note": row.note });
        console::result(&Value::from(rows.iter().map(row).collect::<Vec<_>>()).to_string());
        return Ok(0);
    }
    let loaded = mapping.loaded();
    let answered =
        format!("answered by mapping `{}` ({}, {})", loaded.name, short(&loaded.digest), loaded.source);
    console::result(&(to_text(&rows) + "\n" + &answered));
    Ok(0)
}

/// One line for each permission, one column for each provider, then what there is to know.
fn to_text(rows: &[Row]) -> String {
    let providers: BTreeSet<&str> = rows.iter().map(|row| row.provider.as_str()).collect();
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.universal.as_str()) {
            names.push(&row.universal);
        }
    }
    let meaning = |name: &str, provider: &str| {
        let row = rows.iter().find(|row| row.universal == name && row.provider == provider);
        row.map_or_else(|| "-".to_owned(), |row| row.actions.join(","))
    };
    let line = |name: &&str| {
        let columns = providers.iter().map(|provider| meaning(name, provider));
        std::iter::once((*name).to_owned()).chain(columns).collect::<Vec<_>>()
    };
    let lines: Vec<_> = names.iter().map(line).collect();
    let titles: Vec<String> = providers.iter().map(|provider| provider.to_uppercase()).collect();
    let header: Vec<&str> = std::iter::once("UNIVERSAL").chain(titles.iter().map(String::as_str)).collect();
    let mut out = table(&header, &lines);
    for row in rows {
        if let Some(note) = &row.note {
            let _ = write!(out, "\nnote: {note}");
        }
    }
    out
}
