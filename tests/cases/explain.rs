//! `tryaudex explain denial`: what a cloud, the gateway and the deny list said, and the next step.

use crate::support::Sandbox;
use crate::support::aws_cli::script;
use serde_json::Value;

const READ: [&str; 6] = [
    "--allow",
    "s3:GetObject",
    "--resource",
    "arn:aws:s3:::demo-reports/*",
    "--deliver",
    "gateway",
];

fn last(sandbox: &Sandbox) -> Value {
    sandbox.run(["explain", "denial", "--json"]).success().json()
}

#[test]
fn the_gateways_refusal_is_explained_from_the_log_and_its_next_step_succeeds() {
    let sandbox = Sandbox::new().with_aws_cli();
    let delete = "s3api delete-object --bucket demo-reports --key readme.txt";
    let output = sandbox.run_sh(&READ, &script(&[("delete", delete)])).success();
    assert_eq!(output.stdout, "delete: AccessDenied\n");
    let explained = last(&sandbox);
    let denial = &explained["denials"][0];
    assert_eq!(denial["action"], "s3:DeleteObject");
    assert_eq!(denial["resource"], "arn:aws:s3:::demo-reports/readme.txt");
    assert_eq!(denial["refused_by"], "gateway");
    let command = denial["next"][0]["command"].as_str().unwrap();
    let program = format!(
        "PATH={}:$PATH; {command}",
        env!("CARGO_BIN_EXE_tryaudex").trim_end_matches("/tryaudex")
    );
    let again = sandbox.program("sh", ["-c", &program]).output().success();
    assert_eq!(again.stdout, "delete: ok\n", "{command}");
    // The step has no --deliver, so the second session had no gateway; the first one is still the last with a refusal.
    assert_eq!(last(&sandbox)["session"], explained["session"]);
}

#[test]
fn the_clouds_refusal_is_explained_from_its_text() {
    let sandbox = Sandbox::new().with_aws_cli();
    let call = "aws s3api delete-object --bucket demo-reports --key readme.txt 2>&1; true";
    let said = sandbox.run_sh(&READ[..4], call).success().stdout;
    let output = sandbox.tryaudex(["explain", "denial", "-", "--json"]).stdin(said).output();
    let denial = &output.success().json()["denials"][0];
    assert_eq!(denial["action"], "s3:DeleteObject", "{denial}");
    assert_eq!(denial["resource"], "arn:aws:s3:::demo-reports/readme.txt");
    assert!(denial["next"][0]["text"].is_string());
}

#[test]
fn a_refusal_of_the_deny_list_is_explained_and_no_option_undoes_it() {
    let sandbox = Sandbox::new();
    let config = sandbox.home().join(".config/audex");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("deny-list.toml"), "[deny]\nactions = [\"s3:DeleteObject\"]\n")
        .unwrap();
    let denied = sandbox.run_sh(&["--allow", "s3:DeleteObject"], "true").exits(77);
    let of_text = sandbox.run(["explain", "denial", &denied.stderr, "--json"]).success().json();
    for denial in [&of_text["denials"][0], &last(&sandbox)["denials"][0]] {
        assert_eq!(denial["action"], "s3:DeleteObject", "{denial}");
        assert_eq!(denial["refused_by"], "filter");
        assert_eq!(denial["next"][0]["command"], Value::Null);
    }
}

#[test]
fn what_is_not_known_is_said() {
    let sandbox = Sandbox::new();
    let refused = |arguments: &[&str], says: &str| {
        let output = sandbox.run([&["explain", "denial"], arguments].concat()).exits(2);
        assert!(output.stderr.contains(says) && output.stderr.contains("hint: "), "{output:?}");
    };
    refused(&[], "the audit log has no refusal");
    refused(&["Access Denied"], "does not say which permission is missing");
    refused(&["--session", "audex-none"], "has no session `audex-none`");
    let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").success();
    let session = sandbox.audit().last().unwrap()["session"].as_str().unwrap().to_owned();
    refused(&["--session", &session], "the audit log has no refusal of session");
}
