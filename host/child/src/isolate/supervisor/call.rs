//! One `connect` call of a process.

use std::fs;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::{Supervisor, peer};
use crate::isolate::address::{Address, LONGEST, is_in};
use crate::isolate::kernel_call;

/// A call, with this process's own copy of the socket and of the address.
pub(super) struct Call {
    id: u64,
    process: Pid,
    /// The socket's number in the process.
    number: i32,
    socket: OwnedFd,
    address: Vec<u8>,
}

impl Call {
    /// Copies what the process wants to connect.
    pub(super) fn read(notice: &libc::seccomp_notif, listener: &OwnedFd) -> nix::Result<Self> {
        let process = Pid::from_raw(notice.pid.cast_signed());
        let [number, pointer, length, ..] = notice.data.args;
        let length = usize::try_from(length & u64::from(u32::MAX)).map_err(|_| Errno::EINVAL)?;
        if length > LONGEST {
            return Err(Errno::EINVAL);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a descriptor's number has 32 bits")]
        let number = number as i32;
        let socket = copy_descriptor(process, number)?;
        let address = copy_memory(process, pointer, length)?;
        // Before this question, the process could have ended, and another have got its id.
        if !kernel_call::is_waiting(listener, notice.id) {
            return Err(Errno::ESRCH);
        }
        Ok(Self { id: notice.id, process, number, socket, address })
    }

    /// Makes the call, if it is allowed.
    pub(super) fn make(&self, rules: &Supervisor) -> nix::Result<()> {
        match Address::read(&self.address) {
            Address::Malformed => Err(Errno::EINVAL),
            Address::Machine => Err(Errno::EACCES),
            Address::Internet(address) if is_in(address, &rules.refused) => Err(Errno::EACCES),
            Address::Internet(_) | Address::Other => self.connect(&self.address),
            Address::Abstract if rules.has_own_network => self.connect(&self.address),
            // Security: this process is not in the Landlock domain that keeps the command's datagrams from outside.
            Address::Abstract if self.kind()? == SocketType::DGRAM => Err(Errno::EACCES),
            Address::Abstract => self.connect_to_session(rules, &self.address),
            Address::Path(path) => self.connect_to_path(rules, path),
        }
    }

    fn connect(&self, address: &[u8]) -> nix::Result<()> {
        kernel_call::connect(&self.socket, address)
    }

    fn connect_to_path(&self, rules: &Supervisor, path: &Path) -> nix::Result<()> {
        let file = self.open(path)?;
        // From here on the socket is this one, whatever the path leads to.
        let address = address_of(&file)?;
        if stays(&file, rules) {
            return self.connect(&address);
        }
        self.connect_to_session(rules, &address)
    }

    /// Connects to a socket whose server belongs to the session. The command gets its connection only once that is known.
    fn connect_to_session(&self, rules: &Supervisor, address: &[u8]) -> nix::Result<()> {
        let kind = self.kind()?;
        if kind == SocketType::DGRAM {
            // It could send there without a connection.
            return self.connect(address);
        }
        let fresh = peer::copy_settings(&self.socket, kind)?;
        kernel_call::connect(&fresh, address)?;
        if !peer::is_in_session(&fresh, rules.command) {
            return Err(Errno::EACCES);
        }
        let closes = peer::closes_on_exec(self.process, self.number);
        let number = u32::try_from(self.number).map_err(|_| Errno::EBADF)?;
        kernel_call::replace(&rules.listener, self.id, number, &fresh, closes)
    }

    fn kind(&self) -> nix::Result<SocketType> {
        socket_type(&self.socket).map_err(errno)
    }

    /// Opens the path as the process sees it.
    fn open(&self, path: &Path) -> nix::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let base = if path.is_absolute() { "root" } else { "cwd" };
        let base = format!("/proc/{}/{base}", self.process);
        let base = openat(CWD, base, flags | OFlags::DIRECTORY, Mode::empty()).map_err(errno)?;
        let open = |how| openat2(&base, path, flags, Mode::empty(), how);
        let opened = if path.is_absolute() {
            // Security: a symbolic link is followed in the process's tree and never in this process's.
            open(ResolveFlags::IN_ROOT)
        } else {
            open(ResolveFlags::BENEATH).or_else(|_| open(ResolveFlags::NO_SYMLINKS))
        };
        opened.map_err(errno)
    }
}

/// Returns true if the socket is one of those outside the session that stay.
fn stays(socket: &OwnedFd, rules: &Supervisor) -> bool {
    let Ok(path) = fs::read_link(own_path(socket)) else { return false };
    let allowed = |of: &PathBuf| {
        path.starts_with(of) || fs::canonicalize(of).is_ok_and(|of| path.starts_with(of))
    };
    if !rules.sockets.iter().any(allowed) {
        return false;
    }
    // Security: the process can mount another socket at an allowed path, in a namespace of its own.
    let (Ok(outside), Ok(inside)) = (fs::symlink_metadata(&path), fs::metadata(own_path(socket)))
    else {
        return false;
    };
    (outside.dev(), outside.ino()) == (inside.dev(), inside.ino())
}

fn own_path(file: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// Returns the address of a socket that is open here.
fn address_of(file: &OwnedFd) -> nix::Result<Vec<u8>> {
    let family = u16::try_from(libc::AF_UNIX).map_err(|_| Errno::EAFNOSUPPORT)?;
    let mut address = family.to_ne_bytes().to_vec();
    address.extend(own_path(file).as_bytes());
    address.push(0);
    Ok(address)
}

fn copy_descriptor(process: Pid, number: i32) -> nix::Result<OwnedFd> {
    let open = |id: i32, flags| {
        let id = rustix::process::Pid::from_raw(id).ok_or(rustix::io::Errno::SRCH)?;
        pidfd_open(id, flags)
    };
    // A thread (Linux 6.9), or the process that it belongs to.
    let thread = PidfdFlags::from_bits_retain(OFlags::EXCL.bits());
    let handle = open(process.as_raw(), thread)
        .or_else(|_| open(peer::group_of(process), PidfdFlags::empty()))
        .map_err(errno)?;
    pidfd_getfd(handle, number, PidfdGetfdFlags::empty()).map_err(errno)
}

fn copy_memory(process: Pid, pointer: u64, length: usize) -> nix::Result<Vec<u8>> {
    let base = usize::try_from(pointer).map_err(|_| Errno::EFAULT)?;
    let mut bytes = vec![0; length];
    if length == 0 {
        return Ok(bytes);
    }
    let remote = [RemoteIoVec { base, len: length }];
    let read = process_vm_readv(process, &mut [IoSliceMut::new(&mut bytes)], &remote)?;
    if read == length { Ok(bytes) } else { Err(Errno::EFAULT) }
}

pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_raw(error.raw_os_error())
}
