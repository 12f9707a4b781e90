//! Calls to one provider component, and the host's check of its answers.

mod configured;
mod effective;
mod endpoint;
mod front;
mod lease;
mod observe;
mod pure;
mod reader;
mod setting;
mod source;
mod tool_login;
mod value;
mod variable;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::ResourceTable;

use super::bindings::provider::ProviderPluginPre;
use super::bindings::provider::exports::audex::plugin::provider as wit;
use super::bindings::provider::exports::audex::plugin::provider::Guest;
use super::call::{self, call};
use super::capability::Capability;
use super::clean::{self, Clean as _};
use super::component::{Loaded, Phase, PluginError};
use super::engine::Engine;
use super::limit;
use super::manifest::World;
use super::messages::Messages;
use super::state::State;
use crate::backend::Backend;
use crate::context::CallContext;
use crate::imports::Imports;
use crate::policy_scope::PolicyScope;
use audex_core::delivery::{Endpoint, SessionFile, ToolLogins, Value};
use audex_core::hint::Hint;
use audex_core::interruption::Interruption;
use audex_core::printable;

use self::value::AwsPart;

pub use super::bindings::provider::types::{Error, ErrorKind, Grant, Permission, Scope};
pub use wit::{
    AccessLevel, Advice, Attribution, Call, CheckResult, Description, Effect, Enforcer, Finding,
    Front, GrantPlan, HealthStatus, KnownAction, Lead, LearnSource, Need, Omission, Planned,
    Profile, Reading, Reply, Setting, Sign, Statement, Status, Window,
};

pub use self::reader::Reader;

/// The clocks of this machine and a cloud may differ by this many seconds before an expiry counts as too
/// late.
const CLOCK_SLACK_SECONDS: u64 = 60;

/// The longest provider id: users type the id, and tables show it.
const ID_CHARACTERS: usize = 64;

/// A provider that is ready to be called.
pub struct Provider {
    engine: Engine,
    loaded: Loaded,
    pre: ProviderPluginPre<State>,
    backend: Backend,
    imports: Arc<Imports>,
    settings: BTreeMap<String, String>,
    purpose: Option<String>,
    messages: Messages,
}

/// The error for a provider or an intent engine that failed, or answered with an error of its contract.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The component failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The component refused, and gave a reason.
    #[error("{world} `{name}`: {}", error.message)]
    Refused {
        /// The world of the component.
        world: World,
        /// The name of the component.
        name: String,
        /// The error that the component returned.
        error: Error,
    },
}

impl Hint for ProviderError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Plugin(error) => error.hint(),
            Self::Refused { error, .. } => error.hint.clone().map(Cow::Owned),
        }
    }
}

/// Credentials in the form that the pipeline uses.
pub struct Minted {
    /// Variables for the child.
    pub variables: Vec<(String, Value)>,
    /// Files for the child.
    pub files: Vec<SessionFile>,
    /// Servers on loopback for the child.
    pub endpoints: Vec<Endpoint>,
    /// The user's own logins that the child's tools do not use.
    pub logins: ToolLogins,
    /// Seconds since the Unix epoch, by the cloud's clock.
    pub expires_at: u64,
    /// The requested life in seconds of the AWS credentials in it; `None` if there are none.
    pub asked_seconds: Option<u32>,
    /// The number of `GetScopedCredentials` policies that the AWS credentials carry, if STS reported it.
    pub scoped_policies: Option<u32>,
    /// The cloud's name for the holder.
    pub identity: Option<String>,
    /// The public id of the credential.
    pub credential_id: Option<String>,
    /// The argument for `revoke`.
    pub lease: Option<String>,
    /// The longest time to wait until the credentials work; `None` if they work at once.
    pub settle: Option<Duration>,
    /// The method that was used.
    pub method: String,
    /// Notices for the user.
    pub notices: Vec<String>,
}

