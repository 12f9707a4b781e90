//! Tries a component against the recording of a run: the same requests get the same answers, without the
//! other side.
//!
//! Security: anyone can write a recording. Nothing is reached during a replay: no login, no network, no
//! secret, and none of the user's settings. Of the recording, the component may use no more than its manifest
//! requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::conformance::Check;
use audex_components::backend::Backend;
use audex_components::capability::{Capability, effective};
use audex_components::component::PluginError;
use audex_components::engine::Engine;
use audex_components::imports::tape::{Exchange, Tape};
use audex_components::intent::{Intent, Proposal};
use audex_components::manifest::World;
use audex_components::provider::{Grant, Minted, Permission, Provider, ProviderError, Scope};
use audex_core::delivery::Value;
use audex_core::printable::is_hidden;
use audex_registry::store::{InstallPlan, StoreError};

/// The inputs of a component in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The id of the provider, or of the provider for which an intent engine was asked.
    pub provider: String,
    /// The permissions for which a provider minted, after every filter.
    pub permissions: Vec<Asked>,
    /// The patterns that had to stay denied.
    pub deny: Vec<String>,
    /// The requested duration of access.
    pub ttl_seconds: u32,
    /// The session's name.
    pub session: String,
    /// True if the session had a gateway.
    #[serde(default)]
    pub gateway: bool,
    /// The sentence that an intent engine translated.
    pub text: Option<String>,
    /// The component's settings.
    pub settings: BTreeMap<String, String>,
    /// The capabilities that the component was granted.
    pub granted: Vec<String>,
}

/// A permission in a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    action: String,
    origin: String,
    resources: Vec<String>,
}

impl Script {
    /// Returns the script of a grant.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        let permission = |one: &Permission| Asked {
            action: one.action.clone(),
            origin: one.origin.clone(),
            resources: one.resources.named().to_vec(),
        };
        Self {
            provider: grant.provider.clone(),
            permissions: grant.permissions.iter().map(permission).collect(),
            deny: grant.deny.clone(),
            ttl_seconds: grant.ttl_seconds,
            session: grant.session.clone(),
            gateway: grant.gateway,
            ..Self::default()
        }
    }

    fn grant(&self) -> Grant {
        let permission = |one: &Asked| Permission {
            action: one.action.clone(),
            origin: one.origin.clone(),
            resources: Scope::asked(one.resources.clone()),
        };
        Grant {
            provider: self.provider.clone(),
            permissions: self.permissions.iter().map(permission).collect(),
            deny: self.deny.clone(),
            ttl_seconds: self.ttl_seconds,
            session: self.session.clone(),
            gateway: self.gateway,
        }
    }
}

/// A recorded run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The format of this file: 1.
    pub format: u32,
    /// The component's name.
    pub component: String,
    /// The time of the run, in seconds since the Unix epoch.
    pub now: u64,
    /// The inputs of the component.
    pub script: Script,
    /// The component's exchanges with the other side.
    pub exchanges: Vec<Exchange>,
    /// The component's answers, line by line.
    pub outcome: Vec<String>,
}

/// The maximum number of times that a component is asked if its access works. A real run asks every few
/// seconds, for minutes.
const ROUNDS: usize = 1000;

/// The format that is written.
pub const FORMAT: u32 = 1;

/// Plays `script` with the recorded exchanges. Returns the component's answers and the number of exchanges
/// left over.
///
/// # Errors
/// When the component cannot be loaded or fails. A refusal by the component is an answer.
pub fn play(
    engine: &Engine,
    plan: &InstallPlan,
    script: &Script,
    now: u64,
    exchanges: &[Exchange],
) -> Result<(Vec<String>, usize), StoreError> {
    let mut loaded = plan.loaded(engine)?;
    let granted = script.granted.iter().filter_map(|text| text.parse().ok()).collect();
    loaded.capabilities = effective(&plan.manifest.requested, &granted);
    // A tape has no exchanges of the other capabilities.
    loaded.capabilities.retain(|one| matches!(one, Capability::Http(_) | Capability::Secret(_)));
    let tape = Arc::new(Tape::new(now, exchanges.to_vec()));
    let backend = Backend::replaying(Arc::clone(&tape), &loaded.capabilities);
    if loaded.world == World::Intent {
        let intent = Intent::new(engine, loaded, &backend, script.settings.clone())?;
        let answer = intent.translate(script.text.as_deref().unwrap_or_default(), &script.provider);
        let line = told("translate", answer.map(|proposal| proposed(&proposal)))?;
        return Ok((vec![one_line(&line)], tape.exchanges().len()));
    }
    let mut provider = Provider::new(engine, loaded, backend)?;
    provider.configure(script.settings.clone());
    let lines = mint(&provider, &script.grant(), now)?;
    Ok((lines.iter().map(|line| one_line(line)).collect(), tape.exchanges().len()))
}

