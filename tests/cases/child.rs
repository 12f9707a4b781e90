//! The command runs like a command of the user: with the same streams, signals and exit status.

use std::ffi::OsString;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;

use crate::support::{Sandbox, Started};

const RUN: [&str; 4] = ["run", "--allow", "s3:GetObject", "--"];

fn start<'a>(sandbox: &'a Sandbox, script: &str) -> Started<'a> {
    let mut running = sandbox.tryaudex([&RUN[..], &["sh", "-c", script]].concat()).start();
    assert_eq!(running.line(), "up");
    running
}

/// As a command: waits until the test has made the file `go`.
const WAIT: &str = "until [ -e go ]; do sleep 0.05; done";

fn go(sandbox: &Sandbox) {
    fs::write(sandbox.home().join("go"), "").unwrap();
}

#[test]
fn exit_statuses_pass_through() {
    let sandbox = Sandbox::new();
    for code in [0, 1, 2, 77, 126, 127, 255] {
        let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], &format!("exit {code}")).exits(code);
        assert_eq!(sandbox.audit().last().unwrap()["exit_code"], code);
    }
}

#[test]
fn a_command_that_a_signal_ended_is_128_and_the_signal() {
    let sandbox = Sandbox::new();
    for (signal, code) in [("KILL", 137), ("TERM", 143), ("SEGV", 139)] {
        let _ =
            sandbox.run_sh(&["--allow", "s3:GetObject"], &format!("kill -{signal} $$")).exits(code);
        assert_eq!(sandbox.audit().last().unwrap()["signal"], code - 128);
    }
}

#[test]
fn a_command_that_cannot_run_is_found_out_before_anything_is_minted() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.plant("tool", "#!/bin/sh\necho ran\n").display().to_string();
    for (command, code) in
        [("no-such-command", 127), ("./no/such/file", 127), (file.as_str(), 126), ("/", 126)]
    {
        let output = sandbox.run([&RUN[..], &[command]].concat()).exits(code);
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    }
    assert!(sandbox.cloud().requests().is_empty());
    assert_eq!(sandbox.events(), ["failed"; 4]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(sandbox.run([&RUN[..], &[&file]].concat()).success().stdout, "ran\n");
}

#[test]
fn a_sigterm_reaches_the_command_and_is_the_status() {
    let sandbox = Sandbox::new();
    let running = start(&sandbox, "echo up; exec sleep 60");
    running.signal(Signal::SIGTERM);
    let _ = running.finish().exits(143);
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
    assert_eq!(sandbox.session_directories(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn a_command_may_handle_its_signals() {
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGUSR1, "USR1"),
    ] {
        let sandbox = Sandbox::new();
        let running =
            start(&sandbox, &format!("trap 'echo got {name}; exit 9' {name}; echo up; {WAIT}"));
        running.signal(signal);
        assert_eq!(running.finish().exits(9).stdout, format!("up\ngot {name}\n"));
    }
}

#[test]
fn an_interrupt_reaches_the_command_once() {
    let sandbox = Sandbox::new();
    let mut running = start(&sandbox, &format!("trap 'echo int' INT; echo up; {WAIT}; echo done"));
    running.signal(Signal::SIGINT);
    assert_eq!(running.line(), "int");
    go(&sandbox);
    assert_eq!(running.finish().success().stdout, "up\nint\ndone\n");
}

/// Prints the signals that this process ignores, handles SIGHUP and SIGUSR1 by their numbers, and waits for both.
const LISTENER: &str = "import os, signal\n\
    ignored = lambda number: signal.getsignal(number) == signal.SIG_IGN\n\
    names = [name for name in ('SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1') if ignored(getattr(signal, name))]\n\
    got = []\n\
    for number in (signal.SIGHUP, signal.SIGUSR1): signal.signal(number, lambda number, _: got.append(number))\n\
    print(*names, flush=True)\n\
    while len(got) < 2: signal.pause()\n\
    print(*sorted(got))\n";

/// Starts `command` under Audex, from a shell that ignores `signals` as `nohup` does.
fn start_ignoring<'a>(sandbox: &'a Sandbox, signals: &str, command: &[&str]) -> Started<'a> {
    let script = format!("trap '' {signals}; exec \"$@\"");
    let tryaudex = [env!("CARGO_BIN_EXE_tryaudex")];
    let words = [&["-c", &script, "sh"], &tryaudex[..], &RUN, command].concat();
    sandbox.program("/bin/sh", words).start()
}

