//! This process: its user, and its protection from other processes of that user.

use std::path::PathBuf;

use nix::unistd::{Uid, User};

/// Prevents other processes of this user from reading this one: no core dump, no `/proc/PID/environ`, no debugger.
///
/// Security: this process holds source credentials, and the command that it starts runs as the same user. Linux resets
/// this switch for the command at its start (`prctl(2)`, `PR_SET_DUMPABLE`). Other systems have no such switch.
pub fn harden() {
    #[cfg(target_os = "linux")]
    // If a sandbox forbids the call, the run continues: the limits on the command do not depend on this switch.
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Asks the system to send SIGTERM to this process when its parent, the process `parent`, ends, also if it is killed. Other systems
/// than Linux have no such request.
pub fn end_with_parent(parent: u32) {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::signal::{Signal, raise};
        // If a sandbox forbids the call, only a killed parent leaves this process.
        let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGTERM);
        // If the parent ended before the request, another process has adopted this one.
        if u32::try_from(nix::unistd::getppid().as_raw()) != Ok(parent) {
            let _ = raise(Signal::SIGTERM);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
}

/// Returns the name of the user that runs this process, or the user id if the system knows no name for it.
///
/// Security: uses the real user id, which no environment variable changes.
#[must_use]
pub fn user() -> String {
    let id = nix::unistd::getuid();
    let known = User::from_uid(id).ok().flatten();
    known.map_or_else(|| id.to_string(), |user| user.name)
}

/// Returns the home directory of `user` from the system's account database, if it has an absolute one.
///
/// Security: does not use `HOME`, because any caller can set that variable.
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
