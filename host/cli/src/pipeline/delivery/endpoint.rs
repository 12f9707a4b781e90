//! The delivery `endpoint`: container credentials from a server on loopback, with keys that are renewed.

use std::sync::Arc;

use super::renewal::Renewal;
use super::{Arranged, Handover, Scene, Serving, Unrevoked, no_keys};
use crate::failure::Failure;
use crate::pipeline::aws_keys::AwsKeys;
use crate::settings::delivery::Deliver;
use audex_components::provider::Minted;
use audex_core::secret::Secret;
use audex_endpoint::{ContainerKeys, CurrentKeys, Endpoints};
use audex_wire::server::Server;

/// Starts the server and the renewal.
///
/// # Errors
/// When the credentials are not AWS keys with a token, or when the server cannot start.
pub(super) fn hand_over(scene: &Scene<'_>) -> Result<Handover, Failure> {
    let keys = keys(scene.minted).ok_or_else(|| no_keys(Deliver::Endpoint, scene.minted))?;
    let current = Arc::new(CurrentKeys::new(keys));
    let endpoints = audex_endpoint::start_container(Arc::clone(&current), scene.ends_at)?;
    let mut arranged = Arranged::without_keys(scene);
    arranged.endpoint_settings.extend(&endpoints.settings);
    let known = endpoints.secrets();
    let renewal =
        Renewal::start(scene, current).map_err(|error| Failure::internal("deliver", error))?;
    let server = KeyServer { endpoints: Some(endpoints), known, renewal };
    Ok(Handover { arranged, serving: Some(Box::new(server)) })
}

/// Returns the keys for the endpoint. SDKs take no keys without a token there.
pub(super) fn keys(minted: &Minted) -> Option<ContainerKeys> {
    let AwsKeys { id, secret, token } = AwsKeys::of(minted)?;
    Some(ContainerKeys { id, secret, token: token?, expires_at: minted.expires_at })
}

/// The running server with its renewal.
struct KeyServer {
    /// Dropped first, so that no keys are handed out any more when the session's credentials are revoked.
    endpoints: Option<Endpoints>,
    known: Vec<Secret>,
    renewal: Renewal,
}

impl Serving for KeyServer {
    fn secrets(&self) -> Vec<Secret> {
        self.known.iter().cloned().chain(self.renewal.secrets()).collect()
    }

    fn servers(&self) -> Vec<&Server> {
        self.endpoints.iter().flat_map(Endpoints::servers).collect()
    }

    fn stop(&mut self) -> Unrevoked {
        self.endpoints.take();
        self.renewal.stop()
    }
}
