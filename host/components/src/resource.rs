//! What a guest holds by handle: secrets and sessions that it cannot read.

use std::sync::Arc;

use audex_core::secret::Secret;
use audex_logins::aws;

/// A secret in a guest's hands, by handle only.
#[derive(Clone, Debug)]
pub struct HeldSecret {
    /// The text.
    pub value: Secret,
    /// Where it came from, which decides where it may go.
    pub origin: Origin,
    /// Whether the guest put it together of pieces, or had a server do so.
    joined: bool,
    /// Of a joined one, what the guest does not know.
    parts: Vec<Secret>,
}

impl HeldSecret {
    /// A secret as it came.
    #[must_use]
    pub fn whole(value: Secret, origin: Origin) -> Self {
        Self { value, origin, joined: false, parts: Vec::new() }
    }

    /// One put together around `parts`, which the guest does not know.
    #[must_use]
    pub fn joined(value: Secret, origin: Origin, parts: Vec<Secret>) -> Self {
        Self { value, origin, joined: true, parts }
    }

    /// One out of a reply, to a request in which the guest may have written around a secret.
    #[must_use]
    pub fn lifted(value: Secret, origin: Origin, framed: bool) -> Self {
        Self { value, origin, joined: framed, parts: Vec::new() }
    }

    /// What of it the guest does not know.
    #[must_use]
    pub fn unknown(&self) -> &[Secret] {
        match self.origin {
            Origin::Guest => &[],
            _ if self.parts.is_empty() => std::slice::from_ref(&self.value),
            _ => &self.parts,
        }
    }

    /// Whether a private key may be read from it.
    ///
    /// Security: a guest that writes a key's frame around a secret learns from whether it is taken what the secret is, bit by
    /// bit. What a server answers may be such a frame.
    #[must_use]
    pub fn may_sign(&self) -> bool {
        !self.joined && self.origin == Origin::Slot
    }

    /// Whether it may be the key of an HMAC, for the same reason. A session's parts and tokens are no keys at all.
    #[must_use]
    pub fn may_authenticate(&self) -> bool {
        !self.joined && !matches!(self.origin, Origin::Session { .. } | Origin::Audience { .. })
    }
}

/// Where a secret came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The guest made it of text it knew.
    Guest,
    /// Part of temporary AWS credentials; it may be delivered to the child, and go nowhere else.
    Session {
        /// The last policy applied to them; none for credentials nobody narrowed.
        policy: Option<Arc<str>>,
        /// Seconds since the Unix epoch, by the cloud's clock.
        expires_at: u64,
        /// How long they were asked to live, which no clock can misstate.
        asked_seconds: u32,
        /// How many policies of `GetScopedCredentials` they carry, where STS said.
        scoped_policies: Option<u32>,
    },
    /// A granted slot: it may go to the hosts granted to the component, and never to the child.
    Slot,
    /// Lifted from a reply; it may go back to that host.
    Lifted {
        /// The host that sent it.
        host: String,
    },
    /// A token that a cloud gave for one audience; it may go to the hosts granted to the component, and reach the child only
    /// from an identity endpoint, for that audience.
    Audience {
        /// As it was asked for, without `/.default`.
        audience: String,
        /// Seconds since the Unix epoch.
        expires_at: u64,
    },
    /// A key that a reply gave to sign with; only what is made with it may go anywhere.
    SigningKey {
        /// The host that sent it.
        host: String,
    },
}

impl Origin {
    /// The origin of a secret made of one of this and one of `other`: it may go only where both may. None if nowhere.
    #[must_use]
    pub fn and(self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Guest, other) => Some(other.clone()),
            (known, Self::Guest) => Some(known),
            (known, other) if known == *other => Some(known),
            _ => None,
        }
    }

    /// The origin of a signature made with a secret of this one.
    #[must_use]
    pub fn signature(&self) -> Self {
        match self {
            Self::SigningKey { host } => Self::Lifted { host: host.clone() },
            other => other.clone(),
        }
    }
}

/// Temporary AWS credentials in a guest's hands, by handle only.
#[derive(Debug)]
pub struct HeldSession {
    /// The credentials.
    pub session: aws::Session,
    /// The last policy applied to them.
    pub policy: Option<Arc<str>>,
    /// How long they were asked to live.
    pub asked_seconds: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_was_granted_and_nothing_a_guest_could_write_around() {
        let held = |origin| HeldSecret::whole(Secret::new("x".to_owned()), origin);
        let lifted = || Origin::Lifted { host: "x.com".to_owned() };
        let framed = HeldSecret::lifted(Secret::new("x".to_owned()), lifted(), true);
        let joined = HeldSecret::joined(Secret::new("x".to_owned()), Origin::Slot, Vec::new());
        assert!(held(Origin::Slot).may_sign() && held(Origin::Slot).may_authenticate());
        assert!(!held(lifted()).may_sign() && held(lifted()).may_authenticate());
        for no in [framed, joined] {
            assert!(!no.may_sign() && !no.may_authenticate(), "{no:?}");
        }
    }

    #[test]
    fn a_joined_secret_goes_nowhere_that_one_of_its_pieces_may_not() {
        let key = Origin::SigningKey { host: "a.blob.core.windows.net".to_owned() };
        let lifted = Origin::Lifted { host: "a.blob.core.windows.net".to_owned() };
        assert_eq!(Origin::Guest.and(&key), Some(key.clone()));
        assert_eq!(lifted.clone().and(&key), None);
        assert_eq!((key.signature(), Origin::Slot.signature()), (lifted, Origin::Slot));
    }
}
