//! `tryaudex demo`: the tour, the cloud that keeps running, and the client that the steps use.

use std::fs;
use std::net::TcpStream;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::{Sandbox, Started};

const BINARY: &str = env!("CARGO_BIN_EXE_tryaudex");
/// How many steps the tour has.
const STEPS: usize = 7;

/// A user with keys, profiles and settings of an own account, none of which the demo may touch.
fn user() -> Sandbox {
    let mut sandbox = Sandbox::without_cloud();
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAUSERSOWNACCOUNT1");
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", "the-users-own-secret-access-key");
    sandbox.set_secret("AWS_SESSION_TOKEN", "the-users-own-session-token");
    sandbox.plant(".config/audex/deny-list.toml", "this is not a settings file");
    sandbox
}

fn temporary_files(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.home().join("tmp")).unwrap().count()
}

#[test]
fn every_step_of_the_demo_comes_out_as_it_must() {
    let sandbox = user();
    let output = sandbox.run(["demo"]).success();
    assert_eq!(output.stdout.matches("   ✓ ").count(), STEPS, "{}", output.stdout);
    assert!(!output.stdout.contains('✗'), "{}", output.stdout);
    for seen in [
        "200 OK",
        "403 AccessDenied",
        "400 ExpiredToken",
        "s3:Delete*",
        "AUDEX_ROLE_ARN",
        "demo --serve",
    ] {
        assert!(output.stdout.contains(seen), "`{seen}` is missing\n{}", output.stdout);
    }
    assert!(!output.stdout.contains("AKIAUSERSOWNACCOUNT1"), "{}", output.stdout);
    assert_eq!(output.stderr, "");
}

#[test]
fn the_demo_leaves_nothing_behind() {
    let sandbox = user();
    let _ = sandbox.run(["demo"]).success();
    assert_eq!(temporary_files(&sandbox), 0);
    assert!(!sandbox.home().join(".local").exists(), "the user's audit log was written");
    assert!(!sandbox.home().join("run/audex").exists(), "the user's sessions were touched");
}

#[test]
fn a_step_that_comes_out_otherwise_fails_the_demo() {
    let mut sandbox = user();
    // `env`, which a step runs, is nowhere now.
    sandbox.set("PATH", sandbox.home().join("empty"));
    let output = sandbox.run(["demo"]).exits(70);
    assert_eq!(output.stdout.matches("   ✗ ").count(), 1, "{}", output.stdout);
    assert_eq!(output.stdout.matches("   ✓ ").count(), STEPS - 1, "{}", output.stdout);
    assert!(output.stderr.contains("error: 1 of the steps"), "{}", output.stderr);
}

#[test]
fn a_signal_ends_the_demo_and_its_files() {
    let sandbox = user();
    let mut demo = sandbox.tryaudex(["demo"]).start();
    assert!(demo.line().contains("not a cloud"));
    demo.signal(Signal::SIGTERM);
    let output = demo.finish().exits(143);
    assert!(!output.stdout.contains('✗'), "{}", output.stdout);
    assert_eq!(temporary_files(&sandbox), 0);
}

#[test]
fn a_reader_that_goes_away_ends_the_demo() {
    let sandbox = user();
    let script = format!("{{ '{BINARY}' demo; echo \"exit $?\" >&2; }} | head -n 1");
    let output = sandbox.program("sh", ["-c", &script]).output().success();
    assert_eq!(output.stderr, "exit 141\n");
    assert_eq!(temporary_files(&sandbox), 0);
}

/// Starts the served cloud; its keys as it says them.
fn serve<'a>(sandbox: &'a Sandbox, more: &[&str]) -> (Started<'a>, Value) {
    let mut served = sandbox.tryaudex([&["demo", "--serve", "--json"], more].concat()).start();
    let ready = serde_json::from_str(&served.line()).unwrap();
    (served, ready)
}

fn text<'a>(ready: &'a Value, name: &str) -> &'a str {
    ready[name].as_str().unwrap()
}

/// Makes the sandbox's caller the served account's developer.
fn become_developer(sandbox: &mut Sandbox, ready: &Value) {
    sandbox.set("AWS_ENDPOINT_URL", text(ready, "endpoint"));
    sandbox.set("AWS_REGION", text(ready, "region"));
    sandbox.set("AWS_ACCESS_KEY_ID", text(ready, "access_key_id"));
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", text(ready, "secret_access_key"));
    sandbox.set("AUDEX_ROLE_ARN", text(ready, "role_arn"));
}

