//! The road of an ask: rules, filters and deny lists, and what the cloud then lets pass.

use super::{READ, asks};
use crate::support::Sandbox;
use crate::support::aws_cli::script;

const CONFIG: &str = "[approve]\nallow_access = [\"read\", \"list\"]\nallow = [\"s3:PutObject\"]\nperson_access = [\"permissions\"]\n";
const SECRETS: &str = "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null";
const REPORT: &str = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";

fn sandbox(config: &str) -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/config.toml", config);
    sandbox
}

#[test]
fn a_rule_grants_what_a_request_lacked_and_the_cloud_sees_its_own_credentials() {
    let sandbox = sandbox(CONFIG);
    let options = [READ, &["--on-denied", "wait"]].concat();
    let output = sandbox.run_sh(&options, &script(&[("a", REPORT), ("b", SECRETS), ("c", REPORT)]));
    assert_eq!(output.success().stdout, "a: ok\nb: ok\nc: ok\n");
    let rule = "granted by [approve] allow_access `read`";
    let adding = "adding s3:GetObject by assume-role";
    assert_eq!(asks(&sandbox), ["asked s3:GetObject -", adding, "added", rule]);
    let sent = sandbox.cloud().requests();
    let read: Vec<_> = sent.iter().filter(|seen| seen.action == "s3:GetObject").collect();
    assert_eq!(read.len(), 3);
}

#[test]
fn without_the_option_a_request_stays_refused_and_nothing_is_asked() {
    let sandbox = sandbox(CONFIG);
    let output = sandbox.run_sh(READ, &script(&[("b", SECRETS)]));
    assert_eq!(output.success().stdout, "b: AccessDenied\n");
    assert_eq!(asks(&sandbox), [""; 0]);
}
