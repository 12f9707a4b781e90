//! `tryaudex learn` with the real aws CLI, whose SDK says what it calls.

use std::net::UdpSocket;

use crate::support::aws_cli::script;
use crate::support::{Answerer, CloudView as _, Output, Sandbox};

const READ: (&str, &str) = ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const HEAD: (&str, &str) = ("head", "s3api head-object --bucket demo-reports --key readme.txt");
const LIST: (&str, &str) = ("list", "s3api list-objects-v2 --bucket demo-reports");
const DELETE: (&str, &str) = ("delete", "s3api delete-object --bucket demo-reports --key new.txt");

fn learn(sandbox: &Sandbox, options: &[&str], script: &str) -> Output {
    sandbox.tryaudex([&["learn"], options, &["--", "sh", "-c", script]].concat()).output()
}

fn sandbox() -> Sandbox {
    Sandbox::new().with_aws_cli()
}

#[test]
fn what_a_command_calls_is_recommended_and_its_output_is_its_own() {
    let sandbox = sandbox();
    let output = learn(&sandbox, &[], &script(&[READ, HEAD, LIST])).success();
    assert_eq!(output.stdout, "read: ok\nhead: ok\nlist: ok\n");
    let said = &output.stderr;
    assert!(said.contains("Observed actions (from client-side monitoring):\n  s3:GetObject (2 calls)\n  s3:ListBucket (1 call)\n"), "{said}");
    assert!(said.contains("Recommended policy: s3:GetObject,s3:ListBucket\n"), "{said}");
    assert!(said.contains("[profiles.\"learned\"]"), "{said}");
    assert_eq!(sandbox.events(), ["issuing", "issued", "ended"]);
}

#[test]
fn what_was_denied_is_not_recommended() {
    let mut sandbox = sandbox();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:DeleteObject\"]\n");
    let output = learn(&sandbox, &["--json", "--quiet"], &script(&[READ, DELETE]));
    assert!(output.stdout.contains("delete: AccessDenied"), "{}", output.stdout);
    let output = learn(&sandbox, &["--verify"], &script(&[READ, DELETE]));
    assert!(output.stderr.contains("Recommended policy: s3:GetObject\n"), "{}", output.stderr);
    assert!(output.stderr.contains("Verified: "), "{}", output.stderr);
    let output = learn(&sandbox, &["--json"], &script(&[READ, DELETE]));
    let learned = output.stderr_json().into_iter().find(|event| event["event"] == "learned").unwrap();
    assert_eq!(learned["allow"], "s3:GetObject");
    assert_eq!(learned["denied"][0]["action"], "s3:DeleteObject");
    assert_eq!(learned["observed"][0]["sources"]["csm"], 1);
    assert!(sandbox.cloud().denied().iter().all(|denied| denied.contains("s3:DeleteObject")));
}

