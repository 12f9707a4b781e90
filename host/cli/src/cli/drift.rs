//! `tryaudex drift`: compares the permissions of a principal with the expected permissions.

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use super::identity_args::IdentityArgs;
use super::policies::access_word;
use crate::components::Components;
use crate::console::{self, Console};
use crate::drift::{self, Difference, Drift, sarif};
use crate::failure::Failure;
use crate::pipeline::attempt::Attempt;
use crate::pipeline::open::{self, Opened};
use crate::pipeline::{self, Context};
use crate::plan::PlanError;
use crate::profile::Profiles;
use crate::request::Arguments;
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};
use audex_components::provider::{Provider, Statement};
use audex_core::environment::Environment;

/// The maximum size of a policy file. Policy documents have a few kilobytes.
const FILE_BYTES: u64 = 1024 * 1024;
/// The exit status for a difference, as `diff` returns it.
const DRIFTED: u8 = 1;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is expected: a profile's name, or a file with a policy in the cloud's own form
    #[arg(long, value_name = "PROFILE|FILE", value_parser = NonEmptyStringValueParser::new())]
    expected_policy: String,
    /// Cloud to ask; `aws` unless the settings say otherwise
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    provider: Option<String>,
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new(), help = "Role to look at (AWS) [env: AUDEX_ROLE_ARN]")]
    role_arn: Option<String>,
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new(), help = "Object id of the principal to look at (Azure)")]
    principal: Option<String>,
    #[command(flatten)]
    identity: IdentityArgs,
    /// Exit with 0 although there is drift
    #[arg(long)]
    exit_zero: bool,
    /// Form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write JSON, as --format json
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// Everything, for programs
    Json,
    /// SARIF 2.1.0, for code hosts
    Sarif,
}

pub(super) fn drift(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let mut provider_settings: Vec<(String, String)> = args.identity.settings();
    provider_settings.extend(args.role_arn.clone().map(|arn| ("role_arn".to_owned(), arn)));
    let flags = Flags {
        provider: args.provider.clone(),
        provider_settings: provider_settings.into_iter().collect(),
        ..Flags::default()
    };
    let settings = Settings::resolve(environment, flags.clone())?;
    let components = Components::open(&settings)?;
    let id = settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    let Opened { provider, description, .. } =
        open::provider(environment, &settings, &components, &id)?;
    let principal = principal(args, &provider)?;
    let profiles = Profiles::new(&id, &description.profiles, &settings.profiles);
    let is_profile = profiles.get(&args.expected_policy).is_ok();
    let (expected, statements) = if is_profile || !Path::new(&args.expected_policy).exists() {
        (
            format!("profile `{}`", args.expected_policy),
            of_profile(environment, Flags { provider: Some(id), ..flags }, &args.expected_policy)?,
        )
    } else {
        (format!("`{}`", args.expected_policy), of_file(&provider, &args.expected_policy)?)
    };
    let actual = provider.effective(&principal)?;
    let found = drift::compare(&provider, &actual, &statements)?;
    if let Err(reason) = provider.close() {
        Console::default()
            .notice(&format!("the end of the login for reading was not confirmed: {reason}"));
    }
    let format = if args.json { Format::Json } else { args.format };
    console::result(&match format {
        Format::Text => to_text(&found, &principal, &expected, is_profile),
        Format::Json => to_json(&found, &principal, &expected).to_string(),
        Format::Sarif => sarif::log(&found, &principal, &expected).to_string(),
    });
    Ok(if found.is_none() || args.exit_zero { 0 } else { DRIFTED })
}

/// Returns the principal to compare, from an option or else from the settings.
fn principal(args: &Args, provider: &Provider) -> Result<String, Failure> {
    let set = |key: &str| provider.setting(key).map(str::to_owned);
    let given = args.principal.clone();
    given.or_else(|| set("role_arn")).or_else(|| set("service_account")).ok_or_else(|| {
        Failure::usage(
            "no principal was given",
            "name a role (--role-arn ARN), a service account (--provider gcp --service-account EMAIL) or a principal \
             (--provider azure --principal ID)",
        )
    })
}

