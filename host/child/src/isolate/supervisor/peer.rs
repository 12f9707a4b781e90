//! The process at the other end of a Unix socket.

use std::fs;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::errno::Errno;
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

/// Returns true if the socket's server descends from `command`, or from the first process of its PID namespace. A server that has
/// ended, because it left the socket to a child, is a stranger.
pub(super) fn is_in_session(socket: &OwnedFd, command: Pid) -> bool {
    match kernel_call::peer_handle(socket) {
        // Security: the id of a process that has ended can be given to another one. The handle stands for the server alone, so
        // it is asked again once the line of descent is known.
        Ok(handle) => id_of(&handle)
            .is_some_and(|server| descends(server, command) && id_of(&handle) == Some(server)),
        Err(Errno::ENOPROTOOPT) => {
            socket_peercred(socket).is_ok_and(|server| descends(server.pid.as_raw_pid(), command))
        }
        Err(_) => false,
    }
}

/// Returns the id of the process that a handle stands for, unless it has ended.
fn id_of(handle: &OwnedFd) -> Option<i32> {
    let path = format!("/proc/self/fdinfo/{}", handle.as_raw_fd());
    field(&fs::read_to_string(path).ok()?, "Pid:").filter(|id| *id > 0)
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

fn status(process: i32, name: &str) -> Option<i32> {
    field(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, name)
}

fn field(text: &str, name: &str) -> Option<i32> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// Returns true if the process's descriptor is closed when it executes a program.
pub(super) fn closes_on_exec(process: Pid, number: i32) -> bool {
    let info = fs::read_to_string(format!("/proc/{process}/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|text| u32::from_str_radix(text.trim(), 8).ok());
    flags.is_some_and(|flags| flags & OFlags::CLOEXEC.bits() != 0)
}
