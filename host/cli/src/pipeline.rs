//! The path from a request to a running command. Only this file knows the order of the stages.

pub mod access;
pub mod attempt;
mod end;
pub mod guard;
mod layer;
mod live;
pub mod observer;
pub mod open;
mod purpose;
pub mod report;
mod settle;

use std::ffi::OsString;

use crate::approve::{self, Approved};
use crate::components::Components;
use crate::console::Console;
use crate::failure::Failure;
use crate::filter::{self, Filtered};
use crate::plan::{self, Planned};
use crate::profile::{Profiles, shortest};
use crate::request::{self, Arguments};
use crate::settings::deny_list::DenyEntry;
use crate::settings::{Settings, Ttl};
use crate::{check, deny, expansion, mint};
use audex_audit::Event;
use audex_child::deliver::SessionDirectory;
use audex_child::{OnExpiry, Signals};
use audex_components::component::Loaded;
use audex_components::filter::{Context as Circumstances, Filter};
use audex_components::provider::{Description, Minted, Provider};
use audex_core::environment::{Environment, PATH};
use audex_core::unwind::caught;
use audex_core::{agent, clock, process};

use self::access::Access;
use self::attempt::Attempt;
use self::end::{finish, revoke, revoke_announced, revoke_or_keep};
use self::guard::guarded;
use self::live::{Life, live};
use self::observer::{Nobody, Observer, Stage};
use self::open::Opened;

/// The outcome of revoked credentials in the audit log.
pub(crate) const REVOKED: &str = "revoked";

/// The surroundings of a run.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The environment in which the program was started.
    pub environment: &'a Environment,
    /// Resolved settings.
    pub settings: &'a Settings,
    /// The console for messages.
    pub console: Console,
}

/// A request that passed the filters.
pub struct Granted {
    /// The provider of the credentials.
    pub provider: Provider,
    /// The provider's own description.
    pub description: Description,
    /// The grant, and the permissions that the filters removed from the request.
    pub filtered: Filtered,
    /// The duration of access.
    pub ttl: Ttl,
    /// Every pattern of the deny lists for this provider, requested or not.
    pub forbidden: Vec<String>,
    filters: Vec<Filter>,
    circumstances: Circumstances,
    withheld: Vec<String>,
}

/// A request with a plan, which no filter has seen yet.
pub struct Outlined {
    provider: Provider,
    description: Description,
    /// The grant and its plan.
    pub planned: Planned,
    filters: Vec<Filter>,
    circumstances: Circumstances,
    withheld: Vec<String>,
}

/// A request that passed every stage before the mint.
pub struct Prepared {
    provider: Provider,
    /// The provider's own description.
    pub description: Description,
    /// The grant and its plan, which every filter allows.
    pub approved: Approved,
    /// Every component that took part.
    pub components: Vec<Loaded>,
    /// The user's choice for the command at the end of the ttl, if there is one.
    pub on_expiry: Option<OnExpiry>,
    /// The variables that the command must not get.
    withheld: Vec<String>,
}

/// Takes a request through every stage up to the mint. Mints nothing and writes nothing.
///
/// # Errors
/// The error of the first stage that rejects the request.
pub fn prepare(
    context: Context<'_>,
    ask: Arguments,
    attempt: &mut Attempt,
) -> Result<Prepared, Failure> {
    let Outlined { provider, description, planned, filters, circumstances, withheld } =
        outline(context, ask, attempt)?;
    let approved = approve::approve(planned, filters, circumstances)
        .map_err(|error| error.placed(|by| context.settings.place(&["filters", by])))?;
    let components = attempt.components().to_vec();
    let on_expiry = context.settings.on_expiry;
    Ok(Prepared { provider, description, approved, components, on_expiry, withheld })
}

/// Takes a request through every stage up to the plan, which shows the request to the cloud. Nothing can be
/// minted from the result.
///
/// # Errors
/// The error of the first stage that rejects the request.
pub fn outline(
    context: Context<'_>,
    ask: Arguments,
    attempt: &mut Attempt,
) -> Result<Outlined, Failure> {
    let Context { settings, .. } = context;
    let command = ask.command.clone();
    let Granted {
        provider,
        description,
        filtered,
        ttl,
        forbidden,
        filters,
        circumstances,
        withheld,
    } = grant(context, ask, attempt)?;
    let mut planned = plan::plan(filtered, &provider, &command, forbidden)?;
    layer::note(context, &provider, &mut planned)?;
    attempt.planned(&planned);
    plan::require(&planned, settings.require, &settings.required_by)?;
    if let Some(asked) = ttl.lowered_from {
        let (asked, ceiling) = (asked.as_secs(), ttl.duration.as_secs());
        planned.notices.push(format!(
            "your organisation limits the ttl to {ceiling} s; {asked} s was asked for"
        ));
    }
    Ok(Outlined { provider, description, planned, filters, circumstances, withheld })
}

