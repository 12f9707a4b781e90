//! The chain from a request to a running command, in one file:
//!
//! `request → expand → check → filter → plan → approve → mint → start`
//!
//! Each stage takes the output of the stage before it. A command that needs less than a run leaves the chain
//! earlier. What becomes known of a run is added to its [`Attempt`] here.

pub mod access;
pub mod attempt;
pub(crate) mod aws_keys;
mod control;
pub mod delivery;
mod end;
pub mod gateway;
pub mod guard;
mod isolated;
mod layer;
pub mod observer;
pub mod open;
mod purpose;
pub mod report;
mod session;
mod settle;

use std::ffi::OsString;
use std::sync::Arc;

use crate::approve::{self, Approved};
use crate::asks::rules::Rules;
use crate::components::Components;
use crate::console::Console;
use crate::failure::Failure;
use crate::filter::{self, Filtered};
use crate::isolation::{self, Isolating};
use crate::later::Later;
use crate::plan::{self, Planned};
use crate::profile::{Profiles, shortest};
use crate::request::{self, Arguments, Request};
use crate::settings::approve::ApproveSettings;
use crate::settings::delivery::Deliver;
use crate::settings::deny_list::DenyEntry;
use crate::settings::{Settings, Ttl};
use crate::{check, deny, expansion};
use audex_components::component::Loaded;
use audex_components::filter::{Context as Circumstances, Filter, Isolation};
use audex_components::mapping::Mapping;
use audex_components::provider::{Description, Provider};
use audex_core::environment::Environment;
use audex_core::unwind::caught;
use audex_core::{agent, clock, process};
use audex_gateway::decide::Limit;

use self::attempt::Attempt;
use self::guard::guarded;
use self::observer::Observer;
use self::open::Opened;
use self::session::{Place, Session};

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

/// A request on its way to a running command. `T` is the output of the last stage.
pub struct Chain<'a, T> {
    run: Run<'a>,
    /// The output of the last stage.
    pub output: T,
}

/// The facts of one run that do not change from stage to stage.
struct Run<'a> {
    context: Context<'a>,
    attempt: &'a mut Attempt,
    components: Components,
    provider: Arc<Provider>,
    description: Description,
    mapping: Mapping,
    request: Request,
    ttl: Ttl,
    /// Every entry of the deny lists and profiles, as written.
    forbidden: Vec<DenyEntry>,
    denied: deny::Native,
    /// How often the gateway lets the session use actions.
    limits: Vec<Limit>,
    deliver: Deliver,
    /// The isolation of the command, if it has one.
    isolating: Option<Isolating>,
    circumstances: Circumstances,
    /// How the cloud limits a session inside another.
    narrowing: Option<Narrowing>,
}

/// How the cloud limits a session inside another.
#[derive(Clone, Debug)]
enum Narrowing {
    /// By one more scope-down policy on keys that carry this many.
    Layer(u32),
    /// Not at all: it uses the credentials of the session around it. The text is the reason.
    ByGateway(String),
}

/// The output of the first stage: the request itself, which stays with the run.
pub struct Requested;

/// A request that passed the filters.
pub struct Granted {
    /// The grant, and the permissions that the filters removed from the request.
    pub filtered: Filtered,
    filters: Vec<Filter>,
}

/// A grant with the provider's plan, which describes the request that will be sent to the cloud.
pub struct Outlined {
    /// The grant and its plan.
    pub planned: Planned,
    filters: Vec<Filter>,
    delivery: delivery::Prepared,
}

/// A plan that every filter approved, and the delivery of its credentials.
pub struct Ready {
    approved: Approved,
    delivery: delivery::Prepared,
}

impl Ready {
    /// Returns the plan.
    #[must_use]
    pub fn planned(&self) -> &Planned {
        self.approved.planned()
    }
}

