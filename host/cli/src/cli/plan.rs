//! `tryaudex plan`: prints the plan of a run, as text or as JSON.

use std::ffi::OsString;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::delivery_args::DeliveryArgs;
use super::isolation_args::IsolationArgs;
use super::request_args::RequestArgs;
use crate::console::{self, Console, table};
use crate::failure::Failure;
use crate::isolation::{Isolating, told};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::report::said;
use crate::pipeline::{self, Chain, Context, Ready};
use crate::plan::{Planned, enforcer_name};
use crate::request::union;
use crate::settings::delivery::Deliver;
use crate::settings::isolation::IsolationSettings;
use crate::settings::{Flags, Settings};
use audex_child::OnExpiry;
use audex_components::component::{Loaded, short};
use audex_components::provider::{Grant, GrantPlan, Permission};
use audex_core::environment::Environment;
use audex_logins::aws::MAX_SCOPED_POLICIES;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    request: RequestArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    isolation: IsolationArgs,
    /// The command, which filters may look at; it is not run
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn console(&self) -> Console {
        self.request.console()
    }
}

pub(super) fn plan(environment: &Environment, args: &Args) -> Result<u8, Failure> {
    let flags = args.delivery.add_to(args.request.flags());
    let flags = args.isolation.add_to(flags, environment, &args.command);
    show(environment, &args.request, flags, &args.command)
}

/// The parts of a plan that are shown.
pub(super) struct Shown<'a> {
    pub(super) planned: &'a Planned,
    /// Every component that took part.
    components: &'a [Loaded],
    /// The user's choice for the command at the end of the ttl, if there is one.
    on_expiry: Option<OnExpiry>,
    deliver: Deliver,
    settings: &'a IsolationSettings,
    isolating: Option<&'a Isolating>,
}

/// Makes and prints a plan. The code path is the same as in `run`, up to the mint.
pub(super) fn show(
    environment: &Environment,
    request: &RequestArgs,
    flags: Flags,
    command: &[OsString],
) -> Result<u8, Failure> {
    let text = made(environment, request, flags, command, |shown, _| {
        Ok(if request.json { to_json(shown).to_string() } else { to_text(shown) })
    })?;
    console::result(&text);
    Ok(0)
}