#[test]
fn a_served_cloud_allows_and_denies_until_a_signal_ends_it() {
    let host = Sandbox::without_cloud();
    let (served, ready) = serve(&host, &[]);
    let mut sandbox = Sandbox::without_cloud();
    become_developer(&mut sandbox, &ready);
    let client = |operation: &str, bucket: &str, key: &str| {
        let words = [
            "run",
            "--allow",
            "s3:GetObject",
            "--resource",
            "arn:aws:s3:::demo-reports/*",
            "--",
            BINARY,
        ];
        sandbox.run([&words[..], &["demo", "client", operation, bucket, key]].concat())
    };
    let read = client("get", "demo-reports", "readme.txt").success();
    assert_eq!(read.stdout, "200 OK\nReports of the demo account.\n");
    for (operation, bucket, key) in
        [("delete", "demo-reports", "readme.txt"), ("get", "demo-secrets", "payroll.csv")]
    {
        let denied = client(operation, bucket, key).exits(1);
        assert!(denied.stdout.starts_with("403 AccessDenied: "), "{}", denied.stdout);
    }
    served.signal(Signal::SIGINT);
    let _ = served.finish().success();
    let address = text(&ready, "endpoint").trim_start_matches("http://");
    assert!(TcpStream::connect(address).is_err(), "it still listens");
    let gone = sandbox.run(["demo", "client", "get", "demo-reports", "readme.txt"]).exits(69);
    assert!(gone.stderr.contains("does not answer"), "{}", gone.stderr);
}

#[test]
fn the_exports_of_a_served_cloud_replace_what_the_shell_had() {
    let sandbox = user();
    let mut served = sandbox.tryaudex(["demo", "--serve"]).start();
    let mut exports = String::new();
    while !exports.contains("# export AWS_SECRET_ACCESS_KEY") {
        exports += &(served.line() + "\n");
    }
    fs::remove_file(sandbox.home().join(".config/audex/deny-list.toml")).unwrap();
    let script = format!(
        "{exports}'{BINARY}' run --allow s3:GetObject -- '{BINARY}' demo client get demo-reports readme.txt"
    );
    let output = sandbox.program("sh", ["-c", &script]).output().success();
    assert!(output.stdout.starts_with("200 OK\n"), "{}", output.stdout);
    served.signal(Signal::SIGTERM);
    let output = served.finish().success();
    assert!(
        output.stderr.contains("It is not a cloud") && output.stderr.contains("--aws-sigv4"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_served_sts_does_without_scoped_credentials_only_when_told_to() {
    for (flag, fell_back) in [
        (&["--without-scoped-credentials"][..], true),
        (&["--deny-scoped-credentials"][..], true),
        (&[][..], false),
    ] {
        let host = Sandbox::without_cloud();
        let (served, ready) = serve(&host, flag);
        let mut sandbox = Sandbox::without_cloud();
        become_developer(&mut sandbox, &ready);
        let output =
            sandbox.run(["run", "--allow", "s3:GetObject", "--ttl", "1m", "--", "true"]).success();
        assert_eq!(
            output.stderr.contains("used `assume-role`"),
            fell_back,
            "{flag:?}\n{}",
            output.stderr
        );
        served.signal(Signal::SIGTERM);
        let _ = served.finish().success();
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_with_a_hint() {
    let host = Sandbox::without_cloud();
    let (served, ready) = serve(&host, &[]);
    let port = text(&ready, "endpoint").rsplit(':').next().unwrap();
    let output = host.run(["demo", "--serve", "--port", port]).exits(69);
    assert!(
        output.stderr.contains("cannot listen") && output.stderr.contains("hint: "),
        "{}",
        output.stderr
    );
    served.signal(Signal::SIGTERM);
    let _ = served.finish().success();
}

#[test]
fn the_client_says_what_it_lacks() {
    let mut sandbox = Sandbox::without_cloud();
    let words = ["demo", "client", "get", "demo-reports", "readme.txt"];
    let output = sandbox.run(words).exits(69);
    assert!(output.stderr.contains("no credentials in the environment"), "{}", output.stderr);
    sandbox.set("AWS_ACCESS_KEY_ID", "AKIAX").set("AWS_SECRET_ACCESS_KEY", "x");
    let output = sandbox.run(words).exits(69);
    assert!(output.stderr.contains("`AWS_ENDPOINT_URL` names no cloud"), "{}", output.stderr);
    let help = sandbox.run(["demo", "--help"]).success();
    assert!(!help.stdout.contains("client"), "{}", help.stdout);
}
