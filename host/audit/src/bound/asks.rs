//! Cuts the events about asks.

use super::super::record::{Added, Adding, Answered, Asked, AskedPermission};
use super::{Entry, PERMISSION_BYTES, components_of, list, list_of, texts};

pub(super) fn asked(asked: &mut Asked) {
    let Asked { ask, provider, permissions, why } = asked;
    texts([Some(ask), Some(provider), why.as_mut()]);
    for permission in permissions.iter_mut() {
        list_of(&mut permission.resources, PERMISSION_BYTES);
    }
    list(permissions);
}

pub(super) fn answered(answered: &mut Answered) {
    let Answered { ask, granted: _, by, reason, once: _, until } = answered;
    texts([Some(ask), Some(by), reason.as_mut(), until.as_mut()]);
}

pub(super) fn adding(adding: &mut Adding) {
    let Adding { ask, provider, method, permissions, ttl_seconds: _, components } = adding;
    texts([Some(ask), Some(provider), Some(method)]);
    for permission in permissions.iter_mut() {
        list_of(&mut permission.resources, PERMISSION_BYTES);
    }
    list(permissions);
    components_of(components);
}

pub(super) fn added(added: &mut Added) {
    let Added { ask, provider, expires_at, identity, access_key_id, lease, scoped_policies: _ } =
        added;
    texts([Some(ask), Some(provider), Some(expires_at), identity.as_mut()]);
    texts([access_key_id.as_mut(), lease.as_mut()]);
}

impl Entry for AskedPermission {
    fn texts(&mut self) -> Vec<&mut String> {
        std::iter::once(&mut self.action).chain(&mut self.resources).collect()
    }

    fn saying(action: String) -> Self {
        Self { action, ..Self::default() }
    }
}