/// Takes a request through every stage up to the filters. The result is the grant, before a provider plans
/// how to get it.
///
/// # Errors
/// The error of the first stage that rejects the request.
pub fn grant(
    context: Context<'_>,
    ask: Arguments,
    attempt: &mut Attempt,
) -> Result<Granted, Failure> {
    let Context { environment, settings, .. } = context;
    attempt.asked_for(&ask);
    let components = Components::open(settings)?;
    let Opened { id, mut provider, description } =
        open::for_ask(environment, settings, &components, &ask)?;
    attempt.asked(&id);
    attempt.took_part(provider.loaded());
    let profiles = Profiles::new(&id, &description.profiles, &settings.profiles);
    let profiles =
        ask.profiles.iter().map(|name| profiles.get(name)).collect::<Result<Vec<_>, _>>()?;
    let ttl = settings.ttl(profiles.iter().fold(None, |ttl, profile| shortest(ttl, profile.ttl)));
    let forbidden = profiles.iter().flat_map(|profile| &profile.deny);
    let forbidden: Vec<DenyEntry> = settings.deny.iter().chain(forbidden).cloned().collect();
    let shares = profiles.into_iter().flat_map(|profile| profile.shares).collect();
    let user = process::user();
    let circumstances = Circumstances {
        command: ask.command.clone(),
        user: user.clone(),
        now: clock::unix_seconds(),
        justification: ask.justification.clone(),
        profiles: ask.profiles.clone(),
        isolation: filter::ISOLATION,
        delivery: filter::DELIVERY,
        agent: agent::agent(environment).map(str::to_owned),
        subject: user,
        parents: Vec::new(),
    };
    let request = request::request(ask, id.clone(), shares, ttl.duration)?;
    attempt.requested(&request);
    let reason = circumstances.justification.as_deref();
    provider.set_purpose(purpose::purpose(environment, &request.session, reason));

    let mapping = components.mapping(&settings.mapping)?;
    attempt.took_part(mapping.loaded());
    let elsewhere = |patterns: &[String]| open::elsewhere(&components, &id, patterns);
    let denied = deny::native(&forbidden, &id, &mapping, &provider, elsewhere)?;

    let expanded = expansion::expand(&request, &mapping)?;
    let checked = check::check(expanded, &provider, &id, &description.action_syntax)
        .map_err(|error| error.suggesting(|action| expansion::nearest(&mapping, action)))?;
    let filters = components.filters(settings, &denied.entries(&checked.permissions))?;
    for filter in &filters {
        attempt.took_part(filter.loaded());
    }
    let mut filtered = filter::filter(&request, checked, &filters, &circumstances)
        .map_err(|error| error.placed(|by| settings.place(&["filters", by])))?;
    filtered.notices.extend(deny::misspelt(&filtered.denied, &filtered.grant, &id, &provider)?);
    let (forbidden, withheld) = (denied.own, components.secret_variables(settings));
    Ok(Granted {
        provider,
        description,
        filtered,
        ttl,
        forbidden,
        filters,
        circumstances,
        withheld,
    })
}

/// Mints credentials, starts `command` with nothing but these credentials, waits for it, and returns its exit
/// status.
///
/// # Errors
/// Any failure before the command has started. After that, the command's own status counts.
pub fn run(
    context: Context<'_>,
    prepared: Prepared,
    command: &[OsString],
    attempt: &Attempt,
) -> Result<u8, Failure> {
    watched(context, prepared, command, attempt, &mut Nobody)
}

