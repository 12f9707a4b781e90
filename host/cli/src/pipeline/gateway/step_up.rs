//! One thing more for a running session: the whole chain once more, for credentials beside the first.
//!
//! Security: nothing here is shorter than for a run. The deny lists and profiles of the run count, every filter is
//! asked, and what a filter drops refuses the ask. Settings are those that the run began with.

pub(super) mod clerk;
mod grant;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::asks::Wanted;
use crate::asks::board::{Asker, Board, NotLocal};
use crate::asks::rules::Rules;
use crate::asks::webhook::WebhookClient;
use crate::components::Components;
use crate::console::Console;
use crate::deny;
use crate::failure::Failure;
use crate::later::{Later, covers};
use crate::pipeline::attempt::Attempt;
use crate::pipeline::open;
use crate::pipeline::{Chain, Context, Narrowing, Ready, Requested, Run};
use crate::request::{Asked, Request};
use crate::settings::approve::ApproveSettings;
use crate::settings::delivery::Deliver;
use crate::settings::deny_list::DenyEntry;
use crate::settings::{Settings, Ttl};
use audex_audit::redact_command;
use audex_components::backend::Backend;
use audex_components::filter::{self, Context as Circumstances, Isolation, StepUp};
use audex_components::provider::{self, Description, Provider};
use audex_core::clock;
use audex_core::environment::Environment;
use audex_core::shape::Misplaced;

/// What the asks of a session need of its run.
pub(crate) struct Ground {
    environment: Environment,
    pub(super) settings: Settings,
    description: Description,
    request: Request,
    forbidden: Vec<DenyEntry>,
    circumstances: Circumstances,
    narrowing: Option<Narrowing>,
    /// The session around this one: no ask gets more than it has.
    around: Option<Arc<Self>>,
    /// What the session has: the first grant, and what asks added.
    granted: Mutex<Vec<provider::Permission>>,
    rules: Rules,
    /// The installed components with which the run began: name, digest, and whether it takes part.
    installed: Vec<(String, String, bool)>,
    /// The parts of the run's own grant that are minted when they are needed.
    pub(super) later: Later,
    /// The server that is asked.
    webhook: Option<WebhookClient>,
}

impl Ground {
    /// Takes over what the asks of a run with this grant need.
    ///
    /// # Errors
    /// When a rule of `[approve]` means no action.
    pub(super) fn of(
        run: &Run<'_>,
        grant: &provider::Grant,
        later: &Later,
    ) -> Result<Self, Failure> {
        let settings = run.context.settings;
        let approve = &settings.approve;
        let (rules, _) = rules(run, approve)?;
        Ok(Self {
            environment: run.context.environment.clone(),
            settings: settings.clone(),
            description: run.description.clone(),
            request: run.request.clone(),
            forbidden: run.forbidden.iter().chain(&approve.never).cloned().collect(),
            circumstances: run.circumstances.clone(),
            narrowing: run.narrowing.clone(),
            around: None,
            granted: Mutex::new(grant.permissions.clone()),
            rules,
            installed: installed(&run.components),
            later: later.clone(),
            webhook: approve
                .webhook
                .as_ref()
                .map(|webhook| {
                    WebhookClient::prepare(webhook, &settings.secrets, run.context.environment)
                })
                .transpose()?,
        })
    }

    /// Returns the same for a session inside the one of `around`.
    pub(super) fn inside(self, around: Arc<Self>) -> Self {
        Self { around: Some(around), ..self }
    }

