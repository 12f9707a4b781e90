//! `tryaudex policies check`: what permissions are, before anything is asked for.

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::environment::Environment;
use crate::error::{Failure, Kind};
use crate::pipeline::open::{self, Opened};
use crate::plugin::provider::{AccessLevel, Finding, Status};
use crate::settings::DEFAULT_PROVIDER;
use crate::settings::profiles_file::split_list;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Permissions to check, comma-separated; native or universal
    #[arg(required = true, value_name = "PERMISSIONS")]
    permissions: Vec<String>,
    /// Cloud whose permissions they are; `aws` unless the settings say otherwise
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Let actions through that the catalogue does not know
    #[arg(long)]
    allow_unknown: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// What became of one permission.
struct Checked {
    asked: String,
    finding: Finding,
}

pub fn check(environment: &Environment, args: Args) -> Result<u8, Failure> {
    let asked: Vec<String> = args.permissions.iter().flat_map(|text| split_list(text)).collect();
    if asked.is_empty() {
        return Err(Failure::usage("no permissions were given", "name them, separated by commas"));
    }
    let unknown = args.allow_unknown.then(|| ("allow_unknown".to_owned(), "true".to_owned()));
    let settings = super::settings(environment, args.provider.as_ref(), unknown.into_iter().collect())?;
    let components = Components::open(&settings)?;
    let id = settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    let Opened { provider, .. } = open::provider(environment, &settings, &components, &id)?;
    let mapping = components.mapping(&settings.mapping)?;

    let mut native = Vec::new();
    for (permission, expansion) in asked.iter().zip(mapping.expand(&id, &asked)?) {
        match expansion {
            Some(expansion) => {
                native.extend(expansion.actions.into_iter().map(|action| (permission, action)))
            }
            None => native.push((permission, permission.clone())),
        }
    }
    let actions: Vec<String> = native.iter().map(|(_, action)| action.clone()).collect();
    let findings = provider.check(&actions)?;
    let checked: Vec<Checked> = native
        .iter()
        .zip(findings)
        .map(|((asked, _), finding)| Checked { asked: (*asked).clone(), finding })
        .collect();
    if args.json {
        console::result(&Value::from(checked.iter().map(to_json).collect::<Vec<_>>()).to_string());
    } else {
        let rows: Vec<_> = checked.iter().map(row).collect();
        console::result(&table(&["PERMISSION", "STATUS", "ACTION", "ACCESS", "NOTE"], &rows));
    }
    let refused =
        checked.iter().any(|checked| matches!(checked.finding.status, Status::Unknown | Status::Malformed));
    Ok(if refused { Kind::Usage.exit_code() } else { 0 })
}

fn to_json(checked: &Checked) -> Value {
    let Checked { asked, finding } = checked;
    json!({
        "permission": asked,
        "status": status(finding.status),
        "actions": finding.actions,
        "access": finding.access.map(access),
        "note": finding.note,
        "suggestion": finding.suggestion,
    })
}

fn row(checked: &Checked) -> Vec<String> {
    let Checked { asked, finding } = checked;
    let suggestion = finding.suggestion.as_ref().map(|name| format!("did you mean `{name}`"));
    let note: Vec<String> = finding.note.clone().into_iter().chain(suggestion).collect();
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    vec![
        asked.clone(),
        status(finding.status).to_owned(),
        or_dash(finding.actions.join(",")),
        finding.access.map_or("-", access).to_owned(),
        note.join("; "),
    ]
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Known => "known",
        Status::Corrected => "corrected",
        Status::Unknown => "unknown",
        Status::Malformed => "malformed",
    }
}

fn access(access: AccessLevel) -> &'static str {
    match access {
        AccessLevel::Read => "read",
        AccessLevel::List => "list",
        AccessLevel::Write => "write",
        AccessLevel::Permissions => "permissions",
        AccessLevel::Tagging => "tagging",
    }
}
