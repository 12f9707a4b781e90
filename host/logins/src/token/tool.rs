//! Calls of a cloud's own command-line tool for a token, or of a desktop's tool for a secret.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use audex_sdk::pattern::matches_ignore_ascii_case;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use zeroize::Zeroizing;

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

/// The environment variables that every tool gets, in any case; `*` stands for any text. They give the places
/// of the user's files and of the session's sockets, the network settings, the language, and the directory
/// for temporary files.
const PASSED: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TMPDIR",
    "XDG_*",
    "*_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];
/// The tool's own settings, which it gets in addition. A tool that is not listed here has none.
/// Sources: gcloud, "Configurations" and google-auth, `environment_vars.py`; Azure, "Azure CLI configuration"
/// and azure-identity, `_constants.py`; D-Bus specification, "Message Bus Names", and X(7) for the prompt of
/// a keyring.
const OWN: &[(&str, &[&str])] = &[
    ("gcloud", &["CLOUDSDK_*", "GOOGLE_*", "GCE_METADATA_*", "NO_GCE_CHECK"]),
    ("az", &["AZURE_*", "IDENTITY_*", "MSI_*", "IMDS_ENDPOINT", "ACC_CLOUD"]),
    ("secret-tool", &["DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"]),
];

/// The variables with the path of a file or a directory, which a tool would read from the directory that it is started in.
/// Sources: as for [`OWN`].
const PATHS: &[&str] = &[
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CONFIG_DIR",
    "AZURE_EXTENSION_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "CURL_CA_BUNDLE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "HOME",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "TMPDIR",
    "XAUTHORITY",
];
/// The variable with a list of directories (OpenSSL, `X509_LOOKUP_hash_dir(3)`).
const PATH_LIST: &str = "SSL_CERT_DIR";

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

