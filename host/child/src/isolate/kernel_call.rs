//! The calls of the kernel that no library offers safely. No other file of this crate has `unsafe` code.

#![expect(unsafe_code, reason = "system calls; each block says why it is sound")]

use std::ffi::c_long;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, Pid, fork};

/// Takes over a descriptor that this process was started with.
///
/// # Errors
/// If no such descriptor is open.
pub(super) fn adopt(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call only asks whether the number is open.
    Errno::result(unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    // SAFETY: the descriptor is open, and the parent passed it to this process for this one owner.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Forks. INVARIANT: the caller has one thread.
pub(super) fn fork_alone() -> nix::Result<ForkResult> {
    // SAFETY: with one thread, the child may do everything that the parent may.
    unsafe { fork() }
}

/// Forks a sibling: a child of this process's own parent. INVARIANT: the caller has one thread.
pub(super) fn fork_sibling() -> nix::Result<ForkResult> {
    let flags = c_long::from(libc::CLONE_PARENT | libc::SIGCHLD);
    // SAFETY: without CLONE_VM and a stack, the call is a fork; with one thread, the child may do everything.
    let id = Errno::result(unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) })?;
    match i32::try_from(id) {
        Ok(0) => Ok(ForkResult::Child),
        Ok(child) => Ok(ForkResult::Parent { child: Pid::from_raw(child) }),
        Err(_) => Err(Errno::EOVERFLOW),
    }
}

/// Resets SIGPIPE, which Rust programs ignore, to its default.
pub(super) fn default_sigpipe() {
    // SAFETY: no handler is installed. The call cannot fail for this signal.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
}

/// Makes a mount that is not attached, and all mounts below it, read-only; keeps their other attributes.
pub(super) fn make_read_only(tree: impl AsFd) -> nix::Result<()> {
    set_attributes(tree, libc::MOUNT_ATTR_RDONLY, 0)
}

/// Makes what is mounted on a mount that is not attached, or on one below it, stay there: it does not reach the original. What is
/// mounted on the original reaches the copy.
pub(super) fn follow_original(tree: impl AsFd) -> nix::Result<()> {
    set_attributes(&tree, 0, libc::MS_SLAVE)?;
    set_attributes(&tree, 0, libc::MS_SHARED)
}

fn set_attributes(tree: impl AsFd, attr_set: u64, propagation: u64) -> nix::Result<()> {
    let attributes = libc::mount_attr { attr_set, attr_clr: 0, propagation, userns_fd: 0 };
    let flags = libc::AT_EMPTY_PATH | libc::AT_RECURSIVE;
    // SAFETY: the path is a string, and the structure has the size that the call is told.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    Errno::result(result).map(drop)
}

/// Replaces the session keyring by a new one without a name.
pub(super) fn join_session_keyring() -> nix::Result<()> {
    let operation = c_long::from(libc::KEYCTL_JOIN_SESSION_KEYRING);
    // SAFETY: the call takes no memory.
    Errno::result(unsafe { libc::syscall(libc::SYS_keyctl, operation, 0, 0, 0, 0) }).map(drop)
}

/// Returns the version of Landlock's interface.
pub(super) fn landlock_version() -> nix::Result<c_long> {
    const VERSION: c_long = 1;
    // SAFETY: the call takes no memory.
    Errno::result(unsafe {
        libc::syscall(libc::SYS_landlock_create_ruleset, ptr::null::<u8>(), 0_usize, VERSION)
    })
}

/// Brings the loopback interface of this network namespace up.
pub(super) fn bring_loopback_up(socket: impl AsFd) -> nix::Result<()> {
    // SAFETY: all bytes zero are a valid value of this structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the flags of Linux have 16 bits")]
    let flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    request.ifr_ifru.ifru_flags = flags;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the structure is the one that this request reads.
    Errno::result(unsafe { libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request) }).map(drop)
}

