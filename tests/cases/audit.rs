//! The audit log records every use of credentials, and any change of the log is detected.

use std::fs;

use crate::support::{Output, Sandbox, Started};

fn run(sandbox: &Sandbox) {
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "exit 3").exits(3);
}

#[test]
fn a_session_is_issuing_issued_and_ended() {
    let sandbox = Sandbox::new();
    run(&sandbox);
    let [issuing, issued, ended]: [_; 3] = sandbox.audit().try_into().unwrap();
    assert_eq!(
        [&issuing["event"], &issued["event"], &ended["event"]],
        ["issuing", "issued", "ended"]
    );
    assert_eq!((&issuing["session"], &issuing["session"]), (&issued["session"], &ended["session"]));
    assert_eq!(issuing["permissions"][0]["action"], "s3:GetObject");
    assert_eq!((&issuing["method"], &issuing["ttl_seconds"]), (&"assume-role".into(), &900.into()));
    assert_eq!(issuing["command"], serde_json::json!(["sh", "-c", "exit 3"]));
    assert_eq!(issuing["components"].as_object().unwrap().len(), 3);
    assert!(
        issued["identity"].as_str().unwrap().contains(issued["session"].as_str().unwrap()),
        "{issued}"
    );
    assert!(issued["access_key_id"].as_str().unwrap().starts_with("ASIA"), "{issued}");
    assert_eq!((&ended["exit_code"], &ended["ended_by_deadline"]), (&3.into(), &false.into()));
    insta::assert_snapshot!(sandbox.run(["audit", "verify"]).snapshot(), @r#"
    exit 0
    --- stdout
    3 records, unbroken
    "#);
}

#[test]
fn issuing_is_written_before_the_command_and_ended_after_it() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .run_sh(
            &["--allow", "s3:GetObject"],
            "cut -d: -f1-4 < .local/state/audex/audit.jsonl | wc -l",
        )
        .success();
    assert_eq!(output.stdout.trim(), "2");
    assert_eq!(sandbox.audit().len(), 3);
}

#[test]
fn a_denied_attempt_is_recorded() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:*\"]\n");
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").exits(77);
    let [denied]: [_; 1] = sandbox.audit().try_into().unwrap();
    assert_eq!((&denied["event"], &denied["by"]), (&"denied".into(), &"filter".into()));
    assert_eq!(denied["permissions"], serde_json::json!(["s3:GetObject"]));
    assert_eq!(denied["denied"][0]["action"], "s3:GetObject");
}

#[test]
fn a_failed_attempt_is_recorded() {
    let mut sandbox = Sandbox::new();
    let _ = sandbox.run(["run", "--allow", "GetObject", "--", "true"]).exits(2);
    sandbox.set("AUDEX_ROLE_ARN", "arn:aws:iam::123456789012:role/Other");
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").exits(77);
    let events: Vec<_> = sandbox
        .audit()
        .iter()
        .map(|r| (r["event"].clone(), r["stage"].clone(), r["exit_code"].clone(), r["by"].clone()))
        .collect();
    let [usage, issuing, denied]: [_; 3] = events.try_into().unwrap();
    assert_eq!((usage.0, usage.1, usage.2), ("failed".into(), "check".into(), 2.into()));
    assert_eq!(issuing.0, "issuing");
    // The cloud's no is a denial like any other.
    assert_eq!((denied.0, denied.3), ("denied".into(), "mint".into()));
}

