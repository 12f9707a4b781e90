//! `tryaudex intent` and `run --intent`: proposals of engines are checked, and nothing runs without consent.

use serde_json::{Value, json};

use crate::support::aws_cli::script;
use crate::support::guests::Guest;
use crate::support::{Answerer, CloudView as _, Sandbox, python};

const KEY: &str = "sk-ant-planted-0123456789abcdef";

/// A reply of the Messages API that proposes this.
fn proposal(allow: &[&str], resource: &[&str]) -> String {
    let input = json!({ "allow": allow, "resource": resource, "description": "What it is for" });
    json!({ "stop_reason": "tool_use", "content": [{ "type": "tool_use", "name": "propose_permissions", "input": input }] })
        .to_string()
}

/// A user with a key, whose Claude gives these answers.
fn asking(answers: &[(&str, &str)]) -> (Sandbox, Answerer) {
    let claude = Answerer::scripted(answers);
    let mut sandbox = Sandbox::new();
    sandbox.set("ANTHROPIC_BASE_URL", &claude.endpoint);
    sandbox.set_secret("ANTHROPIC_API_KEY", KEY);
    (sandbox, claude)
}

fn intent(sandbox: &Sandbox, text: &str) -> Value {
    sandbox.run(["intent", text]).success().json()
}

#[test]
fn the_examples_of_the_document_are_answered_without_a_key() {
    let sandbox = Sandbox::new();
    let answer = intent(&sandbox, "Read from S3 bucket and invoke a Lambda function");
    assert_eq!(
        (&answer["allow"], &answer["resource"]),
        (&json!("s3:GetObject,lambda:InvokeFunction"), &Value::Null)
    );
    let answer = intent(&sandbox, "Read only from my-bucket in S3");
    assert_eq!(
        (&answer["allow"], &answer["resource"]),
        (&json!("s3:GetObject"), &json!("arn:aws:s3:::my-bucket/*"))
    );
    assert_eq!(
        intent(&sandbox, "Read only from my-bucket in S3"),
        answer,
        "the same sentence, the same answer"
    );
    let all = sandbox
        .run(["intent", "--json", "read objects of the bucket x-1", "--provider", "gcp"])
        .success()
        .json();
    assert_eq!(
        (&all["engine"], &all["allow"]),
        (&json!("intent-local"), &json!("storage.objects.get"))
    );
    assert!(all["candidates"][0]["score"].as_u64().unwrap() > 50);
    let output = sandbox.run(["intent", "make me a sandwich"]).exits(2);
    assert!(output.stderr.contains("names no known service"), "{}", output.stderr);
}

#[test]
fn claude_is_asked_where_there_is_a_key_and_is_sent_the_sentence_and_the_cloud_alone() {
    let reply = proposal(&["s3:GetObject"], &["arn:aws:s3:::my-bucket/*"]);
    let (mut sandbox, claude) = asking(&[("200 OK", &reply)]);
    sandbox.set("SOMETHING_PRIVATE", "of-the-environment");
    let answer = intent(&sandbox, "Fetch the report");
    assert_eq!(answer["allow"], "s3:GetObject");
    let sent: Value = serde_json::from_str(&claude.bodies()[0]).unwrap();
    assert_eq!(
        sent["messages"],
        json!([{ "role": "user", "content": "Cloud: aws\nTask: Fetch the report" }])
    );
    assert_eq!(sent["tool_choice"]["type"], "tool");
    let text = claude.bodies().join("\n");
    for private in [KEY, "of-the-environment", sandbox.home().to_str().unwrap()] {
        assert!(!text.contains(private), "{private}");
    }
    let _ = sandbox.run(["intent", "--model", "another-model", "x"]).success();
    assert!(claude.bodies()[1].contains("another-model"));
}

#[test]
fn nobody_needs_credentials_to_ask() {
    let sandbox = Sandbox::without_cloud();
    for provider in ["aws", "gcp", "azure", "vault"] {
        let _ = sandbox.run(["intent", "--provider", provider, "read a secret"]).success();
    }
}

#[test]
fn what_is_proposed_is_checked_and_not_trusted() {
    let reply = proposal(
        &["s3:GetObject", "s3:HeadObject", "s3:DeleteBucket", "s3:MadeUp", "*", "*:*"],
        &[],
    );
    let (mut sandbox, _claude) = asking(&[("200 OK", &reply)]);
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:DeleteBucket\"]\n");
    let output = sandbox.run(["intent", "x"]).success();
    assert_eq!(output.json()["allow"], "s3:GetObject");
    for left_out in ["`s3:DeleteBucket`", "`s3:MadeUp`", "`*`: it is everything at once", "`*:*`"] {
        assert!(output.stderr.contains(left_out), "{left_out}: {}", output.stderr);
    }
    let (sandbox, _claude) = asking(&[("200 OK", &proposal(&["*"], &[]))]);
    assert!(
        sandbox
            .run(["intent", "x"])
            .exits(2)
            .stderr
            .contains("nothing that was proposed can be had")
    );
}

