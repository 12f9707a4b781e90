//! The first process of a PID namespace: it reaps orphans, and with it every process of the namespace ends.
//!
//! Guarantees: nothing that the command started outlives the session, however it detached itself. The kernel delivers no signal to
//! this process but those that come from outside the namespace.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, close, pipe2};
use rustix::process::set_parent_process_death_signal;

use super::{kernel_call, namespace};

/// Starts the process; returns once it has mounted its `/proc`.
pub(super) fn start() -> io::Result<Pid> {
    let (read, write) = pipe2(nix::fcntl::OFlag::O_CLOEXEC)?;
    match kernel_call::fork_alone()? {
        ForkResult::Child => {
            drop(read);
            run(write)
        }
        ForkResult::Parent { child } => {
            drop(write);
            let mut reason = String::new();
            File::from(read).read_to_string(&mut reason)?;
            if reason.is_empty() { Ok(child) } else { Err(io::Error::other(reason)) }
        }
    }
}

fn run(report: OwnedFd) -> ! {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    let ready = set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(io::Error::from)
        .and_then(|()| Ok(children.thread_block()?))
        .and_then(|()| namespace::mount_proc());
    if let Err(error) = ready {
        let _ = write!(File::from(report), "{error}");
        std::process::exit(1);
    }
    close_all_but(&report);
    drop(report);
    loop {
        // Without children, the next one makes a signal when it ends.
        if waitpid(None::<Pid>, None) == Err(Errno::ECHILD) {
            let _ = children.wait();
        }
    }
}

/// Closes the channel and the watch: the host must see the end of the stage, whatever runs here.
fn close_all_but(report: &OwnedFd) {
    let open = crate::descriptor::open().unwrap_or_default();
    for number in open.into_iter().filter(|number| *number != report.as_raw_fd()) {
        let _ = close(number);
    }
}
