//! Every IAM action that AWS documents: its spelling, access level and resource types.
//!
//! The data is [`catalogue.bin`](../generate.py), read in place: nothing is parsed, allocated or copied
//! before a look-up, and a look-up decodes only the group of the name. Nothing here can fail or panic: a name
//! that is not in the data is unknown.

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

/// The power of an action over an account, from harmless to dangerous. Source: Service Authorization
/// Reference, "access level".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Lists resources.
    List,
    /// Reads contents.
    Read,
    /// Changes tags, and so the outcome of conditions on tags.
    Tagging,
    /// Creates, changes, deletes or runs.
    Write,
    /// Changes permissions.
    Permissions,
}

impl Access {
    /// Every level, in the order of their numbers in the data.
    pub const ALL: [Self; 5] =
        [Self::List, Self::Read, Self::Tagging, Self::Write, Self::Permissions];

    /// Returns the word for messages.
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

/// Returns the number of all actions, and of each access level (in the order of [`Access::ALL`]).
#[must_use]
pub fn totals() -> (u32, [u32; 5]) {
    format::totals()
}