#[test]
fn every_way_claude_can_fail_is_told_apart() {
    let refusal = json!({ "stop_reason": "refusal", "content": [] }).to_string();
    let said = r#"{"type":"error","error":{"type":"x","message":"said so"}}"#;
    for (status, body, code, words) in [
        ("200 OK", refusal.as_str(), 77, "would not answer"),
        ("200 OK", "<html>garbage", 69, "not of the form"),
        ("401 Unauthorized", said, 78, "ANTHROPIC_API_KEY"),
        ("404 Not Found", said, 78, "--model"),
        ("500 Oops", said, 69, "500: said so"),
    ] {
        let (sandbox, _claude) = asking(&[(status, body)]);
        let output = sandbox.run(["intent", "x"]).exits(code);
        assert!(output.stderr.contains(words), "{status}: {}", output.stderr);
    }
    let (mut offline, _claude) = asking(&[]);
    offline.set("ANTHROPIC_BASE_URL", "http://127.0.0.1:1");
    let _ = offline.run(["intent", "x"]).exits(69);
    let mut keyless = Sandbox::new();
    keyless.unset("ANTHROPIC_API_KEY");
    let output = keyless.run(["intent", "--engine", "intent-claude", "x"]).exits(69);
    assert!(output.stderr.contains("set ANTHROPIC_API_KEY"), "{}", output.stderr);
    let output = keyless.run(["intent", "--engine", "no-such", "x"]).exits(78);
    assert!(output.stderr.contains("intent-local"), "{}", output.stderr);
}

#[test]
fn a_reply_that_repeats_the_key_is_shown_to_nobody() {
    let reply = proposal(&["s3:GetObject"], &[KEY]);
    let (sandbox, _claude) = asking(&[("200 OK", &reply)]);
    let output = sandbox.run(["intent", "x"]).exits(69);
    assert!(output.stderr.contains("repeats a secret"), "{}", output.stderr);
}

#[test]
fn an_installed_engine_answers_where_it_is_named_and_is_checked_all_the_same() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("fixed-intent").install(&mut sandbox, &[]).success();
    let output = sandbox
        .run(["intent", "--engine", "fixed-intent", "--model", "of-the-user", "what was said"])
        .success();
    let answer = output.json();
    assert_eq!(answer["allow"], "s3:GetObject");
    assert_eq!(answer["description"], "aws: what was said (of-the-user)");
    assert!(output.stderr.contains("left out `nonsense`"), "{}", output.stderr);
    sandbox.plant(".config/audex/config.toml", "[intent]\nengine = \"fixed-intent\"\n");
    assert_eq!(intent(&sandbox, "x")["description"], "aws: x ()");
}

#[test]
fn a_busy_claude_is_asked_again() {
    let reply = proposal(&["s3:GetObject"], &[]);
    for busy in ["429 Too Many Requests", "529 Overloaded"] {
        let (sandbox, claude) = asking(&[(busy, "{}"), ("200 OK", &reply)]);
        assert_eq!(intent(&sandbox, "x")["allow"], "s3:GetObject");
        assert_eq!(claude.bodies().len(), 2);
    }
}

#[test]
fn nothing_runs_from_a_sentence_that_nobody_looked_at() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .tryaudex(["run", "--intent", "read from S3", "--", "sh", "-c", "echo ran"])
        .stdin("y\ny\n")
        .output()
        .exits(2);
    assert!(output.stdout.is_empty() && output.stderr.contains("--yes"), "{}", output.stderr);
    let _ = sandbox.run(["run", "--intent", "x", "--allow", "s3:*", "--", "true"]).exits(2);
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--yes", "--", "true"]).exits(2);
}

#[test]
fn what_was_accepted_runs_with_what_was_proposed_and_the_cloud_denies_the_rest() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = script(&[
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
        ("write", "s3api put-object --bucket demo-reports --key new.txt"),
    ]);
    let output = sandbox.run_sh(&["--intent", "read objects in s3", "--yes"], &calls).success();
    assert_eq!(output.stdout, "read: ok\nwrite: AccessDenied\n");
    assert_eq!(sandbox.cloud().denied(), ["s3:PutObject arn:aws:s3:::demo-reports/new.txt"]);
    let issuing = sandbox.audit().into_iter().find(|record| record["event"] == "issuing").unwrap();
    assert_eq!((&issuing["intent"], &issuing["v"]), (&json!("read objects in s3"), &json!(1)));
    assert!(issuing["components"]["intent-local"].is_string(), "{issuing}");
    let _ = sandbox.run(["audit", "verify"]).success();
}