/// Reads the arguments, opens the provider, and builds the request.
///
/// # Errors
/// When the arguments or the profiles do not form a request, or when a component cannot be loaded.
pub fn request<'a>(
    context: Context<'a>,
    arguments: Arguments,
    attempt: &'a mut Attempt,
) -> Result<Chain<'a, Requested>, Failure> {
    let Context { environment, settings, console } = context;
    attempt.add_arguments(&arguments);
    isolation::check_log(&settings.paths)?;
    // First of all: the stage works while the components are loaded.
    let stage = Isolating::begin(settings);
    let components = Components::open(settings)?;
    let Opened { id, mut provider, description } =
        open::for_ask(environment, settings, &components, &arguments)?;
    let deliver = delivery::chosen(&settings.delivery, &description);
    report::agent(console, settings, deliver);
    attempt.add_provider(&id);
    attempt.add_component(provider.loaded());
    delivery::check(deliver, &description)?;
    let profiles = Profiles::new(&id, &description.profiles, &settings.profiles);
    let profiles =
        arguments.profiles.iter().map(|name| profiles.get(name)).collect::<Result<Vec<_>, _>>()?;
    let ttl = settings.ttl(profiles.iter().fold(None, |ttl, profile| shortest(ttl, profile.ttl)));
    let forbidden = profiles.iter().flat_map(|profile| &profile.deny);
    let forbidden: Vec<DenyEntry> = settings.deny.iter().chain(forbidden).cloned().collect();
    let limits = profiles.iter().flat_map(|profile| &profile.limits);
    let limits: Vec<Limit> = settings.delivery.limits.iter().chain(limits).cloned().collect();
    delivery::check_limits(deliver, settings.delivery.is_observed, &limits)?;
    let shares = profiles.into_iter().flat_map(|profile| profile.shares).collect();
    let sources = provider.sources().map(str::to_owned);
    let withheld: Vec<String> =
        components.secret_variables(settings).into_iter().chain(sources).collect();
    let isolating = Isolating::prepare(environment, settings, &withheld, stage)?;
    let circumstances = Circumstances {
        delivery: delivery::told(deliver, &description),
        isolation: isolating.as_ref().map_or(Isolation::Off, Isolating::told),
        ..circumstances(environment, &arguments)
    };
    let request = request::request(arguments, id.clone(), shares, ttl.duration)?;
    attempt.add_request(&request);
    let reason = circumstances.justification.as_deref();
    provider.set_purpose(purpose::purpose(environment, &request.session, reason));
    let mapping = components.mapping(&settings.mapping, circumstances.now)?;
    attempt.add_component(mapping.loaded());
    let elsewhere = |patterns: &[String]| open::elsewhere(&components, &id, patterns);
    let denied = deny::native(&forbidden, &id, &mapping, &provider, elsewhere)?;
    let run = Run {
        context,
        attempt,
        components,
        provider: Arc::new(provider),
        description,
        mapping,
        request,
        ttl,
        forbidden,
        denied,
        limits,
        deliver,
        isolating,
        circumstances,
        narrowing: None,
    };
    Ok(Chain { run, output: Requested })
}

/// Returns what filters are told about a run.
fn circumstances(environment: &Environment, arguments: &Arguments) -> Circumstances {
    let user = process::user();
    Circumstances {
        command: arguments.command.clone(),
        user: user.clone(),
        now: clock::unix_seconds(),
        justification: arguments.justification.clone(),
        profiles: arguments.profiles.clone(),
        isolation: Isolation::Off,
        delivery: None,
        agent: agent::agent(environment).map(str::to_owned),
        subject: user,
        parents: Vec::new(),
        step_up: None,
    }
}