/// Connects a socket to an address of any family, in the kernel's own form.
pub(super) fn connect(socket: impl AsFd, address: &[u8]) -> nix::Result<()> {
    let length = libc::socklen_t::try_from(address.len()).map_err(|_| Errno::EINVAL)?;
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel reads `length` bytes, which `address` has, and checks them.
    Errno::result(unsafe { libc::connect(socket, address.as_ptr().cast(), length) }).map(drop)
}

/// The option of a Unix socket for a handle on its peer. Source: asm-generic/socket.h, Linux 6.5.
const SO_PEERPIDFD: libc::c_int = 77;

/// Returns a handle on the process that serves a connected Unix socket.
///
/// # Errors
/// [`Errno::ENOPROTOOPT`] before Linux 6.5; another error if the process has ended.
pub(super) fn peer_handle(socket: impl AsFd) -> nix::Result<OwnedFd> {
    let mut number: RawFd = -1;
    let mut length = libc::socklen_t::try_from(size_of::<RawFd>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: the value has the length that the call is told.
    Errno::result(unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_PEERPIDFD,
            (&raw mut number).cast(),
            &raw mut length,
        )
    })?;
    // SAFETY: the kernel has opened this descriptor for the caller, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Installs a filter of system calls for this process and its children; returns the listener if `flags` ask for one.
pub(super) fn install_filter(
    program: &[libc::sock_filter],
    flags: libc::c_ulong,
) -> nix::Result<Option<OwnedFd>> {
    let length = u16::try_from(program.len()).map_err(|_| Errno::EINVAL)?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel reads `len` instructions, which `program` has, and does not write them.
    let result = Errno::result(unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter)
    })?;
    if flags & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER == 0 {
        return Ok(None);
    }
    let number = RawFd::try_from(result).map_err(|_| Errno::EBADF)?;
    // SAFETY: with this flag, the result is a new descriptor.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(number) }))
}

/// Waits for the next call that a filter reports.
pub(super) fn next_call(listener: impl AsFd) -> nix::Result<libc::seccomp_notif> {
    // SAFETY: all bytes zero are a valid value of this structure, and the one that the request demands.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    let listener = listener.as_fd().as_raw_fd();
    // SAFETY: the structure is the one that this request writes.
    let request = unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut call) };
    Errno::result(request).map(|_| call)
}

/// Returns true while the process still waits in the call.
pub(super) fn is_waiting(listener: impl AsFd, id: u64) -> bool {
    let listener = listener.as_fd().as_raw_fd();
    // SAFETY: the request reads one number.
    unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
}

/// Ends a call: it succeeds, or fails with an error.
pub(super) fn answer(listener: impl AsFd, id: u64, result: nix::Result<()>) -> nix::Result<()> {
    let error = result.err().map_or(0, |error| -(error as i32));
    let answer = libc::seccomp_notif_resp { id, val: 0, error, flags: 0 };
    let listener = listener.as_fd().as_raw_fd();
    // SAFETY: the structure is the one that this request reads.
    let sent = unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
    Errno::result(sent).map(drop)
}

/// Puts `file` in the place of the waiting process's descriptor `number`.
pub(super) fn replace(
    listener: impl AsFd,
    id: u64,
    number: u32,
    file: impl AsFd,
    close_on_exec: bool,
) -> nix::Result<()> {
    let from = u32::try_from(file.as_fd().as_raw_fd()).map_err(|_| Errno::EBADF)?;
    let newfd_flags = if close_on_exec { libc::O_CLOEXEC.cast_unsigned() } else { 0 };
    #[expect(clippy::cast_possible_truncation, reason = "the flag is 1")]
    let flags = libc::SECCOMP_ADDFD_FLAG_SETFD as u32;
    let request = libc::seccomp_notif_addfd { id, flags, srcfd: from, newfd: number, newfd_flags };
    let listener = listener.as_fd().as_raw_fd();
    // SAFETY: the structure is the one that this request reads.
    let done =
        unsafe { libc::ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) };
    Errno::result(done).map(drop)
}