#[test]
fn a_sentence_that_is_not_understood_is_a_question_and_a_wrong_command_line() {
    let sandbox = Sandbox::new();
    for (text, words) in [
        ("make me a sandwich", "names no known service"),
        ("read objects in S3 tagged Team=blue", "`tagged`"),
        ("delete the customer bucket", "does not say which bucket"),
        ("give me admin on the account", "`admin`"),
    ] {
        let output = sandbox.run(["intent", text]).exits(2);
        assert!(output.stdout.is_empty(), "{}", output.stdout);
        assert!(
            output.stderr.contains(words) && output.stderr.contains("hint: "),
            "{}",
            output.stderr
        );
        assert!(output.stderr.lines().all(|line| line.len() < 200), "{}", output.stderr);
    }
}

#[test]
fn the_command_to_go_on_with_is_for_a_terminal_alone() {
    const TERMINAL: &str =
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    const SENTENCE: &str = "Read only from my-bucket in S3";
    let sandbox = Sandbox::new();
    let output = sandbox.run(["intent", SENTENCE]).success();
    assert!(output.stderr.is_empty(), "{}", output.stderr);
    let words = ["-c", TERMINAL, env!("CARGO_BIN_EXE_tryaudex"), "intent", SENTENCE];
    let output = sandbox.program(python::interpreter(), words).output().success();
    let next = "tryaudex run --allow s3:GetObject --resource 'arn:aws:s3:::my-bucket/*' -- COMMAND";
    assert!(output.stdout.contains(next), "{}", output.stdout);
}

#[test]
fn an_action_that_the_sentence_rules_out_is_left_out_whoever_proposed_it() {
    let reply = proposal(&["s3:GetObject", "s3:DeleteObject", "s3:*"], &["arn:aws:s3:::b/*"]);
    for text in
        ["read objects but do not delete them", "read without deleting", "no deletes, only reading"]
    {
        let (sandbox, _claude) = asking(&[("200 OK", &reply)]);
        let output = sandbox.run(["intent", text]).success();
        assert_eq!(output.json()["allow"], "s3:GetObject", "{text}");
        let left_out = "left out `s3:DeleteObject`: the sentence rules out `delete`";
        assert!(output.stderr.contains(left_out), "{text}: {}", output.stderr);
    }
    let (sandbox, _claude) = asking(&[("200 OK", &proposal(&["s3:DeleteObject"], &[]))]);
    let _ = sandbox.run(["intent", "clean up, but never delete"]).exits(2);
    // Its twin: what is not ruled out is kept.
    let (sandbox, _claude) = asking(&[("200 OK", &reply)]);
    let answer = intent(&sandbox, "read and delete objects in the bucket no-delete-zone");
    assert_eq!(answer["allow"], "s3:GetObject,s3:DeleteObject,s3:*");
}

#[test]
fn a_proposal_for_everything_is_not_taken_where_the_sentence_writes_a_resource_out() {
    let (sandbox, _claude) = asking(&[("200 OK", &proposal(&["s3:GetObject"], &[]))]);
    let output = sandbox.run(["intent", "read s3://logs-bucket/app/"]).exits(2);
    assert!(output.stderr.contains("`s3://logs-bucket/app/`"), "{}", output.stderr);
    let reply = proposal(&["s3:GetObject"], &["arn:aws:s3:::logs-bucket/app/*"]);
    let (sandbox, _claude) = asking(&[("200 OK", &reply)]);
    assert_eq!(intent(&sandbox, "read s3://logs-bucket/app/")["allow"], "s3:GetObject");
}

#[test]
fn what_a_sentence_rules_out_does_not_happen() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = script(&[
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
    ]);
    let sentence = "read objects in S3 from demo-reports but do not delete";
    let output = sandbox.run_sh(&["--intent", sentence, "--yes"], &calls).success();
    assert_eq!(output.stdout, "read: ok\ndelete: AccessDenied\n");
    assert_eq!(sandbox.cloud().denied(), ["s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt"]);
    // Its twin: what is asked for happens.
    let sandbox = Sandbox::new().with_aws_cli();
    let sentence = "read and delete objects in S3 from demo-reports";
    let output = sandbox.run_sh(&["--intent", sentence, "--yes"], &calls).success();
    assert_eq!(output.stdout, "read: ok\ndelete: ok\n");
}
