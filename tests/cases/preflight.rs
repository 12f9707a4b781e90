//! If a call is known to fail, there is a notice before credentials are minted, and again after the command
//! has failed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::guests::Guest;
use crate::support::{Output, Sandbox};

const ADVICE: &str = "notice: `open-door` opens a door: add --allow \"door:open\"\n";
const REMINDER: &str = "audex: the command may have been denied: add --allow \"door:open\"\n";

/// With the provider `acme`, which knows the command `open-door`, and with that command, which does `what`.
fn with_door(what: &str) -> Sandbox {
    let mut sandbox = Sandbox::without_cloud();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    sandbox.plant(".config/audex/config.toml", "provider = \"acme\"\n");
    let path = sandbox.plant("open-door", format!("#!/bin/sh\n{what}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    sandbox
}

fn run(sandbox: &Sandbox, options: &[&str], command: &[&str]) -> Output {
    sandbox.run([&["run"], options, &["--"], command].concat())
}

const LOOKING: [&str; 2] = ["--allow", "door:inspect"];
const OPEN_DOOR: [&str; 1] = ["./open-door"];

#[test]
fn the_plan_says_what_is_missing_for_a_known_command() {
    let sandbox = with_door("true");
    let plan = |allow: &str, command: &[&str]| {
        sandbox
            .run([&["plan", "--json", "--allow", allow, "--"], command].concat())
            .success()
            .json()
    };
    let advice = json!([{ "message": "`open-door` opens a door", "missing": ["door:open"] }]);
    assert_eq!(plan("door:inspect", &OPEN_DOOR)["preflight"], advice);
    assert_eq!(plan("door:*", &OPEN_DOOR)["preflight"], json!([]));
    assert_eq!(plan("door:inspect", &["true"])["preflight"], json!([]));
    let text =
        sandbox.run(["plan", "--allow", "door:inspect", "--", "./open-door"]).success().stdout;
    assert!(text.ends_with(ADVICE), "{text}");
    let text = sandbox.run(["plan", "--allow", "door:inspect"]).success().stdout;
    assert!(!text.contains("open-door"), "{text}");
}

#[test]
fn a_run_says_it_before_the_command_and_runs_it_all_the_same() {
    let sandbox = with_door("echo opened >&2");
    let output = run(&sandbox, &LOOKING, &OPEN_DOOR).success();
    assert!(output.stderr.starts_with(ADVICE), "{}", output.stderr);
    assert!(output.stderr.contains("opened\n") && !output.stderr.contains("may have been denied"));
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
    let output = run(&sandbox, &["--allow", "door:open"], &OPEN_DOOR).success();
    assert!(!output.stderr.contains("notice"), "{}", output.stderr);
}

#[test]
fn a_known_command_that_fails_is_told_what_may_have_been_missing() {
    let sandbox = with_door("exit 3");
    let output = run(&sandbox, &LOOKING, &OPEN_DOOR).exits(3);
    assert!(output.stderr.ends_with(REMINDER), "{}", output.stderr);
    let output = run(&sandbox, &[&LOOKING[..], &["--json"]].concat(), &OPEN_DOOR).exits(3);
    let events = output.stderr_json();
    assert_eq!(
        events.last().unwrap(),
        &json!({ "event": "perhaps_denied", "missing": ["door:open"] })
    );
    let output = run(&sandbox, &[&LOOKING[..], &["--quiet"]].concat(), &OPEN_DOOR).exits(3);
    assert_eq!(output.stderr, "");
}

#[test]
fn nothing_is_guessed_about_a_failure_that_nothing_is_known_of() {
    let reminded = |sandbox: &Sandbox, options: &[&str], command: &[&str]| {
        run(sandbox, options, command).stderr.contains("may have been denied")
    };
    let failing = with_door("exit 3");
    assert!(reminded(&failing, &LOOKING, &OPEN_DOOR));
    assert!(!reminded(&failing, &LOOKING, &["false"]));
    assert!(!reminded(&failing, &["--allow", "door:open"], &OPEN_DOOR));
    assert!(!reminded(&with_door("kill -9 $$"), &LOOKING, &OPEN_DOOR));
    let ended = [&LOOKING[..], &["--ttl", "1s", "--on-expiry", "end"]].concat();
    assert!(!reminded(
        &with_door("trap 'exit 3' TERM; while :; do sleep 0.1; done"),
        &ended,
        &OPEN_DOOR
    ));
}
