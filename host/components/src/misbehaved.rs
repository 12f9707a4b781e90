//! How a guest ends its call: by a limit, or by something that only a defect or an attack explains.

use crate::capability::Capability;
use crate::limit;
use crate::policy_scope::OutsideGrant;
use audex_core::printable;

/// A limit that a guest ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// Linear memory.
    #[error("it asked for more than {} MiB of memory", limit::MEMORY_BYTES / 1024 / 1024)]
    Memory,
    /// Table elements.
    #[error("it asked for more than {} table elements", limit::TABLE_ELEMENTS)]
    Table,
    /// Guest time.
    #[error("it computed for more than {} s", limit::GUEST_TIME.as_secs())]
    GuestTime,
    /// Guest and host time together.
    #[error("it took more than {} s", limit::WALL_TIME.as_secs())]
    WallTime,
    /// Text and lists handed to the host.
    #[error("it handed over more than {} MiB at once", limit::ANSWER_BYTES / 1024 / 1024)]
    Answer,
    /// Handles.
    #[error("it held more than {} handles", limit::RESOURCES)]
    Resources,
}

/// Something a guest did that only a defect or an attack explains.
#[derive(Debug, thiserror::Error)]
pub enum Misbehaved {
    /// It used what it was not granted.
    #[error("it used `{0}`, which was not granted to it")]
    NotGranted(Capability),
    /// It wanted a role that the user did not name.
    #[error("it tried to assume the role `{0}`, which none of its settings names")]
    ForeignRole(String),
    /// It tried to sign AWS requests with something that no reply gave.
    #[error("it made AWS keys of a secret that no reply gave")]
    ForeignKeys,
    /// It joined secrets that may not stand in one.
    #[error("it joined secrets that belong to different places")]
    MixedSecret,
    /// A secret that is none.
    #[error("it made a secret of more than {} KiB", limit::SECRET_BYTES / 1024)]
    LargeSecret,
    /// It wanted a signature by what is no key.
    #[error("it tried to sign with a secret that it put together, or that is no key")]
    MadeKey,
    /// It keeps secrets as others keep files.
    #[error("it kept more than {} secrets", limit::DELIVERED)]
    ManyKept,
    /// It announced leases as others write logs.
    #[error("it announced more than {} leases", limit::DELIVERED)]
    ManyLeases,
    /// A lease that could not be shown or recorded as it is.
    #[error(
        "it announced a lease that is not one plain line of at most {} characters",
        printable::LINE_CHARACTERS
    )]
    BadLease,
    /// It asked the other side for something else than when it was recorded.
    #[error("{0}")]
    OffTape(String),
    /// It went beyond its grant, or beyond what this call is for.
    #[error(transparent)]
    Outside(#[from] OutsideGrant),
    /// It called the host from a world that has no imports.
    #[error("it called the host without a reach")]
    NoContext,
}
