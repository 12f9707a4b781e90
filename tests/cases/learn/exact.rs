//! A recommendation has each action on exactly the resources that it was used on, wherever the request or its
//! response names them. The recommendation is sufficient.

use serde_json::Value;

use super::learn;
use crate::support::{Moto, Sandbox, python};

const KEY: &str = "kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";

/// The action, and what it is used on.
const EXACT: &[(&str, &[&str])] = &[
    ("dynamodb:CreateTable", &["dynamodb:us-east-1:123456789012:table/exact"]),
    ("dynamodb:DeleteItem", &["dynamodb:us-east-1:123456789012:table/exact"]),
    ("dynamodb:DeleteTable", &["dynamodb:us-east-1:123456789012:table/exact"]),
    ("dynamodb:PutItem", &["dynamodb:us-east-1:123456789012:table/items"]),
    ("events:DeleteRule", &["events:us-east-1:123456789012:rule/exact"]),
    ("events:PutRule", &["events:us-east-1:123456789012:rule/exact"]),
    ("kms:Decrypt", &[KEY]),
    ("kms:GenerateDataKey", &[KEY]),
    ("logs:CreateLogGroup", &["logs:us-east-1:123456789012:log-group:/exact:*"]),
    ("logs:DeleteLogGroup", &["logs:us-east-1:123456789012:log-group:/exact:*"]),
    ("logs:FilterLogEvents", &["logs:us-east-1:123456789012:log-group:/exact:*"]),
    ("s3:DeleteObject", &["s3:::alpha/exact/sealed", "s3:::beta/exact/d2", "s3:::beta/exact/form"]),
    ("s3:GetObject", &["s3:::alpha/exact/sealed"]),
    ("s3:PutObject", &["s3:::alpha/exact/sealed", "s3:::beta/exact/d2", "s3:::beta/exact/form"]),
];

#[test]
fn resources_in_bodies_and_answers_are_exactly_those_and_suffice() {
    let mut sandbox = Sandbox::with_moto(Moto::get());
    sandbox.set("AUDEX_ROLE_ARN", Moto::get().role_arn.replace("AudexTest", "AudexWide"));
    let (python, calls) = (python::interpreter(), python::tests().join("support/exact_calls.py"));
    let command = format!("'{}' -W ignore '{}'", python.display(), calls.display());
    let output = learn(&sandbox, &["--verify", "--json"], &command).success();
    assert_eq!(output.stdout, "ok\nok\n", "{}", output.stderr);
    let learned =
        output.stderr_json().into_iter().find(|event| event["event"] == "learned").unwrap();
    let of = |one: &Value| {
        let list = one["resources"].as_array().unwrap().iter();
        let resources: Vec<String> =
            list.map(|arn| arn.as_str().unwrap().replace("arn:aws:", "")).collect();
        (one["action"].as_str().unwrap().to_owned(), resources)
    };
    let observed: Vec<(String, Vec<String>)> =
        learned["observed"].as_array().unwrap().iter().map(of).collect();
    let expected: Vec<(String, Vec<String>)> = EXACT
        .iter()
        .map(|(action, on)| ((*action).to_owned(), on.iter().map(|&one| one.to_owned()).collect()))
        .collect();
    assert_eq!(observed, expected);
    assert_eq!(learned["unknown"], serde_json::json!([]));
    assert_eq!(learned["verified"]["sufficient"], true, "{}", learned["verified"]);
}

#[test]
fn what_was_learned_lets_no_other_key_of_the_bucket_be_deleted() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let calls = [
        (
            "listed",
            r#"s3api delete-objects --bucket beta --delete '{"Objects":[{"Key":"exact/a"},{"Key":"exact/b"}]}'"#,
        ),
        ("other", "s3api delete-object --bucket beta --key exact/c"),
    ];
    let script = crate::support::aws_cli::script(&calls);
    let options = [
        "run",
        "--allow",
        "s3:DeleteObject",
        "--resource",
        "arn:aws:s3:::beta/exact/a",
        "--resource",
        "arn:aws:s3:::beta/exact/b",
    ];
    let output = sandbox
        .tryaudex([&options[..], &["--", "sh", "-c", &script]].concat())
        .shows_issued_secrets()
        .output();
    assert!(
        output.stdout.contains("listed: ok") && output.stdout.contains("other: AccessDenied"),
        "{}",
        output.stdout
    );
}
