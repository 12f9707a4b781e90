//! Turns a sentence into a request. An engine's proposal is checked like anything that a user types, and
//! nothing runs from it here.

use std::collections::BTreeMap;

use crate::components::Components;
use crate::expansion;
use crate::failure::Failure;
use crate::pipeline::attempt::Attempt;
use crate::pipeline::open::{self, Opened};
use crate::pipeline::{self, Context, report};
use crate::plan::PlanError;
use crate::request::Arguments;
use crate::settings::{DEFAULT_PROVIDER, Settings};
use audex_components::component::Loaded;
use audex_components::intent::Candidate;
use audex_components::provider::Status;
use audex_core::clock;
use audex_core::environment::{ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, Environment};

/// The engine that sends no requests.
const LOCAL: &str = "intent-local";
/// The engine that asks Claude.
const CLAUDE: &str = "intent-claude";

/// The user's choice of engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// `--engine`.
    pub engine: Option<String>,
    /// `--model`.
    pub model: Option<String>,
}

/// A proposed permission that was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The permission as proposed.
    pub action: String,
    /// The reason.
    pub reason: String,
}

/// A proposal after every check.
pub(crate) struct Proposed {
    /// The engine that made the proposal.
    pub engine: Loaded,
    /// The provider of the permissions.
    pub provider: String,
    /// Permissions that are known, allowed by every filter, and can be planned.
    pub allow: Vec<String>,
    /// The resources to which the permissions are limited; empty means every resource.
    pub resources: Vec<String>,
    /// The purpose of the permissions, in the engine's words.
    pub description: String,
    /// The rejected permissions.
    pub refused: Vec<Refused>,
    /// The candidates that the engine weighed.
    pub candidates: Vec<Candidate>,
}

impl Proposed {
    /// Returns the proposal as a request. Everything else in the request comes from `run`.
    #[must_use]
    pub(crate) fn ask(&self, run: Arguments) -> Arguments {
        Arguments {
            allow: self.allow.clone(),
            profiles: Vec::new(),
            resources: self.resources.clone(),
            ..run
        }
    }
}

/// Asks an engine for the permissions that `text` needs, and checks the answer.
///
/// # Errors
/// When the engine has no answer, or the checks leave nothing of the answer.
pub(crate) fn propose(
    context: Context<'_>,
    text: &str,
    choice: &Choice,
) -> Result<Proposed, Failure> {
    let Context { environment, settings, .. } = context;
    let components = Components::open(settings)?;
    let id = settings.provider.clone().unwrap_or_else(|| DEFAULT_PROVIDER.to_owned());
    let opened = open::provider(environment, settings, &components, &id)?;
    let engine = engine(environment, settings, &components, choice)?;
    let proposal = engine.translate(text, &id);
    report::logged(context.console, engine.loaded(), engine.logged());
    let proposal = proposal.map_err(|error| Failure::from(error).at("intent"))?;
    keeps_to_the_named(text, &proposal.resources)?;
    let mut refused = Vec::new();
    let allow = known(
        &opened,
        &components.mapping(&settings.mapping, clock::unix_seconds())?,
        &proposal.allow,
        &mut refused,
    )?;
    let allow = not_ruled_out(text, allow, &mut refused);
    let mut proposed = Proposed {
        engine: engine.loaded().clone(),
        provider: id,
        allow,
        resources: proposal.resources,
        description: proposal.description,
        refused,
        candidates: proposal.candidates,
    };
    filtered(context, &mut proposed)?;
    Ok(proposed)
}

/// Returns the engine that the user or the settings name, else Claude if there is a key, else the local
/// engine.
fn engine(
    environment: &Environment,
    settings: &Settings,
    components: &Components,
    choice: &Choice,
) -> Result<audex_components::intent::Intent, Failure> {
    let table = &settings.intent;
    let has_key =
        environment.get(ANTHROPIC_API_KEY).is_some() || settings.secrets.has(ANTHROPIC_API_KEY);
    let by_key = || if has_key { CLAUDE } else { LOCAL }.to_owned();
    let name = choice.engine.clone().or_else(|| table.engine.clone()).unwrap_or_else(by_key);
    let model = choice.model.clone().or_else(|| table.model.clone());
    let own: BTreeMap<String, String> =
        model.map(|model| ("model".to_owned(), model)).into_iter().collect();
    let environment = match &table.base_url {
        Some(url) => environment.or(ANTHROPIC_BASE_URL, url),
        None => environment.clone(),
    };
    Ok(components.intent(&name, &settings.backend(environment), own)?)
}