/// Makes a plan, and returns what `then` makes of it.
pub(super) fn of<T>(
    environment: &Environment,
    args: &Args,
    then: impl FnOnce(&Shown<'_>, &Chain<'_, Ready>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let flags = args.delivery.add_to(args.request.flags());
    let flags = args.isolation.add_to(flags, environment, &args.command);
    made(environment, &args.request, flags, &args.command, then)
}

fn made<T>(
    environment: &Environment,
    request: &RequestArgs,
    flags: Flags,
    command: &[OsString],
    then: impl FnOnce(&Shown<'_>, &Chain<'_, Ready>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = Settings::resolve(environment, flags)?;
    let context = Context { environment, settings: &settings, console: request.console() };
    let mut attempt = Attempt::new(&settings.paths);
    let chain = pipeline::request(context, request.ask(command), &mut attempt)?;
    let approved = chain.expand()?.check()?.filter()?.plan()?.approve()?;
    let shown = Shown {
        planned: approved.output.planned(),
        components: approved.components(),
        on_expiry: settings.on_expiry,
        deliver: approved.deliver(),
        settings: &settings.isolation,
        isolating: approved.isolating(),
    };
    then(&shown, &approved)
}

pub(super) fn to_json(shown: &Shown<'_>) -> Value {
    let Shown { planned, components, .. } = shown;
    let (grant, plan) = (planned.grant.shown(), &planned.plan);
    let permission = |(p, granted): (&audex_components::provider::Planned, &Permission)| json!({ "action": p.action, "origin": p.origin, "resources": granted.resources.named(), "enforced_by": enforcer_name(p.enforced_by), "note": p.note });
    let denied =
        |d: &crate::filter::Denied| json!({ "action": d.action, "by": d.by, "reason": d.reason });
    let component = |c: &Loaded| json!({ "name": c.name, "kind": c.world.to_string(), "digest": c.digest, "source": c.source.to_string() });
    let advice = |advice: &audex_components::provider::Advice| json!({ "message": advice.message, "missing": advice.missing });
    // The policy is a JSON value, not a string with JSON in it. A policy that is not JSON is a string.
    let policy = plan
        .policy
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
    json!({
        "provider": grant.provider,
        "method": plan.method,
        "ttl_seconds": grant.ttl_seconds,
        "on_expiry": on_expiry(shown),
        "delivery": shown.deliver.name(),
        "isolation": told::json(shown.settings, shown.isolating),
        "key_life_seconds": planned.key_life,
        "layer": planned.layer.map(|layer| json!({ "number": layer, "most": MAX_SCOPED_POLICIES })),
        "resources": resources(grant),
        "permissions": plan.permissions.iter().zip(&grant.permissions).map(permission).collect::<Vec<_>>(),
        "later": planned.grant.whole().skip(grant.permissions.len()).map(|one| json!({ "action": one.action, "resources": one.resources.named() })).collect::<Vec<_>>(),
        "denied": planned.denied.iter().map(denied).collect::<Vec<_>>(),
        "policy": policy,
        "policy_size": plan.policy.as_ref().map(String::len),
        "policy_limit": plan.policy_limit,
        "components": components.iter().map(component).collect::<Vec<_>>(),
        "notices": notices(planned),
        "preflight": planned.advice.iter().map(advice).collect::<Vec<_>>(),
    })
}

/// Returns the table of permissions. It has a column for resources only if the resources differ.
fn permissions(grant: &Grant, plan: &GrantPlan) -> String {
    let differ =
        grant.permissions.windows(2).any(|two| matches!(two, [a, b] if a.resources != b.resources));
    let row = |(p, granted): (&audex_components::provider::Planned, &Permission)| {
        let mut row =
            vec![p.action.clone(), p.origin.clone(), enforcer_name(p.enforced_by).to_owned()];
        if differ {
            let every = || "every resource".to_owned();
            row.push(if granted.resources.is_every() {
                every()
            } else {
                granted.resources.named().join(", ")
            });
        }
        row.push(p.note.clone().unwrap_or_default());
        row
    };
    let rows: Vec<_> = plan.permissions.iter().zip(&grant.permissions).map(row).collect();
    if differ {
        table(&["PERMISSION", "ASKED AS", "ENFORCED BY", "RESOURCES", "NOTE"], &rows)
    } else {
        table(&["PERMISSION", "ASKED AS", "ENFORCED BY", "NOTE"], &rows)
    }
}

/// Returns the union of the resources of all permissions.
fn resources(grant: &Grant) -> Vec<String> {
    union(grant.permissions.iter().map(|permission| permission.resources.named()))
}

fn notices(planned: &Planned) -> Vec<String> {
    planned.notices.iter().cloned().chain(planned.floor_notice()).collect()
}

/// Returns the effect on the command when access ends. Only the mint shows if the credentials outlive the
/// ttl.
fn on_expiry(shown: &Shown<'_>) -> &'static str {
    match shown.on_expiry {
        Some(OnExpiry::End) => "end",
        Some(OnExpiry::Keep) | None if shown.planned.may_outlive() => "end-if-outlived",
        Some(OnExpiry::Keep) | None => "keep",
    }
}

fn to_text(shown: &Shown<'_>) -> String {
    let Shown { planned, components, .. } = shown;
    let (grant, plan) = (planned.grant.shown(), &planned.plan);
    let resources = resources(grant);
    let resources =
        if resources.is_empty() { "every resource".to_owned() } else { resources.join(", ") };
    let mut out = format!("provider   {}\nmethod     {}\n", grant.provider, plan.method);
    let _ = writeln!(out, "ttl        {}", console::duration(grant.ttl_seconds.into()));
    let renewed = planned.key_life.map(|life| {
        format!(", with keys that live {} and are renewed", console::duration(life.into()))
    });
    let delivery = shown.deliver.name();
    let _ = writeln!(out, "delivery   {delivery}{}", renewed.unwrap_or_default());
    let _ = writeln!(out, "isolation  {}", told::level(shown.settings));
    if let Some(layer) = planned.layer {
        let _ = writeln!(out, "layer      {layer} of {MAX_SCOPED_POLICIES}");
    }
    let _ = writeln!(out, "resources  {resources}\n");
    out += &permissions(grant, plan);
    if !planned.denied.is_empty() {
        let row =
            |d: &crate::filter::Denied| vec![d.action.clone(), d.by.clone(), d.reason.clone()];
        let rows: Vec<_> = planned.denied.iter().map(row).collect();
        let _ = write!(out, "\n{}", table(&["DENIED", "BY", "REASON"], &rows));
    }
    if let Some(policy) = &plan.policy {
        let limit = plan.policy_limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "\npolicy ({}{limit} characters)\n{}",
            policy.len(),
            policy.replace('\n', "\n  ")
        );
    }
    out += &shown.isolating.map(told::tables).unwrap_or_default();
    let row = |c: &Loaded| {
        vec![c.name.clone(), c.world.to_string(), short(&c.digest), c.source.to_string()]
    };
    let rows: Vec<_> = components.iter().map(row).collect();
    let _ = write!(out, "\n{}", table(&["COMPONENT", "KIND", "DIGEST", "SOURCE"], &rows));
    let advice = planned.advice.iter().map(|advice| said(&advice.message, &advice.missing));
    for notice in notices(planned).into_iter().chain(advice) {
        let _ = write!(out, "\nnotice: {notice}");
    }
    out
}
