//! The calls that turn the observed requests of a command into permissions.

use super::{Attribution, Call, Provider, ProviderError, Scope, Window, wit};
use crate::clean::Clean as _;
use crate::component::PluginError;
use crate::limit;
use crate::policy_scope::PolicyScope;
use audex_wire::seen_request::SeenRequest;

/// The most permissions of one call: a batch of a hundred items needs one permission for each kind of item.
const PERMISSIONS_OF_A_CALL: usize = 100;

impl Provider {
    /// Returns the operation of each request, one call for each.
    ///
    /// # Errors
    /// When the provider fails, or returns another number of calls than requests.
    pub fn recognise(
        &self,
        seen: &[SeenRequest],
        account: Option<&str>,
    ) -> Result<Vec<Call>, PluginError> {
        let pure = PolicyScope::pure();
        let requests: Vec<wit::SeenRequest> = seen.iter().cloned().map(Into::into).collect();
        let mut calls =
            self.call(pure, |guest, store| guest.call_recognise(store, &requests, account))?.0;
        if calls.len() != seen.len() {
            return Err(self.bad("it recognised another number of requests than it was given"));
        }
        self.accept_calls(&mut calls)?;
        Ok(calls)
    }

    /// Returns the permissions that each call needs.
    ///
    /// # Errors
    /// When the provider fails, returns another number of entries than calls, or names an empty list of
    /// resources.
    pub fn attribute(&self, calls: &[Call]) -> Result<Vec<Attribution>, PluginError> {
        let pure = PolicyScope::pure();
        let mut needs = self.call(pure, |guest, store| guest.call_attribute(store, calls))?.0;
        if needs.len() != calls.len() {
            return Err(self.bad("it attributed another number of calls than it was given"));
        }
        for need in &mut needs {
            self.few(need.permissions.len(), PERMISSIONS_OF_A_CALL)?;
            for permission in &mut need.permissions {
                if matches!(&permission.resources, Scope::These(named) if named.is_empty()) {
                    return Err(self.bad("it limits a permission to resources and names none"));
                }
                self.few(permission.resources.named().len(), limit::ENTRIES)?;
                permission.action.clean();
                permission.origin.clean();
                permission.resources.clean();
            }
            need.note.clean();
        }
        Ok(needs)
    }

    /// Returns the calls in `window` from the cloud's own log.
    ///
    /// # Errors
    /// When the provider fails or refuses.
    pub fn observed(&self, window: &Window) -> Result<Vec<Call>, ProviderError> {
        let answer =
            self.call(PolicyScope::look(), |guest, store| guest.call_observed(store, window))?.0;
        let mut calls = answer.map_err(|error| self.refused(error))?;
        self.accept_calls(&mut calls)?;
        Ok(calls)
    }

    fn accept_calls(&self, calls: &mut [Call]) -> Result<(), PluginError> {
        self.few(calls.len(), limit::ENTRIES)?;
        for call in calls {
            self.few(call.resources.len(), limit::ENTRIES)?;
            call.service.clean();
            call.operation.clean();
            call.resources.clean();
            call.source.clean();
        }
        Ok(())
    }
}

impl From<SeenRequest> for wit::SeenRequest {
    fn from(seen: SeenRequest) -> Self {
        let SeenRequest { service, region, method, host, path, query, headers, body, complete } =
            seen;
        let body = body.into();
        Self { service, region, method, host, path, query, headers, body, complete }
    }
}