#[test]
fn the_broad_set_is_ones_own_choice_and_the_exit_status_the_commands() {
    let sandbox = sandbox();
    let calls = format!("{}\nexit 7", script(&[READ, LIST]));
    let output = learn(&sandbox, &["--allow", "s3:Get*"], &calls).exits(7);
    assert_eq!(output.stdout, "read: ok\nlist: AccessDenied\n");
    assert!(
        output.stderr.contains("Denied, and so not used:\n  s3:ListBucket (1 call)\n"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("Recommended policy: s3:GetObject\n"), "{}", output.stderr);
}

#[test]
fn a_recommendation_is_verified_by_running_again_under_it() {
    let sandbox = sandbox();
    let output = learn(&sandbox, &["--verify"], &script(&[READ, LIST])).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\nread: ok\nlist: ok\n");
    assert!(output.stderr.contains("Verified: the command was denied nothing under it"), "{}", output.stderr);
    assert!(sandbox.cloud().denied().is_empty());
    // What is only called when something else failed is found by the second round, and asked for in the third.
    let twice = format!("if [ -e again ]; then\n{}\nfi\ntouch again\n{}", script(&[DELETE]), script(&[READ]));
    let output = learn(&sandbox, &["--verify"], &twice).success();
    assert!(output.stderr.contains("not enough: s3:DeleteObject was denied"), "{}", output.stderr);
    assert!(
        output.stderr.contains("Recommended policy: s3:DeleteObject,s3:GetObject\n"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("Verified"), "{}", output.stderr);
}

#[test]
fn a_saved_profile_can_be_run_with_and_the_file_keeps_what_it_had() {
    let mut sandbox = sandbox();
    let before = "# mine\n[profiles.other]\nactions = \"s3:PutObject\"\n";
    let path = sandbox.plant(".config/audex/profiles.toml", before);
    let _ = learn(&sandbox, &["--save", "job"], &script(&[READ])).success();
    assert!(std::fs::read_to_string(&path).unwrap().starts_with(before));
    let output = sandbox.run_sh(&["--profile", "job"], &script(&[READ, LIST])).success();
    assert_eq!(output.stdout, "read: ok\nlist: AccessDenied\n");
    let output = learn(&sandbox, &["--save", "job"], "echo ran").exits(2);
    assert!(output.stdout.is_empty() && output.stderr.contains("`job`"), "{}", output.stderr);
    let _ = learn(&sandbox, &["--save", "a.b"], "echo ran").exits(2);
}

#[test]
fn nothing_observed_is_said_and_other_clouds_are_not_pretended() {
    let sandbox = sandbox();
    let output = learn(&sandbox, &[], "true").success();
    assert!(output.stderr.contains("nothing was observed"), "{}", output.stderr);
    let output = learn(&sandbox, &["--provider", "gcp"], "echo ran").exits(2);
    assert!(output.stdout.is_empty() && output.stderr.contains("`gcp`"), "{}", output.stderr);
}

#[test]
fn what_another_process_says_is_not_believed() {
    let sandbox = sandbox();
    // It knows the port and not the session's key, and sends as anybody of this machine could.
    let forged = r#"printf '{"ClientId":"%s","Type":"ApiCall","Service":"IAM","Api":"CreateUser","FinalHttpStatusCode":200}' "$AWS_CSM_CLIENT_ID" > forged"#;
    let ready = format!(
        "{forged}; echo $AWS_CSM_PORT > port; while [ ! -e sent ]; do sleep 0.05; done; {}",
        script(&[READ])
    );
    let home = sandbox.home().to_owned();
    let sender = std::thread::spawn(move || {
        let port = loop {
            match std::fs::read_to_string(home.join("port")) {
                Ok(port) if port.ends_with('\n') => break port,
                _ => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagram = std::fs::read(home.join("forged")).unwrap();
        socket.send_to(&datagram, format!("127.0.0.1:{}", port.trim())).unwrap();
        std::fs::write(home.join("sent"), "").unwrap();
    });
    let output = learn(&sandbox, &[], &ready).success();
    sender.join().unwrap();
    assert!(!output.stderr.contains("iam:CreateUser"), "{}", output.stderr);
    assert!(output.stderr.contains("s3:GetObject (1 call)"), "{}", output.stderr);
}

#[test]
fn the_log_is_asked_for_this_sessions_key_page_by_page_until_nothing_new_comes() {
    let event = |name: &str, inner: &str| {
        format!(
            r#"{{"EventSource":"s3.amazonaws.com","EventName":"{name}","CloudTrailEvent":{}}}"#,
            serde_json::json!(inner)
        )
    };
    let first = format!(
        r#"{{"Events":[{},{}],"NextToken":"more"}}"#,
        event("ListBuckets", "{}"),
        event("ListBuckets", "{}")
    );
    let denied = event("CreateBucket", r#"{"errorCode":"AccessDenied"}"#);
    let second = format!(r#"{{"Events":[{denied},{}]}}"#, event("MadeUpOperation", "{}"));
    let throttled = r#"{"__type":"ThrottlingException"}"#;
    let log = Answerer::scripted(&[("400 Bad Request", throttled), ("200 OK", &first), ("200 OK", &second)]);
    let mut sandbox = sandbox();
    sandbox.set("AWS_ENDPOINT_URL_CLOUDTRAIL", &log.endpoint);
    let options = ["--source", "cloudtrail", "--regions", "us-east-1", "--wait", "2s"];
    let output = learn(&sandbox, &options, &script(&[READ])).success();
    let said = &output.stderr;
    assert!(said.contains("has no data events") && said.contains("waiting for CloudTrail"), "{said}");
    assert!(said.contains("Observed actions (from CloudTrail):\n  s3:ListAllMyBuckets (2 calls)\nDenied, and so not used:\n  s3:CreateBucket (1 call)\n"), "{said}");
    assert!(said.contains("Not known what they need: s3.amazonaws.com:MadeUpOperation\nRecommended policy: s3:ListAllMyBuckets\n"), "{said}");
    let issued = sandbox.audit().into_iter().find(|record| record["event"] == "issued").unwrap();
    let key = issued["access_key_id"].as_str().unwrap();
    assert!(log.bodies().iter().all(|body| body.contains(key)), "only this session's calls are asked for");
    assert!(log.bodies()[2].contains(r#""NextToken":"more""#));
}
