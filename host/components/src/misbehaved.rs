//! The errors that end a guest's call: an exceeded limit, or an action that only a defect or an attack
//! explains.

use crate::capability::Capability;
use crate::limit;
use crate::policy_scope::OutsideGrant;
use audex_core::printable;

/// A limit that a guest exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitReached {
    /// The linear memory.
    #[error("it asked for more than {} MiB of memory", limit::MEMORY_BYTES / 1024 / 1024)]
    Memory,
    /// The table elements.
    #[error("it asked for more than {} table elements", limit::TABLE_ELEMENTS)]
    Table,
    /// The time of the guest.
    #[error("it computed for more than {} s", limit::GUEST_TIME.as_secs())]
    GuestTime,
    /// The time of guest and host together.
    #[error("it took more than {} s", limit::WALL_TIME.as_secs())]
    WallTime,
    /// The text and lists passed to the host.
    #[error("it handed over more than {} MiB at once", limit::ANSWER_BYTES / 1024 / 1024)]
    Answer,
    /// The handles.
    #[error("it held more than {} handles", limit::RESOURCES)]
    Resources,
}

/// An action of a guest that only a defect or an attack explains.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misbehaved {
    /// The guest used a capability that was not granted to it.
    #[error("it used `{0}`, which was not granted to it")]
    NotGranted(Capability),
    /// The guest requested a role that the user did not name.
    #[error("it tried to assume the role `{0}`, which none of its settings names")]
    ForeignRole(String),
    /// The guest tried to sign AWS requests with a secret that did not come from a reply.
    #[error("it made AWS keys of a secret that no reply gave")]
    ForeignKeys,
    /// The guest joined secrets that may not be combined.
    #[error("it joined secrets that belong to different places")]
    MixedSecret,
    /// The guest made a secret that is too large.
    #[error("it made a secret of more than {} KiB", limit::SECRET_BYTES / 1024)]
    LargeSecret,
    /// The guest tried to sign with a secret that it joined, or that is not a key.
    #[error("it tried to sign with a secret that it put together, or that is not a key")]
    MadeKey,
    /// The guest kept too many secrets.
    #[error("it kept more than {} secrets", limit::DELIVERED)]
    ManyKept,
    /// The guest announced too many leases.
    #[error("it announced more than {} leases", limit::DELIVERED)]
    ManyLeases,
    /// The guest announced a lease that cannot be shown or recorded unchanged.
    #[error(
        "it announced a lease that is not one plain line of at most {} characters",
        printable::LINE_CHARACTERS
    )]
    BadLease,
    /// The guest sent another request than the recorded one.
    #[error("{0}")]
    OffTape(String),
    /// The guest exceeded its grant, or the purpose of this call.
    #[error(transparent)]
    Outside(#[from] OutsideGrant),
}
