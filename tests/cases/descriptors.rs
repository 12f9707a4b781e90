//! The command inherits the first three descriptors and the descriptors that its own arguments name.

use crate::support::{Sandbox, python};

const SECRET: &str = "planted/descriptor/0123456789abcdef";

/// A user whose shell keeps a secret open as descriptor 4.
fn user() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant("key", SECRET);
    sandbox.plant_secret(SECRET);
    sandbox
}

/// Runs `script` in bash; `$RUN` starts tryaudex with a command.
fn shell(sandbox: &Sandbox, script: &str) -> crate::support::Output {
    let run = format!("{} run --allow s3:GetObject --", env!("CARGO_BIN_EXE_tryaudex"));
    sandbox.program("bash", ["-c", script]).env("RUN", run).output()
}

#[test]
fn a_file_that_the_caller_has_open_is_not_readable_in_the_command() {
    let sandbox = user();
    let output = shell(&sandbox, "exec 4<key; $RUN sh -c 'cat <&4 || echo closed'").success();
    assert_eq!(output.stdout, "closed\n", "{}", output.stderr);
}

#[test]
fn the_command_of_learn_inherits_no_more_than_that_of_run() {
    let sandbox = user();
    let tryaudex = env!("CARGO_BIN_EXE_tryaudex");
    let script = format!("exec 4<key; {tryaudex} learn -- sh -c 'cat <&4 || echo closed'");
    let output = shell(&sandbox, &script);
    assert!(output.stdout.starts_with("closed\n"), "{}{}", output.stdout, output.stderr);
}

/// Each round starts the command again, when the numbers of the closed descriptors are this program's own.
#[test]
fn a_later_round_of_learn_is_as_the_first() {
    let mut sandbox = user();
    let path = sandbox.get("PATH").unwrap();
    sandbox.set("PATH", format!("{}:{path}", python::binaries().display()));
    let tryaudex = env!("CARGO_BIN_EXE_tryaudex");
    let read = "aws s3api get-object --bucket demo-reports --key readme.txt /dev/null >/dev/null";
    let open = (3..20).map(|number| format!("{number}<key")).collect::<Vec<_>>().join(" ");
    let script = format!("exec {open}; {tryaudex} learn --verify -- sh -c '{read} && echo read'");
    let output = shell(&sandbox, &script).success();
    assert!(output.stdout.matches("read\n").count() >= 2, "{}{}", output.stdout, output.stderr);
}

/// Files, pipes, sockets and high numbers alike. The listing's own descriptor is the one that is left beside the three.
#[test]
fn whatever_the_caller_has_open_the_command_has_three() {
    let sandbox = user();
    let list = "import os; print(sorted(int(name) for name in os.listdir('/proc/self/fd')))";
    let start = r#"
import os, socket, subprocess, sys
one, other = socket.socketpair()
reader, writer = os.pipe()
kept = [one.fileno(), other.fileno(), reader, writer, os.dup2(os.open("key", os.O_RDONLY), 200)]
sys.exit(subprocess.run(sys.argv[1:], pass_fds=kept).returncode)
"#;
    let (python, tryaudex) = (python::interpreter(), env!("CARGO_BIN_EXE_tryaudex"));
    let run =
        [tryaudex, "run", "--allow", "s3:GetObject", "--", python.to_str().unwrap(), "-c", list];
    let output = sandbox.program(&python, [&["-c", start], &run[..]].concat()).output().success();
    assert_eq!(output.stdout, "[0, 1, 2, 3]\n");
    // The control: without Audex the command has them all.
    let output = sandbox
        .program(&python, ["-c", start, python.to_str().unwrap(), "-c", list])
        .output()
        .success();
    assert!(output.stdout.contains(", 200]"), "{}", output.stdout);
}

#[test]
fn what_a_shell_puts_in_place_of_a_file_is_handed_on_and_nothing_beside_it() {
    let sandbox = user();
    let script = "exec 4<key; $RUN sh -c 'cat \"$1\"; cat <&4 || echo closed' sh <(echo handed on)";
    let output = shell(&sandbox, script).success();
    assert_eq!(output.stdout, "handed on\nclosed\n", "{}", output.stderr);
}

#[test]
fn the_three_are_the_callers_own() {
    let sandbox = user();
    let script = "echo in | $RUN sh -c 'cat; echo out; echo err >&2' 2>log; grep -x err log";
    let output = shell(&sandbox, script).success();
    assert_eq!(output.stdout, "in\nout\nerr\n");
}