impl<T> Chain<'_, T> {
    /// Returns the rules of `approve`, and the patterns that nobody is asked for, in the provider's own names.
    ///
    /// # Errors
    /// When an entry matches no action.
    pub fn approval(&self, approve: &ApproveSettings) -> Result<(Rules, Vec<String>), Failure> {
        gateway::step_up::rules(&self.run, approve)
    }

    /// Returns the provider of the request.
    pub fn provider(&self) -> &Provider {
        &self.run.provider
    }

    /// Returns the provider's own description.
    pub fn description(&self) -> &Description {
        &self.run.description
    }

    /// Returns the provider's id.
    pub fn provider_id(&self) -> &str {
        &self.run.request.provider
    }

    /// Returns the session's name.
    pub fn session(&self) -> &str {
        &self.run.request.session
    }

    /// Returns the delivery of the credentials to the command.
    pub fn deliver(&self) -> Deliver {
        self.run.deliver
    }

    /// Returns the isolation of the command, if it has one.
    pub fn isolating(&self) -> Option<&Isolating> {
        self.run.isolating.as_ref()
    }

    /// Returns every component that took part so far.
    pub fn components(&self) -> &[Loaded] {
        self.run.attempt.components()
    }
}

impl<'a> Chain<'a, Requested> {
    /// Replaces universal permissions by the provider's own.
    ///
    /// # Errors
    /// When a universal permission means nothing on this provider.
    pub fn expand(self) -> Result<Chain<'a, expansion::Expanded>, Failure> {
        let Self { run, .. } = self;
        let expanded = expansion::expand(&run.request, &run.mapping);
        report::logged(run.context.console, run.mapping.loaded(), run.mapping.logged());
        Ok(Chain { run, output: expanded? })
    }
}

impl<'a> Chain<'a, expansion::Expanded> {
    /// Lets the provider check every permission.
    ///
    /// # Errors
    /// When a permission is malformed, or unknown where that is not accepted.
    pub fn check(self) -> Result<Chain<'a, check::Checked>, Failure> {
        let Self { run, output: expanded } = self;
        let (id, syntax) = (&run.request.provider, &run.description.action_syntax);
        let checked = check::check(expanded, &run.provider, id, syntax);
        report::logged(run.context.console, run.provider.loaded(), run.provider.logged());
        let output = checked
            .map_err(|error| error.suggesting(|action| expansion::nearest(&run.mapping, action)))?;
        Ok(Chain { run, output })
    }
}

impl<'a> Chain<'a, check::Checked> {
    /// Asks every filter. Only this stage makes a grant.
    ///
    /// # Errors
    /// When a filter fails or rejects the request, or when no permission remains.
    pub fn filter(self) -> Result<Chain<'a, Granted>, Failure> {
        let Self { run, output: checked } = self;
        let Context { settings, .. } = run.context;
        let denied = run.denied.entries(&checked.permissions);
        let filters = run.components.filters(settings, &denied)?;
        for filter in &filters {
            run.attempt.add_component(filter.loaded());
        }
        let filtered = filter::filter(&run.request, checked, &filters, &run.circumstances);
        log_filters(run.context.console, &filters);
        let mut filtered =
            filtered.map_err(|error| error.placed(|by| settings.place(&["filters", by])))?;
        let id = &run.request.provider;
        let misspelt = deny::misspelt(&filtered.denied, &filtered.grant, id, &run.provider)?;
        filtered.notices.extend(misspelt);
        Ok(Chain { run, output: Granted { filtered, filters } })
    }
}

fn log_filters(console: Console, filters: &[Filter]) {
    for filter in filters {
        report::logged(console, filter.loaded(), filter.logged());
    }
}

