//! Tests of calls of tools.

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
    let error = ran("sh", &["-c", "echo first >&2; echo 'please log in' >&2; exit 1"]).unwrap_err();
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
    // The kernel has queued the signal, but may not have ended the process yet, and whoever adopts it may not
    // have reaped it. Without the signal, the process lives for 600 s.
    let state = || std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let is_ended = |state: &str| state.is_empty() || state.contains(") Z ");
    let ended = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        is_ended(&state())
    });
    assert!(ended, "{}", state());
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
        for path in
            [format!("{entry}:{own}"), format!("{own}:{entry}"), format!("{entry}:{own}:{entry}")]
        {
            let path = absolute(OsStr::new(&path));
            assert_eq!(path, own, "{entry}");
            assert_eq!(find("gcloud", &path).unwrap(), Path::new(own).join("gcloud"));
        }
        assert_eq!(find("gcloud", &absolute(OsStr::new(entry))), None, "{entry}");
    }
    // The twin: an absolute entry is searched, in order.
    let both = format!("{}:{own}", other.path().display());
    assert_eq!(find("gcloud", OsStr::new(&both)).unwrap(), other.path().join("gcloud"));
    assert_eq!(find("/usr/bin/security", OsStr::new("")).unwrap(), Path::new("/usr/bin/security"));
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
    let said = runtime.block_on(output(&environment, "gcloud", &[], TOOL_TIME)).unwrap().unwrap();
    let lines: Vec<&str> = said.expose().lines().collect();
    for line in
        ["a-token", "HOME=/home/x", "https_proxy=http://proxy", "CLOUDSDK_CONFIG=/home/x/gcloud"]
    {
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
    let said = runtime.block_on(output(&environment, "gcloud", &[], TOOL_TIME)).unwrap().unwrap();
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
