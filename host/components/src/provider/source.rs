//! The public side of the source credentials that a provider mints from.

use super::Provider;
use crate::backend::Backend;
use crate::capability::Capability;
use crate::limit;

impl Provider {
    /// Returns the access key id of the AWS source credentials, if the component may use them and they are found.
    #[must_use]
    pub fn source_key_id(&self) -> Option<String> {
        if !self.loaded.capabilities.contains(&Capability::Aws) {
            return None;
        }
        let Backend { network, logins, .. } = &self.backend;
        let keys = network.run(limit::WALL_TIME, logins.keys()).ok()?.ok()?;
        Some(keys.access_key_id().to_owned())
    }
}
