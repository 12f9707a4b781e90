//! The host's check of the endpoints that a provider wants to run.

use wasmtime::component::{Resource, ResourceTable};

use super::{Provider, wit};
use crate::clean::Clean as _;
use crate::component::PluginError;
use crate::limit;
use crate::resource::{HeldSecret, Origin};
use audex_core::delivery::{AudienceToken, Endpoint, Identity, Metadata, audience};
use audex_core::secret::Secret;

/// The most servers in one run: each takes a port and a thread, and a command finds only one of each kind.
const ENDPOINTS: usize = 2;

impl Provider {
    /// Converts the endpoints. Rejects a token that may not be served, or that lives longer than `latest`.
    pub(super) fn endpoints(
        &self,
        table: &mut ResourceTable,
        endpoints: Vec<wit::Endpoint>,
        latest: u64,
    ) -> Result<Vec<Endpoint>, PluginError> {
        self.few(endpoints.len(), ENDPOINTS)?;
        let metadata =
            endpoints.iter().filter(|one| matches!(one, wit::Endpoint::GceMetadata(_))).count();
        if endpoints.len() == ENDPOINTS && metadata != 1 {
            return Err(self.bad("it wants two endpoints of one kind"));
        }
        endpoints.into_iter().map(|endpoint| self.endpoint(table, endpoint, latest)).collect()
    }

    fn endpoint(
        &self,
        table: &mut ResourceTable,
        endpoint: wit::Endpoint,
        latest: u64,
    ) -> Result<Endpoint, PluginError> {
        match endpoint {
            wit::Endpoint::GceMetadata(mut given) => {
                self.few(given.scopes.len(), limit::DELIVERED)?;
                given.scopes.clean();
                given.email.clean();
                given.project.clean();
                let token =
                    self.endpoint_token(table, given.token, None, given.expires_at, latest)?;
                let wit::GceMetadata { scopes, email, project, expires_at, .. } = given;
                let uses_quota = project.is_some();
                Ok(Endpoint::Metadata(Metadata {
                    token,
                    scopes,
                    email,
                    project,
                    uses_quota,
                    expires_at,
                }))
            }
            wit::Endpoint::AppServiceIdentity(mut given) => {
                self.few(given.tokens.len(), limit::DELIVERED)?;
                given.client_id.clean();
                let mut tokens = Vec::new();
                for wit::AudienceToken { audience, token, expires_at } in given.tokens {
                    let token =
                        self.endpoint_token(table, token, Some(&audience), expires_at, latest)?;
                    tokens.push(AudienceToken { audience, token, expires_at });
                }
                Ok(Endpoint::Identity(Identity { tokens, client_id: given.client_id }))
            }
        }
    }

    /// Security: a token of the user's own login reaches the child only for the exact audience that it was
    /// requested for, and with the expiry that the cloud gave.
    fn endpoint_token(
        &self,
        table: &mut ResourceTable,
        token: Resource<HeldSecret>,
        served_for: Option<&str>,
        expires_at: u64,
        latest: u64,
    ) -> Result<Secret, PluginError> {
        let Ok(HeldSecret { value, origin, .. }) = table.delete(token) else {
            return Err(self.bad("it handed out a secret it does not hold"));
        };
        if expires_at > latest {
            return Err(self.bad("its credentials live longer than planned"));
        }
        match may_serve(&origin, served_for, expires_at) {
            Ok(()) => Ok(value),
            Err(reason) => Err(self.bad(reason)),
        }
    }
}

/// Checks that a secret of `origin` may be served for an audience, or as the token of a metadata server.
fn may_serve(
    origin: &Origin,
    served_for: Option<&str>,
    served_until: u64,
) -> Result<(), &'static str> {
    match origin {
        Origin::Guest | Origin::Lifted { .. } => Ok(()),
        Origin::Audience { audience: own, expires_at } => match served_for {
            Some(served) if audience(served) != audience(own) => {
                Err("it wants a token served for another audience")
            }
            Some(_) if served_until != *expires_at => {
                Err("it misstated when its credentials expire")
            }
            Some(_) => Ok(()),
            None => Err("it handed out a token of one audience outside an identity endpoint"),
        },
        Origin::Slot => Err("it handed out a source credential"),
        Origin::Session { .. } => Err("it wants a part of AWS credentials served as a token"),
        Origin::SigningKey { .. } => Err("it handed out a signing key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: &str = "https://management.azure.com";

    fn arm() -> Origin {
        Origin::Audience { audience: ARM.to_owned(), expires_at: 9 }
    }

    #[test]
    fn a_token_of_an_audience_is_served_for_it_and_no_other() {
        assert!(may_serve(&arm(), Some("https://management.azure.com/"), 9).is_ok());
        assert!(may_serve(&arm(), Some("https://vault.azure.net"), 9).is_err());
        assert!(may_serve(&arm(), None, 9).is_err());
        assert!(may_serve(&arm(), Some(ARM), 10).is_err(), "its expiry is the cloud's");
    }

    #[test]
    fn what_a_reply_gave_is_served_and_what_is_the_users_own_is_not() {
        let host = || "sts.googleapis.com".to_owned();
        assert!(may_serve(&Origin::Lifted { host: host() }, None, 0).is_ok());
        let session = Origin::Session {
            policy: None,
            expires_at: 0,
            asked_seconds: 0,
            scoped_policies: None,
        };
        for origin in [Origin::Slot, Origin::SigningKey { host: host() }, session] {
            assert!(
                may_serve(&origin, None, 0).is_err() && may_serve(&origin, Some(ARM), 0).is_err()
            );
        }
    }
}
