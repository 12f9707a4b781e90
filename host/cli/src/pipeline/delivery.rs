//! The stage between the mint and the command: turns the minted credentials into what the command gets.

mod endpoint;
mod file;
pub(super) mod renewal;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::attempt::Attempt;
use super::{Context, Run, aws_keys, gateway};
use crate::asks::Board;
use crate::failure::Failure;
use crate::mint::Spent;
use crate::plan::Planned;
use crate::settings::delivery::{Deliver, DeliverySettings};
use audex_components::filter;
use audex_components::provider::{Description, Minted, Provider};
use audex_core::delivery::{Endpoint, EndpointSettings, Value};
use audex_core::hint::Hint;
use audex_core::secret::Secret;
use audex_endpoint::connect_proxy::Interceptor;
use audex_gateway::Counter;
use audex_gateway::decide::Limit;
use audex_wire::server::Server;

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

    /// Returns the servers that the command connects to.
    fn servers(&self) -> Vec<&Server>;

    /// Returns the decisions of a server that decides on requests.
    fn decisions(&self) -> Option<Decisions> {
        None
    }

    /// Returns the asks of the session, if it has a gateway.
    fn board(&self) -> Option<Arc<Board>> {
        None
    }

    /// Returns what serves connections to the cloud's own hosts, if something does.
    fn interceptor(&self) -> Option<Arc<dyn Interceptor>> {
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

/// The credentials that a session must still revoke after its server has stopped.
#[derive(Default)]
pub(super) struct Unrevoked {
    /// The leases of the credentials that the server had minted.
    pub leases: Vec<String>,
    /// True if the first credentials of the session are revoked already.
    pub has_revoked_first: bool,
}

/// The outcome of the stage.
pub(super) struct Handover {
    /// The variables and settings of the command.
    pub arranged: Arranged,
    /// The server of the session, which must live until the command ends.
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
    /// There is a limit, and the command holds the keys itself, so its uses cannot be counted.
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

/// Returns the delivery of a run. For a coding agent that is a gateway, unless the provider has none or something else was chosen.
pub(super) fn chosen(delivery: &DeliverySettings, description: &Description) -> Deliver {
    if delivery.prefers_gateway && has_gateway(description) {
        return Deliver::Gateway;
    }
    delivery.deliver
}

/// Returns true if a gateway can stand before the provider's cloud.
fn has_gateway(description: &Description) -> bool {
    aws_keys::are_declared(description) || gateway::bearer::is_declared(description)
}

/// Returns the delivery of which filters are told: none where the provider chooses.
pub(super) fn told(deliver: Deliver, description: &Description) -> Option<filter::Delivery> {
    let is_provider_choice = deliver == Deliver::Env && !aws_keys::are_declared(description);
    (!is_provider_choice).then(|| deliver.into())
}

/// Checks, before anything is minted, that the provider declares credentials which can be delivered so.
pub(super) fn check(deliver: Deliver, description: &Description) -> Result<(), DeliveryError> {
    let is_possible = match deliver {
        Deliver::Env => true,
        Deliver::Gateway => has_gateway(description),
        Deliver::Endpoint | Deliver::File => aws_keys::are_declared(description),
    };
    if is_possible {
        return Ok(());
    }
    Err(DeliveryError::NoKeys { deliver: deliver.name(), provider: description.id.clone() })
}

/// Checks that a run with limits has a gateway, which counts the uses.
pub(super) fn check_limits(
    deliver: Deliver,
    is_observed: bool,
    limits: &[Limit],
) -> Result<(), DeliveryError> {
    match limits.first() {
        Some(Limit { pattern, most }) if deliver != Deliver::Gateway && !is_observed => {
            let (pattern, most) = (pattern.clone(), *most);
            Err(DeliveryError::LimitWithoutGateway { pattern, most, deliver: deliver.name() })
        }
        _ => Ok(()),
    }
}

/// A delivery with all that it needs before there are credentials.
pub(super) enum Prepared {
    Env,
    File,
    Endpoint,
    Gateway(Box<gateway::Prepared>),
}

impl Prepared {
    /// Returns the endpoints for the command.
    pub(super) fn endpoints<'a>(&self, minted: &'a Minted) -> Cow<'a, [Endpoint]> {
        match self {
            Self::Gateway(prepared) => prepared.endpoints(minted),
            Self::Env | Self::File | Self::Endpoint => minted.endpoints.as_slice().into(),
        }
    }
}

/// Prepares the delivery of a run, and adds to `planned` the notices about it.
///
/// # Errors
/// As [`gateway::prepare`].
pub(super) fn prepare(run: &Run<'_>, planned: &mut Planned) -> Result<Prepared, Failure> {
    Ok(match run.deliver {
        Deliver::Env => Prepared::Env,
        Deliver::File => Prepared::File,
        Deliver::Endpoint => Prepared::Endpoint,
        Deliver::Gateway => Prepared::Gateway(Box::new(gateway::prepare(run, planned)?)),
    })
}

/// Turns the minted credentials into the variables and settings of the command.
pub(super) fn hand_over(delivery: Prepared, scene: &Scene<'_>) -> Result<Handover, Failure> {
    match delivery {
        Prepared::Env => Ok(Arranged::unchanged(scene).into()),
        Prepared::File => Ok(file::arrange(scene)?.into()),
        Prepared::Endpoint => endpoint::hand_over(scene),
        Prepared::Gateway(prepared) => gateway::hand_over(scene, *prepared),
    }
}

/// Returns the error for minted credentials that are not AWS keys alone.
fn no_keys(deliver: Deliver, minted: &Minted) -> DeliveryError {
    DeliveryError::NoKeys { deliver: deliver.name(), provider: minted.method.clone() }
}