#[test]
fn what_the_caller_ignores_is_ignored_in_the_command_and_reaches_one_that_handles_it() {
    for ignored in ["HUP", "HUP INT", "HUP INT QUIT USR1"] {
        let sandbox = Sandbox::new();
        let mut running = start_ignoring(&sandbox, ignored, &["python3", "-c", LISTENER]);
        let expected = ignored.split(' ').map(|name| format!("SIG{name}")).collect::<Vec<_>>();
        assert_eq!(running.line(), expected.join(" "));
        running.signal(Signal::SIGHUP);
        running.signal(Signal::SIGUSR1);
        assert!(running.finish().success().stdout.ends_with("\n1 10\n"));
    }
}

#[test]
fn a_command_that_ignores_what_the_caller_ignores_is_not_ended_by_it() {
    let sandbox = Sandbox::new();
    let mut running =
        start_ignoring(&sandbox, "HUP INT QUIT", &["sh", "-c", "echo up; exec sleep 60"]);
    assert_eq!(running.line(), "up");
    for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        running.signal(signal);
    }
    // Had one of them ended the command, its number would be the status.
    running.signal(Signal::SIGTERM);
    let _ = running.finish().exits(143);
}

#[test]
fn ten_megabytes_pass_through_stdin_and_stdout_unchanged() {
    let sandbox = Sandbox::new();
    // Every byte value, in an order that does not repeat with any buffer's size.
    let bytes: Vec<u8> =
        (0..10_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let output =
        sandbox.tryaudex([&RUN[..], &["cat"]].concat()).stdin(bytes.clone()).output().success();
    assert!(output.bytes == bytes, "{} bytes came back, or others", output.bytes.len());
}

#[test]
fn arguments_arrive_as_they_are() {
    let sandbox = Sandbox::new();
    let words: Vec<OsString> =
        ["", " two  words ", "-x", "--", "$HOME", "a\nb", "'\"\\"].map(OsString::from).into();
    let odd = OsString::from_vec(vec![b'x', 0xff, 0xfe]);
    let print = ["printf", "%s|"].map(OsString::from);
    let all = RUN.iter().map(OsString::from).chain(print).chain(words.clone()).chain([odd]);
    let output = sandbox.tryaudex(all).output().success();
    let mut expected = words
        .iter()
        .fold(Vec::new(), |all, word| [all, word.as_bytes().to_vec(), b"|".to_vec()].concat());
    expected.extend_from_slice(b"x\xff\xfe|");
    assert_eq!(output.bytes, expected);
}

#[test]
fn a_command_whose_reader_goes_away_ends() {
    let sandbox = Sandbox::new();
    let pipe = format!("'{}' {} yes | head -n 1", env!("CARGO_BIN_EXE_tryaudex"), RUN.join(" "));
    let output =
        sandbox.program("bash", ["-c", &format!("set -o pipefail; {pipe}")]).output().exits(141);
    assert_eq!(output.stdout, "y\n");
    assert_eq!(sandbox.audit().last().unwrap()["signal"], Signal::SIGPIPE as i32);
}

#[test]
fn closed_streams_harm_nothing() {
    let sandbox = Sandbox::new();
    let line = format!("'{}' {} true <&- >&- 2>&-", env!("CARGO_BIN_EXE_tryaudex"), RUN.join(" "));
    let _ = sandbox.program("bash", ["-c", &line]).output().success();
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
}

#[test]
fn output_arrives_while_the_command_runs() {
    let sandbox = Sandbox::new();
    let mut running = start(&sandbox, &format!("echo up; echo second; {WAIT}; echo last"));
    assert_eq!(running.line(), "second");
    go(&sandbox);
    assert_eq!(running.line(), "last");
    let _ = running.finish().success();
}

#[test]
fn stdout_is_the_commands_alone() {
    let sandbox = Sandbox::new();
    let output =
        sandbox.run_sh(&["--allow", "s3:GetObject"], "printf out; printf err >&2").success();
    assert_eq!(output.stdout, "out");
    assert!(output.stderr.contains("err"));
}

/// Peak memory of Audex in KiB, while its command writes this many bytes.
fn peak_memory(sandbox: &Sandbox, bytes: u32) -> u64 {
    let command = format!("head -c {bytes} /dev/zero; grep VmHWM /proc/$PPID/status > peak");
    let tryaudex = env!("CARGO_BIN_EXE_tryaudex");
    let pipe = format!("'{tryaudex}' run --allow s3:GetObject -- sh -c '{command}' | wc -c");
    assert_eq!(
        sandbox.program("/bin/sh", ["-c", &pipe]).output().success().stdout.trim(),
        bytes.to_string()
    );
    let peak = fs::read_to_string(sandbox.home().join("peak")).unwrap();
    peak.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn memory_does_not_grow_with_the_output() {
    let sandbox = Sandbox::new();
    let (little, much) = (peak_memory(&sandbox, 1), peak_memory(&sandbox, 200_000_000));
    assert!(much < little + 8 * 1024, "{much} KiB for 200 MB, {little} KiB for a byte");
}

#[test]
fn a_session_directory_is_private_and_does_not_outlive_its_session() {
    let sandbox = Sandbox::new();
    let script = "stat -c %a \"$AWS_CONFIG_FILE\" \"$(dirname \"$AWS_CONFIG_FILE\")\" \"$XDG_RUNTIME_DIR\"/audex/*; echo $AWS_CONFIG_FILE; exit 1";
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], script).exits(1);
    let directory = sandbox.home().join("run/audex").display().to_string();
    let (modes, path) = output.stdout.split_once('/').unwrap();
    assert_eq!(modes, "600\n700\n700\n");
    assert!(format!("/{path}").starts_with(&directory), "{path}");
    assert!(sandbox.session_directories().is_empty());
}