impl<'a> Chain<'a, Granted> {
    /// Lets the provider plan the request to the cloud, and checks who enforces each permission.
    ///
    /// # Errors
    /// When the provider rejects the grant, or when a permission is enforced by less than is required.
    pub fn plan(self) -> Result<Chain<'a, Outlined>, Failure> {
        let Self { run, output: Granted { mut filtered, filters } } = self;
        let Context { settings, console, .. } = run.context;
        let (command, forbidden) = (&run.request.command, run.denied.own.clone());
        // Only a gateway can use several sets of credentials. A part of a grant is not split again, and a session
        // inside another has no clerk to mint the other parts.
        let Circumstances { step_up, parents, .. } = &run.circumstances;
        let is_split = run.deliver == Deliver::Gateway && step_up.is_none() && parents.is_empty();
        let later = if is_split {
            Later::split(&mut filtered.grant, &run.provider).map_err(plan::PlanError::from)?
        } else {
            Later::default()
        };
        let planned =
            plan::plan(filtered, &run.provider, command, settings.delivery.key_life, forbidden);
        report::logged(console, run.provider.loaded(), run.provider.logged());
        let mut planned = planned.map_err(|error| match &error {
            plan::PlanError::Provider(refused)
                if run.narrowing.is_some() && Later::is_too_long(refused) =>
            {
                plan::PlanError::NoRoomInside
            }
            _ => error,
        })?;
        planned.notices.extend(later.notice());
        planned.later = later;
        match &run.narrowing {
            None => layer::note(run.context, &run.provider, &mut planned)?,
            Some(Narrowing::Layer(below)) => planned.layer = Some(below + 1),
            Some(Narrowing::ByGateway(reason)) => planned.leave_to_gateway(reason),
        }
        if let Some(isolating) = &run.isolating {
            planned.notices.extend(isolating.check(&settings.isolation, run.deliver)?);
            run.attempt.add_isolation(isolating.record());
        }
        run.attempt.add_plan(&planned);
        plan::require(&planned, settings.require, &settings.required_by)?;
        if let Some(asked) = run.ttl.lowered_from {
            let (asked, ceiling) = (asked.as_secs(), run.ttl.duration.as_secs());
            planned.notices.push(format!(
                "your organisation limits the ttl to {ceiling} s; {asked} s was asked for"
            ));
        }
        let delivery = delivery::prepare(&run, &mut planned)?;
        Ok(Chain { run, output: Outlined { planned, filters, delivery } })
    }
}

impl<'a> Chain<'a, Outlined> {
    /// Asks every filter about the plan.
    ///
    /// # Errors
    /// When a filter fails or rejects the plan.
    pub fn approve(self) -> Result<Chain<'a, Ready>, Failure> {
        let Self { run, output: Outlined { planned, filters, delivery } } = self;
        let Context { settings, console, .. } = run.context;
        let log = |filters: &[Filter]| log_filters(console, filters);
        let approved = approve::approve(planned, filters, run.circumstances.clone(), log)
            .map_err(|error| error.placed(|by| settings.place(&["filters", by])))?;
        Ok(Chain { run, output: Ready { approved, delivery } })
    }
}

impl Chain<'_, Ready> {
    /// Mints credentials, starts `command` with nothing but these credentials, waits for it, revokes them, and
    /// returns the command's exit status. `observer` observes the stages.
    ///
    /// # Errors
    /// Any failure before the command has started. After that, the command's own status counts.
    pub fn start(self, command: &[OsString], observer: &mut dyn Observer) -> Result<u8, Failure> {
        let Self { mut run, output: Ready { approved, delivery } } = self;
        let Context { environment, settings, console } = run.context;
        // If the command is missing or not executable (exit status 127 or 126), if the log cannot be written, or if the
        // isolation does not stand, nothing is minted.
        let mut place =
            Place::prepare(environment, settings, command, delivery, run.isolating.as_mut())?;
        run.attempt.record_issuing()?;
        let control = run.control(&place);
        place.await_isolation()?;
        let provider = run.provider;
        provider.stop_at(place.signals.interruption());
        provider.record_leases(run.attempt.lease_recorder());
        let mut session = Session {
            context: run.context,
            provider: Arc::clone(&provider),
            attempt: run.attempt,
            description: &run.description,
            withheld: run.components.secret_variables(settings),
            isolating: run.isolating,
            observer,
            control: control.as_ref(),
        };
        let outcome = guarded(|| session.run(approved, place));
        // The provider's own login is closed in every case, after a panic too, so that it does not outlive the
        // run.
        let closed =
            caught(|| provider.close()).unwrap_or_else(|panicked| Err(panicked.to_string()));
        if let Err(reason) = closed {
            console.notice(&format!(
                "the end of the provider's own login was not confirmed: {reason}"
            ));
        }
        outcome.map_err(|failure| match control.and_then(|control| control.ended_by()) {
            Some(by) => failure.ended_by(&by),
            None => failure,
        })
    }
}