#[test]
fn the_log_lists_what_happened() {
    let sandbox = Sandbox::new();
    run(&sandbox);
    insta::assert_snapshot!(sandbox.run(["audit", "list"]).snapshot(), @r#"
    exit 0
    --- stdout
    TIME                  SESSION                 OUTCOME  WHAT
    [time]  [session]  exit 3   aws s3:GetObject for: sh -c exit 3
    "#);
    let ended = sandbox.run(["audit", "list", "--event", "ended", "--json"]).success().json();
    let name = ended[0]["session"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(sandbox.run(["audit", "list", "--session", &name]).snapshot(), @r#"
    exit 0
    --- stdout
    TIME                  SESSION                 EVENT    WHAT
    [time]  [session]  issuing  aws s3:GetObject for: sh -c exit 3
    [time]  [session]  issued   arn:aws:sts::123456789012:assumed-role/AudexDemo/[session] by assume-role until [time]
    [time]  [session]  ended    exit 3 after [n] ms
    "#);
    for _ in 0..2 {
        let _ = sandbox.run(["run", "--allow", "", "--", "true"]).exits(2);
    }
    let lines = |options: &[&str]| {
        sandbox.run([&["audit", "list"], options].concat()).success().stdout.lines().count()
    };
    // The heading, the session, and what never had one.
    assert_eq!((lines(&[]), lines(&["--limit", "1"]), lines(&["--all"])), (4, 2, 4));
    assert_eq!(ended.as_array().unwrap().len(), 1);
    assert_eq!(
        sandbox
            .run(["audit", "list", "--limit", "2", "--json"])
            .success()
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let session = ended[0]["session"].as_str().unwrap();
    run(&sandbox);
    let of_one = sandbox.run(["audit", "list", "--session", session, "--json"]).success().json();
    assert_eq!(of_one.as_array().unwrap().len(), 3);
}

/// Twelve arguments of 100 kB each: more than a line of the log takes.
fn run_with_long_arguments(sandbox: &Sandbox, action: &str) -> Output {
    let mut words: Vec<String> = ["run", "--allow", action, "--", "true"].map(str::to_owned).into();
    words.extend(std::iter::repeat_n("x".repeat(100_000), 12));
    sandbox.run(words)
}

#[test]
fn a_command_of_any_length_is_recorded_and_listed() {
    let mut sandbox = Sandbox::new();
    let _ = run_with_long_arguments(&sandbox, "s3:GetObject").success();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:*\"]\n");
    let _ = run_with_long_arguments(&sandbox, "s3:GetObject").exits(77);
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended", "denied"]);
    let digests: Vec<String> = [0, 3]
        .map(|n| {
            sandbox.audit()[n]["command"]
                .as_array()
                .unwrap()
                .last()
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .into();
    assert!(digests[0].contains(" more, sha256:"), "{}", digests[0]);
    assert_eq!(digests[0], digests[1]);
    let _ = sandbox.run(["audit", "verify"]).success();
    let listed = sandbox.run(["audit", "list"]).success();
    assert_eq!(listed.stdout.lines().count(), 3);
    assert!(
        listed.stdout.lines().all(|line| line.chars().count() < 400),
        "{}",
        listed.stdout.len()
    );
    assert!(listed.stdout.contains('…'));
}

#[test]
fn a_state_directory_that_others_may_write_to_is_refused_by_name() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let state = sandbox.home().join(".local/state/audex");
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], "echo ran").exits(70);
    insta::assert_snapshot!(output.snapshot(), @r"
    exit 70
    --- stderr
    error: cannot use `[home]/.local/state/audex`
      Caused by: it must be a directory of this user (no link) that nobody else may write to
    ");
}

#[track_caller]
fn tampered(change: impl FnOnce(&mut Vec<String>)) {
    let sandbox = Sandbox::new();
    run(&sandbox);
    run(&sandbox);
    let path = sandbox.audit_log();
    let _ = sandbox.run(["audit", "verify"]).success();
    let mut lines: Vec<String> =
        fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    fs::write(&path, text).unwrap();
    let output = sandbox.run(["audit", "verify"]).exits(70);
    assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
}

#[test]
fn a_changed_record_is_found() {
    tampered(|lines| lines[1] = lines[1].replace("assume-role", "assume-Role"));
    tampered(|lines| lines[5] = lines[5].replace("\"exit_code\":3", "\"exit_code\":0"));
}

#[test]
fn a_removed_record_is_found() {
    tampered(|lines| drop(lines.remove(0)));
    tampered(|lines| drop(lines.remove(2)));
}

#[test]
fn reordered_records_are_found() {
    tampered(|lines| lines.swap(1, 2));
    tampered(|lines| lines.rotate_left(3));
}

#[test]
fn a_truncated_log_is_found() {
    tampered(|lines| drop(lines.pop()));
    tampered(|lines| lines.truncate(3));
    tampered(Vec::clear);
}

#[test]
fn an_added_record_is_found() {
    tampered(|lines| lines.push(lines[5].clone()));
}

#[test]
fn a_log_that_is_gone_is_found() {
    let sandbox = Sandbox::new();
    run(&sandbox);
    fs::remove_file(sandbox.audit_log()).unwrap();
    let _ = sandbox.run(["audit", "verify"]).exits(70);
}

#[test]
fn an_empty_state_verifies() {
    insta::assert_snapshot!(Sandbox::new().run(["audit", "verify"]).snapshot(), @r#"
    exit 0
    --- stdout
    0 records, unbroken
    "#);
}

#[test]
fn with_a_tampered_log_nothing_runs_and_nothing_is_minted() {
    let sandbox = Sandbox::new();
    run(&sandbox);
    let before = sandbox.cloud().requests().len();
    fs::write(sandbox.audit_log(), "").unwrap();
    let output = sandbox.run_sh(&["--allow", "s3:GetObject"], "echo ran").exits(70);
    assert_eq!(output.stdout, "");
    assert_eq!(sandbox.cloud().requests().len(), before);
    insta::assert_snapshot!(output.snapshot(), @r#"
    exit 70
    --- stderr
    error: audit log `[home]/.local/state/audex/audit.jsonl`: record 3 was cut off, with all that followed
    hint: keep the `audit.*` files elsewhere as evidence; the next run then begins a new log
    "#);
}

#[test]
fn sessions_side_by_side_make_one_unbroken_log() {
    let sandbox = Sandbox::new();
    let start = |n: i32| {
        sandbox
            .tryaudex(["run", "--allow", "s3:GetObject", "--", "sh", "-c", &format!("exit {n}")])
            .start()
    };
    let running: Vec<Started<'_>> = (0..8).map(start).collect();
    for (running, code) in running.into_iter().zip(0..) {
        let _ = running.finish().exits(code);
    }
    let _ = sandbox.run(["audit", "verify"]).success();
    let records = sandbox.audit();
    assert_eq!(records.len(), 24);
    for first in records.iter().filter(|record| record["event"] == "issuing") {
        let of_session = records.iter().filter(|record| record["session"] == first["session"]);
        assert_eq!(
            of_session.map(|record| record["event"].as_str().unwrap()).collect::<Vec<_>>(),
            ["issuing", "issued", "ended"]
        );
    }
}

#[test]
fn secrets_among_the_arguments_are_not_recorded() {
    let mut sandbox = Sandbox::new();
    let mut words: Vec<String> =
        ["run", "--allow", "s3:GetObject", "--", "true"].map(str::to_owned).into();
    for (n, form) in ["--password {}", "--token={}", "-e API_KEY={}", "https://user:{}@host/"]
        .into_iter()
        .enumerate()
    {
        let secret = format!("planted-argument-{n}-3f9a8b7c6d5e");
        sandbox.plant_secret(&secret);
        words.extend(form.replace("{}", &secret).split(' ').map(str::to_owned));
    }
    let _ = sandbox.run(words).success();
    assert_eq!(sandbox.audit()[0]["command"][0], "true");
    let shown = sandbox.run(["audit", "list", "--json"]).success();
    assert!(shown.stdout.contains("--password"), "{}", shown.stdout);
}