#[test]
fn what_a_killed_session_left_is_removed_by_the_next_and_by_cleanup() {
    for next in [&["run", "--allow", "s3:GetObject", "--", "true"][..], &["cleanup"]] {
        let sandbox = Sandbox::new();
        let running = start(&sandbox, &format!("echo up; {WAIT}"));
        assert_eq!(sandbox.session_directories().len(), 1);
        let _ = sandbox.run(["cleanup"]);
        assert_eq!(sandbox.session_directories().len(), 1);
        running.signal(Signal::SIGKILL);
        // The command is nobody's child now; it still ends by itself.
        go(&sandbox);
        let _ = running.finish().exits(-9);
        let _ = sandbox.run(["cleanup", "--dry-run"]);
        assert_eq!(sandbox.session_directories().len(), 1);
        let _ = sandbox.run(next).success();
        assert!(sandbox.session_directories().is_empty(), "{next:?}");
        let _ = sandbox.run(["audit", "verify"]).success();
    }
}

#[test]
fn a_signal_while_the_cloud_does_not_answer_ends_audex_at_once_and_starts_nothing() {
    for (signal, status) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130), (Signal::SIGHUP, 129)] {
        let sandbox = Sandbox::new();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let run = sandbox
            .tryaudex([&RUN[..], &["echo", "ran"]].concat())
            .env("AWS_ENDPOINT_URL", endpoint)
            .start();
        // Whoever connects is minting; the connection stays open and silent.
        let _connection = silent.accept().unwrap();
        run.signal(signal);
        let output = run.finish().exits(status);
        assert_eq!(output.stdout, "");
        assert_eq!(sandbox.events(), ["issuing", "failed"]);
        assert!(sandbox.session_directories().is_empty());
    }
}