    /// Returns a permission of `wanted` that the session around this one does not have.
    pub(super) fn beyond<'a>(
        &self,
        wanted: &'a [provider::Permission],
    ) -> Option<&'a provider::Permission> {
        let around = self.around.as_ref()?;
        wanted.iter().find(|one| !around.has(one))
    }

    fn has(&self, wanted: &provider::Permission) -> bool {
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        granted.iter().chain(self.later.whole()).any(|held| covers(held, wanted))
    }

    /// Returns what filters are told about the session.
    pub(super) fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// Returns the session that asks.
    pub(super) fn asker(&self) -> Asker {
        let words: Vec<&str> = self.request.command.iter().map(String::as_str).collect();
        Asker {
            session: self.request.session.clone(),
            provider: self.request.provider.clone(),
            agent: self.circumstances.agent.clone(),
            command: redact_command(&words),
            not_local: self.not_local(),
        }
    }

    /// Returns the reason why no answer from this machine counts, if that is so.
    fn not_local(&self) -> Option<NotLocal> {
        if self.settings.approve.is_webhook_only {
            return Some(NotLocal::OnlyWebhook);
        }
        let is_isolated = self.circumstances.isolation != Isolation::Off;
        (!is_isolated).then_some(NotLocal::NotIsolated)
    }

    /// Returns the reason why nobody can answer, if that is so.
    fn nobody_can_answer(&self) -> Option<NotLocal> {
        self.not_local().filter(|_| self.webhook().is_none())
    }

    /// Returns the server that is asked.
    ///
    /// Security: a command that is not isolated can take the port of a server on this machine, and read the key where its
    /// user can.
    fn webhook(&self) -> Option<&WebhookClient> {
        let is_isolated = self.circumstances.isolation != Isolation::Off;
        self.webhook.as_ref().filter(|webhook| is_isolated || webhook.is_https())
    }

    /// Returns the values that no text for the command may have.
    fn misplaced(&self) -> Misplaced {
        Misplaced::of(&self.environment)
    }

    /// Tells the user of an ask through the desktop, if a person at this machine can answer it.
    fn notify(&self, id: &str, board: &Board) {
        let Some(ask) = board.get(id).filter(|_| self.not_local().is_none()) else { return };
        let environment = self.environment.clone();
        // The ask is not held up by a desktop that does not answer.
        let thread = std::thread::Builder::new().name("notification".to_owned());
        let _ = thread.spawn(move || {
            let summary = format!("{} asks for more", ask.who());
            let (what, level, reason) = (ask.what(), ask.level(), ask.reason());
            let body = format!("{what} ({level}) {reason}\ntryaudex approve {}", ask.id);
            // Without a desktop, the ask waits in `tryaudex approve`.
            let _ = audex_child::notify(&environment, &summary, &body);
        });
    }

    /// Returns the rules of the session.
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Adds what an ask got to what the session has.
    fn add(&self, permissions: Vec<provider::Permission>) {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner).extend(permissions);
    }

    /// Takes `wanted` through the chain up to the filters' approval of the plan. `life` is the longest life of the
    /// credentials.
    ///
    /// # Errors
    /// As for a run; also when a filter drops a permission.
    pub(super) fn ready<'a>(
        &'a self,
        provider: &Arc<Provider>,
        attempt: &'a mut Attempt,
        wanted: &[Wanted],
        why: Option<&str>,
        life: Duration,
    ) -> Result<Chain<'a, Ready>, Failure> {
        let chain = self.chain(provider, attempt, wanted, why, life)?;
        let chain = chain.expand()?.check()?.filter()?;
        // What a filter drops of the run's own grant, it may have dropped before: the rest stays granted.
        let is_own = self.later.grants(wanted);
        if let Some(dropped) = chain.output.filtered.denied.first().filter(|_| !is_own) {
            let message =
                format!("`{}` is refused by {}: {}", dropped.action, dropped.by, dropped.reason);
            return Err(Failure::refused(&message, "ask for less").at("filter"));
        }
        chain.plan()?.approve()
    }

    fn chain<'a>(
        &'a self,
        provider: &Arc<Provider>,
        attempt: &'a mut Attempt,
        wanted: &[Wanted],
        why: Option<&str>,
        life: Duration,
    ) -> Result<Chain<'a, Requested>, Failure> {
        let settings = &self.settings;
        let components = Components::open(settings)?;
        // Security: without isolation, the command can switch a filter off.
        if installed(&components) != self.installed {
            let message = "components were installed, removed or switched since the session began";
            return Err(Failure::refused(message, "start a new session").at("filter"));
        }
        let now = clock::unix_seconds();
        let mapping = components.mapping(&settings.mapping, now)?;
        let id = &self.request.provider;
        let denied = native(&self.forbidden, &components, &mapping, provider, id)?;
        let asked = |wanted: &Wanted| Asked {
            permission: wanted.action.clone(),
            origin: wanted.action.clone(),
            resources: wanted.resources.clone(),
        };
        let permissions = wanted.iter().map(asked).collect();
        let request = Request { permissions, ttl: life, ..self.request.clone() };
        attempt.add_permissions(&request);
        attempt.add_component(provider.loaded());
        attempt.add_component(mapping.loaded());
        let granted =
            filter::shown_permissions(&self.granted.lock().unwrap_or_else(PoisonError::into_inner));
        let step_up = Some(StepUp { granted, reason: why.map(str::to_owned) });
        let circumstances = Circumstances { now, step_up, ..self.circumstances.clone() };
        // The terminal is the command's.
        let console = Console { quiet: true, ..Console::default() };
        let run = Run {
            context: Context { environment: &self.environment, settings, console },
            attempt,
            components,
            provider: Arc::clone(provider),
            description: self.description.clone(),
            mapping,
            request,
            ttl: Ttl { duration: life, lowered_from: None },
            forbidden: self.forbidden.clone(),
            denied,
            limits: Vec::new(),
            deliver: Deliver::Gateway,
            isolating: None,
            circumstances,
            narrowing: self.narrowing.clone(),
        };
        Ok(Chain { run, output: Requested })
    }
}

/// Returns the rules of `[approve]` for a run, and the patterns that no ask gets, in the provider's own names.
///
/// # Errors
/// When an entry matches no action.
pub(in crate::pipeline) fn rules(
    run: &Run<'_>,
    approve: &ApproveSettings,
) -> Result<(Rules, Vec<String>), Failure> {
    let native = |entries: &[DenyEntry]| {
        native(entries, &run.components, &run.mapping, &run.provider, &run.request.provider)
    };
    let mut person = native(&approve.person)?.own;
    person.extend(sensitive(&run.description));
    if let Some(other) = &run.description.calls_to {
        person.extend(sensitive(&run.components.provider(other, Backend::default())?.describe()?));
    }
    let rules = Rules::new(approve, native(&approve.allow)?.own, person);
    Ok((rules, native(&approve.never)?.own))
}

/// Returns what a provider's profiles leave out because it returns secrets or people's data: a person has to answer for
/// it, although it only reads.
fn sensitive(description: &Description) -> impl Iterator<Item = String> {
    let omitted = description.profiles.iter().flat_map(|profile| &profile.leaves_out);
    omitted.flat_map(|omission| omission.actions.iter().cloned())
}

fn installed(components: &Components) -> Vec<(String, String, bool)> {
    let installed = components.store().installed().iter();
    installed.map(|one| (one.name.clone(), one.digest.clone(), one.enabled)).collect()
}

fn native(
    entries: &[DenyEntry],
    components: &Components,
    mapping: &audex_components::mapping::Mapping,
    provider: &Provider,
    id: &str,
) -> Result<deny::Native, Failure> {
    let elsewhere = |patterns: &[String]| open::elsewhere(components, id, patterns);
    Ok(deny::native(entries, id, mapping, provider, elsewhere)?)
}
