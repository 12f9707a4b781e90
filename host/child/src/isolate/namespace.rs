//! Namespaces: rights over mounts, and a view of the system of the session's own, without root.
//!
//! Guarantees: mounts made here are seen by the session alone, and a namespace inside cannot undo them (the kernel locks what comes
//! from a namespace with more rights). The command has no rights here: `capability.rs` takes them away.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::{Mechanism, kernel_call, mounts};

/// Enters a new user namespace in which this user has its own id and every right over the namespaces below.
pub(super) fn enter_user() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    // Without this, a process could leave a group that is denied access to a file.
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// Enters the namespace of one mechanism.
pub(super) fn enter(mechanism: Mechanism) -> io::Result<()> {
    match mechanism {
        Mechanism::MountNamespace => {
            unshare(CloneFlags::CLONE_NEWNS)?;
            // Mounts of the host still arrive, as without isolation. Mounts made here reach the namespaces inside.
            for propagation in [MsFlags::MS_SLAVE, MsFlags::MS_SHARED] {
                mount(
                    None::<&str>,
                    "/",
                    None::<&str>,
                    propagation | MsFlags::MS_REC,
                    None::<&str>,
                )?;
            }
        }
        Mechanism::PidNamespace => unshare(CloneFlags::CLONE_NEWPID)?,
        Mechanism::IpcNamespace => unshare(CloneFlags::CLONE_NEWIPC)?,
        Mechanism::NetworkNamespace => {
            unshare(CloneFlags::CLONE_NEWNET)?;
            // Any socket serves for the request; this one needs no address.
            let socket = UdpSocket::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
            kernel_call::bring_loopback_up(&socket)?;
        }
        _ => {}
    }
    Ok(())
}

/// Opens `ports` of 127.0.0.1 in this network namespace.
pub(super) fn listen(ports: &[u16]) -> io::Result<Vec<TcpListener>> {
    ports.iter().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port))).collect()
}

/// Mounts the `/proc` of this PID namespace.
pub(super) fn mount_proc() -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)?;
    if geteuid().is_root() {
        // Root of the machine writes settings by its id alone, and some of them name programs to run.
        for path in ["/proc/sys", "/proc/sysrq-trigger"].map(Path::new) {
            mounts::make_read_only(path)?;
        }
    }
    Ok(())
}