/// Returns the permissions that the provider knows. A permission for everything at once is always rejected.
fn known(
    opened: &Opened,
    mapping: &audex_components::mapping::Mapping,
    proposed: &[String],
    refused: &mut Vec<Refused>,
) -> Result<Vec<String>, Failure> {
    let Opened { id, provider, description } = opened;
    let mut allow: Vec<String> = Vec::new();
    let expanded = mapping.expand(id, proposed)?;
    for (asked, expansion) in proposed.iter().zip(expanded) {
        let mut refuse = |reason: String| refused.push(Refused { action: asked.clone(), reason });
        let actions = expansion.map_or_else(|| vec![asked.clone()], |expansion| expansion.actions);
        if actions.is_empty() {
            refuse(format!("it means nothing on provider `{id}`"));
        }
        for (action, finding) in actions.iter().zip(provider.check(&actions)?) {
            let suggestion = || {
                let nearest =
                    finding.suggestion.clone().or_else(|| expansion::nearest(mapping, action));
                nearest.map(|nearest| format!("; did it mean `{nearest}`")).unwrap_or_default()
            };
            match finding.status {
                _ if action.trim_matches(['*', ':', '/', '.']).is_empty() => {
                    refuse("it is everything at once".to_owned());
                }
                Status::Unknown => refuse(format!("there is no such action{}", suggestion())),
                Status::Malformed => {
                    refuse(format!("it is not written {}", description.action_syntax));
                }
                Status::Known | Status::Corrected => {
                    let new = finding.actions.into_iter().filter(|action| !allow.contains(action));
                    let new: Vec<String> = new.collect();
                    allow.extend(new);
                }
            }
        }
    }
    Ok(allow)
}

/// Leaves out actions that the sentence itself rules out, whichever engine proposed them.
///
/// Security: an engine may overlook a negation, and with `--yes` no person reads the proposal.
fn not_ruled_out(text: &str, allow: Vec<String>, refused: &mut Vec<Refused>) -> Vec<String> {
    let ruled_out = sentence::ruled_out(text);
    let mut kept = Vec::new();
    for action in allow {
        match sentence::forbids(&ruled_out, &action) {
            Some(verb) => {
                let reason = format!("the sentence rules out `{verb}`");
                refused.push(Refused { action, reason });
            }
            None => kept.push(action),
        }
    }
    kept
}

/// Rejects a proposal for every resource if the sentence writes one out.
fn keeps_to_the_named(text: &str, resources: &[String]) -> Result<(), Failure> {
    match sentence::written_out(text) {
        Some(address) if resources.is_empty() => Err(Failure::usage(
            &format!("the sentence names `{address}`, and the proposal is for every resource"),
            "say it in other words, or give the permissions: --allow and --resource",
        )),
        _ => Ok(()),
    }
}

/// Leaves out permissions that filters deny, and checks that the rest can be written as a policy. Needs no
/// credentials.
fn filtered(context: Context<'_>, proposed: &mut Proposed) -> Result<(), Failure> {
    if proposed.allow.is_empty() {
        let reasons: Vec<String> = proposed
            .refused
            .iter()
            .map(|one| format!("`{}`: {}", one.action, one.reason))
            .collect();
        let message = format!("nothing that was proposed can be had: {}", reasons.join("; "));
        return Err(Failure::usage(
            &message,
            "say it in other words, or give the permissions: --allow",
        ));
    }
    let mut attempt = Attempt::new(&context.settings.paths);
    let chain = pipeline::request(context, proposed.ask(Arguments::default()), &mut attempt)?;
    let granted = chain.expand()?.check()?.filter()?;
    let filtered = &granted.output.filtered;
    for denied in &filtered.denied {
        proposed
            .refused
            .push(Refused { action: denied.action.clone(), reason: denied.reason.clone() });
        proposed.allow.retain(|action| *action != denied.action);
    }
    let document = granted.provider().document(filtered.grant.shown(), "intent", "json");
    document.map(drop).map_err(|error| PlanError::NoDocument(error).into())
}