/// Calls a provider as a run does, from the plan on.
fn mint(provider: &Provider, grant: &Grant, now: u64) -> Result<Vec<String>, PluginError> {
    let description = provider.describe()?;
    let planned = match provider.plan(grant) {
        Ok(planned) => planned,
        refused => return Ok(vec![told("plan", refused.map(|_| String::new()))?]),
    };
    let mut lines =
        vec![format!("plan: {} {}", planned.method, planned.policy.as_deref().unwrap_or_default())];
    let minted = match provider.mint(grant, &planned, &description, now) {
        Ok(minted) => minted,
        refused => {
            lines.push(told("mint", refused.map(|_| String::new()))?);
            return Ok(lines);
        }
    };
    lines.push(format!("mint: {}", handed_out(&minted)));
    if let (Some(lease), Some(_)) = (&minted.lease, minted.settle) {
        for _ in 0..ROUNDS {
            let settled = provider.settled(lease);
            let is_over = !matches!(settled, Ok(false));
            lines.push(told("settled", settled.map(|settled| settled.to_string()))?);
            if is_over {
                break;
            }
        }
    }
    if let Some(lease) = &minted.lease {
        lines.push(told("revoke", provider.revoke(lease).map(|()| "done".to_owned()))?);
    }
    Ok(lines)
}

/// Replaces hidden characters by spaces.
///
/// Security: a line end in a component's text must not begin a line of this program.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect()
}

fn proposed(proposal: &Proposal) -> String {
    let Proposal { allow, resources, description, candidates } = proposal;
    let weighed =
        candidates.iter().map(|one| format!("{} ({})", one.action, one.reason)).collect::<Vec<_>>();
    format!(
        "{} on {} ({description}); weighed {}",
        allow.join(","),
        if resources.is_empty() { "every resource".to_owned() } else { resources.join(",") },
        if weighed.is_empty() { "nothing else".to_owned() } else { weighed.join(",") }
    )
}

fn handed_out(minted: &Minted) -> String {
    let shown = |value: &Value| match value {
        Value::Plain(text) => text.clone(),
        Value::Secret(_) => "<secret>".to_owned(),
    };
    let variables = minted.variables.iter().map(|(name, value)| format!("{name}={}", shown(value)));
    let mut parts: Vec<String> = variables.collect();
    parts.extend(
        minted.files.iter().map(|file| format!("{}: {}", file.name, shown(&file.contents))),
    );
    parts.push(format!("until {}", minted.expires_at));
    parts.extend(minted.identity.iter().map(|identity| format!("as {identity}")));
    parts.join(", ")
}

/// Returns an answer or a refusal as one line.
fn told(stage: &str, answer: Result<String, ProviderError>) -> Result<String, PluginError> {
    match answer {
        Ok(text) => Ok(format!("{stage}: {text}")),
        Err(ProviderError::Refused { error, .. }) => {
            Ok(format!("{stage}: refused, {}: {}", error.code, error.message))
        }
        Err(ProviderError::Plugin(error)) => Err(error),
    }
}

/// Checks that a component still gives the answers of `recording`.
///
/// # Errors
/// When the component cannot be loaded.
pub fn replay(
    engine: &Engine,
    plan: &InstallPlan,
    recording: &Recording,
) -> Result<Check, StoreError> {
    let name = "does with the recording what it did when it was recorded";
    let wrong = match play(engine, plan, &recording.script, recording.now, &recording.exchanges) {
        Err(StoreError::Plugin(error)) => Some(error.to_string()),
        Err(error) => return Err(error),
        Ok((outcome, left)) => {
            let mut pairs = outcome.iter().zip(&recording.outcome);
            match pairs.find(|(now, then)| now != then) {
                Some((now, then)) => {
                    Some(format!("it answered `{now}`, and `{then}` when it was recorded"))
                }
                None if outcome.len() != recording.outcome.len() => Some(format!(
                    "it gave {} answers, and {} when it was recorded",
                    outcome.len(),
                    recording.outcome.len()
                )),
                None if left > 0 => {
                    Some(format!("it left out the last {left} requests of the recording"))
                }
                None => None,
            }
        }
    };
    Ok(Check { name, wrong })
}
