//! The token servers that a provider wants beside the command, checked like everything else it hands out.

use super::{GrantPlan, Provider, wit};
use crate::endpoint::{AppServiceIdentity, AudienceToken, Endpoint, GceMetadata, plain};
use crate::plugin::capability::{HeldSecret, Origin};
use crate::plugin::component::PluginError;
use crate::plugin::limit;
use crate::plugin::state::State;
use crate::private_file;
use crate::secret::Secret;

impl Provider {
    /// The servers, with the secrets they hand out; `latest` is when the last token may end.
    pub(super) fn endpoints(
        &self,
        state: &mut State,
        asked: Vec<wit::Endpoint>,
        plan: &GrantPlan,
        latest: u64,
    ) -> Result<Vec<Endpoint>, PluginError> {
        self.few(asked.len(), limit::DELIVERED)?;
        let mut made = Vec::new();
        for endpoint in asked {
            made.push(match endpoint {
                wit::Endpoint::GceMetadata(metadata) => self.metadata(state, metadata, plan, latest)?,
                wit::Endpoint::AppServiceIdentity(identity) => self.identity(state, identity, latest)?,
            });
        }
        Ok(made)
    }

    fn metadata(
        &self,
        state: &mut State,
        asked: wit::GceMetadata,
        plan: &GrantPlan,
        latest: u64,
    ) -> Result<Endpoint, PluginError> {
        let wit::GceMetadata { token, scopes, email, project, expires_at } = asked;
        self.in_time(expires_at, latest)?;
        let value = self.value(state, wit::Value::Secret(token), plan, expires_at)?;
        let crate::deliver::Value::Secret(token) = value else {
            return Err(self.bad("a token of its endpoint is no secret"));
        };
        let subject = self.random()?;
        Ok(Endpoint::Metadata(GceMetadata { token, scopes, email, project, expires_at, subject }))
    }

    /// Security: a token that a slot gave is the user's own. It leaves by this door alone, for the audience it was asked for.
    fn identity(
        &self,
        state: &mut State,
        asked: wit::AppServiceIdentity,
        latest: u64,
    ) -> Result<Endpoint, PluginError> {
        self.few(asked.tokens.len(), limit::DELIVERED)?;
        let mut tokens = Vec::new();
        for wit::AudienceToken { audience, token, expires_at } in asked.tokens {
            let Ok(HeldSecret { value, origin }) = state.table.delete(token) else {
                return Err(self.bad("it handed out a secret it does not hold"));
            };
            match origin {
                Origin::Audience { audience: own, expires_at: ends }
                    if plain(&own) == plain(&audience) && ends == expires_at => {}
                _ => return Err(self.bad("a token of its endpoint is not one for that audience")),
            }
            self.in_time(expires_at, latest)?;
            tokens.push(AudienceToken { audience: plain(&audience).to_owned(), token: value, expires_at });
        }
        Ok(Endpoint::Identity(AppServiceIdentity {
            tokens,
            client_id: asked.client_id,
            header: self.random()?,
        }))
    }

    fn in_time(&self, expires_at: u64, latest: u64) -> Result<(), PluginError> {
        if expires_at > latest { Err(self.bad("its credentials live longer than planned")) } else { Ok(()) }
    }

    fn random(&self) -> Result<Secret, PluginError> {
        let name = || private_file::random_name();
        match (name(), name()) {
            (Ok(first), Ok(second)) => Ok(Secret::new(first + &second)),
            _ => Err(self.bad("there are no random numbers for its endpoint")),
        }
    }
}
