//! Runs a program in a sandbox with a time limit.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Once};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::output::Output;
use super::sandbox::Sandbox;
use super::scan::Captured;

/// The time limit of a program. No program of the tests takes this long, even on a busy machine.
const LIMIT: Duration = Duration::from_mins(2);

/// A program that has not been started yet.
#[must_use]
pub(crate) struct Invocation<'a> {
    sandbox: &'a Sandbox,
    command: Command,
    label: String,
    stdin: Vec<u8>,
    shows_issued: bool,
    is_scanned: bool,
}

impl<'a> Invocation<'a> {
    pub(super) fn new<A: AsRef<OsStr>>(
        sandbox: &'a Sandbox,
        program: &OsStr,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        heed_signals();
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(sandbox.home());
        let words = [program].into_iter().chain(command.get_args());
        let label = words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        Self { sandbox, command, label, stdin: Vec::new(), shows_issued: false, is_scanned: true }
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn current_dir(mut self, directory: impl AsRef<std::path::Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Allows issued secrets on stdout, for a command that prints its own environment on purpose.
    pub(crate) fn shows_issued_secrets(mut self) -> Self {
        self.shows_issued = true;
        self
    }

    /// Excludes the output from the scan for secrets, for the preparations of a test.
    pub(crate) fn unscanned(mut self) -> Self {
        self.is_scanned = false;
        self
    }

    pub(crate) fn output(self) -> Output {
        self.start().finish()
    }

    /// Starts the program with all three streams in pipes, for a conversation. The sender ends the time limit.
    pub(crate) fn converse(mut self) -> (Child, Sender<()>) {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.spawn().unwrap();
        let watchdog = watch(&child);
        (child, watchdog)
    }

    /// Starts the program. Its stdin is written and closed, and its stderr is collected.
    pub(crate) fn start(mut self) -> Started<'a> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start `{}`: {error}", self.label));
        let mut stdin = child.stdin.take().unwrap();
        let bytes = std::mem::take(&mut self.stdin);
        // If a program does not read all of its stdin, this is not a failure.
        thread::spawn(move || drop(stdin.write_all(&bytes)));
        let stderr = collect(child.stderr.take().unwrap());
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let watchdog = watch(&child);
        let Self { sandbox, label, shows_issued, is_scanned, .. } = self;
        Started {
            sandbox,
            label,
            shows_issued,
            is_scanned,
            child: Ended(child),
            stdout,
            read: Vec::new(),
            stderr,
            watchdog,
        }
    }
}

/// Makes sure that the programs of the tests start without ignored signals.
///
/// The tests may run with ignored signals (`nohup`, a background job of a script). If this process handles a
/// signal, the programs that it starts have the default action for the signal. The handler itself does
/// nothing, so the tests continue as their caller wanted.
fn heed_signals() {
    static HEEDED: Once = Once::new();
    HEEDED.call_once(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask =
            status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0").trim();
        let ignored = u64::from_str_radix(mask, 16).unwrap();
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM] {
            if (ignored >> (signal as i32 - 1)) & 1 == 1 {
                let seen = Arc::new(AtomicBool::new(false));
                let _ = signal_hook::flag::register(signal as i32, seen).unwrap();
            }
        }
    });
}

/// A process that a failed test does not leave behind.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        if thread::panicking() && matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill(pid(&self.0), Signal::SIGTERM);
        }
    }
}

/// A running program.
pub(crate) struct Started<'a> {
    sandbox: &'a Sandbox,
    label: String,
    shows_issued: bool,
    is_scanned: bool,
    child: Ended,
    stdout: BufReader<ChildStdout>,
    read: Vec<u8>,
    stderr: JoinHandle<Vec<u8>>,
    watchdog: Sender<()>,
}

impl Started<'_> {
    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(pid(&self.child.0), signal).unwrap();
    }

    /// Reads the next line of stdout, without its line break.
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stdout.read_until(b'\n', &mut line).unwrap();
        self.read.extend_from_slice(&line);
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// Waits until the program and its output have ended.
    pub(crate) fn finish(mut self) -> Output {
        let mut bytes = std::mem::take(&mut self.read);
        self.stdout.read_to_end(&mut bytes).unwrap();
        let status = self.child.0.wait().unwrap();
        let _ = self.watchdog.send(());
        let stderr = self.stderr.join().unwrap();
        let output = Output {
            // A negative code means that a signal ended the program. The program itself may return 128+n.
            code: status.code().unwrap_or_else(|| -status.signal().unwrap_or_default()),
            stdout: String::from_utf8_lossy(&bytes).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            bytes: bytes.clone(),
            home: self.sandbox.home().to_owned(),
        };
        if !self.is_scanned {
            return output;
        }
        let captured =
            Captured { label: self.label, stdout: bytes, stderr, shows_issued: self.shows_issued };
        self.sandbox.captured.lock().unwrap().push(captured);
        output
    }
}

/// Kills `child` after [`LIMIT`], unless a message is sent before.
fn watch(child: &Child) -> Sender<()> {
    let (sender, receiver) = mpsc::channel();
    let id = pid(child);
    thread::spawn(move || {
        if receiver.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = kill(id, Signal::SIGKILL);
        }
    });
    sender
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}
