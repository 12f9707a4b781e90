//! A person at a terminal: what is shown is what is granted, and a key answers only the ask that it was meant for.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{READ, asks};
use crate::support::{Output, Sandbox, Started, python};

/// Starts a session whose script asks by `tryaudex ask`.
fn session<'a>(sandbox: &'a Sandbox, script: &str) -> Started<'a> {
    let script = script.replace("tryaudex", env!("CARGO_BIN_EXE_tryaudex"));
    let command = ["--isolate", "credentials", "--", "sh", "-c", &script];
    sandbox.tryaudex([&["run"], READ, &command].concat()).start()
}

/// Runs this program on a pty and follows `steps`.
fn at_a_terminal(sandbox: &Sandbox, words: &[&str], steps: &Value) -> Output {
    let player = python::tests().join("support/terminal.py").display().to_string();
    let words = [&[player.as_str(), env!("CARGO_BIN_EXE_tryaudex")], words].concat();
    sandbox.program(python::interpreter(), words).stdin(steps.to_string()).output().success()
}

fn pending(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.run(["approve", "--json"]).success().json().as_array().unwrap().clone()
}

fn id(line: &str) -> String {
    line.split(':').next().unwrap().to_owned()
}

fn is_granted(sandbox: &Sandbox) -> bool {
    asks(sandbox).iter().any(|line| line.starts_with("granted"))
}

#[test]
fn a_y_for_an_ask_that_has_ended_does_not_grant_the_next_one() {
    let sandbox = Sandbox::new();
    let mut first = session(
        &sandbox,
        "tryaudex ask --allow s3:GetObject --resource arn:aws:s3:::demo-secrets/payroll.csv
        until [ -e end ]; do sleep 0.02; done",
    );
    let first_id = id(&first.line());
    let mut second = session(
        &sandbox,
        "until [ -e second ]; do sleep 0.02; done
        tryaudex ask --allow 's3:*' --resource 'arn:aws:s3:::demo-secrets/*'
        while :; do sleep 0.05; done",
    );
    let prompt = format!("y grants {first_id}");
    let steps = serde_json::json!([
        ["expect", prompt],
        ["make", "second"],
        ["expect", prompt],
        ["make", "end"],
        ["expect", "to grant it: tryaudex approve ask-"],
        ["send", "y"],
        ["send", "q"],
    ]);
    let seen = at_a_terminal(&sandbox, &["sessions", "watch"], &steps).stdout;
    let second_id = id(&second.line());
    assert!(seen.ends_with("exit 0\n") && !seen.contains(" granted "), "{seen}");
    assert!(!seen.contains(&format!("y grants {second_id}")), "{seen}");
    let waiting = pending(&sandbox);
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &second_id.into()), "{seen}");
    assert!(!is_granted(&sandbox));
    let _ = first.finish().success();
    second.signal(Signal::SIGTERM);
    let _ = second.finish();
}

#[test]
fn a_double_tap_grants_one_ask() {
    let sandbox = Sandbox::new();
    let mut running = session(
        &sandbox,
        "tryaudex ask --allow s3:GetObject --resource arn:aws:s3:::demo-secrets/payroll.csv
        tryaudex ask --allow s3:GetObject --resource arn:aws:s3:::demo-secrets/other.csv
        while :; do sleep 0.05; done",
    );
    let (first, second) = (id(&running.line()), id(&running.line()));
    let steps = serde_json::json!([
        ["expect", format!("asks     {second} ")],
        ["expect", format!("y grants {first}")],
        ["press", "yy", "granted until"],
        ["expect", "granted until"],
        ["send", "q"],
    ]);
    let seen = at_a_terminal(&sandbox, &["sessions", "watch"], &steps).stdout;
    assert!(seen.ends_with("exit 0\n") && seen.contains(&format!("y grants {second}")), "{seen}");
    let waiting = pending(&sandbox);
    assert_eq!((waiting.len(), &waiting[0]["id"]), (1, &second.into()), "{seen}");
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
}

#[test]
fn approve_shows_every_item_and_asks_on_a_terminal() {
    let sandbox = Sandbox::new();
    let mut running = session(
        &sandbox,
        "b=arn:aws:s3:::demo-secrets; long=$(printf '%0300d' 0)
        tryaudex ask --allow s3:GetObject --why 'the payroll' --resource $b/1 --resource $b/2 --resource $b/3 --resource $b/$long/* \
            --resource \"$b/x; s3:PutObject on y\"
        while :; do sleep 0.05; done",
    );
    let id = id(&running.line());
    let listed = sandbox.run(["approve"]).success().stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with(&format!("{id}  ")), "{listed}");
    assert!(lines[0].ends_with("  read  by sh  \"the payroll\""), "{listed}");
    let on =
        |resource: &str| format!("  s3:GetObject (read) on \"arn:aws:s3:::demo-secrets/{resource}");
    let long = on(&format!("{}/*\" (pattern)", "0".repeat(300)));
    for expected in [on("1\""), on("2\""), on("3\""), long, on("x; s3:PutObject on y\"")] {
        assert!(lines.contains(&expected.as_str()), "{expected}: {listed}");
    }
    assert_eq!(lines.len(), 6);
    let error = sandbox.run(["approve", &id, "--for", "4s"]).exits(2).stderr;
    assert!(error.contains("`4s` is shorter than 5s"), "{error}");
    let say = |answer: &str| {
        let steps = serde_json::json!([["expect", "grant? [y/N] "], ["send", answer]]);
        at_a_terminal(&sandbox, &["approve", &id], &steps).stdout
    };
    for answer in ["n\n", "\n"] {
        let seen = say(answer);
        assert!(seen.starts_with(&listed) && seen.ends_with("exit 77\n"), "{seen}");
        assert!(!is_granted(&sandbox));
    }
    let seen = say("y\n");
    assert!(seen.starts_with(&listed) && seen.ends_with("exit 0\n"), "{seen}");
    assert!(is_granted(&sandbox));
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
}

#[test]
fn approve_asks_nothing_with_yes_or_without_a_terminal() {
    let sandbox = Sandbox::new();
    let mut running = session(
        &sandbox,
        "tryaudex ask --allow s3:GetObject --resource arn:aws:s3:::demo-secrets/1
        tryaudex ask --allow s3:GetObject --resource arn:aws:s3:::demo-secrets/2
        while :; do sleep 0.05; done",
    );
    let (first, second) = (id(&running.line()), id(&running.line()));
    let steps = serde_json::json!([]);
    let seen = at_a_terminal(&sandbox, &["approve", &first, "--yes"], &steps).stdout;
    assert!(seen.ends_with("exit 0\n") && !seen.contains("grant?"), "{seen}");
    let output = sandbox.run(["approve", &second]).success();
    let item = "  s3:GetObject (read) on \"arn:aws:s3:::demo-secrets/2\"\n";
    assert!(output.stdout.contains(&format!("{item}{second} granted until ")), "{}", output.stdout);
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
}
