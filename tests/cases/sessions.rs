//! The sessions of the audit log, what is still valid, and the receipt of each.

mod receipt;

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use audex_audit::{Audit, Decision, Event, Used};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::aws_cli::script;

const READ: &str = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";

const RUN: [&str; 6] = ["run", "--allow", "s3:GetObject,s3:PutObject", "--", "sh", "-c"];

fn run(sandbox: &Sandbox) -> String {
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject,s3:PutObject"], "exit 3").exits(3);
    sandbox.audit().last().unwrap()["session"].as_str().unwrap().to_owned()
}

fn list(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(["sessions", "list", "--json"]).success().json();
    listed.as_array().unwrap().clone()
}

#[test]
fn a_session_is_listed_and_shown() {
    let sandbox = Sandbox::new();
    let session = run(&sandbox);
    insta::assert_snapshot!(sandbox.run(["sessions", "list"]).snapshot(), @r#"
    exit 0
    --- stdout
    SESSION                 PROVIDER  STARTED               STATE   STILL VALID
    [session]  aws       [time]  exit 3  until [time]
    "#);
    insta::assert_snapshot!(sandbox.run(["sessions", "show", &session]).snapshot(), @r#"
    exit 0
    --- stdout
    session       [session]
    state         exit 3 after [n] ms
    started       [time]
    provider      aws
    method        assume-role
    resources     every resource
    ttl           15m
    isolation     off
    command       sh -c exit 3
    identity      arn:aws:sts::123456789012:assumed-role/AudexDemo/[session]
    access        until [time]
    still valid   until [time]

    GRANTED       ASKED AS      ENFORCED BY
    s3:GetObject  s3:GetObject  cloud
    s3:PutObject  s3:PutObject  cloud

    Used: not known; only a session with a gateway records at its end what was used
    "#);
    let shown = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    assert_eq!((&shown["state"], &shown["ended"]["exit_code"]), (&"ended".into(), &3.into()));
    assert_eq!(shown["granted"][1]["action"], "s3:PutObject");
    // Without a gateway nothing says what was used, so nothing may be called unused.
    for unknown in ["used", "unused", "recommended"] {
        assert_eq!(shown[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(shown["granted"][0]["used"], Value::Null);
}

/// Adds the record that a gateway writes at the end of a session.
fn record_used(sandbox: &Sandbox, session: &str, uncounted: u64) {
    let decision = |action: &str, resource: &str, allowed| Decision {
        action: action.to_owned(),
        resource: format!("arn:aws:s3:::{resource}"),
        allowed,
        count: 7,
    };
    let decisions = vec![
        decision("s3:GetObject", "demo-reports/readme.txt", true),
        decision("s3:DeleteObject", "demo-reports/readme.txt", false),
    ];
    let audit = Audit::new(sandbox.audit_log().parent().unwrap());
    audit
        .record(session, &Event::Used(Used { decisions, uncounted, ..Used::default() }), &[])
        .unwrap();
}

#[test]
fn what_was_used_is_compared_with_the_grant_and_the_tighter_profile_holds_at_the_cloud() {
    let sandbox = Sandbox::new().with_aws_cli();
    let session = run(&sandbox);
    record_used(&sandbox, &session, 0);
    let saved = sandbox.run(["sessions", "show", &session, "--save", "my-job"]);
    insta::assert_snapshot!(saved.snapshot(), @r#"
    exit 0
    --- stdout
    session       [session]
    state         exit 3 after [n] ms
    started       [time]
    provider      aws
    method        assume-role
    resources     every resource
    ttl           15m
    isolation     off
    command       sh -c exit 3
    identity      arn:aws:sts::123456789012:assumed-role/AudexDemo/[session]
    access        until [time]
    still valid   until [time]

    GRANTED       ASKED AS      ENFORCED BY  ALLOWED  REFUSED
    s3:GetObject  s3:GetObject  cloud        7        0
    s3:PutObject  s3:PutObject  cloud        0        0

    VERDICT  REQUESTS  ACTION           ON
    refused  7         s3:DeleteObject  arn:aws:s3:::demo-reports/readme.txt
    allowed  7         s3:GetObject     arn:aws:s3:::demo-reports/readme.txt

    Not used: s3:PutObject
    Recommended policy: s3:GetObject
    Recommended resources: arn:aws:s3:::demo-reports/readme.txt
    Profile:

    [profiles.my-job]
    description = "What session [session] used"
    provider = "aws"
    actions = ["s3:GetObject"]
    resources = ["arn:aws:s3:::demo-reports/readme.txt"]
    --- stderr
    notice: saved as profile `my-job` in [home]/.config/audex/profiles.toml
    "#);
    let shown = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    assert_eq!(shown["unused"], json!(["s3:PutObject"]));
    assert_eq!(
        (&shown["granted"][0]["used"], &shown["granted"][1]["used"]),
        (&7.into(), &0.into())
    );
    let recommended = &shown["recommended"];
    assert_eq!(recommended["allow"], json!(["s3:GetObject"]));
    assert_eq!(recommended["resources"], json!(["arn:aws:s3:::demo-reports/readme.txt"]));
    let other = "s3api get-object --bucket demo-reports --key 2026/q1.csv /dev/null";
    let calls = script(&[("used", READ), ("another", other)]);
    let output = sandbox.run_sh(&["--profile", "my-job"], &calls).success();
    assert_eq!(output.stdout, "used: ok\nanother: AccessDenied\n");
}

#[test]
fn a_use_that_is_not_wholly_known_gives_no_advice() {
    let sandbox = Sandbox::new();
    let session = run(&sandbox);
    record_used(&sandbox, &session, 1);
    let shown = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    assert_eq!((&shown["unused"], &shown["recommended"]), (&Value::Null, &Value::Null));
    let text = sandbox.run(["sessions", "show", &session]).success().stdout;
    assert!(text.contains("Not used: not known") && !text.contains("Recommended"), "{text}");
    let refused = sandbox.run(["sessions", "show", &session, "--save", "my-job"]).exits(2);
    assert!(refused.stderr.contains("there is no tighter grant"), "{}", refused.stderr);
}

#[test]
fn permissions_with_resources_of_their_own_are_shown_with_them() {
    let mut sandbox = Sandbox::new();
    let on = "arn:aws:s3:::demo-reports/*";
    let profile =
        format!("[profiles.reader]\nactions = [\"s3:GetObject\"]\nresources = [\"{on}\"]\n");
    sandbox.plant(".config/audex/profiles.toml", profile);
    let resources = |options: &[&str]| {
        let _ = sandbox.run_sh(options, "true").success();
        let session = list(&sandbox)[0]["session"].as_str().unwrap().to_owned();
        let shown = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
        let granted = shown["granted"].as_array().unwrap().clone();
        let text = sandbox.run(["sessions", "show", &session]).success().stdout;
        let granted: Vec<_> = granted.iter().map(|one| one["resources"].clone()).collect();
        (granted, text.contains("ENFORCED BY  ON"))
    };
    let mixed = resources(&["--profile", "reader", "--allow", "s3:ListAllMyBuckets"]);
    assert_eq!(mixed.0.iter().filter(|one| **one == json!([on])).count(), 1, "{mixed:?}");
    assert_eq!(mixed.0.iter().filter(|one| **one == json!([])).count(), 1, "{mixed:?}");
    assert!(mixed.1);
    assert_eq!(resources(&["--profile", "reader"]), (vec![json!([on])], false));
    let same = ["--allow", "s3:GetObject,s3:PutObject", "--resource", on];
    assert_eq!(resources(&same), (vec![json!([on]), json!([on])], false));
}

#[test]
fn denied_and_failed_sessions_are_listed_with_their_reason() {
    let mut sandbox = Sandbox::new();
    let _ = sandbox.run(["run", "--allow", "GetObject", "--", "true"]).exits(2);
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:Put*\"]\n");
    let _ = sandbox.run_sh(&["--allow", "s3:PutObject"], "true").exits(77);
    let _ = run(&sandbox);
    let states: Vec<_> = list(&sandbox).iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["ended", "denied", "failed"]);
    let denied = list(&sandbox)[1]["session"].as_str().unwrap().to_owned();
    let shown = sandbox.run(["sessions", "show", &denied]).success().stdout;
    assert!(shown.contains("denied by") && shown.contains("deny-list"), "{shown}");
    // What the filter took away from a session that ran is named with the filter.
    let ran = list(&sandbox)[0]["session"].as_str().unwrap().to_owned();
    let shown = sandbox.run(["sessions", "show", &ran, "--json"]).success().json();
    assert_eq!(shown["granted"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&shown["dropped"][0]["action"], &shown["dropped"][0]["by"]),
        (&"s3:PutObject".into(), &"deny-list".into())
    );
}

#[test]
fn a_session_is_named_by_a_unique_beginning_and_else_the_error_helps() {
    let sandbox = Sandbox::new();
    let (one, other) = (run(&sandbox), run(&sandbox));
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let shown = sandbox.run(["sessions", "show", &one[..=common]]).success();
    assert!(shown.stdout.contains(&one), "{}", shown.stdout);
    let ambiguous = sandbox.run(["sessions", "show", "audex-"]).exits(2).stderr;
    assert!(ambiguous.contains("2 sessions begin with `audex-`") && ambiguous.contains(&other));
    let mistyped = format!("{}zz", &one[..one.len() - 2]);
    let hint = sandbox.run(["sessions", "show", &mistyped]).exits(2).stderr;
    assert!(hint.contains(&format!("did you mean `{one}`")), "{hint}");
    for unknown in
        [&["sessions", "show"][..], &["sessions", "show", ""], &["sessions", "show", "x"]]
    {
        let hint = sandbox.run(unknown).exits(2).stderr;
        assert!(hint.contains("hint: see `tryaudex sessions list`"), "{hint}");
    }
}

#[test]
fn the_newest_come_first_and_a_limit_hides_no_session_with_valid_credentials() {
    let sandbox = Sandbox::new();
    let (first, second) = (run(&sandbox), run(&sandbox));
    let names = |options: &[&str]| -> Vec<String> {
        let words = [&["sessions", "list", "--json"], options].concat();
        let listed = sandbox.run(words).success().json();
        let all = listed.as_array().unwrap();
        all.iter().map(|one| one["session"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), [second.clone(), first.clone()]);
    assert_eq!(names(&["--limit", "1"]), [second.clone(), first]);
    // A denied session has no credentials, so the limit holds for it.
    let _ = sandbox.run_sh(&["--allow", "s3:Nothing"], "true").exits(2);
    assert_eq!((names(&[]).len(), names(&["--limit", "0"]).len()), (3, 2));
}

#[test]
fn a_killed_session_is_named_and_its_credentials_are_valid_as_long_as_the_cloud_takes_them() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = "echo $AWS_ACCESS_KEY_ID\n".to_owned()
        + "until [ -e killed ]; do sleep 0.05; done\n"
        + &script(&[("killed", READ)])
        + "until [ -e later ]; do sleep 0.05; done\n"
        + &script(&[("later", READ)]);
    let mut running = sandbox.tryaudex([&RUN[..], &[&calls]].concat()).start();
    let key = running.line();
    let ends_at = sandbox.cloud().session_ends_at(&key).expect("the double issued this key");
    let ends_at = audex_core::clock::rfc3339(ends_at);
    let [living]: [_; 1] = list(&sandbox).try_into().unwrap();
    assert_eq!(
        (&living["state"], living["valid_until"].as_str()),
        (&"running".into(), Some(ends_at.as_str()))
    );
    let session = living["session"].as_str().unwrap();
    let used = |session| sandbox.run(["sessions", "show", session]).success().stdout;
    assert!(used(session).contains("Used: not known yet;"));

    running.signal(Signal::SIGKILL);
    // A killed program holds its locks until the operating system has taken it down.
    let is_running = || list(&sandbox)[0]["state"] == "running";
    assert!((0..1000).any(|_| !is_running()), "the killed program still holds its mark");
    let killed = list(&sandbox).remove(0);
    assert_eq!(
        (&killed["state"], killed["valid_until"].as_str()),
        (&"host-killed".into(), Some(ends_at.as_str()))
    );
    let text = sandbox.run(["sessions", "list"]).success().stdout;
    assert!(text.contains("host killed") && text.contains(&format!("until {ends_at}")), "{text}");
    assert!(used(session).contains("Used: not known; only a session with a gateway"));
    // The next session does not change what is known of the killed one.
    let _ = run(&sandbox);
    assert_eq!(list(&sandbox)[1], killed);

    fs::write(sandbox.home().join("killed"), "").unwrap();
    assert_eq!(running.line(), "killed: ok");
    sandbox.cloud().advance(Duration::from_mins(15));
    fs::write(sandbox.home().join("later"), "").unwrap();
    assert_eq!(running.line(), "later: ExpiredToken");
    let _ = running.finish().exits(-9);
}

#[test]
fn a_line_break_in_a_command_forges_no_line() {
    let sandbox = Sandbox::new();
    let forged = "x\nstill valid   nothing\u{1b}[2J";
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true", forged]).success();
    let session = list(&sandbox)[0]["session"].as_str().unwrap().to_owned();
    let shown = sandbox.run(["sessions", "show", &session]).success().stdout;
    assert_eq!(shown.matches("\nstill valid ").count(), 1, "{shown}");
    assert!(!shown.contains('\u{1b}') && shown.contains("nothing"), "{shown}");
}

#[test]
fn a_session_whose_cloud_does_not_answer_is_starting_and_has_nothing_that_is_valid() {
    let sandbox = Sandbox::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let run = sandbox.tryaudex([&RUN[..], &["true"]].concat()).env("AWS_ENDPOINT_URL", endpoint);
    let run = run.start();
    let _connection = silent.accept().unwrap();
    let state = |expected: &str| {
        let [one]: [_; 1] = list(&sandbox).try_into().unwrap();
        assert_eq!((&one["state"], &one["valid_until"]), (&expected.into(), &Value::Null));
    };
    state("starting");
    run.signal(Signal::SIGKILL);
    let _ = run.finish().exits(-9);
    state("host-killed");
}

#[test]
fn an_empty_log_has_no_sessions() {
    let sandbox = Sandbox::without_cloud();
    assert_eq!(sandbox.run(["sessions", "list"]).success().stdout.lines().count(), 1);
    assert_eq!(sandbox.run(["sessions", "list", "--json"]).success().stdout, "[]\n");
}
