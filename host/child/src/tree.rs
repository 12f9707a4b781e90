//! The descendants of the command, also those that left its process group.
//!
//! A process whose parents have all ended before it is looked for is not found. Only an isolation ends such a process too.

use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The pause between two looks at processes that have to end; the system tells only the end of own children.
const PAUSE: Duration = Duration::from_millis(10);

/// The time of a process's start in clock ticks, which tells it from a later process of the same id.
type Start = u64;

/// The processes of a command that ends.
#[derive(Debug)]
pub(super) struct Tree {
    root: i32,
    members: BTreeMap<i32, Start>,
}

impl Tree {
    pub(super) fn of(root: Pid) -> Self {
        let mut tree = Self { root: root.as_raw(), members: BTreeMap::new() };
        tree.look();
        tree
    }

    /// Forgets the members that have ended, and adds the descendants of the others.
    pub(super) fn look(&mut self) {
        let processes = processes();
        self.members.retain(|id, start| processes.get(id).is_some_and(|(_, now)| now == start));
        loop {
            let is_new = |id: &i32, parent: &i32| {
                let is_ours = *parent == self.root || self.members.contains_key(parent);
                is_ours && !self.members.contains_key(id)
            };
            let new: Vec<(i32, Start)> = processes
                .iter()
                .filter(|(id, (parent, _))| is_new(id, parent))
                .map(|(id, (_, start))| (*id, *start))
                .collect();
            if new.is_empty() {
                return;
            }
            self.members.extend(new);
        }
    }

    /// Waits until every member has ended, at most for `grace`, and kills those that are left.
    pub(super) fn end(&mut self, grace: Duration) {
        let begun = Instant::now();
        loop {
            self.look();
            if self.members.is_empty() {
                return;
            }
            if begun.elapsed() >= grace {
                return self.kill();
            }
            thread::sleep(PAUSE);
        }
    }

    /// Kills every member.
    pub(super) fn kill(&mut self) {
        self.look();
        for id in self.members.keys() {
            // A member that has just ended needs no signal.
            let _ = kill(Pid::from_raw(*id), Signal::SIGKILL);
        }
    }
}

/// Ends the processes that were started with the variable `name` set to `value`, and their descendants: they get SIGTERM and, after
/// `grace`, SIGKILL. Returns the number of the processes. This process is not among them.
///
/// Only Linux shows the environment of a process, and only to its user.
#[must_use]
pub fn end_marked(name: &str, value: &str, grace: Duration) -> usize {
    let own = Pid::this();
    let mark = format!("{name}={value}");
    let is_marked =
        |id: i32| environment(id).split(|byte| *byte == 0).any(|one| one == mark.as_bytes());
    let all = processes().into_iter().map(|(id, (_, start))| (id, start));
    let members = all.filter(|(id, _)| *id != own.as_raw() && is_marked(*id)).collect();
    // No process has this one as its parent, because it starts none.
    let mut tree = Tree { root: own.as_raw(), members };
    tree.look();
    for id in tree.members.keys() {
        // A member that has just ended needs no signal.
        let _ = kill(Pid::from_raw(*id), Signal::SIGTERM);
    }
    let number = tree.members.len();
    tree.end(grace);
    number
}

/// Returns the environment with which a process was started, if this user may read it.
#[cfg(target_os = "linux")]
fn environment(id: i32) -> Vec<u8> {
    fs::read(format!("/proc/{id}/environ")).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn environment(_: i32) -> Vec<u8> {
    Vec::new()
}

/// Returns the parent and the start of every process that has not ended.
#[cfg(target_os = "linux")]
fn processes() -> BTreeMap<i32, (i32, Start)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|id| Some((id, parent_and_start(id)?))).collect()
}

/// Returns no process: this system has no such list.
#[cfg(not(target_os = "linux"))]
fn processes() -> BTreeMap<i32, (i32, Start)> {
    BTreeMap::new()
}

/// Reads `/proc/ID/stat`. Source: `proc_pid_stat(5)`; the name in parentheses may hold blanks and parentheses.
#[cfg(target_os = "linux")]
fn parent_and_start(id: i32) -> Option<(i32, Start)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    // The start is field 22; the parent is field 4.
    let start = fields.nth(17)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some((parent, start))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_parent_and_a_start_and_is_in_the_tree_of_its_parent() {
        let own = Pid::this().as_raw();
        let parent = nix::unistd::getppid();
        let (read, start) = parent_and_start(own).unwrap();
        assert_eq!(read, parent.as_raw());
        assert!(start > 0);
        assert!(Tree::of(parent).members.contains_key(&own));
        assert!(!Tree::of(Pid::this()).members.contains_key(&own));
    }
}
