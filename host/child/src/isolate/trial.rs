//! Tries each mechanism in this process, which is a stage that ends afterwards.

use std::io;

use nix::errno::Errno;

use super::Mechanism as M;
use super::{capability, filter, init, kernel_call, namespace};

/// The first version of Landlock that refuses to truncate a file (Linux 6.2).
const LANDLOCK_FILES: i64 = 3;
/// The first version of Landlock with scopes (Linux 6.12).
const LANDLOCK_SCOPES: i64 = 6;

/// Tries each mechanism; returns its name, with the reason if it is not to be had.
pub(super) fn try_all() -> Vec<(String, String)> {
    let mut tried: Vec<(M, io::Result<()>)> = vec![(M::Descriptors, Ok(()))];
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
    tried.push((M::Capabilities, capability::give_up_unusual()));
    let version = kernel_call::landlock_version();
    let at_least = |wanted, text: &str| match version {
        Ok(version) if version >= wanted => Ok(()),
        Ok(version) => Err(io::Error::other(format!("version {version} of Landlock {text}"))),
        Err(error) => Err(error.into()),
    };
    tried.push((M::Landlock, at_least(LANDLOCK_FILES, "does not know truncation")));
    tried.push((M::LandlockScopes, at_least(LANDLOCK_SCOPES, "has no scopes")));
    tried.push((M::Seccomp, filter::try_without_listener()));
    tried.push((M::ConnectSupervisor, filter::try_with_listener()));
    let reason = |error: io::Error| match error.raw_os_error() {
        Some(number) => Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    };
    let text = |(mechanism, result): (M, io::Result<()>)| {
        (mechanism.to_string(), result.err().map(reason).unwrap_or_default())
    };
    tried.into_iter().map(text).collect()
}
