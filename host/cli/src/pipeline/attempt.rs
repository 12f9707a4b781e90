//! The record of a run so far, so that every possible end is recorded with all known facts.

mod asks;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::Access;
use crate::asks::board::Account;
use crate::failure::{Failure, Kind};
use crate::plan::{Planned, enforcer_name};
use crate::request::{Arguments, Request, union};
use audex_audit::{
    Audit, CleanedUp, Decision, Denied, Ended, Event, Failed, Issued, Issuing, Leasing, Live,
    RecordedDenial, RecordedIsolation, RecordedPermission, Renewed, Used,
};
use audex_child::{self as child, Status};
use audex_components::component::Loaded;
use audex_components::leases::Recorder;
use audex_components::provider::{Minted, Permission, Planned as ProviderPlanned};
use audex_core::clock::rfc3339;
use audex_core::delivery::{Endpoint, Value};
use audex_core::paths::Paths;
use audex_core::secret::Secret;
use audex_gateway::Counter;

/// The session name of attempts that ended before a session was named.
pub(crate) const NO_SESSION: &str = "-";

/// A run in progress.
#[derive(Clone)]
pub struct Attempt {
    audit: Audit,
    session: String,
    provider: String,
    asked: Vec<String>,
    resources: Vec<String>,
    profiles: Vec<String>,
    command: Vec<String>,
    components: Vec<Loaded>,
    intent: Option<String>,
    justification: Option<String>,
    isolation: Option<RecordedIsolation>,
    plan: Option<Issuing>,
    /// The sessions around this one, the outermost first.
    parents: Vec<String>,
    live: OnceCell<Arc<Live>>,
}

