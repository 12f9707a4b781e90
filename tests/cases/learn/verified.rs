//! `learn --verify` reports a recommendation as sufficient only if a run has shown this.

use std::fmt::Write as _;

use super::{READ, learn};
use crate::support::aws_cli::script;
use crate::support::{Moto, Output, Sandbox, python};

/// A script of signed requests: name, method, service, path, headers, body.
fn signed(calls: &[[&str; 6]]) -> String {
    let program = python::tests().join("support/signed_calls.py");
    let mut script =
        format!("'{}' '{}' <<'CALLS'\n", python::interpreter().display(), program.display());
    for call in calls {
        writeln!(script, "{}", call.join("\t")).unwrap();
    }
    script + "CALLS\n"
}

const GET: [&str; 6] = ["get", "GET", "s3", "/alpha/hello.txt", "", ""];

/// Verifies a command that does `more` from its second run on.
fn verified(more: &str) -> Output {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let command = format!("{}if [ -e ran ]; then\n{more}\nfi\ntouch ran\n", signed(&[GET]));
    learn(&sandbox, &["--verify", "--rounds", "1"], &command)
}

#[test]
fn a_denied_call_is_never_sufficient_whether_it_is_recognised_or_not() {
    let form = "Content-Type: application/x-www-form-urlencoded";
    for call in [
        ["more", "PUT", "s3", "/beta/learn/denied", form, "x"],
        ["more", "POST", "s3", "/beta/hello.txt?nosuchoperation", "Content-Type: text/plain", "x"],
        ["more", "GET", "s3", "/beta?nosuchsubresource", "", ""],
        ["more", "HEAD", "s3", "/beta/hello.txt", "", ""],
    ] {
        let output = verified(&signed(&[call])).success();
        assert!(
            output.stdout.starts_with("get: 200\nget: 200\nmore: 40"),
            "{call:?}: {}",
            output.stdout
        );
        let said = &output.stderr;
        assert!(said.contains("Verified: not sufficient after 1 run; "), "{call:?}: {said}");
        assert!(said.contains("missing: ") || said.contains("denied: "), "{call:?}: {said}");
    }
}

#[test]
fn a_call_that_was_denied_in_both_runs_is_named_and_not_sufficient() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let calls = [READ, ("create", "iam create-user --user-name nobody")];
    let output = learn(&sandbox, &["--verify"], &script(&calls)).success();
    assert_eq!(output.stdout, "read: ok\ncreate: AccessDenied\n".repeat(2));
    let expected = "Verified: not sufficient after 1 run; denied: iam:CreateUser\n";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
}

#[test]
fn a_command_that_fails_is_never_verified() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let output = learn(&sandbox, &["--verify"], &(script(&[READ]) + "exit 3")).exits(3);
    assert_eq!(output.stdout, "read: ok\n", "it is not run again");
    let expected =
        "Verified: not sufficient; the command failed with exit status 3 in the first run";
    assert!(output.stderr.contains(expected), "{}", output.stderr);

    let output = verified("exit 4").exits(4);
    let expected = "Verified: not sufficient after 1 run; the command failed with exit status 4\n";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
}

#[test]
fn a_request_that_was_not_forwarded_is_not_sufficient() {
    let output = verified("curl -s \"$(aws s3 presign s3://alpha/hello.txt)\" > said").success();
    assert!(
        output.stderr.contains("Verified: not sufficient after 1 run; not seen: "),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("presigned URLs"), "{}", output.stderr);
}

#[test]
fn a_whole_run_without_denials_is_sufficient() {
    let output = verified("true").success();
    assert!(output.stderr.contains("Verified: sufficient, after 1 run\n"), "{}", output.stderr);
}
