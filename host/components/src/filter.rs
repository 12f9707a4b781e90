//! Calls to filter components.

use super::bindings::filter::{PolicyFilterPre, types, wit};
use super::call::{call, pure_linker};
use super::clean::Clean as _;
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::messages::Messages;
use super::provider::{self, Enforcer, GrantPlan};
use super::state::Pure;
use audex_core::printable::line;

pub use wit::{Approval, Context, Delivery, Isolation, Restriction, StepUp, Verdict};

/// A filter that is ready to be called.
pub struct Filter {
    engine: Engine,
    loaded: Loaded,
    pre: PolicyFilterPre<Pure>,
    /// The filter's settings, a JSON object.
    settings: String,
    messages: Messages,
}

impl Filter {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When the component is not a filter of this contract version, or has imports other than WASI's.
    pub fn new(engine: &Engine, loaded: Loaded, settings: String) -> Result<Self, PluginError> {
        let link = |error: wasmtime::Error| {
            PluginError::new(&loaded, Phase::Link, error.root_cause().to_string())
        };
        let linker = pure_linker(engine, &loaded).map_err(link)?;
        let pre = linker
            .instantiate_pre(&loaded.component)
            .and_then(PolicyFilterPre::new)
            .map_err(link)?;
        Ok(Self { engine: engine.clone(), loaded, pre, settings, messages: Messages::default() })
    }

    /// Returns the component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Returns the messages of the component since the last call.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.messages.take()
    }

    /// Returns the filter's verdict on `grant`. The verdict names permissions to drop by their position.
    ///
    /// # Errors
    /// When the filter fails, drops a permission that does not exist, or returns too many entries or a
    /// malformed pattern.
    pub fn review(
        &self,
        grant: &provider::Grant,
        context: &Context,
    ) -> Result<Verdict, PluginError> {
        let state = Pure::new(context.now);
        let (mut verdict, _) = call(&self.engine, &self.loaded, state, &self.messages, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let filter = instance.audex_plugin_filter();
            filter
                .call_review(store, &shown(grant), context, &self.settings)
                .map_err(|error| (Phase::Call, error))
        })?;
        clean(&mut verdict);
        if let Verdict::Restrict(restrictions) = &verdict {
            let entries = restrictions
                .iter()
                .map(|restriction| 1 + restriction.drop.len() + restriction.deny.len());
            if entries.sum::<usize>() > limit::ENTRIES {
                let reason = format!("its verdict has more than {} entries", limit::ENTRIES);
                return Err(PluginError::new(&self.loaded, Phase::Answer, reason));
            }
            // Security: a pattern that is altered denies something else. So an unprintable pattern is
            // refused, although other text is cleaned.
            let mut patterns = restrictions.iter().flat_map(|restriction| &restriction.deny);
            if let Some(pattern) = patterns.find(|pattern| *pattern != &line(pattern)) {
                let reason =
                    format!("its deny entry is not a pattern on one line: `{}`", line(pattern));
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

    /// Asks the filter to approve `plan` before the cloud is called.
    ///
    /// # Errors
    /// When the filter fails.
    pub fn approve(
        &self,
        grant: &provider::Grant,
        plan: &GrantPlan,
        context: &Context,
    ) -> Result<Approval, PluginError> {
        let state = Pure::new(context.now);
        let (mut approval, _) = call(&self.engine, &self.loaded, state, &self.messages, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            let filter = instance.audex_plugin_filter();
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

/// Makes the reasons of a verdict printable; leaves the patterns unchanged.
fn clean(verdict: &mut Verdict) {
    match verdict {
        Verdict::Pass => {}
        Verdict::Refuse(reason) => reason.clean(),
        Verdict::Restrict(restrictions) => restrictions.iter_mut().for_each(|restriction| {
            restriction.reason.clean();
        }),
    }
}

/// Converts the grant to the filter world's own types. The world exports these types, so a filter imports
/// nothing.
fn shown(grant: &provider::Grant) -> types::Grant {
    types::Grant {
        provider: grant.provider.clone(),
        permissions: shown_permissions(&grant.permissions),
        deny: grant.deny.clone(),
        ttl_seconds: grant.ttl_seconds,
        session: grant.session.clone(),
        gateway: grant.gateway,
    }
}

/// Returns the permissions of a grant as filters see them.
#[must_use]
pub fn shown_permissions(granted: &[provider::Permission]) -> Vec<types::Permission> {
    let permission = |permission: &provider::Permission| types::Permission {
        action: permission.action.clone(),
        origin: permission.origin.clone(),
        resources: permission.resources.shown(),
    };
    granted.iter().map(permission).collect()
}

fn planned(plan: &GrantPlan) -> wit::Plan {
    let permission = |planned: &provider::Planned| wit::Planned {
        action: planned.action.clone(),
        enforced_by: match planned.enforced_by {
            Enforcer::Cloud => wit::Enforcer::Cloud,
            Enforcer::Gateway => wit::Enforcer::Gateway,
            Enforcer::Token => wit::Enforcer::Token,
            Enforcer::None => wit::Enforcer::None,
        },
        note: planned.note.clone(),
    };
    wit::Plan {
        method: plan.method.clone(),
        policy: plan.policy.clone(),
        permissions: plan.permissions.iter().map(permission).collect(),
        longest_life_seconds: plan.longest_life_seconds,
    }
}
