//! What this system has: each mechanism, tried in a process of its own.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::io;

use super::Mechanism;

/// The mechanisms of this system.
#[derive(Debug, Clone, Default)]
pub struct Support {
    /// The mechanisms that were tried, each with the reason if it is not to be had.
    tried: BTreeMap<Mechanism, Result<(), String>>,
}

/// Tries each mechanism. The answer is the same for the whole run, so callers ask once.
#[must_use]
pub fn support() -> Support {
    #[cfg(target_os = "linux")]
    let tried = super::start::try_all().unwrap_or_else(|error| {
        let reason = format!("cannot be tried: {error}");
        Mechanism::ALL.into_iter().map(|mechanism| (mechanism, Err(reason.clone()))).collect()
    });
    #[cfg(not(target_os = "linux"))]
    let tried = BTreeMap::new();
    Support { tried }
}

impl Support {
    /// Returns nothing if the system has the mechanism, and the reason otherwise.
    ///
    /// # Errors
    /// The reason, in a few words.
    pub fn of(&self, mechanism: Mechanism) -> Result<(), &str> {
        match self.tried.get(&mechanism) {
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(reason),
            None => Err("not built for this system"),
        }
    }
}

/// Reads what [`try_all`] found.
#[cfg(target_os = "linux")]
pub(super) fn read(tried: Vec<(String, String)>) -> BTreeMap<Mechanism, Result<(), String>> {
    let known = tried.into_iter().filter_map(|(name, reason)| {
        let result = if reason.is_empty() { Ok(()) } else { Err(reason) };
        Some((name.parse().ok()?, result))
    });
    known.collect()
}

/// Tries each mechanism in this process, which is a stage that ends afterwards.
#[cfg(target_os = "linux")]
pub(super) fn try_all() -> Vec<(String, String)> {
    use super::{capability, init, kernel_call, namespace};
    use Mechanism as M;
    let mut tried: Vec<(Mechanism, io::Result<()>)> = vec![(M::Descriptors, Ok(()))];
    tried.push((M::Keyring, kernel_call::join_session_keyring().map_err(Into::into)));
    let user = namespace::enter_user();
    let has_user = user.is_ok();
    tried.push((M::UserNamespace, user));
    let within = |result: fn() -> io::Result<()>| {
        if has_user { result() } else { Err(io::Error::other("needs a user namespace")) }
    };
    tried.push((M::MountNamespace, within(|| namespace::enter(M::MountNamespace))));
    tried.push((M::IpcNamespace, within(|| namespace::enter(M::IpcNamespace))));
    tried.push((M::NetworkNamespace, within(|| namespace::enter(M::NetworkNamespace))));
    tried.push((
        M::PidNamespace,
        within(|| {
            namespace::enter(M::PidNamespace)?;
            // It ends with this process.
            init::start().map(drop)
        }),
    ));
    tried.push((M::NoNewPrivileges, capability::forbid_new_privileges()));
    tried.push((M::Capabilities, within(capability::give_up)));
    let version = kernel_call::landlock_version();
    let at_least = |wanted, text: &str| match version {
        Ok(version) if version >= wanted => Ok(()),
        Ok(version) => Err(io::Error::other(format!("version {version} of Landlock {text}"))),
        Err(error) => Err(error.into()),
    };
    tried.push((M::Landlock, at_least(LANDLOCK_FILES, "does not know truncation")));
    tried.push((M::LandlockScopes, at_least(LANDLOCK_SCOPES, "has no scopes")));
    tried.push((M::Seccomp, super::filter::try_without_listener()));
    tried.push((M::ConnectSupervisor, super::filter::try_with_listener()));
    let text = |(mechanism, result): (Mechanism, io::Result<()>)| {
        (mechanism.to_string(), result.err().map(|error| error.to_string()).unwrap_or_default())
    };
    tried.into_iter().map(text).collect()
}

/// The first version of Landlock that refuses to truncate a file (Linux 6.2).
#[cfg(target_os = "linux")]
const LANDLOCK_FILES: i64 = 3;
/// The first version of Landlock with scopes (Linux 6.12).
#[cfg(target_os = "linux")]
const LANDLOCK_SCOPES: i64 = 6;
