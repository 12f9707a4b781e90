//! Every IAM action that AWS documents: its spelling, access level and resource types.
//!
//! The data is [`catalogue.bin`](../generate.py), read in place: nothing is parsed, allocated or copied before a name is
//! asked for, and then only that name's group is decoded. Nothing here can fail or panic: what is not in the data is
//! not known.

mod correction;
mod escape;
mod format;
mod names;
mod question;
mod resource;
mod service;

pub use correction::{Correction, corrections};
pub use escape::{stood_in, unescaped, variables, without_dollars};
pub use names::Names;
pub use question::{
    Found, expansion_within, find, matching, needs_no_resource, services_with, takes_no_resource,
};
pub use resource::ResourceType;
pub use service::{Service, service, services};

/// What an action can do to an account, from harmless to dangerous. Source: Service Authorization Reference, "access level".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Sees what there is.
    List,
    /// Reads contents.
    Read,
    /// Changes tags, and with them what conditions on tags decide.
    Tagging,
    /// Creates, changes, deletes or runs.
    Write,
    /// Changes who may do what.
    Permissions,
}

impl Access {
    /// Every level, as numbered in the data.
    pub const ALL: [Self; 5] = [Self::List, Self::Read, Self::Tagging, Self::Write, Self::Permissions];

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Tagging => "tagging",
            Self::Write => "write",
            Self::Permissions => "permissions management",
        }
    }
}

/// How many actions there are in all, and of each access level (in the order of [`Access::ALL`]).
#[must_use]
pub fn totals() -> (u32, [u32; 5]) {
    format::totals()
}
