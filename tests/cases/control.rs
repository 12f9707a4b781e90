//! The control socket of a session: it is ended, watched and answered from outside, and from nowhere else.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Sandbox, Started, python};

const RUN: [&str; 6] = ["run", "--allow", "s3:GetObject", "--", "sh", "-c"];
/// Prints a line and then waits for its end.
const WAITS: &str = "echo ready; while :; do sleep 0.05; done";

/// Starts a session, and returns it with its name once its command runs.
fn started<'a>(sandbox: &'a Sandbox, options: &[&str], script: &str) -> (Started<'a>, String) {
    let (run, command) = RUN.split_at(3);
    let mut running = sandbox.tryaudex([run, options, command, &[script]].concat()).start();
    assert_eq!(running.line(), "ready");
    let session = sandbox.audit().last().unwrap()["session"].as_str().unwrap().to_owned();
    (running, session)
}

fn state(sandbox: &Sandbox, session: &str) -> Value {
    let listed = sandbox.run(["sessions", "list", "--json"]).success().json();
    let all = listed.as_array().unwrap();
    all.iter().find(|one| one["session"] == session).unwrap()["state"].clone()
}

fn is_alive(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[test]
fn a_session_is_ended_from_outside_and_records_by_whom() {
    let sandbox = Sandbox::new();
    let (running, session) = started(&sandbox, &[], WAITS);
    let ended = sandbox.run(["sessions", "end", &session]).success();
    assert_eq!(ended.stdout, format!("session `{session}` has ended: ended early\n"));
    let output = running.finish().exits(143);
    assert!(output.stderr.contains(", ended by "), "{}", output.stderr);
    let record = sandbox.audit().pop().unwrap();
    assert!(record["ended_by"].as_str().unwrap().contains("(process "), "{record}");
    assert_eq!((&record["event"], &record["ended_by_deadline"]), (&"ended".into(), &false.into()));
    // The second time changes nothing.
    let again = sandbox.run(["sessions", "end", &session]).success();
    assert_eq!(again.stdout, format!("session `{session}` has ended already\n"));
    let sockets = fs::read_dir(sandbox.home().join(".local/state/audex/control")).unwrap();
    assert_eq!(sockets.count(), 0);
}

#[test]
fn an_end_reaches_every_descendant_at_every_level() {
    let sandbox = Sandbox::new();
    let script = "setsid sh -c 'trap \"\" TERM; echo $$ > daemon; while :; do sleep 0.05; done' &
        until [ -s daemon ]; do sleep 0.02; done; echo ready; trap '' TERM; while :; do sleep 0.05; done";
    for level in ["off", "credentials", "strict"] {
        let _ = fs::remove_file(sandbox.home().join("daemon"));
        let (running, session) = started(&sandbox, &["--isolate", level], script);
        let daemon = fs::read_to_string(sandbox.home().join("daemon")).unwrap();
        let _ = sandbox.run(["sessions", "end", &session]).success();
        let _ = running.finish().exits(137);
        // Inside a PID namespace the id is another one, and the namespace has ended with the command.
        assert!(level != "off" || !is_alive(daemon.trim()), "{level}");
    }
}

#[test]
fn a_session_that_has_not_started_its_command_is_ended_too() {
    let sandbox = Sandbox::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let run = sandbox.tryaudex([&RUN[..], &["true"]].concat()).env("AWS_ENDPOINT_URL", endpoint);
    let run = run.start();
    let _connection = silent.accept().unwrap();
    let session = sandbox.audit().last().unwrap()["session"].as_str().unwrap().to_owned();
    let _ = sandbox.run(["sessions", "end", &session]).success();
    let output = run.finish().exits(143);
    assert!(output.stderr.contains("ended the session before the command was started"));
    assert_eq!(sandbox.audit().last().unwrap()["event"], "failed");
}

#[test]
fn the_end_of_a_killed_session_ends_its_command_and_revokes_what_the_log_shows() {
    let sandbox = Sandbox::new();
    let (running, session) =
        started(&sandbox, &[], "echo $$ > id; echo ready; while :; do sleep 0.05; done");
    let id = fs::read_to_string(sandbox.home().join("id")).unwrap();
    running.signal(Signal::SIGKILL);
    while state(&sandbox, &session) == "running" {}
    assert!(is_alive(id.trim()));
    let ended = sandbox.run(["sessions", "end", &session]).success();
    assert!(ended.stderr.contains("is gone; 2 processes") || ended.stderr.contains("is gone; 1"));
    assert_eq!(ended.stdout, "nothing to revoke\n");
    assert!(!is_alive(id.trim()));
    let _ = running.finish().exits(-9);
    assert_eq!(sandbox.run(["approve"]).success().stdout.lines().count(), 1);
}

#[test]
fn a_session_is_watched_to_its_end() {
    let sandbox = Sandbox::new();
    let (running, session) =
        started(&sandbox, &[], "echo ready; until [ -e go ]; do sleep 0.02; done; exit 4");
    let mut watching = sandbox.tryaudex(["sessions", "watch", &session, "--json"]).start();
    let mut all = sandbox.tryaudex(["sessions", "watch"]).start();
    let watched: Value = serde_json::from_str(&watching.line()).unwrap();
    assert_eq!(
        (&watched["event"], &watched["session"]),
        (&"watched".into(), &session.as_str().into())
    );
    assert_eq!(watched["command"][0], "sh");
    assert!(all.line().starts_with(&format!("{session}  running  sh -c ")));
    fs::write(sandbox.home().join("go"), "").unwrap();
    let ended: Value = serde_json::from_str(&watching.line()).unwrap();
    assert_eq!((&ended["event"], &ended["exit_code"]), (&"ended".into(), &4.into()));
    assert_eq!(all.line(), format!("{session}  ended    exit 4"));
    let _ = (running.finish().exits(4), watching.finish().success());
    all.signal(Signal::SIGTERM);
    let _ = all.finish().exits(-15);
}

#[test]
fn an_unknown_session_or_ask_is_a_usage_error_with_a_hint() {
    let sandbox = Sandbox::without_cloud();
    for words in
        [&["sessions", "end", "x"][..], &["sessions", "watch", "x"], &["sessions", "end", ""]]
    {
        let error = sandbox.run(words).exits(2).stderr;
        assert!(error.contains("hint: see `tryaudex sessions list`"), "{error}");
    }
    for words in [&["approve", "ask-1"][..], &["refuse", "ask-1"], &["approve", "ask-1", "--once"]]
    {
        let error = sandbox.run(words).exits(2).stderr;
        assert!(error.contains("no running session has an ask `ask-1`"), "{error}");
        assert!(error.contains("hint: see `tryaudex approve`"), "{error}");
    }
    assert_eq!(sandbox.run(["approve", "--json"]).success().stdout, "[]\n");
    let _ = sandbox.run(["approve", "--once"]).exits(2);
}

#[test]
fn a_file_in_the_place_of_a_socket_is_named_and_stops_nothing() {
    let sandbox = Sandbox::new();
    let (running, session) = started(&sandbox, &[], WAITS);
    let sockets = sandbox.home().join(".local/state/audex/control");
    assert_eq!(fs::metadata(&sockets).unwrap().permissions().mode() & 0o777, 0o700);
    let own = sockets.join(format!("{session}.sock"));
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(sockets.join("other.sock"), "").unwrap();
    let listed = sandbox.run(["approve"]).success();
    assert_eq!(listed.stderr.matches("is not a control socket of this user").count(), 1);
    let _ = sandbox.run(["sessions", "end", &session]).success();
    let _ = running.finish().exits(143);
}

/// Looks for the socket on every way, sends the words to it, and prints the replies.
const REACHES: &str = r"
import glob, os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
name = os.environ['AUDEX_SESSION_ID'] + '.sock'
below = os.path.expanduser('~') + '/.local/state/audex/control'
for directory in [below] + glob.glob('/proc/[0-9]*/root' + below) + glob.glob('/proc/[0-9]*/fd/*'):
    try:
        os.chdir(directory)
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(5)
            server.connect(name)
            server.sendall(sys.argv[1].encode() + b'\n')
            print('reached', server.recv(4096).decode().strip(), flush=True)
            signal.pause()
    except OSError:
        pass
print('tried')
";

/// The socket is hidden from an isolated command, which so can neither end its session nor look at it.
#[test]
fn an_isolated_command_does_not_reach_the_socket_and_another_command_does() {
    let sandbox = Sandbox::new();
    for level in ["credentials", "strict", "off"] {
        let command = ["--", "python3", "-c", REACHES, r#"{"do":"end"}"#];
        let words =
            [&["run", "--allow", "s3:GetObject", "--isolate", level], &command[..]].concat();
        let output = sandbox.run(words);
        let is_ended = sandbox.audit().last().unwrap()["ended_by"].is_string();
        let is_reached = output.stdout.starts_with(r#"reached {"reply":"ending"}"#);
        let is_open = level == "off";
        assert_eq!((is_reached, is_ended), (is_open, is_open), "{level}: {}", output.stdout);
        assert!(is_open || output.stdout == "tried\n", "{level}: {}", output.stderr);
    }
}

/// A session whose request waits for a person, and the terminal of a person who watches and presses `keys`.
#[test]
fn a_key_at_the_watchers_terminal_answers_the_ask_that_is_shown() {
    const SECRET: &str = "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null";
    for (key, outcome, answer) in
        [("y", "read: ok\n", "granted"), ("n", "read: AccessDenied\n", "refused by")]
    {
        let sandbox = Sandbox::new().with_aws_cli();
        let options = ["--resource", "arn:aws:s3:::demo-reports/*", "--deliver", "gateway"];
        let asks = ["--on-denied", "wait", "--isolate", "credentials", "--", "sh", "-c"];
        let script = format!(
            "echo ready; until [ -e watched ]; do sleep 0.02; done\n{}",
            crate::support::aws_cli::script(&[("read", SECRET)])
        );
        let words = [&RUN[..3], &options, &asks, &[script.as_str()]].concat();
        let mut running = sandbox.tryaudex(words).start();
        assert_eq!(running.line(), "ready");
        let player = python::tests().join("support/terminal.py").display().to_string();
        let watch = [player.as_str(), env!("CARGO_BIN_EXE_tryaudex"), "sessions", "watch"];
        let watched = sandbox.home().join("watched").display().to_string();
        let steps = format!(
            r#"[["expect","running"],["make","{watched}"],["expect","y grants ask-"],["press","{key}","answer "],["expect","answer "],["send","q"]]"#
        );
        let seen = sandbox.program(python::interpreter(), watch).stdin(steps).output().success();
        assert!(seen.stdout.contains("asks     ask-"), "{}", seen.stdout);
        assert!(seen.stdout.contains(answer), "{}", seen.stdout);
        assert!(seen.stdout.ends_with("exit 0\n"), "{}", seen.stdout);
        let output = running.finish().success();
        assert!(output.stdout.ends_with(outcome), "{} {}", output.stdout, seen.stdout);
    }
}
