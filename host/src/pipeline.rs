//! The one road from a request to a running command. The only file that knows the order of the stages.

pub mod access;
pub mod attempt;
mod end;
pub mod guard;
mod layer;
pub mod onlooker;
pub mod open;
mod purpose;
pub mod report;
mod settle;

use std::ffi::OsString;

use crate::approve::Approved;
use crate::audit::Event;
use crate::child::{self, Ended, OnExpiry, Signals};
use crate::clock;
use crate::components::Components;
use crate::console::Console;
use crate::deliver::{Delivery, SessionDirectory, deliver};
use crate::endpoint::{self, Endpoints};
use crate::environment::{Environment, PATH};
use crate::error::Failure;
use crate::filter::Filtered;
use crate::plan::Planned;
use crate::plugin::component::{Loaded, Source};
use crate::plugin::filter::{Context as Circumstances, Filter};
use crate::plugin::provider::{Description, Minted, Provider};
use crate::profile::{Profiles, shortest};
use crate::request::Ask;
use crate::secret::Secret;
use crate::settings::deny_list::DenyEntry;
use crate::settings::{Settings, Ttl};
use crate::unwind::caught;
use crate::{approve, check, deny, expansion, filter, mint, plan, process, request};

use self::access::Access;
use self::attempt::Attempt;
use self::end::{finish, revoke, revoke_announced, revoke_or_keep, secrets};
use self::guard::guarded;
use self::onlooker::{Nobody, Onlooker, Scene, Stage};
use self::open::Opened;

/// What the audit log says of credentials that were taken back.
pub const REVOKED: &str = "revoked";

/// Where a run takes place.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The environment the program was started in.
    pub environment: &'a Environment,
    /// Resolved settings.
    pub settings: &'a Settings,
    /// How the program speaks.
    pub console: Console,
}

/// A request that went through the filters.
pub struct Granted {
    /// Who speaks for the cloud.
    pub provider: Provider,
    /// What the provider says of itself.
    pub description: Description,
    /// The grant, and what was taken from the request.
    pub filtered: Filtered,
    /// How long access lasts.
    pub ttl: Ttl,
    /// Every pattern that the deny lists have for this provider, asked for or not.
    pub forbidden: Vec<String>,
    filters: Vec<Filter>,
    circumstances: Circumstances,
    withheld: Vec<String>,
}

/// A request that has a plan, which no filter has seen.
pub struct Outlined {
    provider: Provider,
    description: Description,
    /// The grant and its plan.
    pub planned: Planned,
    filters: Vec<Filter>,
    circumstances: Circumstances,
    withheld: Vec<String>,
}

/// A request that went through every stage but the mint.
pub struct Prepared {
    provider: Provider,
    /// What the provider says of itself.
    pub description: Description,
    /// The grant and its plan, which every filter lets pass.
    pub approved: Approved,
    /// Every component that took part.
    pub components: Vec<Loaded>,
    /// What happens to the command at the ttl, if the user said so.
    pub on_expiry: Option<OnExpiry>,
    /// Variables that the command must not have.
    withheld: Vec<String>,
}

/// Takes a request through every stage up to the mint. Mints nothing, writes nothing.
///
/// # Errors
/// The first stage that says no.
pub fn prepare(context: Context<'_>, ask: Ask, attempt: &mut Attempt) -> Result<Prepared, Failure> {
    let Outlined { provider, description, planned, filters, circumstances, withheld } =
        outline(context, ask, attempt)?;
    let approved = approve::approve(planned, filters, circumstances)
        .map_err(|error| error.placed(|by| context.settings.place(&["filters", by])))?;
    let components = attempt.components().to_vec();
    let on_expiry = context.settings.on_expiry;
    Ok(Prepared { provider, description, approved, components, on_expiry, withheld })
}

/// Takes a request through every stage up to the plan: what would be asked of the cloud. Nothing can be minted from it.
///
/// # Errors
/// The first stage that says no.
pub fn outline(context: Context<'_>, ask: Ask, attempt: &mut Attempt) -> Result<Outlined, Failure> {
    let Context { settings, .. } = context;
    let command = ask.command.clone();
    let Granted { provider, description, filtered, ttl, forbidden, filters, circumstances, withheld } =
        grant(context, ask, attempt)?;
    let mut planned = plan::plan(filtered, &provider, &command, forbidden)?;
    layer::note(context, &provider, &mut planned)?;
    attempt.planned(&planned);
    plan::require(&planned, settings.require, &settings.required_by)?;
    if let Some(asked) = ttl.lowered_from {
        let (asked, ceiling) = (asked.as_secs(), ttl.duration.as_secs());
        planned
            .notices
            .push(format!("your organisation limits the ttl to {ceiling} s; {asked} s was asked for"));
    }
    Ok(Outlined { provider, description, planned, filters, circumstances, withheld })
}

