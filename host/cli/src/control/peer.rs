//! The process at the other end of a control socket.

use std::io;

use nix::unistd::{User, geteuid};
use tokio::net::UnixStream;

/// The most processes between a peer and the command. A longer line of descent counts as the command's.
#[cfg(target_os = "linux")]
const GENERATIONS: usize = 256;
/// The first and the last major device number of pseudo-terminals. Source: Linux, `Documentation/admin-guide/devices.txt`.
#[cfg(target_os = "linux")]
const PTS: std::ops::RangeInclusive<u32> = 136..=143;

/// A process of the user.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// The process id; 0 if this system does not tell it, or if the process is in a PID namespace that this one does not see.
    id: i32,
    /// The user, the process and its terminal, for the log.
    pub(super) by: String,
}

impl Peer {
    /// Returns the peer of `stream`, or `None` if it is a process of another user.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn of(stream: &UnixStream) -> io::Result<Option<Self>> {
        let credentials = stream.peer_cred()?;
        let user = geteuid();
        if credentials.uid() != user.as_raw() {
            return Ok(None);
        }
        let id = credentials.pid().unwrap_or(0);
        let name = User::from_uid(user).ok().flatten().map(|user| user.name);
        let name = name.unwrap_or_else(|| user.to_string());
        let place = terminal(id).map(|terminal| format!(", {terminal}")).unwrap_or_default();
        Ok(Some(Self { id, by: format!("{name} (process {id}{place})") }))
    }

    /// Returns true if the peer is `command` or descends from it, or if this cannot be told.
    #[cfg(target_os = "linux")]
    pub(super) fn is_of(&self, command: i32) -> bool {
        let mut process = self.id;
        for _ in 0..GENERATIONS {
            if process == command || process == 0 {
                return true;
            }
            if process == 1 {
                return false;
            }
            // A parent that has just ended leaves its children to another one.
            let Some(parent) = field(process, 4).and_then(|parent| parent.parse().ok()) else {
                return true;
            };
            process = parent;
        }
        true
    }

    /// Returns false: this system has no isolation, so its answers do not count anyway.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn is_of(&self, command: i32) -> bool {
        self.id == command
    }
}

/// Returns a field of `/proc/ID/stat` by its number. Source: `proc_pid_stat(5)`; field 3 is the first after the name.
#[cfg(target_os = "linux")]
fn field(id: i32, number: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(number.checked_sub(3)?).map(str::to_owned)
}

/// Returns the controlling terminal of a process, if it is a pseudo-terminal.
#[cfg(target_os = "linux")]
fn terminal(id: i32) -> Option<String> {
    let device: u32 = field(id, 7)?.parse().ok()?;
    // The minor number is in bits 31 to 20 and 7 to 0, the major number in bits 15 to 8 (`proc_pid_stat(5)`).
    let (major, minor) = ((device >> 8) & 0xff, (device & 0xff) | ((device >> 12) & 0xf_ff00));
    PTS.contains(&major).then(|| format!("pts/{}", (major - PTS.start()) * 256 + minor))
}

#[cfg(not(target_os = "linux"))]
fn terminal(_: i32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_descends_from_itself_and_its_parents_and_from_no_other() {
        let own = i32::try_from(std::process::id()).unwrap();
        let peer = |id| Peer { id, by: String::new() };
        let parent = nix::unistd::getppid().as_raw();
        assert!(peer(own).is_of(own) && peer(own).is_of(parent));
        assert!(!peer(own).is_of(i32::MAX));
        assert!(peer(0).is_of(i32::MAX), "a process that is not seen may be the command's");
    }
}