/// Returns the statements of a profile. The profile goes through the same pipeline as a run and becomes a
/// document of the cloud, from which the statements are read.
fn of_profile(
    environment: &Environment,
    flags: Flags,
    name: &str,
) -> Result<Vec<Statement>, Failure> {
    let settings = Settings::resolve(environment, flags)?;
    let context = Context { environment, settings: &settings, console: Console::default() };
    let ask = Arguments { profiles: vec![name.to_owned()], ..Arguments::default() };
    let mut attempt = Attempt::new(&settings.paths);
    let granted = pipeline::request(context, ask, &mut attempt)?.expand()?.check()?.filter()?;
    let grant = granted.output.filtered.grant.shown();
    let document = granted.provider().document(grant, name, "json");
    let document = document.map_err(PlanError::NoDocument)?;
    Ok(granted.provider().statements(&document)?)
}

fn of_file(provider: &Provider, path: &str) -> Result<Vec<Statement>, Failure> {
    let unusable = |reason: String| {
        Failure::usage(
            &format!("cannot read `{path}`: {reason}"),
            "give a profile or a policy file",
        )
    };
    let size = std::fs::metadata(path).map_err(|error| unusable(error.to_string()))?.len();
    if size > FILE_BYTES {
        return Err(unusable("it is too long for a policy".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    Ok(provider.statements(&text)?)
}

fn to_json(found: &Drift, principal: &str, expected: &str) -> Value {
    let difference = |one: &Difference| {
        json!({
            "action": one.action, "access": one.level.map(access_word), "resources": one.resources, "sources": one.sources,
        })
    };
    let undecided = |one: &drift::Undecided| json!({ "source": one.source, "actions": one.actions, "reason": one.reason });
    json!({
        "principal": principal,
        "expected": expected,
        "drifted": !found.is_none(),
        "additional": found.additional.iter().map(difference).collect::<Vec<_>>(),
        "missing": found.missing.iter().map(difference).collect::<Vec<_>>(),
        "undecided": found.undecided.iter().map(undecided).collect::<Vec<_>>(),
    })
}

/// Returns the report as text, with the headings of the document that defines the command.
fn to_text(found: &Drift, principal: &str, expected: &str, is_profile: bool) -> String {
    if found.is_none() {
        return format!("{principal} has exactly what {expected} has");
    }
    let kind = if is_profile { "profile" } else { "policy" };
    let mut out = String::new();
    section(
        &mut out,
        &format!("Role has additional permissions not in {kind}:"),
        &found.additional,
    );
    section(&mut out, &format!("Role lacks permissions of the {kind}:"), &found.missing);
    if !found.undecided.is_empty() {
        out.push_str("Cannot decide:\n");
        for one in &found.undecided {
            let _ = writeln!(out, "  {}: {} {}", one.source, shortened(&one.actions), one.reason);
        }
    }
    out.push_str(if is_profile {
        "Consider updating the role or profile definition"
    } else {
        "Consider updating the role or the policy"
    });
    out
}

fn section(out: &mut String, heading: &str, list: &[Difference]) {
    if list.is_empty() {
        return;
    }
    let _ = writeln!(out, "{heading}");
    for one in list {
        let level = one.level.map(|level| format!(" ({})", access_word(level))).unwrap_or_default();
        let on = if one.resources.is_empty() {
            String::new()
        } else {
            format!(" on {}", shortened(&one.resources))
        };
        let _ = writeln!(out, "  {}{level}{on}", one.action);
    }
}

/// Returns the first items of a list and the number of the others. `--json` prints the whole list.
fn shortened(list: &[String]) -> String {
    const FEW: usize = 5;
    let shown: Vec<&str> = list.iter().take(FEW).map(String::as_str).collect();
    match list.len().checked_sub(FEW) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}