/// Takes a request through every stage up to the filters: what may be had, before anybody says how.
///
/// # Errors
/// The first stage that says no.
pub fn grant(context: Context<'_>, ask: Ask, attempt: &mut Attempt) -> Result<Granted, Failure> {
    let Context { environment, settings, .. } = context;
    attempt.asked_for(&ask);
    let components = Components::open(settings)?;
    let Opened { id, mut provider, description } = open::for_ask(environment, settings, &components, &ask)?;
    attempt.asked(&id);
    attempt.took_part(provider.loaded());
    let profiles = Profiles::new(&id, &description.profiles, &settings.profiles);
    let profiles = ask.profiles.iter().map(|name| profiles.get(name)).collect::<Result<Vec<_>, _>>()?;
    let ttl = settings.ttl(profiles.iter().fold(None, |ttl, profile| shortest(ttl, profile.ttl)));
    let forbidden = profiles.iter().flat_map(|profile| &profile.deny);
    let forbidden: Vec<DenyEntry> = settings.deny.iter().chain(forbidden).cloned().collect();
    let shares = profiles.into_iter().flat_map(|profile| profile.shares).collect();
    let circumstances = Circumstances {
        command: ask.command.clone(),
        user: process::user(),
        now: clock::unix_seconds(),
        justification: ask.justification.clone(),
        profiles: ask.profiles.clone(),
    };
    let request = request::request(ask, id.clone(), shares, ttl.duration)?;
    attempt.requested(&request);
    let reason = circumstances.justification.as_deref();
    provider.set_purpose(purpose::purpose(environment, &request.session, reason));

    let mapping = components.mapping(&settings.mapping)?;
    attempt.took_part(mapping.loaded());
    let elsewhere = |patterns: &[String]| open::elsewhere(environment, &components, &id, patterns);
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
    Ok(Granted { provider, description, filtered, ttl, forbidden, filters, circumstances, withheld })
}

/// Mints, starts `command` with the credentials and nothing else, and waits for it. Returns its exit status.
///
/// # Errors
/// Everything before the command has started; after that, its own status counts.
pub fn run(
    context: Context<'_>,
    prepared: Prepared,
    command: &[OsString],
    attempt: &Attempt,
) -> Result<u8, Failure> {
    watched(context, prepared, command, attempt, &mut Nobody)
}

/// The same, with somebody looking on.
///
/// # Errors
/// As [`run`].
pub fn watched(
    context: Context<'_>,
    prepared: Prepared,
    command: &[OsString],
    attempt: &Attempt,
    onlooker: &mut dyn Onlooker,
) -> Result<u8, Failure> {
    let Context { environment, settings, console } = context;
    // 126 and 127 before anything is minted.
    let executable = child::look_up(command, environment.get_os(PATH))?;
    let directory = SessionDirectory::create(environment, &settings.paths.state)?;
    let signals = Signals::install()?;
    attempt.record(&Event::Issuing(attempt.issuing()), &[])?;

    let Prepared { provider, description, approved, on_expiry, withheld, .. } = prepared;
    provider.stop_at(signals.interruption());
    provider.record_leases(attempt.lease_recorder());
    let made = Made { provider: &provider, sets: &description.sets, approved, on_expiry, withheld, onlooker };
    let outcome = guarded(|| mint_and_start(context, made, directory, attempt, &executable, signals));
    // Whatever happened, a panic too: a login of ours outlives nothing.
    let closed = caught(|| provider.close()).unwrap_or_else(|panicked| Err(panicked.to_string()));
    if let Err(reason) = closed {
        console.notice(&format!("the provider's own login was not ended: {reason}"));
    }
    outcome
}

/// What a run mints from.
struct Made<'a> {
    provider: &'a Provider,
    sets: &'a [String],
    approved: Approved,
    on_expiry: Option<OnExpiry>,
    withheld: Vec<String>,
    onlooker: &'a mut dyn Onlooker,
}