/// Returns `path` without the entries that depend on the working directory.
///
/// Security: an empty entry and `.` are the working directory (POSIX, 8.3). A file `gcloud` of a repository
/// must not run as the user's tool, and a file `python` must not run as the tool's interpreter.
fn absolute(path: &OsStr) -> OsString {
    let entries =
        path.as_bytes().split(|byte| *byte == b':').filter(|entry| entry.starts_with(b"/"));
    OsString::from_vec(entries.collect::<Vec<_>>().join(&b':'))
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

/// Returns only the variables that `program` needs, because it is not the user's command. Paths are absolute, because the tool
/// is not started in the working directory.
fn least(environment: &Environment, program: &str, path: OsString) -> Environment {
    let name = program.rsplit('/').next().unwrap_or(program);
    let own = OWN.iter().filter(|(tool, _)| *tool == name).flat_map(|(_, patterns)| *patterns);
    let patterns: Vec<&str> = PASSED.iter().chain(own).copied().collect();
    let is_passed = |variable: &OsStr| {
        let variable = variable.to_string_lossy();
        patterns.iter().any(|pattern| matches_ignore_ascii_case(pattern, &variable))
    };
    let passed = environment.iter().filter(|(variable, _)| is_passed(variable));
    let passed = passed.map(|(variable, value)| {
        let value = match variable.to_str() {
            Some(name) if PATHS.contains(&name) => from_root(value),
            Some(PATH_LIST) => all_from_root(value),
            _ => value.to_owned(),
        };
        (variable.to_owned(), value)
    });
    passed.chain([(PATH.into(), path)]).collect()
}

/// Returns a path that does not depend on the working directory. `az` itself replaces a leading `~`.
fn from_root(path: &OsStr) -> OsString {
    if path.is_empty() || path.as_bytes().starts_with(b"~") {
        return path.to_owned();
    }
    std::path::absolute(path).map_or_else(|_| path.to_owned(), PathBuf::into_os_string)
}

/// Returns the list of paths with each as [`from_root`] returns it.
fn all_from_root(paths: &OsStr) -> OsString {
    let entries = paths.as_bytes().split(|byte| *byte == b':').map(OsStr::from_bytes);
    entries.map(from_root).collect::<Vec<_>>().join(OsStr::new(":"))
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
mod tests {
    use super::*;

    fn ran(program: &str, arguments: &[&str]) -> Result<Option<Secret>, TokenError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let environment = Environment::from_pairs([("PATH", "/usr/bin:/bin")]);
        runtime.block_on(output(&environment, program, arguments, TOOL_TIME))
    }

    #[test]
    fn what_a_tool_writes_is_taken_without_the_line_end() {
        assert_eq!(ran("echo", &["a", "token"]).unwrap().unwrap().expose(), "a token");
    }

    #[test]
    fn a_tool_that_is_not_there_is_no_error_and_one_that_fails_is() {
        assert!(ran("audex-has-no-such-tool", &[]).unwrap().is_none());
        let error =
            ran("sh", &["-c", "echo first >&2; echo 'please log in' >&2; exit 1"]).unwrap_err();
        assert_eq!(error.to_string(), "`sh` gave no token: please log in");
    }

    #[test]
    fn a_tool_that_hangs_is_ended_at_its_limit() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let line = format!("echo $$ > {}; exec sleep 60", file.display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let environment = Environment::from_pairs([("PATH", "/usr/bin:/bin")]);
        let (arguments, time) = (["-c", line.as_str()], Duration::from_secs(1));
        let error = runtime.block_on(run(&environment, "sh", &arguments, time)).unwrap_err();
        assert_eq!(error, "it takes too long");
        let process = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let process = nix::unistd::Pid::from_raw(process);
        assert_eq!(nix::sys::signal::kill(process, None), Err(nix::errno::Errno::ESRCH));
    }

    #[test]
    fn the_processes_of_a_tool_that_hangs_are_ended_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let line = format!("sleep 600 & echo $! > {}; wait", file.display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let environment = Environment::from_pairs([("PATH", "/usr/bin:/bin")]);
        let (arguments, time) = (["-c", line.as_str()], Duration::from_secs(1));
        let error = runtime.block_on(run(&environment, "sh", &arguments, time)).unwrap_err();
        assert_eq!(error, "it takes too long");
        let process = std::fs::read_to_string(file).unwrap().trim().to_owned();
        // Whoever adopts the process may not have reaped it yet.
        let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        assert!(state.is_empty() || state.contains(") Z "), "{state}");
    }

    #[test]
    fn a_process_that_a_tool_leaves_behind_is_not_waited_for() {
        let said = ran("sh", &["-c", "sleep 600 & echo a token"]).unwrap().unwrap();
        assert_eq!(said.expose(), "a token");
    }

    #[test]
    fn a_long_output_is_read_and_an_endless_one_is_refused() {
        let long = ran("sh", &["-c", "head -c 200000 /dev/zero | tr '\\0' x"]).unwrap().unwrap();
        assert_eq!(long.expose().len(), 200_000);
        let error = ran("sh", &["-c", "yes"]).unwrap_err();
        assert!(error.to_string().contains("it writes more than 256 KiB"), "{error}");
    }

    #[test]
    fn a_tool_runs_in_no_directory_of_the_users() {
        assert_eq!(ran("pwd", &[]).unwrap().unwrap().expose(), "/");
    }

    /// Creates a directory with an executable `gcloud` that prints `word` and then its environment.
    fn with_tool(word: &str) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let tool = directory.path().join("gcloud");
        std::fs::write(&tool, format!("#!/bin/sh\necho {word}; env\n")).unwrap();
        std::fs::set_permissions(tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        directory
    }

    #[test]
    fn a_tool_is_not_looked_for_in_the_working_directory_however_it_is_spelled() {
        let (own, other) = (with_tool("own"), with_tool("other"));
        let own = own.path().to_str().unwrap();
        for entry in ["", ".", "./", "..", "tools", "~", "./../x"] {
            for path in [
                format!("{entry}:{own}"),
                format!("{own}:{entry}"),
                format!("{entry}:{own}:{entry}"),
            ] {
                let path = absolute(OsStr::new(&path));
                assert_eq!(path, own, "{entry}");
                assert_eq!(find("gcloud", &path).unwrap(), Path::new(own).join("gcloud"));
            }
            assert_eq!(find("gcloud", &absolute(OsStr::new(entry))), None, "{entry}");
        }
        // The twin: an absolute entry is searched, in order.
        let both = format!("{}:{own}", other.path().display());
        assert_eq!(find("gcloud", OsStr::new(&both)).unwrap(), other.path().join("gcloud"));
        assert_eq!(
            find("/usr/bin/security", OsStr::new("")).unwrap(),
            Path::new("/usr/bin/security")
        );
    }

    #[test]
    fn a_tool_gets_its_own_settings_and_not_the_environment() {
        let tools = with_tool("a-token");
        let path = format!(":{}:.:/usr/bin:/bin", tools.path().display());
        let environment = Environment::from_pairs([
            ("PATH", path.as_str()),
            ("HOME", "/home/x"),
            ("https_proxy", "http://proxy"),
            ("CLOUDSDK_CONFIG", "/home/x/gcloud"),
            ("AWS_SECRET_ACCESS_KEY", "planted"),
            ("AZURE_CLIENT_SECRET", "planted"),
            ("ANTHROPIC_API_KEY", "planted"),
            ("PYTHONPATH", "planted"),
            ("LD_PRELOAD", ""),
            ("AUDEX_AZURE_CLIENT_SECRET", "planted"),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let said =
            runtime.block_on(output(&environment, "gcloud", &[], TOOL_TIME)).unwrap().unwrap();
        let lines: Vec<&str> = said.expose().lines().collect();
        for line in [
            "a-token",
            "HOME=/home/x",
            "https_proxy=http://proxy",
            "CLOUDSDK_CONFIG=/home/x/gcloud",
        ] {
            assert!(lines.contains(&line), "{line} is not in {lines:?}");
        }
        let path = format!("PATH={}:/usr/bin:/bin", tools.path().display());
        assert!(lines.contains(&path.as_str()), "{lines:?}");
        assert!(
            !said.expose().contains("planted") && !said.expose().contains("LD_PRELOAD"),
            "{lines:?}"
        );
    }

    #[test]
    fn a_path_of_the_working_directory_reaches_the_tool_as_an_absolute_one() {
        let tools = with_tool("a-token");
        let path = format!("{}:/usr/bin:/bin", tools.path().display());
        let environment = Environment::from_pairs([
            ("PATH", path.as_str()),
            ("CLOUDSDK_CONFIG", "config/gcloud"),
            ("REQUESTS_CA_BUNDLE", "./ca.pem"),
            ("SSL_CERT_DIR", "certs:/etc/ssl/certs"),
            ("CURL_CA_BUNDLE", "a:b.pem"),
            ("SSL_CERT_FILE", ""),
            ("TMPDIR", "~/tmp"),
            ("CLOUDSDK_CORE_PROJECT", "my-project"),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let said =
            runtime.block_on(output(&environment, "gcloud", &[], TOOL_TIME)).unwrap().unwrap();
        let here = std::env::current_dir().unwrap().display().to_string();
        let lines: Vec<&str> = said.expose().lines().collect();
        for line in [
            format!("CLOUDSDK_CONFIG={here}/config/gcloud"),
            format!("REQUESTS_CA_BUNDLE={here}/ca.pem"),
            format!("SSL_CERT_DIR={here}/certs:/etc/ssl/certs"),
            format!("CURL_CA_BUNDLE={here}/a:b.pem"),
            "SSL_CERT_FILE=".to_owned(),
            "TMPDIR=~/tmp".to_owned(),
            "CLOUDSDK_CORE_PROJECT=my-project".to_owned(),
        ] {
            assert!(lines.contains(&line.as_str()), "{line} is not in {lines:?}");
        }
    }

    #[test]
    fn a_line_that_is_called_an_error_is_the_reason_and_not_the_advice_behind_it() {
        let gcloud = "WARNING: x\nERROR: (gcloud.auth) there is no active account.\nPlease run:\n\n  $ gcloud auth login\n\nto select an account to use.\n";
        assert_eq!(reason(gcloud), "(gcloud.auth) there is no active account.");
        assert_eq!(reason("\n"), "it failed");
    }
}
