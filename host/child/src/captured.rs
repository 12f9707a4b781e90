//! Runs this program itself with its output in pipes, for a caller that is asked for a result and not for a terminal.
//!
//! The output is read to its end, whatever its length, and the first and the last part of it are kept. On request the
//! program's process tree is ended.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::tree::Tree;

/// The number of bytes of one stream that are kept at its beginning, and at its end. Together they are 1 MiB for each of two streams.
const KEPT_BYTES: usize = 1 << 18;
/// The number of bytes that are read at once.
const READ_BYTES: usize = 1 << 16;
/// The time from the request to the end by force: the grace of the command, and the time in which Audex revokes credentials and
/// writes the audit log.
const PATIENCE: Duration = Duration::from_secs(40);
/// The time between two attempts to end the session: its command may be about to start.
const LOOK: Duration = Duration::from_millis(100);
/// The number of reads after the end: a pipe of Linux holds at most 1 MiB, and what a process that was left behind writes
/// later belongs to nobody.
const LAST_ROUNDS: u32 = 64;

/// The kept output of one stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The last bytes that are not in `head`.
    pub tail: Vec<u8>,
    /// The number of all bytes.
    pub bytes: u64,
}

impl Kept {
    /// Returns the number of bytes that are not kept.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        let kept = self.head.len().saturating_add(self.tail.len());
        self.bytes.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
    }
}

/// The result of a program.
#[derive(Debug)]
pub struct Captured {
    /// The exit status as a shell returns it: 128 and the signal's number if a signal ended the program.
    pub exit_code: u8,
    /// The standard output.
    pub stdout: Kept,
    /// The standard error.
    pub stderr: Kept,
    /// True if the program was ended on request.
    pub is_stopped: bool,
}

/// Ends a running program.
#[derive(Clone, Debug)]
pub struct Stop {
    wanted: Arc<AtomicBool>,
    wake: Arc<UnixStream>,
}

impl Stop {
    /// Asks for the end. Does nothing after the program has ended.
    pub fn stop(&self) {
        self.wanted.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        let _ = self.wake.as_ref().write(b"w");
    }
}

/// A running program.
#[derive(Debug)]
pub struct Program {
    pid: Pid,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// The exit status, once the program has ended.
    ended: Arc<OnceLock<io::Result<ExitStatus>>>,
    wake: UnixStream,
    stop: Stop,
}

