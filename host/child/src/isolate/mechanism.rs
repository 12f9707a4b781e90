//! The mechanisms of the kernel, by name.

use std::fmt;
use std::str::FromStr;

/// A mechanism that holds some part of an isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mechanism {
    /// Rights over mounts without rights over the system; a setuid program gains nothing.
    UserNamespace,
    /// Mounts of the command's own: what is hidden, and what cannot be changed.
    MountNamespace,
    /// Processes of the session alone, with a `/proc` of their own; all of them end with the session.
    PidNamespace,
    /// System V and POSIX message queues, semaphores and shared memory of the session alone.
    IpcNamespace,
    /// A network with a loopback of its own (`strict`).
    NetworkNamespace,
    /// Landlock's rules for files (`strict`).
    Landlock,
    /// Landlock's scopes: signals, abstract sockets and other processes' memory.
    LandlockScopes,
    /// A filter of system calls.
    Seccomp,
    /// `connect` is made by this process, on its own copy of the address.
    ConnectSupervisor,
    /// No program gains privileges by being executed.
    NoNewPrivileges,
    /// The capabilities of root, given up for good.
    Capabilities,
    /// A session keyring of the command's own.
    Keyring,
    /// Only the first three descriptors and those that arguments name.
    Descriptors,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 13] = [
        Self::UserNamespace,
        Self::MountNamespace,
        Self::PidNamespace,
        Self::IpcNamespace,
        Self::NetworkNamespace,
        Self::Landlock,
        Self::LandlockScopes,
        Self::Seccomp,
        Self::ConnectSupervisor,
        Self::NoNewPrivileges,
        Self::Capabilities,
        Self::Keyring,
        Self::Descriptors,
    ];

    /// Returns the mechanisms without which this one does not work.
    #[must_use]
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::MountNamespace | Self::IpcNamespace | Self::NetworkNamespace => {
                &[Self::UserNamespace]
            }
            // The new `/proc` is a mount.
            Self::PidNamespace => &[Self::MountNamespace],
            Self::ConnectSupervisor => &[Self::Seccomp],
            // The kernel lets only a process that gains no privileges restrict itself.
            // Without it, a program could give back what was given up.
            Self::Seccomp | Self::Landlock | Self::LandlockScopes | Self::Capabilities => {
                &[Self::NoNewPrivileges]
            }
            Self::UserNamespace | Self::NoNewPrivileges | Self::Keyring | Self::Descriptors => &[],
        }
    }

    /// Returns the mechanism's name in reports and settings of tests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserNamespace => "user-namespace",
            Self::MountNamespace => "mount-namespace",
            Self::PidNamespace => "pid-namespace",
            Self::IpcNamespace => "ipc-namespace",
            Self::NetworkNamespace => "network-namespace",
            Self::Landlock => "landlock",
            Self::LandlockScopes => "landlock-scopes",
            Self::Seccomp => "seccomp",
            Self::ConnectSupervisor => "connect-supervisor",
            Self::NoNewPrivileges => "no-new-privileges",
            Self::Capabilities => "capabilities",
            Self::Keyring => "keyring",
            Self::Descriptors => "descriptors",
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a text that names no mechanism.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a mechanism of isolation")]
pub struct MechanismError(String);

impl FromStr for Mechanism {
    type Err = MechanismError;

    fn from_str(text: &str) -> Result<Self, MechanismError> {
        let found = Self::ALL.into_iter().find(|mechanism| mechanism.name() == text);
        found.ok_or_else(|| MechanismError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mechanism_is_read_by_its_name() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.name().parse(), Ok(mechanism));
        }
        assert!("Landlock".parse::<Mechanism>().is_err());
    }
}
