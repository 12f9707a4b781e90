//! `tryaudex policies universal`: prints the vocabulary of the selected mapping.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;

use crate::components::Components;
use crate::console::{self, table};
use crate::failure::Failure;
use crate::settings::{Flags, Settings};
use audex_components::component::short;
use audex_components::mapping::{Expansion, Mapping, Row};
use audex_core::clock;
use audex_core::environment::Environment;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Show only the meaning on this provider
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn universal(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let mapping = Components::open(&settings)?.mapping(&settings.mapping, clock::unix_seconds())?;
    let rows = match &args.provider {
        Some(only) => rows_of(&mapping, only)?,
        None => mapping.rows()?,
    };
    let loaded = mapping.loaded();
    if args.json {
        let row = |row: &Row| json!({ "universal": row.universal, "provider": row.provider, "actions": row.actions, "note": row.note });
        let answered = json!({
            "name": loaded.name, "digest": loaded.digest, "source": loaded.source.to_string(),
        });
        let all = json!({ "mapping": answered, "rows": rows.iter().map(row).collect::<Vec<_>>() });
        console::result(&all.to_string());
        return Ok(0);
    }
    let answered = format!(
        "answered by mapping `{}` ({}, {})",
        loaded.name,
        short(&loaded.digest),
        loaded.source
    );
    console::result(&(to_text(&rows) + "\n" + &answered));
    Ok(0)
}

/// Returns the meaning of each permission on one provider. Permissions are expanded as in a run, because a
/// provider can use the actions of another provider and have no rows of its own.
fn rows_of(mapping: &Mapping, provider: &str) -> Result<Vec<Row>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for row in mapping.rows()? {
        if !names.contains(&row.universal) {
            names.push(row.universal);
        }
    }
    let expansions = mapping.expand(provider, &names)?;
    let meant = names.into_iter().zip(expansions).filter_map(|(universal, expansion)| {
        let Expansion { actions, notice: note } =
            expansion.filter(|expansion| !expansion.actions.is_empty())?;
        Some(Row { universal, provider: provider.to_owned(), actions, note })
    });
    let rows: Vec<Row> = meant.collect();
    if rows.is_empty() {
        let message =
            format!("mapping `{}` says nothing of provider `{provider}`", mapping.loaded().name);
        return Err(Failure::usage(
            &message,
            "leave --provider out to see every provider it speaks of",
        ));
    }
    Ok(rows)
}

/// Returns a table with one line for each permission and one column for each provider, and the notes below
/// it.
fn to_text(rows: &[Row]) -> String {
    let providers: BTreeSet<&str> = rows.iter().map(|row| row.provider.as_str()).collect();
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.universal.as_str()) {
            names.push(&row.universal);
        }
    }
    let meaning = |name: &str, provider: &str| {
        let meant = rows.iter().filter(|row| row.universal == name && row.provider == provider);
        let actions: Vec<&str> = meant.flat_map(|row| &row.actions).map(String::as_str).collect();
        if actions.is_empty() { "-".to_owned() } else { actions.join(",") }
    };
    let line = |name: &&str| {
        let columns = providers.iter().map(|provider| meaning(name, provider));
        std::iter::once((*name).to_owned()).chain(columns).collect::<Vec<_>>()
    };
    let lines: Vec<_> = names.iter().map(line).collect();
    let titles: Vec<String> = providers.iter().map(|provider| provider.to_uppercase()).collect();
    let header: Vec<&str> =
        std::iter::once("UNIVERSAL").chain(titles.iter().map(String::as_str)).collect();
    let mut out = table(&header, &lines);
    let mut notes: Vec<&String> = Vec::new();
    for note in rows.iter().filter_map(|row| row.note.as_ref()) {
        // Two permissions can have the same note.
        if !notes.contains(&note) {
            notes.push(note);
            let _ = write!(out, "\nnote: {note}");
        }
    }
    out
}
