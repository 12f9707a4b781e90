//! The origin of a component.

use std::fmt;

/// The origin of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The component ships inside the program.
    BuiltIn,
    /// A user installed the component.
    Installed,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BuiltIn => "built in",
            Self::Installed => "installed",
        })
    }
}
