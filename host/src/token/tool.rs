//! Asks a cloud's own command-line tool for a token, or a desktop's for a secret.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{TokenError, Why};
use crate::environment::Environment;
use crate::plugin::clean;
use crate::secret::Secret;

/// The tools are Python programs that may have to refresh a login; more is a tool that waits for somebody.
const TOOL_TIME: Duration = Duration::from_secs(20);
/// How often a running tool is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// A tool that is killed when nobody waits for it any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The token that `program` writes on its standard output. None if there is no such program.
///
/// # Errors
/// When it fails or takes too long.
pub(crate) async fn output(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
) -> Result<Option<Secret>, TokenError> {
    run(environment, program, arguments, TOOL_TIME).await.map_err(|reason| {
        let message = format!("`{program}` gave no token: {reason}");
        TokenError::new(Why::Unavailable, "source-tool", message)
    })
}

/// What `program` writes on its standard output within `time`. None if there is no such program.
///
/// # Errors
/// A few words: it fails or takes too long.
pub(crate) async fn run(
    environment: &Environment,
    program: &str,
    arguments: &[&str],
    time: Duration,
) -> Result<Option<Secret>, String> {
    let mut running = match start(environment, program, arguments) {
        Ok(child) => Running(child),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let began = Instant::now();
    let status = loop {
        match running.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() > time => return Err("it takes too long".to_owned()),
            Ok(None) => tokio::time::sleep(LOOK_EVERY).await,
            Err(error) => return Err(error.to_string()),
        }
    };
    // What they write is far smaller than a pipe holds, so that they never wait for a reader.
    let (mut text, mut complaint) = (zeroize::Zeroizing::new(String::new()), String::new());
    let read = running.0.stdout.take().map(|mut out| out.read_to_string(&mut text));
    if let Some(mut stderr) = running.0.stderr.take() {
        // Only for the message.
        let _ = stderr.read_to_string(&mut complaint);
    }
    if !status.success() {
        return Err(clean::line(reason(&complaint)));
    }
    match read {
        Some(Ok(_)) => Ok(Some(Secret::new(text.trim().to_owned()))),
        _ => Err("what it writes is not text".to_owned()),
    }
}

/// What a tool complains of: the line that it calls so, as `gcloud` and `az` do before they advise; else the last.
fn reason(complaint: &str) -> &str {
    let error = complaint.lines().rev().find_map(|line| line.strip_prefix("ERROR:"));
    let last = || complaint.lines().rev().find(|line| !line.trim().is_empty());
    error.or_else(last).unwrap_or("it failed").trim()
}

#[expect(
    clippy::disallowed_methods,
    reason = "child/spawn.rs starts what the user asked for; this is a source of tokens"
)]
fn start(environment: &Environment, program: &str, arguments: &[&str]) -> std::io::Result<Child> {
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(program: &str, arguments: &[&str]) -> Result<Option<Secret>, TokenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let environment = Environment::from_pairs([("PATH", "/usr/bin:/bin")]);
        runtime.block_on(output(&environment, program, arguments))
    }

    #[test]
    fn what_a_tool_writes_is_taken_without_the_line_end() {
        assert_eq!(ran("echo", &["a", "token"]).unwrap().unwrap().expose(), "a token");
    }

    #[test]
    fn a_tool_that_is_not_there_is_no_error_and_one_that_fails_is() {
        assert!(ran("audex-has-no-such-tool", &[]).unwrap().is_none());
        let error = ran("sh", &["-c", "echo first >&2; echo 'please log in' >&2; exit 1"]).unwrap_err();
        assert_eq!(error.to_string(), "`sh` gave no token: please log in");
    }

    #[test]
    fn a_line_that_is_called_an_error_is_the_reason_and_not_the_advice_behind_it() {
        let gcloud = "WARNING: x\nERROR: (gcloud.auth) there is no active account.\nPlease run:\n\n  $ gcloud auth login\n\nto select an account to use.\n";
        assert_eq!(reason(gcloud), "(gcloud.auth) there is no active account.");
        assert_eq!(reason("\n"), "it failed");
    }
}
