//! The process at the other end of a Unix socket.

use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;
use rustix::fs::OFlags;
use rustix::net::sockopt::{Timeout, set_socket_timeout, socket_peercred, socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::call::errno;
use crate::isolate::kernel_call;

/// The most processes between a server and the command; a longer line of descent is taken for a stranger's.
const GENERATIONS: usize = 256;

/// Makes a Unix socket with the settings of `other` that matter before it is connected.
pub(super) fn copy_settings(other: &OwnedFd, kind: SocketType) -> nix::Result<OwnedFd> {
    let flags = rustix::fs::fcntl_getfl(other).map_err(errno)?;
    let waits = !flags.contains(OFlags::NONBLOCK);
    let how = if waits { SocketFlags::empty() } else { SocketFlags::NONBLOCK };
    let fresh = socket_with(AddressFamily::UNIX, kind, how | SocketFlags::CLOEXEC, None);
    let fresh = fresh.map_err(errno)?;
    for which in [Timeout::Recv, Timeout::Send] {
        if let Ok(Some(time)) = socket_timeout(other, which) {
            set_socket_timeout(&fresh, which, Some(time)).map_err(errno)?;
        }
    }
    let passes = rustix::net::sockopt::socket_passcred(other).map_err(errno)?;
    rustix::net::sockopt::set_socket_passcred(&fresh, passes).map_err(errno)?;
    Ok(fresh)
}

/// Returns true if the socket's server descends from `command`, or from the first process of its PID namespace.
///
/// Security: the socket keeps the id of a server that has ended (a daemon whose first process listened), and another process can get
/// that id. Linux 6.5 and later give a handle of the server itself.
pub(super) fn is_in_session(socket: &OwnedFd, command: Pid) -> bool {
    match kernel_call::peer(socket) {
        Ok(server) => {
            let Some(id) = process_of(&server) else { return false };
            // Afterwards, because until its end no other process gets the id.
            descends(id, command) && process_of(&server) == Some(id)
        }
        Err(Errno::ENOPROTOOPT) => {
            socket_peercred(socket).is_ok_and(|server| descends(server.pid.as_raw_pid(), command))
        }
        Err(_) => false,
    }
}

/// Returns the id of the process that a handle stands for, while the process lives.
fn process_of(handle: &OwnedFd) -> Option<i32> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", handle.as_raw_fd())).ok()?;
    let id = info.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()?;
    let mut ended = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
    (id > 0 && poll(&mut ended, PollTimeout::ZERO) == Ok(0)).then_some(id)
}

fn descends(server: i32, command: Pid) -> bool {
    let session = namespace_of(command);
    let mut process = server;
    for _ in 0..GENERATIONS {
        if process == command.as_raw() {
            return true;
        }
        // A namespace inside the session has another name, and its first process a parent in the session.
        if session.is_some() && namespace_of(Pid::from_raw(process)) == session {
            return session != namespace_of(Pid::this());
        }
        match parent_of(process) {
            Some(parent) if parent > 1 => process = parent,
            _ => return false,
        }
    }
    false
}

fn namespace_of(process: Pid) -> Option<std::path::PathBuf> {
    fs::read_link(format!("/proc/{process}/ns/pid")).ok()
}

fn parent_of(process: i32) -> Option<i32> {
    status(process, "PPid:")
}

/// Returns the process that a thread belongs to.
pub(super) fn group_of(thread: Pid) -> i32 {
    status(thread.as_raw(), "Tgid:").unwrap_or(thread.as_raw())
}

fn status(process: i32, field: &str) -> Option<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(field))?.trim().parse().ok()
}

/// Returns true if the process's descriptor is closed when it executes a program.
pub(super) fn closes_on_exec(process: Pid, number: i32) -> bool {
    let info = fs::read_to_string(format!("/proc/{process}/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
    flags.is_some_and(|flags| flags & OFlags::CLOEXEC.bits() != 0)
}
