//! Where the credentials of an inner session come from: those of the session around it, narrowed once more if STS does that.

use audex_loopback::Seed;
use serde_json::Value;

use super::{CALLS, OUTER, events, inside};
use crate::support::aws_cli::script;
use crate::support::{CloudView as _, ROLE, Sandbox, python};

/// Returns the methods of all sessions, in the order in which they began.
fn methods(sandbox: &Sandbox) -> Vec<Value> {
    events(sandbox, "issued").into_iter().map(|one| one["method"].clone()).collect()
}

/// Returns a sandbox whose STS is as `change` makes it.
fn with_sts(change: impl FnOnce(&mut Seed)) -> Sandbox {
    let mut seed = Seed::demo();
    change(&mut seed);
    let mut sandbox = Sandbox::with_seed(seed, "developer").with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    sandbox
}

#[test]
fn the_fourth_layer_is_limited_by_the_gateway_alone_and_says_so() {
    let sandbox = Sandbox::new().with_aws_cli();
    let mut script = script(&CALLS);
    for name in ["fourth", "third", "second"] {
        let allow = if name == "fourth" { "s3:GetObject" } else { "s3:GetObject,s3:PutObject" };
        let quiet = if name == "fourth" { "" } else { "--quiet" };
        script = inside(&format!("{quiet} --allow {allow}"), name, &script);
    }
    let script = inside("--quiet --allow s3:GetObject,s3:PutObject", "first", &script);
    let output = sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat()).success();
    assert_eq!(
        output.stdout,
        "s3:GetObject: ok\ns3:PutObject: AccessDenied\ns3:ListBucket: AccessDenied\n\
         s3:DeleteObject: AccessDenied\n",
        "{}",
        output.stderr
    );
    let notice = "the gateway alone limits this session, which uses the credentials of the session around it: they carry 3 \
                  scope-down policies";
    assert!(output.stderr.contains(notice), "{}", output.stderr);
    let narrowed = "scoped-credentials";
    assert_eq!(methods(&sandbox), ["assume-role", narrowed, narrowed, narrowed, "session-around"]);
    let enforcers: Vec<Value> = events(&sandbox, "issuing")
        .iter()
        .map(|one| one["permissions"][0]["enforced_by"].clone())
        .collect();
    assert_eq!(enforcers, ["cloud", "cloud", "cloud", "cloud", "gateway"]);
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn where_sts_does_not_narrow_the_gateway_alone_limits_an_inner_session() {
    for (how, seed) in [
        ("denied", (|seed: &mut Seed| seed.deny_scoped_credentials = true) as fn(&mut Seed)),
        ("unknown", |seed| seed.without_scoped_credentials = true),
    ] {
        let sandbox = with_sts(seed);
        let calls = script(&CALLS[..2]);
        let inner = inside("--allow s3:GetObject", "inner", &calls);
        let again = inside("--quiet --allow s3:PutObject", "again", &calls);
        let script = inner + &again;
        let output = sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat()).success();
        assert_eq!(
            output.stdout,
            "s3:GetObject: ok\ns3:PutObject: AccessDenied\ns3:GetObject: AccessDenied\ns3:PutObject: ok\n",
            "{how}: {}",
            output.stderr
        );
        assert!(output.stderr.contains("STS did not narrow them"), "{how}: {}", output.stderr);
        // Never by a role or another method, which could give more than the session around it has.
        assert_eq!(methods(&sandbox), ["assume-role", "session-around", "session-around"], "{how}");
        // STS is asked once; the log has that attempt too.
        let ended = [events(&sandbox, "denied"), events(&sandbox, "failed")].concat();
        assert_eq!(ended.len(), 1, "{how}: {ended:?}");
    }
}

#[test]
fn the_right_to_narrow_is_the_hosts_and_no_request_of_the_command_gets_it() {
    let sandbox = Sandbox::new().with_aws_cli();
    let plan = |deliver: &str| {
        let words = ["plan", "--json", "--allow", "s3:GetObject", "--deliver", deliver];
        sandbox.run(words).success().json()["policy"].to_string()
    };
    assert!(plan("gateway").contains("sts:GetScopedCredentials"));
    assert!(!plan("env").contains("sts:GetScopedCredentials"));
    let federate = [("federate", "sts get-federation-token --name xy"), ("read", CALLS[0].1)];
    // The aws CLI of the tests does not know the operation; the newer SDK beside it does.
    let newer = python::binaries().parent().unwrap().join("boto3-current");
    let narrow = format!(
        "PYTHONPATH='{}' '{}' -c \"import boto3\ntry: boto3.client('sts').get_scoped_credentials(DurationSeconds=60); print('narrowed')\n\
         except Exception as error: print(error.response['Error']['Code'])\"\n",
        newer.display(),
        python::interpreter().display()
    );
    let script = narrow + &script(&federate);
    let output = sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat()).success();
    assert_eq!(
        output.stdout, "AccessDenied\nfederate: AccessDenied\nread: ok\n",
        "{}",
        output.stderr
    );
    let asked = sandbox.cloud().requests();
    assert!(!asked.iter().any(|seen| seen.action == "sts:GetScopedCredentials"), "{asked:?}");
}

#[test]
fn a_required_enforcement_by_the_cloud_holds_in_an_inner_session_too() {
    for (narrows, code) in [(true, 0), (false, 77)] {
        let sandbox = with_sts(|seed| seed.deny_scoped_credentials = !narrows);
        let script = inside("--allow s3:GetObject", "inner", "echo ran");
        let words = [&OUTER[..], &["--require", "cloud", "--", "sh", "-c", &script]].concat();
        let output = sandbox.run(words).exits(code);
        assert_eq!(output.stdout == "ran\n", narrows, "{}", output.stderr);
        let said = output.stderr.contains("would be enforced by `gateway`");
        assert_eq!(said, !narrows, "{}", output.stderr);
    }
}

#[test]
fn an_inner_call_gets_the_part_of_the_grant_around_it_that_is_minted_when_it_is_needed() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = script(&CALLS);
    let inner = inside("--quiet --allow s3:GetObject,s3:PutObject", "inner", &calls);
    let words = ["run", "--profile", "aws-readonly", "--deliver", "gateway", "--", "sh", "-c"];
    let output = sandbox.run([&words[..], &[&inner]].concat()).success();
    assert_eq!(
        output.stdout,
        "s3:GetObject: ok\ns3:PutObject: AccessDenied\ns3:ListBucket: AccessDenied\n\
         s3:DeleteObject: AccessDenied\n",
        "{}",
        output.stderr
    );
    let added = events(&sandbox, "added");
    assert_eq!(added.len(), 1, "{}", output.stderr);
    let seen = sandbox.cloud().requests();
    let read = seen.iter().find(|seen| seen.action == "s3:GetObject").unwrap();
    assert_eq!(added[0]["access_key_id"], read.access_key_id.as_str());
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn a_grant_of_an_inner_session_that_one_policy_cannot_hold_is_refused_with_what_to_do() {
    let sandbox = Sandbox::new().with_aws_cli();
    let inner = inside("--profile aws-readonly", "inner", "echo ran");
    let words = ["run", "--profile", "aws-readonly", "--deliver", "gateway", "--", "sh", "-c"];
    let output = sandbox.run([&words[..], &[&inner]].concat());
    assert_eq!(output.stdout, "", "{}", output.stderr);
    assert!(output.stderr.contains("name fewer permissions"), "{}", output.stderr);
    assert!(!output.stderr.contains("--deliver gateway"), "{}", output.stderr);
}
