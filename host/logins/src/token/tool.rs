//! Calls of a cloud's own command-line tool for a token, or of a desktop's tool for a secret.

mod variables;

use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

use self::variables::{absolute, least};
use super::{TokenError, Why};
use audex_core::deferral::Deferral;
use audex_core::environment::{Environment, PATH};
use audex_core::printable;
use audex_core::secret::Secret;

/// The time limit of a tool. The tools are Python programs that may have to refresh a login; a tool that
/// takes longer waits for input.
pub(crate) const TOOL_TIME: Duration = Duration::from_secs(20);
/// The interval at which a running tool is polled.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// The maximum output of a tool. A token or a secret has a few kilobytes.
const OUTPUT_BYTES: usize = 256 * 1024;

/// A running tool. It is killed when this value is dropped, with the processes that it started: `az` and
/// `gcloud` are often shell scripts that start an interpreter.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The processes may have ended by themselves.
        if let Ok(group) = i32::try_from(self.0.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A pipe of a running tool, and what was read from it so far.
struct Output<R> {
    pipe: R,
    text: Zeroizing<Vec<u8>>,
}

impl<R: Read + AsFd> Output<R> {
    fn new(pipe: R) -> std::io::Result<Self> {
        fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        // With this capacity, the text is never copied.
        Ok(Self { pipe, text: Zeroizing::new(Vec::with_capacity(OUTPUT_BYTES)) })
    }

    /// Reads what is in the pipe, without waiting: a process that the tool left behind may hold the pipe open.
    fn read(&mut self) -> Result<(), String> {
        let mut chunk = Zeroizing::new([0; 4096]);
        loop {
            match self.pipe.read(&mut *chunk) {
                Ok(0) => return Ok(()),
                Ok(count) if self.text.len().saturating_add(count) > OUTPUT_BYTES => {
                    return Err(format!("it writes more than {} KiB", OUTPUT_BYTES / 1024));
                }
                Ok(count) => self.text.extend(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

/// Returns the token that `program` writes to standard output within `time`; `None` if there is no such program.
///
/// # Errors
/// If the program fails or takes too long.
pub(crate) async fn output(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
    time: Duration,
) -> Result<Option<Secret>, TokenError> {
    run(environment, program, arguments, time).await.map_err(|reason| {
        let message = format!("`{program}` gave no token: {reason}");
        TokenError::new(Why::Unavailable, "source-tool", message)
    })
}

/// Returns the text that `program` writes to standard output within `time`; `None` if there is no such
/// program.
///
/// # Errors
/// A few words, if the program fails or takes too long.
pub(crate) async fn run(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
    time: Duration,
) -> Result<Option<Secret>, String> {
    let path = absolute(environment.get_os(PATH).unwrap_or_default());
    let Some(file) = find(program, &path) else { return Ok(None) };
    let environment = least(environment, program, path);
    // Declared before the tool, so that the tool is killed before a signal ends this program.
    let deferral = Deferral::begin();
    let mut running = match start(&environment, &file, arguments) {
        Ok(child) => Running(child),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let pipes = running.0.stdout.take().zip(running.0.stderr.take());
    let (stdout, stderr) = pipes.ok_or("its output cannot be read")?;
    let mut text = Output::new(stdout).map_err(|error| error.to_string())?;
    let mut complaint = Output::new(stderr).map_err(|error| error.to_string())?;
    let began = Instant::now();
    let status = loop {
        text.read()?;
        complaint.read()?;
        match running.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if deferral.is_over() => return Err("interrupted".to_owned()),
            Ok(None) if began.elapsed() > time => return Err("it takes too long".to_owned()),
            Ok(None) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => return Err(error.to_string()),
        }
    };
    text.read()?;
    complaint.read()?;
    if !status.success() {
        return Err(printable::line(reason(&String::from_utf8_lossy(&complaint.text))));
    }
    let text = std::str::from_utf8(&text.text).map_err(|_| "what it writes is not text")?;
    Ok(Some(Secret::new(text.trim().to_owned())))
}

/// Returns the reason in a tool's standard error: the line that begins with `ERROR:`, which `gcloud` and `az`
/// write before their advice, otherwise the last line.
fn reason(complaint: &str) -> &str {
    let error = complaint.lines().rev().find_map(|line| line.strip_prefix("ERROR:"));
    let last = || complaint.lines().rev().find(|line| !line.trim().is_empty());
    error.or_else(last).unwrap_or("it failed").trim()
}

/// Returns the first executable file of that name in `path`, or the program itself if it is named by an
/// absolute path.
fn find(program: &str, path: &OsStr) -> Option<PathBuf> {
    if program.starts_with('/') {
        return Some(program.into());
    }
    let is_tool = |file: &PathBuf| {
        file.is_file() && nix::unistd::access(file, nix::unistd::AccessFlags::X_OK).is_ok()
    };
    let directories = path.as_bytes().split(|byte| *byte == b':').filter(|entry| !entry.is_empty());
    directories.map(|entry| Path::new(OsStr::from_bytes(entry)).join(program)).find(is_tool)
}

/// Starts the tool in the root directory and in a process group of its own.
///
/// Security: many a launcher is `python -m`, which runs a module of that name in the working directory.
#[expect(
    clippy::disallowed_methods,
    reason = "host/child/src/spawn.rs starts what the user asked for; this is a source of tokens"
)]
fn start(environment: &Environment, program: &Path, arguments: &[&str]) -> std::io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .current_dir("/")
        .process_group(0)
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

#[cfg(test)]
mod tests;