impl Attempt {
    /// Creates an attempt of which nothing is known yet.
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self {
            audit: Audit::new(&paths.audit),
            session: NO_SESSION.to_owned(),
            provider: String::new(),
            asked: Vec::new(),
            resources: Vec::new(),
            profiles: Vec::new(),
            command: Vec::new(),
            components: Vec::new(),
            intent: None,
            justification: None,
            isolation: None,
            plan: None,
            parents: Vec::new(),
            live: OnceCell::new(),
        }
    }

    /// Returns the session's name.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Returns the provider's id.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Returns every component that took part so far.
    #[must_use]
    pub fn components(&self) -> &[Loaded] {
        &self.components
    }

    /// Returns the number of permissions in the plan.
    #[must_use]
    pub fn permissions(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.permissions.len())
    }

    /// Returns the actions of the plan.
    pub(super) fn actions(&self) -> impl Iterator<Item = &str> {
        self.plan
            .iter()
            .flat_map(|plan| &plan.permissions)
            .map(|permission| permission.action.as_str())
    }

    /// Returns the permissions that filters removed, and the patterns that are denied within others.
    pub(super) fn denied(&self) -> impl Iterator<Item = &str> {
        self.plan.iter().flat_map(|plan| &plan.denied).map(|denied| denied.action.as_str())
    }

    /// Returns true if some permission is limited to no resource.
    pub(super) fn is_everywhere(&self) -> bool {
        self.resources.is_empty()
    }

    /// Adds the request of the command line, before anything is known about it.
    pub(crate) fn add_arguments(&mut self, ask: &Arguments) {
        self.asked.clone_from(&ask.allow);
        self.resources.clone_from(&ask.resources);
        self.profiles.clone_from(&ask.profiles);
        self.command.clone_from(&ask.command);
        self.justification.clone_from(&ask.justification);
    }

    /// Adds the sessions around this one, the outermost first.
    pub(super) fn add_parents(&mut self, parents: &[String]) {
        parents.clone_into(&mut self.parents);
    }

    /// Returns the sessions around this one, the outermost first.
    pub(super) fn parents(&self) -> &[String] {
        &self.parents
    }

    pub(super) fn add_provider(&mut self, provider: &str) {
        provider.clone_into(&mut self.provider);
    }

    /// Returns an attempt of the same session, for one ask of its command.
    pub(super) fn of_ask(&self) -> Self {
        Self { components: Vec::new(), resources: Vec::new(), plan: None, ..self.clone() }
    }

    /// Adds the sentence for which permissions were proposed, and the component that proposed them.
    pub fn add_intent(&mut self, text: &str, engine: &Loaded) {
        self.intent = Some(text.to_owned());
        self.components.push(engine.clone());
    }

    pub(super) fn add_request(&mut self, request: &Request) {
        self.session.clone_from(&request.session);
        self.add_permissions(request);
    }

    /// Adds the permissions of a request.
    pub(super) fn add_permissions(&mut self, request: &Request) {
        self.resources = union(request.permissions.iter().map(|asked| asked.resources.as_slice()));
        self.asked = request.permissions.iter().map(|asked| asked.permission.clone()).collect();
    }

    pub(super) fn add_isolation(&mut self, isolation: RecordedIsolation) {
        self.isolation = Some(isolation);
    }

    pub(super) fn add_component(&mut self, loaded: &Loaded) {
        self.components.push(loaded.clone());
    }

    pub(super) fn add_plan(&mut self, planned: &Planned) {
        let permission = |(planned, granted): (&ProviderPlanned, &Permission)| RecordedPermission {
            action: planned.action.clone(),
            origin: planned.origin.clone(),
            enforced_by: enforcer_name(planned.enforced_by).to_owned(),
            resources: Some(granted.resources.named())
                .filter(|own| *own != self.resources)
                .map(<[String]>::to_vec)
                .unwrap_or_default(),
        };
        let granted = &planned.grant.shown().permissions;
        self.plan = Some(Issuing {
            provider: self.provider.clone(),
            profile: self.profile(),
            intent: self.intent.clone(),
            justification: self.justification.clone(),
            method: planned.plan.method.clone(),
            permissions: planned.plan.permissions.iter().zip(granted).map(permission).collect(),
            denied: denials(&planned.denied),
            resources: self.resources.clone(),
            ttl_seconds: planned.grant.shown().ttl_seconds.into(),
            region: None,
            isolation: self.isolation.clone(),
            parents: self.parents.clone(),
            command: self.command.clone(),
            components: self.digests(),
        });
    }

    /// Records that credentials are about to be made. From here on the session counts as live.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_issuing(&self) -> Result<(), Failure> {
        if self.live.get().is_none() {
            let _ = self.live.set(Arc::new(self.audit.mark_live(&self.session)?));
        }
        self.record(&Event::Issuing(self.plan.clone().unwrap_or_default()), &[])
    }

    /// Records that credentials were made.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_issued(&self, minted: &Minted, access: &Access) -> Result<(), Failure> {
        let issued = Issued {
            provider: self.provider.clone(),
            method: minted.method.clone(),
            expires_at: rfc3339(access.issued_until(minted)),
            credentials_expire_at: access.credentials_end_at.map(rfc3339),
            identity: minted.identity.clone(),
            access_key_id: minted.credential_id.clone(),
            lease: minted.lease.clone(),
            scoped_policies: minted.scoped_policies,
        };
        self.record(&Event::Issued(issued), &secrets(minted))
    }

    /// Records credentials that replace earlier ones.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_renewed(&self, minted: &Minted) -> Result<(), Failure> {
        let renewed = Renewed {
            provider: self.provider.clone(),
            expires_at: rfc3339(minted.expires_at),
            identity: minted.identity.clone(),
            access_key_id: minted.credential_id.clone(),
            lease: minted.lease.clone(),
            scoped_policies: minted.scoped_policies,
        };
        self.record(&Event::Renewed(renewed), &secrets(minted))
    }

    /// Records the outcome for an announced lease.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_cleaned_up(&self, lease: String, outcome: String) -> Result<(), Failure> {
        let provider = self.provider.clone();
        self.record(&Event::CleanedUp(CleanedUp { provider, lease, outcome }), &[])
    }

    /// Records the decisions of the session's gateway and what became of its asks, once, and returns them. `secrets` are in no
    /// resource then.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub fn record_used(
        &self,
        counter: &Counter,
        asks: Account,
        secrets: &[Secret],
    ) -> Result<Used, Failure> {
        let decision = |counted: audex_gateway::Counted| Decision {
            action: counted.action,
            resource: counted.resource,
            allowed: counted.allowed,
            count: counted.count,
        };
        let decisions = counter.counted().into_iter().map(decision).collect();
        let used = Used {
            decisions,
            uncounted: counter.uncounted(),
            asks_not_taken: asks.not_taken,
            asks_over: asks.over,
            webhook_failure: asks.webhook_failure,
        };
        self.record(&Event::Used(used.clone()), secrets)?;
        Ok(used)
    }

    /// Records the end of the command, which `by` may have requested. `reason` is the outcome of the revocation.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(super) fn record_ended(
        &self,
        ended: &child::Ended,
        by: Option<String>,
        reason: Option<String>,
        secrets: &[Secret],
    ) -> Result<(), Failure> {
        let event = Ended {
            exit_code: ended.exit_code(),
            signal: match ended.status {
                Status::Exited(_) => None,
                Status::Signalled(signal) => Some(signal),
            },
            duration_ms: u64::try_from(ended.duration.as_millis()).unwrap_or(u64::MAX),
            ended_by_deadline: ended.ended_by_deadline,
            ended_by: by,
            reason,
        };
        self.record(&Event::Ended(event), secrets)
    }

    /// Writes `event` to the audit log.
    ///
    /// # Errors
    /// When the log cannot be written, or was tampered with.
    pub fn record(&self, event: &Event, secrets: &[Secret]) -> Result<(), Failure> {
        self.audit.record(&self.session, event, secrets)?;
        Ok(())
    }

    /// Returns the function that writes this session's leases to the audit log.
    pub(super) fn lease_recorder(&self) -> Recorder {
        let (audit, session, provider) =
            (self.audit.clone(), self.session.clone(), self.provider.clone());
        Box::new(move |lease, ends_at| {
            let (provider, lease) = (provider.clone(), lease.to_owned());
            let leasing = Event::Leasing(Leasing { provider, lease, ends_at: rfc3339(ends_at) });
            audit
                .record(&session, &leasing, &[])
                .map(drop)
                .map_err(|error| Failure::from(error).line())
        })
    }

    /// Records that the attempt ended in `failure`.
    ///
    /// # Errors
    /// When the log cannot be written. The user should still see `failure` first.
    pub(crate) fn record_failure(&self, failure: &Failure) -> Result<(), Failure> {
        let event = if failure.kind == Kind::Denied {
            Event::Denied(Denied {
                provider: self.provider.clone(),
                profile: self.profile(),
                justification: self.justification.clone(),
                by: failure.stage.to_owned(),
                reason: failure.line(),
                permissions: self.asked.clone(),
                resources: self.resources.clone(),
                denied: denials(&failure.denied),
                command: self.command.clone(),
                components: self.digests(),
            })
        } else {
            Event::Failed(Failed {
                stage: failure.stage.to_owned(),
                reason: failure.line(),
                provider: (!self.provider.is_empty()).then(|| self.provider.clone()),
                exit_code: failure.kind.exit_code(),
                command: self.command.clone(),
                components: self.digests(),
            })
        };
        self.record(&event, &[])
    }

    fn profile(&self) -> Option<String> {
        (!self.profiles.is_empty()).then(|| self.profiles.join(","))
    }

    fn digests(&self) -> BTreeMap<String, String> {
        self.components.iter().map(|loaded| (loaded.name.clone(), loaded.digest.clone())).collect()
    }
}

fn denials(denied: &[crate::filter::Denied]) -> Vec<RecordedDenial> {
    let denial = |denied: &crate::filter::Denied| RecordedDenial {
        action: denied.action.clone(),
        by: denied.by.clone(),
        reason: denied.reason.clone(),
    };
    denied.iter().map(denial).collect()
}

/// Returns every secret of the credentials.
pub(super) fn secrets(minted: &Minted) -> Vec<Secret> {
    let of = |value: &Value| match value {
        Value::Secret(secret) => Some(secret.clone()),
        Value::Plain(_) => None,
    };
    let variables = minted.variables.iter().filter_map(|(_, value)| of(value));
    let files = minted.files.iter().filter_map(|file| of(&file.contents));
    let git = minted.logins.git.iter().map(|credential| credential.secret.clone());
    let endpoints = minted.endpoints.iter().flat_map(Endpoint::secrets);
    variables.chain(files).chain(git).chain(endpoints).collect()
}
