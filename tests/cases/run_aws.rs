//! The main job on two clouds with the real aws CLI: requested actions work, and the cloud denies all others.

use audex_loopback::iam::Decision;

use crate::support::aws_cli::{script, script_of_commands};
use crate::support::{CloudView as _, Moto, Output, Sandbox};

/// The loopback cloud's objects.
const REPORTS: [(&str, &str); 6] = [
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
    ("write", "s3api put-object --bucket demo-reports --key new.txt"),
    ("list", "s3api list-objects-v2 --bucket demo-reports"),
    ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
    ("other service", "dynamodb list-tables"),
    // Last, so that the denials before it were not an expired session's.
    ("read", "s3 cp s3://demo-reports/readme.txt -"),
];
const ONLY_THE_READ: &str = "delete: AccessDenied\nwrite: AccessDenied\nlist: AccessDenied\n\
    other bucket: AccessDenied\nother service: AccessDeniedException\nread: ok\n";
/// The moto double's.
const ALPHA: [(&str, &str); 6] = [
    ("delete", "s3api delete-object --bucket alpha --key hello.txt"),
    ("write", "s3api put-object --bucket alpha --key new.txt"),
    ("list", "s3api list-objects-v2 --bucket alpha"),
    ("other bucket", "s3api get-object --bucket beta --key hello.txt /dev/null"),
    ("other service", "dynamodb list-tables"),
    ("read", "s3 cp s3://alpha/hello.txt -"),
];

fn on_loopback(ttl: &str) {
    let sandbox = Sandbox::new().with_aws_cli();
    let options =
        ["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/*", "--ttl", ttl];
    assert_eq!(
        sandbox.run_sh(&options, &script_of_commands(&REPORTS)).success().stdout,
        ONLY_THE_READ
    );
    assert_eq!(
        sandbox.cloud().denied(),
        [
            "s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt",
            "s3:PutObject arn:aws:s3:::demo-reports/new.txt",
            "s3:ListBucket arn:aws:s3:::demo-reports",
            "s3:GetObject arn:aws:s3:::demo-secrets/payroll.csv",
            "dynamodb:ListTables *",
        ]
    );
    let reads = sandbox.cloud().requests();
    let read = reads.iter().rfind(|seen| seen.action == "s3:GetObject").unwrap();
    assert_eq!(read.decision, Some(Decision::Allowed));
    assert!(
        read.principal_arn.contains(":assumed-role/AudexDemo/audex-"),
        "{}",
        read.principal_arn
    );
}

fn on_moto(ttl: &str) {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let options = ["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::alpha/*", "--ttl", ttl];
    assert_eq!(sandbox.run_sh(&options, &script(&ALPHA)).success().stdout, ONLY_THE_READ);
}

#[test]
fn only_the_read_is_allowed_on_loopback_for_15_minutes() {
    on_loopback("15m");
}

#[test]
fn only_the_read_is_allowed_on_loopback_for_an_hour() {
    on_loopback("1h");
}

#[test]
fn only_the_read_is_allowed_on_loopback_for_30_seconds() {
    on_loopback("30s");
}

#[test]
fn only_the_read_is_allowed_on_moto_for_15_minutes() {
    on_moto("15m");
}

#[test]
fn only_the_read_is_allowed_on_moto_for_an_hour() {
    on_moto("1h");
}

#[test]
fn only_the_read_is_allowed_on_moto_for_30_seconds() {
    on_moto("30s");
}

fn copy(sandbox: &Sandbox, url: &str) -> Output {
    sandbox.run(["run", "--allow", "s3:GetObject", "--", "aws", "s3", "cp", url, "-"])
}

#[test]
fn an_object_arrives_on_stdout_as_it_is() {
    let sandbox = Sandbox::new().with_aws_cli();
    assert_eq!(
        copy(&sandbox, "s3://demo-reports/readme.txt").success().stdout,
        "Reports of the demo account.\n"
    );
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    assert_eq!(copy(&sandbox, "s3://alpha/hello.txt").success().stdout, "hello from alpha\n");
}

#[test]
fn without_a_resource_the_permission_holds_for_every_bucket() {
    let sandbox = Sandbox::new().with_aws_cli();
    assert!(
        copy(&sandbox, "s3://demo-secrets/payroll.csv").success().stdout.starts_with("name,salary")
    );
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn what_the_role_may_not_do_is_denied_however_much_is_asked_for() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = [("users", "iam list-users"), ("read", "s3 cp s3://demo-reports/readme.txt -")];
    let output =
        sandbox.run_sh(&["--allow", "iam:ListUsers,s3:GetObject"], &script(&calls)).success();
    assert_eq!(output.stdout, "users: AccessDenied\nread: ok\n");
    assert_eq!(sandbox.cloud().denied(), ["iam:ListUsers *"]);
}

#[test]
fn the_caller_alone_cannot_do_what_the_command_can() {
    // The control: the read of the other tests is not one that anybody may do.
    let sandbox = Sandbox::new().with_aws_cli();
    let script =
        script(&[("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null")]);
    let output = sandbox.program("/bin/sh", ["-c", &script]).output().success();
    assert_eq!(output.stdout, "read: AccessDenied\n");
}
