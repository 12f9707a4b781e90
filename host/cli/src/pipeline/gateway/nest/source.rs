//! The source of an inner session's credentials: those of the session around it, and nothing wider.
//!
//! STS narrows them once more for the inner session, three times at most. Where it does not, the inner session is
//! served with the credentials of the session around it, and the gateway alone limits it to its own grant.

use std::sync::{Arc, OnceLock};

use crate::approve::Approved;
use crate::mint;
use crate::pipeline::Narrowing;
use crate::pipeline::aws_keys::{AwsKeys, is_key};
use audex_components::provider::{Minted, Provider};
use audex_core::delivery::Value;
use audex_core::source::Source as Origin;
use audex_gateway::Signer;
use audex_logins::aws::{Keys, MAX_SCOPED_POLICIES};

/// The provider that narrows keys.
const NARROWS: &str = "aws";
/// The reason why the keys of another provider are not narrowed.
const NOT_NARROWED: &str = "their provider cannot narrow them";

/// The credentials of one session, as those inside it use them.
pub(super) struct Source {
    signer: Arc<Signer>,
    /// The keys; `None` if a session inside cannot have some of its own.
    keys: Option<Keys>,
    /// The scope-down policies on the keys.
    layers: u32,
    /// The reason why STS narrowed the keys no further.
    refused: OnceLock<String>,
    identity: Option<String>,
    /// The variables of the session besides its keys, such as the region.
    variables: Vec<(String, Value)>,
}

impl Source {
    /// Returns the source that `minted` is, by which `signer` signs.
    pub(super) fn of(
        minted: &Minted,
        signer: Arc<Signer>,
        (id, provider): (&str, &Provider),
    ) -> Self {
        let narrows = id == NARROWS && provider.loaded().source == Origin::BuiltIn;
        let keys = AwsKeys::of(minted).filter(|keys| narrows && keys.token.is_some());
        let variables = minted.variables.iter().filter(|(name, _)| !is_key(name));
        Self {
            signer,
            keys: keys.map(|AwsKeys { id, secret, token }| {
                Keys::new(&id, &secret, token.as_ref(), Some(minted.expires_at))
            }),
            layers: minted.scoped_policies.unwrap_or(0),
            refused: OnceLock::new(),
            identity: minted.identity.clone(),
            variables: variables.cloned().collect(),
        }
    }

    /// Returns the source of a session that uses these credentials itself.
    pub(super) fn lent(&self, reason: &str) -> Self {
        Self {
            signer: Arc::clone(&self.signer),
            keys: self.keys.clone(),
            layers: self.layers,
            refused: OnceLock::from(reason.to_owned()),
            identity: self.identity.clone(),
            variables: self.variables.clone(),
        }
    }

    pub(super) fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }

    pub(super) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// Returns how the cloud will limit a session inside.
    pub(super) fn narrowing(&self) -> Narrowing {
        if let Some(reason) = self.refused.get() {
            return Narrowing::ByGateway(reason.clone());
        }
        if self.keys.is_none() {
            return Narrowing::ByGateway(NOT_NARROWED.to_owned());
        }
        if self.layers >= MAX_SCOPED_POLICIES {
            return Narrowing::ByGateway(format!(
                "they carry {MAX_SCOPED_POLICIES} scope-down policies, and STS takes no more for one session"
            ));
        }
        Narrowing::Layer(self.layers)
    }

    /// Notes that STS refused to narrow the keys.
    pub(super) fn refuse(&self, reason: &str) {
        let _ = self.refused.set(format!("STS did not narrow them ({reason})"));
    }

    /// Returns true if STS is known to refuse.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.get().is_some()
    }

    /// Returns what a session gets that uses these credentials until `ends_at`: everything but the keys.
    pub(super) fn lend(&self, approved: &Approved, ends_at: u64) -> Minted {
        let lent = mint::lend(approved, self.identity.clone(), ends_at);
        Minted { variables: self.variables.clone(), ..lent }
    }
}
