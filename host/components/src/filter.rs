//! Calls to filter components, of every track of the contract.

use super::bindings::{filter as v0_2, filter_0_1 as v0_1};
use super::call::{call, pure_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::manifest::Track;
use super::provider::{self, Enforcer, GrantPlan};
use super::state::State;
use audex_core::printable::line;

pub use v0_2::wit::{Approval, Context, Restriction, Verdict};

/// A filter that is ready to be called.
pub struct Filter {
    engine: Engine,
    loaded: Loaded,
    pre: Pre,
    /// Its settings, a JSON object.
    settings: String,
}

/// What is called, by track.
enum Pre {
    V0_1(v0_1::PolicyFilterPre<State>),
    V0_2(v0_2::PolicyFilterPre<State>),
}

impl Filter {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When it is no filter of its contract, or imports anything.
    pub fn new(engine: &Engine, loaded: Loaded, settings: String) -> Result<Self, PluginError> {
        let link =
            |error: wasmtime::Error| PluginError::new(&loaded, Phase::Link, error.root_cause().to_string());
        let pre = pure_linker(engine).instantiate_pre(&loaded.component).map_err(link)?;
        let pre = match loaded.track {
            Track::V0_1 => v0_1::PolicyFilterPre::new(pre).map(Pre::V0_1),
            Track::V0_2 => v0_2::PolicyFilterPre::new(pre).map(Pre::V0_2),
        };
        let pre = pre.map_err(link)?;
        Ok(Self { engine: engine.clone(), loaded, pre, settings })
    }

    /// The component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Its verdict on `grant`, whose permissions it may drop by position.
    ///
    /// # Errors
    /// When it fails, or drops what is not there.
    pub fn review(&self, grant: &provider::Grant, context: &Context) -> Result<Verdict, PluginError> {
        let (mut verdict, _) = call(&self.engine, &self.loaded, State::pure(), |store| {
            let (instantiate, call) = (|error| (Phase::Instantiate, error), |error| (Phase::Call, error));
            match &self.pre {
                Pre::V0_1(pre) => {
                    let instance = pre.instantiate(&mut *store).map_err(instantiate)?;
                    let filter = instance.audex_plugin_filter();
                    let answer = filter.call_review(store, &older(grant), &context.command, &self.settings);
                    answer.map(Verdict::from).map_err(call)
                }
                Pre::V0_2(pre) => {
                    let instance = pre.instantiate(&mut *store).map_err(instantiate)?;
                    let filter = instance.audex_plugin0_2_0_filter();
                    filter.call_review(store, &shown(grant), context, &self.settings).map_err(call)
                }
            }
        })?;
        clean(&mut verdict);
        if let Verdict::Restrict(restrictions) = &verdict {
            let entries =
                restrictions.iter().map(|restriction| 1 + restriction.drop.len() + restriction.deny.len());
            if entries.sum::<usize>() > limit::ENTRIES {
                let reason = format!("its verdict has more than {} entries", limit::ENTRIES);
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
            // Security: a pattern that is altered denies something else, so it is refused where other words are made fit.
            let mut patterns = restrictions.iter().flat_map(|restriction| &restriction.deny);
            if let Some(pattern) = patterns.find(|pattern| *pattern != &line(pattern)) {
                let reason = format!("it denies what is no pattern on one line of text: `{}`", line(pattern));
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
            let dropped = restrictions.iter().flat_map(|restriction| &restriction.drop);
            if dropped.into_iter().any(|position| *position as usize >= grant.permissions.len()) {
                let reason = "it dropped a permission that is not there";
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
        }
        Ok(verdict)
    }

    /// Whether it lets `plan` be asked of the cloud. One of the track 0.1 has said all it has to say before.
    ///
    /// # Errors
    /// When it fails.
    pub fn approve(
        &self,
        grant: &provider::Grant,
        plan: &GrantPlan,
        context: &Context,
    ) -> Result<Approval, PluginError> {
        let Pre::V0_2(pre) = &self.pre else { return Ok(Approval::Approve) };
        let (mut approval, _) = call(&self.engine, &self.loaded, State::pure(), |store| {
            let instance = pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let filter = instance.audex_plugin0_2_0_filter();
            filter
                .call_approve(store, &shown(grant), &planned(plan), context, &self.settings)
                .map_err(|error| (Phase::Call, error))
        })?;
        if let Approval::Refuse(reason) = &mut approval {
            reason.clean();
        }
        Ok(approval)
    }
}

impl From<v0_1::wit::Verdict> for Verdict {
    fn from(verdict: v0_1::wit::Verdict) -> Self {
        let restriction = |one: v0_1::wit::Restriction| {
            let v0_1::wit::Restriction { drop, deny, max_ttl_seconds, reason } = one;
            Restriction { drop, deny, max_ttl_seconds, reason }
        };
        match verdict {
            v0_1::wit::Verdict::Pass => Self::Pass,
            v0_1::wit::Verdict::Restrict(list) => Self::Restrict(list.into_iter().map(restriction).collect()),
            v0_1::wit::Verdict::Refuse(reason) => Self::Refuse(reason),
        }
    }
}

/// Makes a verdict's words fit to be shown; its patterns stay as they are.
fn clean(verdict: &mut Verdict) {
    match verdict {
        Verdict::Pass => {}
        Verdict::Refuse(reason) => reason.clean(),
        Verdict::Restrict(restrictions) => restrictions.iter_mut().for_each(|restriction| {
            restriction.reason.clean();
        }),
    }
}

/// Writes the grant in a filter world's own types, which are exported so that a filter imports nothing.
macro_rules! in_types_of {
    ($types:path, $grant:expr) => {{
        use $types as types;
        let grant: &provider::Grant = $grant;
        let permission = |permission: &provider::Permission| types::Permission {
            action: permission.action.clone(),
            origin: permission.origin.clone(),
            resources: permission.resources.clone(),
        };
        types::Grant {
            provider: grant.provider.clone(),
            permissions: grant.permissions.iter().map(permission).collect(),
            deny: grant.deny.clone(),
            ttl_seconds: grant.ttl_seconds,
            session: grant.session.clone(),
        }
    }};
}

fn older(grant: &provider::Grant) -> v0_1::types::Grant {
    in_types_of!(super::bindings::filter_0_1::types, grant)
}

fn shown(grant: &provider::Grant) -> v0_2::types::Grant {
    in_types_of!(super::bindings::filter::types, grant)
}

fn planned(plan: &GrantPlan) -> v0_2::wit::Plan {
    let permission = |planned: &provider::Planned| v0_2::wit::Planned {
        action: planned.action.clone(),
        enforced_by: match planned.enforced_by {
            Enforcer::Cloud => v0_2::wit::Enforcer::Cloud,
            Enforcer::Token => v0_2::wit::Enforcer::Token,
            Enforcer::None => v0_2::wit::Enforcer::None,
        },
        note: planned.note.clone(),
    };
    v0_2::wit::Plan {
        method: plan.method.clone(),
        policy: plan.policy.clone(),
        permissions: plan.permissions.iter().map(permission).collect(),
        longest_life_seconds: plan.longest_life_seconds,
    }
}