fn mint_and_start(
    context: Context<'_>,
    made: Made<'_>,
    directory: SessionDirectory,
    attempt: &Attempt,
    executable: &child::Executable,
    mut signals: Signals,
) -> Result<u8, Failure> {
    let console = context.console;
    let Made { provider, sets, approved, on_expiry, withheld, onlooker } = made;
    let planned = approved.planned();
    let (denied, notices, advice) = (planned.denied.clone(), planned.notices.clone(), planned.advice.clone());
    // Before minting, so that it can still be stopped.
    report::advice(console, &advice);
    let granted = report::granted(attempt, provider);
    let ttl = u64::from(planned.grant.shown().ttl_seconds);
    let began = clock::unix_seconds();
    let take_back = |minted: &Minted| {
        let access = Access::of(minted, began, ttl, on_expiry);
        revoke_or_keep(console, provider, minted, &access, attempt);
    };
    // Whatever came of it is taken back, or its login is, before anything ends this; filters that are asked again take their time.
    let interruption = signals.interruption();
    onlooker.at(Stage::Mint);
    let minted = mint::mint(approved, provider, sets, began, || interruption.be_patient(), take_back);
    report::logged(console, provider);
    // A provider that failed leaves what it began; one that did not leaves what it announced and did not hand out.
    let lease = minted.as_ref().ok().and_then(|minted| minted.lease.as_deref());
    revoke_announced(console, provider, attempt, lease);
    let minted = minted.map_err(|error| match signals.interrupted() {
        Some(signal) => Failure::interrupted(signal as i32),
        None => error.into(),
    })?;
    // From here on there is something to take back, whatever ends this.
    let lived = guarded(|| {
        report::denied(console, &denied);
        report::notices(console, &notices);
        report::notices(console, &minted.notices);
        onlooker.at(Stage::Settle);
        let settled = settle::wait(console, provider, &minted, &mut signals)?;
        let began = settled.unwrap_or(began);
        let access = Access::of(&minted, began, ttl, on_expiry);
        let onlooker = &mut *onlooker;
        let life = Life { provider, granted, minted: &minted, access: &access, withheld, onlooker };
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
    onlooker.at(Stage::Record);
    finish(&ended, revoked, &known, attempt, console);
    onlooker.ended(provider, &minted, began);
    report::perhaps_denied(console, attempt, &ended, &advice, onlooker.is_learning());
    Ok(ended.exit_code())
}

/// What a command lives on.
struct Life<'a> {
    provider: &'a Provider,
    granted: String,
    minted: &'a Minted,
    access: &'a Access,
    withheld: Vec<String>,
    onlooker: &'a mut dyn Onlooker,
}

/// Starts the command and waits for its end. Returns also every secret that the session had.
fn live(
    context: Context<'_>,
    life: Life<'_>,
    directory: SessionDirectory,
    attempt: &Attempt,
    executable: &child::Executable,
    signals: Signals,
) -> Result<(Ended, Vec<Secret>), Failure> {
    let Life { provider, granted, minted, access, mut withheld, onlooker } = life;
    // What the provider mints from is not for the command.
    withheld.extend(provider.sources().map(str::to_owned));
    let source = provider.loaded().source;
    let granted = granted.as_str();
    let delivered =
        Delivered { source, granted, minted, access, withheld: &withheld, onlooker: &mut *onlooker };
    // The private files and the endpoints live as long as the command.
    let (directory, endpoints, running) = start(context, directory, delivered, attempt, executable, signals)?;
    let mut known = secrets(minted);
    known.extend(endpoints.secrets());
    onlooker.at(Stage::Wait);
    let ended = running.wait(Some(access.deadline()), || report::expired(context.console))?;
    onlooker.left(directory.path());
    onlooker.at(Stage::Revoke);
    Ok((ended, known))
}

/// What a command is started with.
struct Delivered<'a> {
    source: Source,
    granted: &'a str,
    minted: &'a Minted,
    access: &'a Access,
    withheld: &'a [String],
    onlooker: &'a mut dyn Onlooker,
}

/// Delivers the credentials and starts the command. The session directory and the endpoints must outlive it.
fn start(
    context: Context<'_>,
    directory: SessionDirectory,
    delivered: Delivered<'_>,
    attempt: &Attempt,
    executable: &child::Executable,
    mut signals: Signals,
) -> Result<(SessionDirectory, Endpoints, child::Running), Failure> {
    if let Some(signal) = signals.interrupted() {
        return Err(Failure::interrupted(signal as i32));
    }
    let Delivered { source, granted, minted, access, withheld, onlooker } = delivered;
    onlooker.at(Stage::Deliver);
    attempt.record(&Event::Issued(report::issued(attempt.provider(), minted, access)), &secrets(minted))?;
    let endpoints = endpoint::start(&minted.endpoints, directory.path(), access.ends_at)?;
    let scene =
        Scene { minted, directory: directory.path(), ends_at: access.ends_at, lead: endpoints.lead.clone() };
    let arranged = onlooker.arrange(scene)?;
    let delivery = Delivery {
        parent: context.environment,
        withheld,
        session: attempt.session(),
        region: None,
        source,
        // The credentials can end up to a second before the access that was asked for.
        ends_at: access.ends_at.min(minted.expires_at),
        variables: &arranged.variables,
        files: &minted.files,
        lead: &arranged.lead,
    };
    let delivered = deliver(&delivery, directory)?;
    onlooker.at(Stage::Start);
    // Before the command can write anything.
    let how = if onlooker.is_learning() { "learning with " } else { "" };
    report::started(context.console, attempt, &format!("{how}{granted}"), minted, access);
    let running = child::spawn(executable, &delivered.environment, signals)?;
    Ok((delivered.directory, endpoints, running))
}

#[cfg(test)]
mod tests;
