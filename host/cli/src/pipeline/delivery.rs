//! The stage between the mint and the command: turns the minted credentials into what the command gets.

mod endpoint;
mod file;
pub(super) mod renewal;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::attempt::Attempt;
use super::{Context, aws_keys, gateway};
use crate::failure::Failure;
use crate::mint::Spent;
use crate::settings::delivery::{Deliver, DeliverySettings};
use audex_components::filter;
use audex_components::provider::{Description, Minted, Provider};
use audex_core::delivery::{EndpointSettings, Value};
use audex_core::hint::Hint;
use audex_core::secret::Secret;
use audex_gateway::Counter;
use audex_gateway::decide::Limit;

/// The state of a session before the delivery to the command.
pub struct Scene<'a> {
    /// The settings and the console of the run.
    pub context: Context<'a>,
    /// The record of the run.
    pub attempt: &'a Attempt,
    /// The provider that minted the credentials.
    pub provider: &'a Arc<Provider>,
    /// The provider's own description.
    pub description: &'a Description,
    /// The plan by which they were minted.
    pub spent: &'a Arc<Spent>,
    /// The credentials.
    pub minted: &'a Minted,
    /// The session's private directory.
    pub directory: &'a Path,
    /// The end of access, in seconds since the Unix epoch.
    pub ends_at: u64,
    /// The settings that direct the command to the provider's own endpoints.
    pub endpoint_settings: EndpointSettings,
}

/// The variables and settings of the command, in place of the minted credentials.
#[derive(Clone, Debug)]
pub struct Arranged {
    /// The credential variables.
    pub variables: Vec<(String, Value)>,
    /// The settings that direct the command to endpoints and files.
    pub endpoint_settings: EndpointSettings,
}

impl Arranged {
    /// Returns what the provider handed out, unchanged.
    #[must_use]
    pub(super) fn unchanged(scene: &Scene<'_>) -> Self {
        Self {
            variables: scene.minted.variables.clone(),
            endpoint_settings: scene.endpoint_settings.clone(),
        }
    }

    /// Returns what the provider handed out, without its AWS keys.
    #[must_use]
    pub(super) fn without_keys(scene: &Scene<'_>) -> Self {
        let mut arranged = Self::unchanged(scene);
        arranged.variables.retain(|(name, _)| !aws_keys::is_key(name));
        arranged
    }
}

/// A server of the session that serves the command until the value is dropped.
pub(super) trait Serving {
    /// Returns every secret that the server hands out or accepts.
    fn secrets(&self) -> Vec<Secret>;

    /// Returns the decisions of a server that decides on requests.
    fn decisions(&self) -> Option<Decisions> {
        None
    }

    /// Stops serving. What the server itself had minted is then to be revoked.
    fn stop(&mut self) -> Unrevoked {
        Unrevoked::default()
    }
}

/// The decisions of a gateway during one session.
pub(super) struct Decisions {
    /// The decisions, counted.
    pub counter: Counter,
    /// Notices for the user.
    pub notices: Vec<String>,
}

/// What a session still has to revoke after a server of it has stopped.
#[derive(Default)]
pub(super) struct Unrevoked {
    /// The leases of the credentials that the server had minted.
    pub leases: Vec<String>,
    /// True if the first credentials of the session are revoked already.
    pub has_revoked_first: bool,
}

/// The outcome of the stage.
pub(super) struct Handover {
    /// What the command gets.
    pub arranged: Arranged,
    /// What must serve the command until it ends.
    pub serving: Option<Box<dyn Serving>>,
}

impl From<Arranged> for Handover {
    fn from(arranged: Arranged) -> Self {
        Self { arranged, serving: None }
    }
}

/// The error for credentials that cannot be delivered as the run demands.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// The provider hands out something other than AWS keys.
    #[error("the delivery `{deliver}` takes AWS keys, and `{provider}` hands out something else")]
    NoKeys {
        /// The delivery.
        deliver: &'static str,
        /// The provider's id or method.
        provider: String,
    },
    /// Nobody counts what a command does that holds the keys itself.
    #[error(
        "the limit `{pattern}={most}` cannot hold with the delivery `{deliver}`: only a gateway counts"
    )]
    LimitWithoutGateway {
        /// The pattern of the limit.
        pattern: String,
        /// The most uses.
        most: u64,
        /// The delivery.
        deliver: &'static str,
    },
}

impl Hint for DeliveryError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::LimitWithoutGateway { .. } => Some("take `--deliver gateway`".into()),
            Self::NoKeys { .. } => {
                Some("take `--deliver env`, or another --provider or --method".into())
            }
        }
    }
}

/// Returns the delivery of which filters are told: none where the provider chooses.
pub(super) fn told(deliver: Deliver, description: &Description) -> Option<filter::Delivery> {
    let is_provider_choice = deliver == Deliver::Env && !aws_keys::are_declared(description);
    (!is_provider_choice).then(|| deliver.into())
}

/// Checks, before anything is minted, that the provider declares credentials which can be delivered so.
pub(super) fn check(deliver: Deliver, description: &Description) -> Result<(), DeliveryError> {
    if deliver == Deliver::Env || aws_keys::are_declared(description) {
        return Ok(());
    }
    Err(DeliveryError::NoKeys { deliver: deliver.name(), provider: description.id.clone() })
}

/// Checks that limits are counted by somebody.
pub(super) fn check_limits(
    delivery: &DeliverySettings,
    limits: &[Limit],
) -> Result<(), DeliveryError> {
    let deliver = delivery.deliver;
    match limits.first() {
        Some(Limit { pattern, most }) if deliver != Deliver::Gateway && !delivery.is_observed => {
            let (pattern, most) = (pattern.clone(), *most);
            Err(DeliveryError::LimitWithoutGateway { pattern, most, deliver: deliver.name() })
        }
        _ => Ok(()),
    }
}

/// Turns the minted credentials into what the command gets.
pub(super) fn hand_over(
    deliver: Deliver,
    scene: &Scene<'_>,
    gateway: Option<gateway::Prepared>,
) -> Result<Handover, Failure> {
    if let Some(prepared) = gateway {
        return gateway::hand_over(scene, prepared);
    }
    match deliver {
        Deliver::Env => Ok(Arranged::unchanged(scene).into()),
        Deliver::File => Ok(file::arrange(scene)?.into()),
        Deliver::Endpoint => endpoint::hand_over(scene),
        Deliver::Gateway => Err(no_keys(deliver, scene.minted).into()),
    }
}

/// Returns the error for minted credentials that are not AWS keys alone.
fn no_keys(deliver: Deliver, minted: &Minted) -> DeliveryError {
    DeliveryError::NoKeys { deliver: deliver.name(), provider: minted.method.clone() }
}
