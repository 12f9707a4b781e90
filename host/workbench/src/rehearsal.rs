//! A component tried against what was written down of a run: the same requests, the same answers, and nobody at the other side.
//!
//! Security: a recording is anybody's file. Nothing is reached while it is played: no login, no network, no secret, no setting
//! of the user's; and the component may use no more of what stands in it than its manifest asks for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::conformance::Check;
use audex_components::capability::Capability;
use audex_components::capability::effective;
use audex_components::component::PluginError;
use audex_components::engine::Engine;
use audex_components::intent::Intent;
use audex_components::intent::Proposal;
use audex_components::manifest::World;
use audex_components::outside::Outside;
use audex_components::provider::Grant;
use audex_components::provider::Minted;
use audex_components::provider::Permission;
use audex_components::provider::Provider;
use audex_components::provider::ProviderError;
use audex_components::provider::Scope;
use audex_components::tape::Exchange;
use audex_components::tape::Tape;
use audex_core::environment::Environment;
use audex_core::printable::is_hidden;
use audex_core::session::Value;
use audex_registry::store::InstallPlan;
use audex_registry::store::StoreError;

/// What was asked of the component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The provider that an intent engine was asked for; of a provider its id.
    pub provider: String,
    /// What a provider minted for, after every filter.
    pub permissions: Vec<Asked>,
    /// What had to stay forbidden.
    pub deny: Vec<String>,
    /// How long access was to last.
    pub ttl_seconds: u32,
    /// The session's name.
    pub session: String,
    /// The sentence that an intent engine translated.
    pub text: Option<String>,
    /// The component's settings.
    pub settings: BTreeMap<String, String>,
    /// What it was granted.
    pub granted: Vec<String>,
}

/// One permission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    action: String,
    origin: String,
    resources: Vec<String>,
}

impl Script {
    /// The script of a grant.
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
        }
    }
}

/// A run that was written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Of this file: 1.
    pub format: u32,
    /// The component's name.
    pub component: String,
    /// When it was, in seconds since the Unix epoch.
    pub now: u64,
    /// What was asked.
    pub script: Script,
    /// What it asked of the other side.
    pub exchanges: Vec<Exchange>,
    /// What it answered, line by line.
    pub outcome: Vec<String>,
}

/// How often a component is asked whether its access works by now; a real run asks every few seconds, for minutes.
const ROUNDS: usize = 1000;

/// The format that is written.
pub const FORMAT: u32 = 1;

/// Plays `script` on what was recorded. Answers what the component answered, and how many requests were left over.
///
/// # Errors
/// When the component cannot be loaded or fails. That it refuses is an answer.
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
    // What is behind the other slots is not on a tape.
    loaded.capabilities.retain(|one| matches!(one, Capability::Http(_) | Capability::Secret(_)));
    let tape = Arc::new(Tape::replaying(now, exchanges.to_vec()));
    let outside = Arc::new(Outside::new(Environment::default(), None).with_tape(Arc::clone(&tape)));
    if loaded.world == World::Intent {
        let intent = Intent::new(engine, loaded, outside, script.settings.clone())?;
        let answer = intent.translate(script.text.as_deref().unwrap_or_default(), &script.provider);
        let line = told("translate", answer.map(|proposal| proposed(&proposal)))?;
        return Ok((vec![one_line(&line)], tape.exchanges().len()));
    }
    let mut provider = Provider::new(engine, loaded, outside)?;
    provider.configure(script.settings.clone());
    let lines = mint(&provider, &script.grant(), now)?;
    Ok((lines.iter().map(|line| one_line(line)).collect(), tape.exchanges().len()))
}

/// What a run does with a provider, from the plan on.
fn mint(provider: &Provider, grant: &Grant, now: u64) -> Result<Vec<String>, PluginError> {
    let description = provider.describe()?;
    let planned = match provider.plan(grant) {
        Ok(planned) => planned,
        refused => return Ok(vec![told("plan", refused.map(|_| String::new()))?]),
    };
    let mut lines =
        vec![format!("plan: {} {}", planned.method, planned.policy.as_deref().unwrap_or_default())];
    let minted = match provider.mint(grant, &planned, &description.sets, now) {
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

/// Security: a component's line end must not begin a line of ours.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect()
}

fn proposed(proposal: &Proposal) -> String {
    let Proposal { allow, resources, description, candidates } = proposal;
    let weighed = candidates.iter().map(|one| format!("{} ({})", one.action, one.reason)).collect::<Vec<_>>();
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
    parts.extend(minted.files.iter().map(|file| format!("{}: {}", file.name, shown(&file.contents))));
    parts.push(format!("until {}", minted.expires_at));
    parts.extend(minted.identity.iter().map(|identity| format!("as {identity}")));
    parts.join(", ")
}

/// An answer or a refusal as one line.
fn told(stage: &str, answer: Result<String, ProviderError>) -> Result<String, PluginError> {
    match answer {
        Ok(text) => Ok(format!("{stage}: {text}")),
        Err(ProviderError::Refused { error, .. }) => {
            Ok(format!("{stage}: refused, {}: {}", error.code, error.message))
        }
        Err(ProviderError::Plugin(error)) => Err(error),
    }
}

/// Whether a component still does what it did when `recording` was made.
///
/// # Errors
/// When it cannot be loaded.
pub fn replay(engine: &Engine, plan: &InstallPlan, recording: &Recording) -> Result<Check, StoreError> {
    let name = "does with the recording what it did when it was recorded";
    let wrong = match play(engine, plan, &recording.script, recording.now, &recording.exchanges) {
        Err(StoreError::Plugin(error)) => Some(error.to_string()),
        Err(error) => return Err(error),
        Ok((outcome, left)) => {
            let mut pairs = outcome.iter().zip(&recording.outcome);
            match pairs.find(|(now, then)| now != then) {
                Some((now, then)) => Some(format!("it answered `{now}`, and `{then}` when it was recorded")),
                None if outcome.len() != recording.outcome.len() => Some(format!(
                    "it gave {} answers, and {} when it was recorded",
                    outcome.len(),
                    recording.outcome.len()
                )),
                None if left > 0 => Some(format!("it left out the last {left} requests of the recording")),
                None => None,
            }
        }
    };
    Ok(Check { name, wrong })
}
