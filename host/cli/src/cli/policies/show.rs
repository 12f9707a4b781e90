//! `tryaudex policies show`: prints one profile and the policy that it becomes.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Found, list};
use crate::components::Components;
use crate::console::{self, Console};
use crate::failure::Failure;
use crate::pipeline::attempt::Attempt;
use crate::pipeline::open::{self, Opened};
use crate::pipeline::{self, Context};
use crate::profile::ProfileError;
use crate::request::Arguments;
use crate::settings::{DEFAULT_PROVIDER, Flags, Settings};
use audex_components::provider::{GrantPlan, Omission};
use audex_core::environment::Environment;
use audex_sdk::spelling;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The profile's name
    name: String,
    /// Provider of the profile, if several have one of that name
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn show(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let settings = Settings::resolve(environment, Flags::default())?;
    let all = super::found(environment, &settings, args.provider.as_deref())?;
    let Some(found) = all.iter().find(|found| found.profile.name == args.name) else {
        let provider = args.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
        let suggestion =
            spelling::likely(&args.name, all.iter().map(|found| found.profile.name.clone()));
        return Err(ProfileError::Unknown { name: args.name.clone(), provider, suggestion }.into());
    };
    let known = known(environment, &settings, found)?;
    let plan = plan(environment, &found.provider, &args.name);
    if args.json {
        let mut value = list::to_json(found);
        if let Value::Object(fields) = &mut value {
            fields.insert("known".to_owned(), json!(known));
            fields.extend(plan_fields(&plan));
        }
        console::result(&value.to_string());
    } else {
        console::result(&to_text(found, known, &plan));
    }
    Ok(0)
}

/// Returns the number of known permissions that the profile's patterns match.
fn known(environment: &Environment, settings: &Settings, found: &Found) -> Result<usize, Failure> {
    let components = Components::open(settings)?;
    let Opened { provider, .. } =
        open::provider(environment, settings, &components, &found.provider)?;
    let patterns: Vec<String> = found.profile.actions().into_iter().map(str::to_owned).collect();
    let known = provider.expand(&patterns)?;
    Ok(known.iter().filter(|one| one.access.is_some()).count())
}

/// Plans the profile on the same code path as `run`. The failure says why there is no plan.
fn plan(environment: &Environment, provider: &str, name: &str) -> Result<GrantPlan, Failure> {
    let flags = Flags { provider: Some(provider.to_owned()), ..Flags::default() };
    let settings = Settings::resolve(environment, flags)?;
    let context = Context { environment, settings: &settings, console: Console::default() };
    let ask = Arguments { profiles: vec![name.to_owned()], ..Arguments::default() };
    let mut attempt = Attempt::new(&settings.paths);
    let granted = pipeline::request(context, ask, &mut attempt)?.expand()?.check()?.filter()?;
    Ok(granted.plan()?.output.planned.plan)
}

fn plan_fields(plan: &Result<GrantPlan, Failure>) -> Vec<(String, Value)> {
    let fields = match plan {
        Ok(plan) => json!({
            "policy": plan.policy.as_deref().map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text))),
            "policy_size": plan.policy.as_ref().map(String::len),
            "policy_limit": plan.policy_limit,
            "not_planned": null,
        }),
        Err(failure) => {
            json!({ "policy": null, "policy_size": null, "policy_limit": null, "not_planned": failure.line() })
        }
    };
    match fields {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    }
}

fn to_text(
    Found { provider, profile }: &Found,
    known: usize,
    plan: &Result<GrantPlan, Failure>,
) -> String {
    let mut out = format!(
        "profile    {}\nprovider   {provider}\nuse case   {}\ndefined    {}\nholds      {known} known permissions",
        profile.name,
        profile.description,
        list::defined(profile)
    );
    if !profile.extends.is_empty() {
        let _ = write!(out, "\nextends    {}", profile.extends.join(", "));
    }
    if let Some(ttl) = profile.ttl {
        let _ = write!(out, "\nttl        {}", console::duration(ttl.as_secs()));
    }
    for entry in &profile.deny {
        let _ = write!(out, "\ndenies     {} ({})", entry.pattern, entry.source);
    }
    for share in &profile.shares {
        if share.name != profile.name {
            let _ = write!(out, "\n\n{}", share.name);
        }
        let _ = write!(out, "\nactions    {}", share.actions.join("\n           "));
        let every = "every resource".to_owned();
        let resources =
            if share.resources.is_empty() { every } else { share.resources.join("\n           ") };
        let _ = write!(out, "\nresources  {resources}");
    }
    for Omission { actions, reason, source } in &profile.leaves_out {
        let actions = actions.join("\n           ");
        let _ = write!(out, "\n\nleaves out {actions}\nbecause    {reason}\nsource     {source}");
    }
    match plan {
        Ok(plan) => {
            if let Some(policy) = &plan.policy {
                let limit =
                    plan.policy_limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
                let _ = write!(out, "\n\npolicy ({}{limit} characters)\n{policy}", policy.len());
            }
        }
        Err(failure) => {
            let _ = write!(out, "\n\nnot planned: {}", failure.line());
            if let Some(hint) = &failure.hint {
                let _ = write!(out, "\nhint: {hint}");
            }
        }
    }
    out
}