impl Program {
    /// Starts this program itself with `arguments`, and with `variables` beside its own environment. Its standard input is empty.
    ///
    /// # Errors
    /// When the operating system cannot start it.
    pub fn start(arguments: &[OsString], variables: &[(&'static str, String)]) -> io::Result<Self> {
        let (wake, other) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        other.set_nonblocking(true)?;
        let stop = Stop { wanted: Arc::default(), wake: Arc::new(other) };
        let mut child = own(arguments, variables)?.spawn()?;
        // Process ids are positive 32-bit numbers on every supported system.
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX));
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        for stream in [stdout.as_fd(), stderr.as_fd()] {
            fcntl(stream, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let ended: Arc<OnceLock<io::Result<ExitStatus>>> = Arc::default();
        let (told, waking) = (Arc::clone(&ended), stop.clone());
        thread::Builder::new().name("captured".to_owned()).spawn(move || {
            let _ = told.set(child.wait());
            waking.wake();
        })?;
        Ok(Self { pid, stdout, stderr, ended, wake, stop })
    }

    /// Returns the handle that ends the program.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits for the end of the program. `progress` is called with the number of bytes so far when some have arrived. When the end is
    /// requested, `end` is called with the first part of the standard error until it returns true.
    ///
    /// # Errors
    /// When the program cannot be waited for. It is killed then.
    pub fn wait(
        mut self,
        progress: &mut dyn FnMut(u64),
        end: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<Captured> {
        let (mut out, mut err) = (Stream::default(), Stream::default());
        let mut ending = None;
        let mut rounds_left = LAST_ROUNDS;
        while rounds_left > 0 {
            let is_over = self.ended.get().is_some();
            if !is_over && self.stop.wanted.load(Ordering::SeqCst) {
                self.end(&mut ending, &err.kept.head, end);
            }
            let moved = out.read(&mut self.stdout)? | err.read(&mut self.stderr)?;
            if moved {
                progress(out.kept.bytes.saturating_add(err.kept.bytes));
            }
            if is_over {
                rounds_left = if moved { rounds_left - 1 } else { 0 };
            } else if !moved {
                let open = [
                    (!out.is_over).then(|| self.stdout.as_fd()),
                    (!err.is_over).then(|| self.stderr.as_fd()),
                ];
                self.sleep(open.into_iter().flatten(), ending.map(|_| LOOK))?;
            }
        }
        let status = match self.ended.get() {
            Some(Ok(status)) => *status,
            Some(Err(error)) => return Err(error.kind().into()),
            None => return Err(io::ErrorKind::Interrupted.into()),
        };
        let number = status.code().or(status.signal().map(|signal| 128 + signal));
        Ok(Captured {
            exit_code: number.and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX),
            stdout: out.kept(),
            stderr: err.kept(),
            is_stopped: ending.is_some(),
        })
    }

    /// Sleeps until a stream has bytes, the program has ended, its end is wanted, or `wait` is over.
    fn sleep<'a>(
        &'a self,
        streams: impl Iterator<Item = BorrowedFd<'a>>,
        wait: Option<Duration>,
    ) -> io::Result<()> {
        let all = streams.chain([self.wake.as_fd()]);
        let mut all: Vec<PollFd<'_>> = all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let wait = wait.and_then(|wait| PollTimeout::try_from(wait).ok());
        match poll(&mut all, wait.unwrap_or(PollTimeout::NONE)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let _ = (&self.wake).read(&mut [0; 8]);
        Ok(())
    }

    /// Ends the program: `end` is asked to end its session, and SIGTERM ends what has no session yet. What has not ended long
    /// after that is killed.
    fn end(&self, ending: &mut Option<Ending>, stderr: &[u8], end: &mut dyn FnMut(&[u8]) -> bool) {
        let now = ending.get_or_insert_with(|| {
            let _ = kill(self.pid, Signal::SIGTERM);
            Ending { since: Instant::now(), is_asked: false }
        });
        now.is_asked = now.is_asked || end(stderr);
        if now.since.elapsed() >= PATIENCE {
            Tree::of(self.pid).kill();
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }
}

/// The end of a program that was requested.
#[derive(Clone, Copy)]
struct Ending {
    since: Instant,
    /// True if its session was asked to end.
    is_asked: bool,
}

impl Drop for Program {
    /// A program that nobody waits for any more is ended.
    fn drop(&mut self) {
        if self.ended.get().is_none() {
            Tree::of(self.pid).kill();
            let _ = kill(self.pid, Signal::SIGKILL);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "starts this program itself, which starts the command as ever"
)]
fn own(arguments: &[OsString], variables: &[(&'static str, String)]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    Ok(command)
}

/// A stream that is being read.
#[derive(Default)]
struct Stream {
    kept: Kept,
    tail: VecDeque<u8>,
    is_over: bool,
}

impl Stream {
    /// Reads what is there, and returns true if there was something.
    fn read(&mut self, from: &mut impl Read) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        let mut buffer = vec![0; READ_BYTES];
        match from.read(&mut buffer) {
            Ok(0) => {
                self.is_over = true;
                Ok(false)
            }
            Ok(read) => {
                self.keep(buffer.get(..read).unwrap_or_default());
                Ok(true)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.kept.bytes =
            self.kept.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let room = KEPT_BYTES.saturating_sub(self.kept.head.len()).min(bytes.len());
        let (head, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.kept.head.extend_from_slice(head);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(KEPT_BYTES);
        self.tail.drain(..over);
    }

    fn kept(self) -> Kept {
        Kept { tail: self.tail.into(), ..self.kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_last_bytes_are_kept_and_all_are_counted() {
        let mut stream = Stream::default();
        stream.keep(b"head");
        for _ in 0..40 {
            stream.keep(&vec![b'x'; READ_BYTES]);
        }
        stream.keep(b"tail");
        let kept = stream.kept();
        assert!(kept.head.starts_with(b"headxx") && kept.tail.ends_with(b"xxtail"));
        assert_eq!((kept.head.len(), kept.tail.len()), (KEPT_BYTES, KEPT_BYTES));
        assert_eq!(kept.bytes, 40 * READ_BYTES as u64 + 8);
        assert_eq!(kept.left_out(), kept.bytes - 2 * KEPT_BYTES as u64);
        let mut short = Stream::default();
        short.keep(b"all");
        let short = short.kept();
        assert_eq!(
            (short.head.as_slice(), short.tail.len(), short.left_out()),
            (&b"all"[..], 0, 0)
        );
    }
}
