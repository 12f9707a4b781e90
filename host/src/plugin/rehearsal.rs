//! A component tried from beginning to end: against the other side, written down, or against what was written down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::capability::outside::Outside;
use super::component::PluginError;
use super::conformance::Check;
use super::engine::Engine;
use super::intent::Intent;
use super::manifest::World;
use super::provider::{Grant, Permission, Provider, ProviderError, Status};
use super::store::{InstallPlan, StoreError};
use super::tape::{Exchange, Tape};
use crate::deliver::Value;

/// How long what is minted may live: the shortest that every cloud can make.
const TTL_SECONDS: u32 = 900;
/// Names the session wherever it shows.
const SESSION: &str = "audex-rehearsal";

/// What is asked of the component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Permissions to mint, of a provider.
    pub allow: Vec<String>,
    /// What they are limited to.
    pub resources: Vec<String>,
    /// A sentence to translate, of an intent engine.
    pub text: Option<String>,
    /// The component's settings.
    pub settings: BTreeMap<String, String>,
    /// What it may use.
    pub granted: Vec<String>,
}

/// A rehearsal that was written down.
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

/// The format that is written.
pub const FORMAT: u32 = 1;

/// Plays `script`; `outside` has the tape. Answers what the component answered.
///
/// # Errors
/// When the component cannot be loaded or fails. That it refuses is an answer.
pub fn play(
    engine: &Engine,
    plan: &InstallPlan,
    script: &Script,
    outside: Outside,
    now: u64,
) -> Result<Vec<String>, StoreError> {
    let mut loaded = plan.loaded(engine)?;
    loaded.capabilities =
        script.granted.iter().filter_map(|text| text.parse().ok()).collect::<BTreeSet<Capability>>();
    let outside = Arc::new(outside);
    if loaded.world == World::Intent {
        let intent = Intent::new(engine, loaded, outside, script.settings.clone())?;
        let answer = intent.translate(script.text.as_deref().unwrap_or_default(), "aws");
        return Ok(vec![told("translate", answer.map(|proposal| format!("{proposal:?}")))?]);
    }
    let mut provider = Provider::new(engine, loaded, outside)?;
    let description = provider.describe()?;
    provider.configure(script.settings.clone());
    let mut lines = Vec::new();
    for check in provider.health()? {
        lines.push(format!("health: {} {:?}: {}", check.name, check.status, check.detail));
    }
    let grant = grant(&provider, &description.id, script)?;
    let planned = match provider.plan(&grant) {
        Ok(planned) => planned,
        refused => {
            lines.push(told("plan", refused.map(|_| String::new()))?);
            return Ok(lines);
        }
    };
    lines.push(format!("plan: {} {}", planned.method, planned.policy.as_deref().unwrap_or_default()));
    let minted = provider.mint(&grant, &planned, &description.sets, now);
    let lease = minted.as_ref().ok().and_then(|minted| minted.lease.clone());
    lines.push(told(
        "mint",
        minted.map(|minted| {
            let shown = |value: &Value| match value {
                Value::Plain(text) => text.clone(),
                Value::Secret(_) => "<secret>".to_owned(),
            };
            let mut parts: Vec<String> =
                minted.variables.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
            parts.extend(minted.files.iter().map(|file| format!("{}: {}", file.name, shown(&file.contents))));
            parts.push(format!("until {}", minted.expires_at));
            parts.extend(minted.identity.map(|identity| format!("as {identity}")));
            parts.join(", ")
        }),
    )?);
    if let Some(lease) = lease {
        lines.push(told("revoke", provider.revoke(&lease).map(|()| "done".to_owned()))?);
    }
    Ok(lines)
}

/// What the component makes of the permissions, each on the resources.
fn grant(provider: &Provider, id: &str, script: &Script) -> Result<Grant, PluginError> {
    let findings = provider.check(&script.allow)?;
    let known = |status: &Status| matches!(status, Status::Known | Status::Corrected);
    let mut permissions = Vec::new();
    for (finding, origin) in findings.into_iter().zip(&script.allow) {
        if known(&finding.status) {
            permissions.extend(finding.actions.into_iter().map(|action| Permission {
                action,
                origin: origin.clone(),
                resources: script.resources.clone(),
            }));
        }
    }
    let (provider, session) = (id.to_owned(), SESSION.to_owned());
    Ok(Grant { provider, permissions, deny: Vec::new(), ttl_seconds: TTL_SECONDS, session })
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
pub fn replay(
    engine: &Engine,
    plan: &InstallPlan,
    recording: &Recording,
    outside: Outside,
) -> Result<Check, StoreError> {
    let tape = Arc::new(Tape::replaying(recording.now, recording.exchanges.clone()));
    let outside = outside.with_tape(Arc::clone(&tape));
    let name = "does with the recording what it did when it was recorded";
    let wrong = match play(engine, plan, &recording.script, outside, recording.now) {
        Err(StoreError::Plugin(error)) => Some(error.to_string()),
        Err(error) => return Err(error),
        Ok(outcome) => {
            let mut pairs = outcome.iter().zip(&recording.outcome);
            let left = tape.exchanges().len();
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
