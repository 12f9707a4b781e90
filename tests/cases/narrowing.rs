//! Universal permissions, profiles, deny lists and wildcards grant exactly their meaning at the cloud, and
//! not more.

use audex_loopback::iam::Decision;

use crate::support::aws_cli::script;
use crate::support::{CloudView as _, Sandbox};

const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const READ_SECRETS: (&str, &str) =
    ("secrets", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null");
const LIST: (&str, &str) = ("list", "s3api list-objects-v2 --bucket demo-reports");
const WRITE: (&str, &str) = ("write", "s3api put-object --bucket demo-reports --key new.txt");
const DELETE: (&str, &str) = ("delete", "s3api delete-object --bucket demo-reports --key new.txt");
const DELETE_BUCKET: (&str, &str) = ("delete bucket", "s3api delete-bucket --bucket demo-secrets");

/// The documented example.
const DENY_LIST: &str = r#"# Global deny list in ~/.config/audex/deny-list.toml
[deny]
actions = [ "iam:*", "ec2:TerminateInstances", "rds:DeleteDBInstance", "s3:DeleteBucket" ]
"#;

fn sandbox() -> Sandbox {
    Sandbox::new().with_aws_cli()
}

#[test]
fn storage_read_reads_and_lists_and_does_not_write() {
    let sandbox = sandbox();
    let output =
        sandbox.run_sh(&["--allow", "storage:read"], &script(&[READ, LIST, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\nwrite: AccessDenied\n");
    assert_eq!(sandbox.cloud().denied(), ["s3:PutObject arn:aws:s3:::demo-reports/new.txt"]);
}

#[test]
fn a_built_in_profile_gives_its_actions_and_no_other() {
    let sandbox = sandbox();
    let output =
        sandbox.run_sh(&["--profile", "s3-readonly"], &script(&[READ, LIST, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nlist: ok\nwrite: AccessDenied\n");
    assert!(!output.stderr.contains("notice"), "{}", output.stderr);
}

#[test]
fn a_custom_profile_limits_to_its_resources() {
    let mut sandbox = sandbox();
    let profile = "[profiles.reports]\ndescription = \"Read the reports\"\nactions = \"s3:GetObject,s3:ListBucket\"\n\
        resources = [\"arn:aws:s3:::demo-reports/*\"]\n";
    sandbox.plant(".config/audex/profiles.toml", profile);
    let output =
        sandbox.run_sh(&["--profile", "reports"], &script(&[READ, LIST, READ_SECRETS])).success();
    // Listing is asked of the bucket itself, which `demo-reports/*` is not.
    assert_eq!(output.stdout, "read: ok\nlist: AccessDenied\nsecrets: AccessDenied\n");
}

#[test]
fn a_resource_on_the_command_line_narrows_a_profile_and_never_leaves_it() {
    let mut sandbox = sandbox();
    let profile = "[profiles.reports]\nactions = \"s3:GetObject\"\nresources = [\"arn:aws:s3:::demo-reports/*\"]\n";
    sandbox.plant(".config/audex/profiles.toml", profile);
    let narrower = ["--profile", "reports", "--resource", "arn:aws:s3:::demo-reports/2026/*"];
    let output = sandbox.run_sh(&narrower, &script(&[READ])).success();
    assert_eq!(output.stdout, "read: AccessDenied\n");
    let outside = ["--profile", "reports", "--resource", "arn:aws:s3:::demo-secrets/payroll.csv"];
    let output = sandbox.run_sh(&outside, &script(&[READ_SECRETS])).exits(2);
    assert!(output.stderr.contains("limited to resources of its own"), "{}", output.stderr);
}

#[test]
fn a_deny_list_takes_out_of_a_wildcard_what_the_role_could_do() {
    let mut sandbox = sandbox();
    sandbox.plant(".config/audex/deny-list.toml", DENY_LIST);
    let calls = script(&[READ, WRITE, DELETE, DELETE_BUCKET]);
    let output = sandbox.run_sh(&["--allow", "s3:*"], &calls).success();
    assert_eq!(output.stdout, "read: ok\nwrite: ok\ndelete: ok\ndelete bucket: AccessDenied\n");
    let requests = sandbox.cloud().requests();
    let refused = requests.iter().find(|seen| seen.action == "s3:DeleteBucket").unwrap();
    assert_eq!(refused.decision, Some(Decision::ExplicitDeny));
}

#[test]
fn without_the_deny_list_the_same_request_may_delete_the_bucket() {
    let sandbox = sandbox();
    let empty = "s3api delete-object --bucket demo-secrets --key payroll.csv";
    let output =
        sandbox.run_sh(&["--allow", "s3:*"], &script(&[("empty", empty), DELETE_BUCKET])).success();
    assert_eq!(output.stdout, "empty: ok\ndelete bucket: ok\n");
}

#[test]
fn a_request_of_nothing_but_denied_actions_mints_nothing() {
    let mut sandbox = sandbox();
    sandbox.plant(".config/audex/deny-list.toml", DENY_LIST);
    let output =
        sandbox.run_sh(&["--allow", "iam:CreateUser,s3:DeleteBucket"], "echo ran").exits(77);
    assert_eq!(output.stdout, "");
    assert!(sandbox.cloud().requests().is_empty());
    assert_eq!(sandbox.events(), ["denied"]);
}

#[test]
fn a_denied_action_beside_an_allowed_one_is_left_out_and_said() {
    let mut sandbox = sandbox();
    sandbox.plant(".config/audex/deny-list.toml", DENY_LIST);
    let output = sandbox
        .run_sh(&["--allow", "s3:GetObject,s3:DeleteBucket"], &script(&[READ, DELETE_BUCKET]))
        .success();
    assert_eq!(output.stdout, "read: ok\ndelete bucket: AccessDenied\n");
    assert!(output.stderr.contains("`s3:DeleteBucket` is denied by"), "{}", output.stderr);
}

#[test]
fn wildcards_mean_what_iam_means_by_them() {
    let sandbox = sandbox();
    for (allow, expected) in [
        ("s3:Get*", "read: ok\nlist: AccessDenied\nwrite: AccessDenied\n"),
        ("s3:G?tObjec?", "read: ok\nlist: AccessDenied\nwrite: AccessDenied\n"),
        ("S3:getOBJECT", "read: ok\nlist: AccessDenied\nwrite: AccessDenied\n"),
        ("s3:*Object", "read: ok\nlist: AccessDenied\nwrite: ok\n"),
        ("*:*", "read: ok\nlist: ok\nwrite: ok\n"),
    ] {
        let output = sandbox.run_sh(&["--allow", allow], &script(&[READ, LIST, WRITE])).success();
        assert_eq!(output.stdout, expected, "{allow}");
    }
}

#[test]
fn repeated_options_add_up() {
    let sandbox = sandbox();
    let options = [
        "--allow",
        "s3:GetObject",
        "--allow",
        "s3:ListBucket, s3:GetObject",
        "--profile",
        "dynamodb-readonly",
    ];
    let calls = [READ, LIST, WRITE, ("table", "dynamodb list-tables")];
    let output = sandbox.run_sh(&options, &script(&calls)).success();
    assert_eq!(
        output.stdout,
        "read: ok\nlist: ok\nwrite: AccessDenied\ntable: AccessDeniedException\n"
    );
}