/// Runs the command as [`run`] does, while `observer` observes the stages.
///
/// # Errors
/// As [`run`].
pub fn watched(
    context: Context<'_>,
    prepared: Prepared,
    command: &[OsString],
    attempt: &Attempt,
    observer: &mut dyn Observer,
) -> Result<u8, Failure> {
    let Context { environment, settings, console } = context;
    // If the command is missing or not executable (exit status 127 or 126), the run fails before anything is
    // minted.
    let executable = audex_child::look_up(command, environment.get_os(PATH))?;
    let directory = SessionDirectory::create(environment, &settings.paths.state)?;
    let signals = Signals::install()?;
    attempt.record(&Event::Issuing(attempt.issuing()), &[])?;

    let Prepared { provider, description, approved, on_expiry, withheld, .. } = prepared;
    provider.stop_at(signals.interruption());
    provider.record_leases(attempt.lease_recorder());
    let made = Made {
        provider: &provider,
        sets: &description.sets,
        approved,
        on_expiry,
        withheld,
        observer,
    };
    let outcome =
        guarded(|| mint_and_start(context, made, directory, attempt, &executable, signals));
    // The provider's own login is closed in every case, after a panic too, so that it does not outlive the
    // run.
    let closed = caught(|| provider.close()).unwrap_or_else(|panicked| Err(panicked.to_string()));
    if let Err(reason) = closed {
        console.notice(&format!("the provider's own login was not ended: {reason}"));
    }
    outcome
}

/// The arguments of `mint_and_start`.
struct Made<'a> {
    provider: &'a Provider,
    sets: &'a [String],
    approved: Approved,
    on_expiry: Option<OnExpiry>,
    withheld: Vec<String>,
    observer: &'a mut dyn Observer,
}

fn mint_and_start(
    context: Context<'_>,
    made: Made<'_>,
    directory: SessionDirectory,
    attempt: &Attempt,
    executable: &audex_child::Executable,
    mut signals: Signals,
) -> Result<u8, Failure> {
    let console = context.console;
    let Made { provider, sets, approved, on_expiry, withheld, observer } = made;
    let planned = approved.planned();
    let (denied, notices, advice) =
        (planned.denied.clone(), planned.notices.clone(), planned.advice.clone());
    // The advice comes before minting, so that the user can still stop the run.
    report::advice(console, &advice);
    let granted = report::granted(attempt, provider);
    let ttl = u64::from(planned.grant.shown().ttl_seconds);
    let began = clock::unix_seconds();
    let take_back = |minted: &Minted| {
        let access = Access::of(minted, began, ttl, on_expiry);
        revoke_or_keep(console, provider, minted, &access, attempt);
    };
    // Once the provider has minted, a signal must not end the program before the credentials or the login are
    // revoked, nor while the filters are asked again.
    let interruption = signals.interruption();
    observer.at(Stage::Mint);
    let minted = mint::mint(approved, provider, sets, began, || interruption.ignore(), take_back);
    report::logged(console, provider);
    // Of a provider that failed, every announced lease is revoked; otherwise those that were announced and
    // not handed out.
    let lease = minted.as_ref().ok().and_then(|minted| minted.lease.as_deref());
    revoke_announced(console, provider, attempt, lease);
    let minted = minted.map_err(|error| match signals.interrupted() {
        Some(signal) => Failure::interrupted(signal as i32),
        None => error.into(),
    })?;
    // From here on the credentials must be revoked, whatever ends the run.
    let lived = guarded(|| {
        report::denied(console, &denied);
        report::notices(console, &notices);
        report::notices(console, &minted.notices);
        observer.at(Stage::Settle);
        let settled = settle::wait(console, provider, &minted, &mut signals)?;
        let began = settled.unwrap_or(began);
        let access = Access::of(&minted, began, ttl, on_expiry);
        let observer = &mut *observer;
        let life = Life { provider, granted, minted: &minted, access: &access, withheld, observer };
        let (ended, known) = live(context, life, directory, attempt, executable, signals)?;
        Ok((ended, known, began))
    });
    let (ended, known, began) = match lived {
        Ok(lived) => lived,
        Err(failure) => {
            take_back(&minted);
            return Err(failure);
        }
    };
    let revoked = revoke(provider, &minted);
    if let Err(reason) = &revoked {
        console.notice(&format!("the credentials were {reason}"));
    }
    observer.at(Stage::Record);
    finish(&ended, revoked, &known, attempt, console);
    observer.ended(provider, &minted, began);
    report::perhaps_denied(console, attempt, &ended, &advice, observer.is_learning());
    Ok(ended.exit_code())
}

#[cfg(test)]
mod tests;
