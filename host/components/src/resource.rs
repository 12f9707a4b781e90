//! The values that a guest holds by handle: secrets and sessions that it cannot read.

use std::sync::Arc;

use audex_core::secret::Secret;
use audex_logins::aws;

/// A secret that a guest holds by handle only.
#[derive(Clone, Debug)]
pub struct HeldSecret {
    /// The text of the secret.
    pub value: Secret,
    /// The origin, which limits the destinations.
    pub origin: Origin,
    /// `true` if the guest joined the secret from pieces, or had a server do so.
    joined: bool,
    /// For a joined secret: the parts that the guest does not know.
    parts: Vec<Secret>,
}

impl HeldSecret {
    /// Returns a secret that is not joined.
    #[must_use]
    pub fn whole(value: Secret, origin: Origin) -> Self {
        Self { value, origin, joined: false, parts: Vec::new() }
    }

    /// Returns a secret joined around `parts`, which the guest does not know.
    #[must_use]
    pub fn joined(value: Secret, origin: Origin, parts: Vec<Secret>) -> Self {
        Self { value, origin, joined: true, parts }
    }

    /// Returns a secret from a reply. `framed` is `true` if the guest may have written text around a secret
    /// in the request.
    #[must_use]
    pub fn lifted(value: Secret, origin: Origin, framed: bool) -> Self {
        Self { value, origin, joined: framed, parts: Vec::new() }
    }

    /// Returns the parts that the guest does not know.
    #[must_use]
    pub fn unknown(&self) -> &[Secret] {
        match self.origin {
            Origin::Guest => &[],
            _ if self.parts.is_empty() => std::slice::from_ref(&self.value),
            _ => &self.parts,
        }
    }

    /// Returns `true` if the secret may be used as a private key.
    ///
    /// Security: if a guest writes a key's frame around a secret, it learns the secret bit by bit from the
    /// acceptance or rejection of the key. A server's reply may contain such a frame too.
    #[must_use]
    pub(crate) fn may_sign(&self) -> bool {
        !self.joined && self.origin == Origin::Slot
    }

    /// Returns `true` if the secret may be the key of an HMAC, for the same reason. Parts of a session and
    /// tokens are never keys.
    #[must_use]
    pub(crate) fn may_authenticate(&self) -> bool {
        !self.joined && !matches!(self.origin, Origin::Session { .. } | Origin::Audience { .. })
    }
}

/// The origin of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The guest made the secret from text that it knew.
    Guest,
    /// A part of temporary AWS credentials; it may be delivered to the child, and sent nowhere else.
    Session {
        /// The last policy applied to the credentials; `None` if they were not narrowed.
        policy: Option<Arc<str>>,
        /// Seconds since the Unix epoch, by the cloud's clock.
        expires_at: u64,
        /// The requested life of the credentials, which does not depend on a clock.
        asked_seconds: u32,
        /// The number of `GetScopedCredentials` policies that the credentials carry, if STS reported it.
        scoped_policies: Option<u32>,
    },
    /// A granted slot; the secret may be sent to the hosts granted to the component, and never to the child.
    Slot,
    /// A reply; the secret may be sent back to the host of the reply.
    Lifted {
        /// The host that sent the secret.
        host: String,
    },
    /// A token for one audience; it may be sent to the hosts granted to the component, and reaches the child
    /// only through an identity endpoint, for that audience.
    Audience {
        /// The requested audience, without `/.default`.
        audience: String,
        /// Seconds since the Unix epoch.
        expires_at: u64,
    },
    /// A signing key from a reply; only signatures made with it may be sent.
    SigningKey {
        /// The host that sent the key.
        host: String,
    },
}

impl Origin {
    /// Returns the origin of a secret joined from this origin and `other`: it may be sent only where both
    /// may. Returns `None` if no destination remains.
    #[must_use]
    pub fn and(self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Guest, other) => Some(other.clone()),
            (known, Self::Guest) => Some(known),
            (known, other) if known == *other => Some(known),
            _ => None,
        }
    }

    /// Returns the origin of a signature made with a secret of this origin.
    #[must_use]
    pub fn signature(&self) -> Self {
        match self {
            Self::SigningKey { host } => Self::Lifted { host: host.clone() },
            other => other.clone(),
        }
    }
}

/// Temporary AWS credentials that a guest holds by handle only.
#[derive(Debug)]
pub struct HeldSession {
    /// The credentials.
    pub session: aws::Session,
    /// The last policy applied to the credentials.
    pub policy: Option<Arc<str>>,
    /// The requested life of the credentials.
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
