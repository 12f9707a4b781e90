//! The road of an ask: rules, filters and deny lists, and what the cloud then lets pass.

use super::{READ, asks};
use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::double::Double;

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
    let log = asks(&sandbox);
    assert_eq!((log[0].as_str(), log[2].as_str()), ("asked s3:GetObject -", "added"));
    assert_eq!(log[3], "granted by [approve] allow_access `read`");
    let sent = sandbox.cloud().requests();
    let read: Vec<_> = sent.iter().filter(|seen| seen.action == "s3:GetObject").collect();
    let keys: Vec<&str> = read.iter().map(|seen| seen.access_key_id.as_str()).collect();
    assert!(keys.len() == 3 && keys[0] == keys[2] && keys[0] != keys[1], "{keys:?}");
}

#[test]
fn without_the_option_a_request_stays_refused_and_nothing_is_asked() {
    let sandbox = sandbox(CONFIG);
    let output = sandbox.run_sh(READ, &script(&[("b", SECRETS)]));
    assert_eq!(output.success().stdout, "b: AccessDenied\n");
    assert_eq!(asks(&sandbox), [""; 0]);
}

#[test]
fn an_ask_of_which_a_filter_drops_one_permission_gets_nothing() {
    let mut sandbox = sandbox(CONFIG);
    let guest = crate::support::guests::Guest::of("hostile-filter").playing("step-up-drop");
    let _ = guest.install(&mut sandbox, &[]).success();
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let both = format!("{program} ask --allow s3:GetObject,s3:ListBucket --wait");
    let output = sandbox.run_sh(READ, &format!("{both}; echo $?"));
    assert_eq!(output.stdout, "77\n", "{}", output.stderr);
    assert!(
        output.stderr.contains("`s3:GetObject` is refused by hostile-filter: a reason"),
        "{}",
        output.stderr
    );
    assert!(!asks(&sandbox).iter().any(|line| line.starts_with("add")), "{:?}", asks(&sandbox));
}

#[test]
fn a_webhook_answers_and_what_is_forged_old_or_played_back_does_not() {
    let webhook = Double::start("webhook.py");
    let (url, key) = (webhook.text("endpoint"), webhook.text("key"));
    let config = format!("[approve]\nwebhook = {{ url = \"{url}\", secret = \"APPROVE_KEY\" }}\n");
    let mut sandbox = sandbox(&config);
    sandbox.set_secret("APPROVE_KEY", key);
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let script = format!(
        "env | grep -c APPROVE_KEY; {program} ask --allow s3:PutObject --resource 'arn:aws:s3:::demo-reports/*' --wait 30s >&2 &&
        aws s3api put-object --bucket demo-reports --key new >/dev/null && echo written; curl -s {url}"
    );
    let output = sandbox.run_sh(READ, &script);
    assert_eq!(output.stdout, "0\nwritten\n7", "{}", output.stderr);
    assert_eq!(asks(&sandbox).last().unwrap(), "granted by ann ask-1 (webhook)");
}
