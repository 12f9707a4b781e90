//! The records about asks.

use super::{Attempt, secrets};
use crate::asks::{Ask, Wanted};
use crate::failure::Failure;
use audex_audit::{Added, Adding, Answered, Asked, AskedPermission, Event};
use audex_components::provider::Minted;
use audex_core::clock::rfc3339;

impl Attempt {
    /// Records an ask of the command.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(in crate::pipeline) fn record_asked(&self, ask: &Ask) -> Result<(), Failure> {
        let permission = |wanted: &Wanted| AskedPermission {
            action: wanted.action.clone(),
            resources: wanted.resources.clone(),
        };
        let asked = Asked {
            ask: ask.id.clone(),
            provider: self.provider.clone(),
            permissions: ask.wanted.iter().map(permission).collect(),
            why: ask.why.clone(),
        };
        self.record(&Event::Asked(asked), &[])
    }

    /// Records the answer to an ask.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(in crate::pipeline) fn record_answered(&self, answered: Answered) -> Result<(), Failure> {
        self.record(&Event::Answered(answered), &[])
    }

    /// Records that credentials for the ask are about to be made, by the plan of this attempt.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(in crate::pipeline) fn record_adding(&self, ask: &str) -> Result<(), Failure> {
        let plan = self.plan.clone().unwrap_or_default();
        let adding = Adding {
            ask: ask.to_owned(),
            provider: self.provider.clone(),
            method: plan.method,
            permissions: plan.permissions,
            ttl_seconds: plan.ttl_seconds,
            components: self.digests(),
        };
        self.record(&Event::Adding(adding), &[])
    }

    /// Records that credentials for the ask were made.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(in crate::pipeline) fn record_added(
        &self,
        ask: &str,
        minted: &Minted,
    ) -> Result<(), Failure> {
        let added = Added {
            ask: ask.to_owned(),
            provider: self.provider.clone(),
            expires_at: rfc3339(minted.expires_at),
            identity: minted.identity.clone(),
            access_key_id: minted.credential_id.clone(),
            lease: minted.lease.clone(),
            scoped_policies: minted.scoped_policies,
        };
        self.record(&Event::Added(added), &secrets(minted))
    }
}
