//! This process: whose it is, and what it takes away from others of the same user.

use std::path::PathBuf;

use nix::unistd::{Uid, User};

/// Keeps other processes of this user from reading this one: no core dump, no `/proc/PID/environ`, no debugger.
///
/// Security: source credentials are in its memory and environment, and the command it starts runs as the same user. Linux
/// sets this back for the command when it is started (`prctl(2)`, `PR_SET_DUMPABLE`). Other systems have no such switch.
pub fn harden() {
    #[cfg(target_os = "linux")]
    // Where a sandbox forbids the call, running goes on: the command's limits do not rest on it.
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// The name of the user that runs this process, or the number where the system has no name for it.
///
/// Security: of the real user id, which no variable of the environment changes.
#[must_use]
pub fn user() -> String {
    let id = nix::unistd::getuid();
    let known = User::from_uid(id).ok().flatten();
    known.map_or_else(|| id.to_string(), |user| user.name)
}

/// The home directory of the user with this id, by the system's database of accounts; none where it has none.
///
/// Security: not by `HOME`, which whoever starts this process sets.
#[must_use]
pub fn home(user: Uid) -> Option<PathBuf> {
    let known = User::from_uid(user).ok().flatten()?;
    Some(known.dir).filter(|home| home.is_absolute())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_hardened_process_dumps_no_core_and_shows_no_environment() {
        harden();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
