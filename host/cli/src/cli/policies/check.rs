//! `tryaudex policies check`: checks permissions against the catalogue of the provider.

use serde_json::{Value, json};

use crate::components::Components;
use crate::console::{self, table};
use crate::expansion;
use crate::failure::{Failure, Kind};
use crate::pipeline::open::{self, Opened};
use crate::settings::DEFAULT_PROVIDER;
use crate::settings::profiles_file::split_list;
use audex_components::mapping::{Expansion, Mapping};
use audex_components::provider::{AccessLevel, Finding, Provider, Status};
use audex_core::clock;
use audex_core::environment::Environment;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Permissions to check, comma-separated; native or universal
    #[arg(required = true, value_name = "PERMISSIONS")]
    permissions: Vec<String>,
    /// Cloud of the permissions; `aws` unless the settings say otherwise
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Let actions through that the catalogue does not know
    #[arg(long)]
    allow_unknown: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// The finding for one permission.
struct Checked {
    asked: String,
    finding: Finding,
}

pub(super) fn check(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let checked =
        checked(environment, &args.permissions, args.provider.as_ref(), args.allow_unknown)?;
    if args.json {
        console::result(&Value::from(checked.iter().map(to_json).collect::<Vec<_>>()).to_string());
    } else {
        let rows: Vec<_> = checked.iter().map(row).collect();
        console::result(&table(&["PERMISSION", "STATUS", "ACTION", "ACCESS", "NOTE"], &rows));
    }
    let refused = checked.iter().any(|checked| is_refused(checked.finding.status));
    Ok(if refused { Kind::Usage.exit_code() } else { 0 })
}

/// Returns the findings for permissions as JSON.
pub(in crate::cli) fn json(
    environment: &Environment,
    permissions: &[String],
    provider: Option<&String>,
) -> Result<Vec<Value>, Failure> {
    let checked = checked(environment, permissions, provider, false)?;
    Ok(checked.iter().map(to_json).collect())
}

fn checked(
    environment: &Environment,
    permissions: &[String],
    provider: Option<&String>,
    allow_unknown: bool,
) -> Result<Vec<Checked>, Failure> {
    let asked: Vec<String> = permissions.iter().flat_map(|text| split_list(text)).collect();
    if asked.is_empty() {
        return Err(Failure::usage("no permissions were given", "name them, separated by commas"));
    }
    let unknown = allow_unknown.then(|| ("allow_unknown".to_owned(), "true".to_owned()));
    let settings = super::settings(environment, provider, unknown.into_iter().collect())?;
    let components = Components::open(&settings)?;
    let id = settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    let Opened { provider, description, .. } =
        open::provider(environment, &settings, &components, &id)?;
    let mapping = components.mapping(&settings.mapping, clock::unix_seconds())?;
    findings(&asked, &id, &description.action_syntax, &provider, &mapping)
}

fn is_refused(status: Status) -> bool {
    matches!(status, Status::Unknown | Status::Malformed)
}

/// Returns one entry for each native permission, in the order of the request. The checks are those of a run,
/// but they do not stop at the first error.
fn findings(
    asked: &[String],
    id: &str,
    syntax: &str,
    provider: &Provider,
    mapping: &Mapping,
) -> Result<Vec<Checked>, Failure> {
    let expansions = mapping.expand(id, asked)?;
    let native = |(asked, expansion): (&String, &Option<Expansion>)| match expansion {
        Some(expansion) => expansion.actions.clone(),
        None => vec![asked.clone()],
    };
    let actions: Vec<String> = asked.iter().zip(&expansions).flat_map(native).collect();
    let mut found = provider.check(&actions)?.into_iter();
    let mut checked = Vec::new();
    for (asked, expansion) in asked.iter().zip(expansions) {
        match expansion {
            Some(expansion) if expansion.actions.is_empty() => {
                checked.push(Checked { asked: asked.clone(), finding: nothing(asked, id) });
            }
            Some(Expansion { actions, notice }) => {
                for mut finding in found.by_ref().take(actions.len()) {
                    // The notice of the universal name applies to each of its actions.
                    finding.note = joined(notice.clone().into_iter().chain(finding.note));
                    checked.push(Checked { asked: asked.clone(), finding });
                }
            }
            None => {
                for mut finding in found.by_ref().take(1) {
                    if is_refused(finding.status) {
                        finding.suggestion =
                            expansion::nearest(mapping, asked).or(finding.suggestion);
                    }
                    if finding.status == Status::Malformed {
                        let written = format!("provider `{id}` writes permissions {syntax}");
                        finding.note = joined(finding.note.into_iter().chain([written]));
                    }
                    checked.push(Checked { asked: asked.clone(), finding });
                }
            }
        }
    }
    Ok(checked)
}

/// Returns the finding for a universal permission that has no actions on this provider. A run rejects such a
/// permission.
fn nothing(asked: &str, id: &str) -> Finding {
    let note = Some(format!("`{asked}` means nothing on provider `{id}`"));
    Finding { status: Status::Unknown, actions: Vec::new(), access: None, note, suggestion: None }
}

fn joined(notes: impl Iterator<Item = String>) -> Option<String> {
    let notes: Vec<String> = notes.collect();
    (!notes.is_empty()).then(|| notes.join("; "))
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
    let note = joined(finding.note.clone().into_iter().chain(suggestion));
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    vec![
        asked.clone(),
        status(finding.status).to_owned(),
        or_dash(finding.actions.join(",")),
        finding.access.map_or("-", access).to_owned(),
        note.unwrap_or_default(),
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

/// Returns the word for an access level, in text and in JSON.
pub(crate) fn access(access: AccessLevel) -> &'static str {
    match access {
        AccessLevel::Read => "read",
        AccessLevel::List => "list",
        AccessLevel::Write => "write",
        AccessLevel::Permissions => "permissions",
        AccessLevel::Tagging => "tagging",
    }
}
