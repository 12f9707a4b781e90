//! Makes the command's `connect` calls in its place, on this process's own copy of the address.
//!
//! Guarantees: a refused address is not reached, in whatever form it comes; a Unix socket is reached only if it was allowed or its
//! server belongs to the session. The command cannot change an address after it was checked. Does not hold datagrams (`sendto`
//! with an address): no credential is served by them.

mod call;
mod peer;
mod sockets;

use std::io::{self, PipeReader, PipeWriter};
use std::net::IpAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::unistd::Pid;

use super::{Isolation, Network, kernel_call};
use call::Call;
pub(super) use sockets::Sockets;

/// The most calls that wait for an answer of the network at once, each in a thread; further ones fail with EAGAIN.
const WAITING: usize = 512;

/// The rules for the connections of one session.
pub(super) struct Supervisor {
    listener: OwnedFd,
    /// The command's first process: the session is its descendants, and those of the namespace's first process.
    command: Pid,
    refused: Vec<(IpAddr, u8)>,
    /// With a network namespace, abstract sockets belong to the session.
    has_own_network: bool,
    /// The sockets outside the session that stay.
    sockets: Sockets,
    waiting: AtomicUsize,
}

/// A running supervisor. Dropping this value ends it; a process that is left, and that this system cannot end, connects no more.
///
/// Security: the thread is not waited for. A process can make it wait for the network, by another thread that changes the socket, and
/// the credentials are revoked only afterwards.
#[derive(Debug)]
pub(super) struct Supervision {
    _stop: PipeWriter,
}

impl Supervisor {
    pub(super) fn new(
        listener: OwnedFd,
        command: Pid,
        isolation: &Isolation,
        sockets: Sockets,
    ) -> Self {
        let (refused, has_own_network) = match &isolation.network {
            Network::Shared { refused } => (refused.clone(), false),
            Network::Closed => (Vec::new(), true),
        };
        let waiting = AtomicUsize::new(0);
        Self { listener, command, refused, has_own_network, sockets, waiting }
    }

    /// Answers calls in a thread, until the returned value is dropped or no process is left that could call.
    pub(super) fn start(self) -> io::Result<Supervision> {
        let (stop, stopped) = io::pipe().map(|(read, write)| (write, read))?;
        thread::Builder::new().name("connect".to_owned()).spawn(move || {
            // Signals are for the thread that waits for the command.
            let _ = SigSet::all().thread_block();
            Arc::new(self).serve(&stopped);
        })?;
        Ok(Supervision { _stop: stop })
    }

    fn serve(self: Arc<Self>, stopped: &PipeReader) {
        while self.has_next(stopped) {
            let Ok(notice) = kernel_call::next_call(&self.listener) else { continue };
            let id = notice.id;
            match Call::read(&notice, &self.listener) {
                Err(error) => self.answer(id, Err(error)),
                Ok(call) if call.may_wait() => self.serve_in_thread(id, call),
                Ok(call) => self.answer(id, call.make(&self)),
            }
        }
    }

    /// Waits for a call; returns false once the session has ended.
    fn has_next(&self, stopped: &PipeReader) -> bool {
        loop {
            let on = [self.listener.as_fd(), stopped.as_fd()];
            let mut on = on.map(|file| PollFd::new(file, PollFlags::POLLIN));
            match poll(&mut on, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(_) => return false,
                Ok(_) => {
                    let [listener, stopped] = &on;
                    let calls = listener.revents().is_some_and(|on| on.contains(PollFlags::POLLIN));
                    return calls && stopped.any() == Some(false);
                }
            }
        }
    }

    /// Makes a call that may wait for the network, in a thread of its own.
    fn serve_in_thread(self: &Arc<Self>, id: u64, call: Call) {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return self.answer(id, Err(Errno::EAGAIN));
        }
        let supervisor = Arc::clone(self);
        let started = thread::Builder::new().name("connect".to_owned()).spawn(move || {
            supervisor.answer(id, call.make(&supervisor));
            supervisor.waiting.fetch_sub(1, Ordering::Relaxed);
        });
        if started.is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.answer(id, Err(Errno::EAGAIN));
        }
    }

    fn answer(&self, id: u64, result: nix::Result<()>) {
        // A process that has ended meanwhile needs no answer.
        let _ = kernel_call::answer(&self.listener, id, result);
    }
}