impl Provider {
    /// Links `loaded`.
    ///
    /// # Errors
    /// When the component is not a provider of this contract version.
    pub fn new(engine: &Engine, loaded: Loaded, backend: Backend) -> Result<Self, PluginError> {
        let link = |error: wasmtime::Error| {
            PluginError::new(&loaded, Phase::Link, error.root_cause().to_string())
        };
        let linker = call::provider_linker(engine, &loaded).map_err(link)?;
        let pre = linker
            .instantiate_pre(&loaded.component)
            .and_then(ProviderPluginPre::new)
            .map_err(link)?;
        Ok(Self {
            engine: engine.clone(),
            loaded,
            pre,
            imports: backend.imports(),
            backend,
            settings: BTreeMap::new(),
            purpose: None,
            messages: Messages::default(),
        })
    }

    /// Returns the component.
    #[must_use]
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Stops calls when `interruption` is set.
    pub fn stop_at(&self, interruption: Interruption) {
        self.backend.network.stop_at(interruption);
    }

    /// Returns the messages that the component logged since the last call.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.messages.take()
    }

    /// Sets the component's settings.
    pub fn configure(&mut self, settings: BTreeMap<String, String>) {
        self.settings = settings;
    }

    /// Sets the purpose of sessions, for the cloud's own log. `purpose` is plain text without secrets.
    pub fn set_purpose(&mut self, purpose: String) {
        self.purpose = Some(purpose);
    }

    /// Returns the setting `key`.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(String::as_str)
    }

    /// Returns the provider's description: its id, title, settings, variables and profiles.
    ///
    /// # Errors
    /// When the provider fails, or the host does not accept the description.
    pub fn describe(&self) -> Result<Description, PluginError> {
        let mut description =
            self.call(PolicyScope::pure(), |guest, store| guest.call_describe(store))?.0;
        let lists = [
            description.sets.len(),
            description.settings.len(),
            description.profiles.len(),
            description.configured_by.len(),
            description.learn_sources.len(),
            description.broadest.len(),
            description.fronts.len(),
        ];
        self.few(lists.into_iter().max().unwrap_or_default(), limit::DELIVERED)?;
        for profile in &description.profiles {
            self.few(profile.resources.named().len(), limit::ENTRIES)?;
            self.must_name(&profile.resources, "a profile")?;
            let omitted = profile.leaves_out.iter().map(|omission| omission.actions.len());
            self.few(profile.actions.len() + omitted.sum::<usize>(), limit::ENTRIES)?;
        }
        description.clean();
        let id_ok = description.id.starts_with(|c: char| c.is_ascii_lowercase())
            && description.id.len() <= ID_CHARACTERS
            && description
                .id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !id_ok {
            return Err(self.bad("its id is not of `[a-z][a-z0-9-]*`"));
        }
        let source = self.loaded.source;
        let mut settings = description.settings.iter();
        if let Some(wrong) = settings.find_map(|one| setting::wrong(source, &description.id, one)) {
            return Err(self.bad(&wrong));
        }
        let refused = |name: &String| {
            Some((name.escape_default().to_string(), variable::refused(name, source)?))
        };
        match description.sets.iter().find_map(refused) {
            Some((name, "")) => Err(self.bad(&format!("it wants to set `{name}`"))),
            Some((name, reason)) => Err(self.bad(&format!("it wants to set `{name}`: {reason}"))),
            None => {
                let wrong = tool_login::wrong(&description)
                    .or_else(|| configured::refused_sign(&self.loaded, &description))
                    .or_else(|| front::wrong(&self.loaded, &description));
                wrong.map_or(Ok(description), |wrong| Err(self.bad(&wrong)))
            }
        }
    }

    /// Checks that `description` has the id under which the provider was installed.
    ///
    /// # Errors
    /// When the provider now reports another id.
    pub fn must_be(&self, id: &str, description: &Description) -> Result<(), PluginError> {
        if description.id == id {
            return Ok(());
        }
        Err(self.bad(&format!("it is `{}`, and was installed as `{id}`", description.id)))
    }

    /// Returns the environment variables with source credentials that were granted to the component.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.loaded.capabilities.iter().filter_map(|capability| match capability {
            Capability::Secret(name) => Some(self.backend.logins.secret_variable(name)),
            _ => None,
        })
    }

    /// Returns one finding for each action.
    ///
    /// # Errors
    /// When the provider fails, returns another number of findings than actions, or accepts an action without
    /// naming it.
    pub fn check(&self, actions: &[String]) -> Result<Vec<Finding>, PluginError> {
        let mut findings =
            self.call(PolicyScope::pure(), |guest, store| guest.call_check(store, actions))?.0;
        self.few(findings.iter().map(|finding| finding.actions.len()).sum(), limit::ENTRIES)?;
        findings.clean();
        if findings.len() != actions.len() {
            return Err(self.bad("it checked another number of actions than it was given"));
        }
        let empty = |finding: &Finding| {
            matches!(finding.status, Status::Known | Status::Corrected)
                && finding.actions.is_empty()
        };
        if findings.iter().any(empty) {
            return Err(self.bad("it accepted an action and named none"));
        }
        Ok(findings)
    }

    /// Returns the plan of the request to the cloud.
    ///
    /// # Errors
    /// When the provider fails, refuses, or plans other permissions than the granted ones.
    pub fn plan(&self, grant: &Grant) -> Result<GrantPlan, ProviderError> {
        let answer =
            self.call(PolicyScope::look(), |guest, store| guest.call_plan(store, grant))?.0;
        let mut plan = answer.map_err(|error| self.refused(error))?;
        self.few(plan.permissions.len(), limit::ENTRIES)?;
        let same = |planned: &Planned, granted: &Permission| {
            planned.action == granted.action && planned.origin == granted.origin
        };
        if !plan
            .permissions
            .iter()
            .all(|planned| grant.permissions.iter().any(|p| same(planned, p)))
        {
            return Err(self.bad("it planned a permission that was not granted").into());
        }
        // One planned permission for each granted one, in order: two permissions of the same action may
        // differ in their resources.
        let mut pairs = plan.permissions.iter().zip(&grant.permissions);
        if plan.permissions.len() != grant.permissions.len()
            || !pairs.all(|(planned, p)| same(planned, p))
        {
            return Err(self
                .bad("it left a granted permission out of its plan, or moved it")
                .into());
        }
        let leaves = |planned: &Planned| planned.enforced_by == Enforcer::Gateway;
        if !grant.gateway && (plan.permissions.iter().any(leaves) || !plan.decides.is_empty()) {
            return Err(self
                .bad("it leaves a permission to a gateway, and this session has none")
                .into());
        }
        // The policy is shown, and sent, unchanged.
        let forges = |c| printable::is_hidden(c) && !matches!(c, '\n' | '\t');
        if plan.policy.as_ref().is_some_and(|policy| policy.contains(forges)) {
            return Err(self.bad("its policy has control characters").into());
        }
        plan.decides = self.accepted(std::mem::take(&mut plan.decides))?;
        plan.clean();
        Ok(plan)
    }

    /// Gets credentials for `plan`; `now` and the expiry are in seconds since the Unix epoch.
    ///
    /// # Errors
    /// When the provider fails, refuses, or hands out other credentials than the planned ones.
    pub fn mint(
        &self,
        grant: &Grant,
        plan: &GrantPlan,
        description: &Description,
        now: u64,
    ) -> Result<Minted, ProviderError> {
        let scope = PolicyScope::of(grant, plan.policy.as_deref());
        let (answer, mut state) =
            self.call(scope, |guest, store| guest.call_mint(store, grant, plan))?;
        let minted = answer.map_err(|error| self.refused(error))?;
        let lease = minted.lease.clone();
        let accepted = self.accept(minted, &mut state.call.table, plan, description, now);
        if let (Err(_), Some(lease)) = (&accepted, lease) {
            // Rejected credentials must not stay valid; the user must see the rejection, not an error of the
            // revocation.
            self.ignore_interruption();
            if self.revoke(&lease).is_err() {
                // `cleanup` finds the lease by its record. If recording fails, the log stays as it was; there
                // is no other place for the lease.
                let _ = self
                    .imports
                    .leases
                    .announce(&lease, now.saturating_add(u64::from(plan.longest_life_seconds)));
            }
        }
        Ok(accepted?)
    }

    /// Converts the minted credentials. Rejects credentials that differ from the plan.
    fn accept(
        &self,
        mut minted: wit::Minted,
        table: &mut ResourceTable,
        plan: &GrantPlan,
        description: &Description,
        now: u64,
    ) -> Result<Minted, PluginError> {
        let sets = &description.sets;
        let delivered = minted.variables.len().max(minted.files.len());
        self.few(delivered, limit::DELIVERED)?;
        minted.method.clean();
        minted.identity.clean();
        minted.credential_id.clean();
        clean::notices(&mut minted.notices);
        let latest = now
            .saturating_add(u64::from(plan.longest_life_seconds))
            .saturating_add(CLOCK_SLACK_SECONDS);
        if minted.expires_at > latest {
            return Err(self.bad("its credentials live longer than planned"));
        }
        let (mut variables, mut files) = (Vec::new(), Vec::new());
        let mut aws = AwsPart::default();
        for variable in minted.variables {
            if !sets.contains(&variable.name) {
                let name = variable.name.escape_default();
                return Err(self.bad(&format!("it set `{name}`, which it did not declare")));
            }
            let value = self.value(table, variable.value, plan, minted.expires_at, &mut aws)?;
            variables.push((variable.name, value));
        }
        for file in minted.files {
            if file.env.as_ref().is_some_and(|name| !sets.contains(name)) {
                return Err(self.bad("it pointed a variable it did not declare at a file"));
            }
            let contents = self.value(table, file.contents, plan, minted.expires_at, &mut aws)?;
            files.push(SessionFile { name: file.name, contents, variable: file.env });
        }
        let endpoints = self.endpoints(table, std::mem::take(&mut minted.endpoints), latest)?;
        let git = std::mem::take(&mut minted.git);
        let logins =
            self.tool_logins(table, git, plan, description, minted.expires_at, &mut aws)?;
        Ok(Minted {
            variables,
            files,
            endpoints,
            logins,
            expires_at: minted.expires_at,
            asked_seconds: aws.asked_seconds,
            scoped_policies: aws.scoped_policies,
            identity: minted.identity,
            credential_id: minted.credential_id,
            lease: minted.lease,
            settle: minted
                .settle_seconds
                .map(|seconds| Duration::from_secs(seconds.into()).min(limit::SETTLE)),
            method: minted.method,
            notices: minted.notices,
        })
    }

    /// Ignores interruption from here on, so that cleanup always completes.
    pub fn ignore_interruption(&self) {
        self.backend.network.ignore_interruption();
    }

    /// Ends the logins that were made for this run. Returns `true` if there was a login; everything made with
    /// it ends too.
    ///
    /// # Errors
    /// Returns a short text about the login that is still valid.
    pub fn close(&self) -> Result<bool, String> {
        self.backend.close()
    }

    /// Tests with real calls that `mint` would work.
    ///
    /// # Errors
    /// When the provider fails.
    pub fn health(&self) -> Result<Vec<CheckResult>, PluginError> {
        let mut checks =
            self.call(PolicyScope::probe(), |guest, store| guest.call_health(store))?.0;
        checks.clean();
        Ok(checks)
    }

    fn call<T>(
        &self,
        scope: PolicyScope,
        work: impl FnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<(T, State), PluginError> {
        let mut context = CallContext::new(&self.loaded, &self.settings, scope);
        context.purpose.clone_from(&self.purpose);
        let state = State::new(context, Arc::clone(&self.imports));
        let (value, state) = call(&self.engine, &self.loaded, state, &self.messages, |store| {
            let instance =
                self.pre.instantiate(&mut *store).map_err(|error| (Phase::Instantiate, error))?;
            work(instance.audex_plugin_provider(), store).map_err(|error| (Phase::Call, error))
        })?;
        Ok((value, state))
    }

    /// Rejects an answer with more than `most` entries.
    fn few(&self, count: usize, most: usize) -> Result<(), PluginError> {
        if count <= most {
            Ok(())
        } else {
            Err(self.bad(&format!("a list of its answer has more than {most} entries")))
        }
    }

    fn bad(&self, reason: &str) -> PluginError {
        PluginError::new(&self.loaded, Phase::Answer, reason)
    }

    fn refused(&self, mut error: Error) -> ProviderError {
        error.clean();
        ProviderError::Refused { world: World::Provider, name: self.loaded.name.clone(), error }
    }
}
