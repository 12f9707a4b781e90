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
    let isolated = [READ, &["--isolate", "credentials"]].concat();
    let output = sandbox.run_sh(&isolated, &script);
    assert_eq!(output.stdout, "0\nwritten\n7", "{}", output.stderr);
    assert_eq!(asks(&sandbox).last().unwrap(), "granted by ann ask-1 (webhook)");
}

#[test]
fn a_webhook_that_fails_is_told_once_where_asks_are_listed_and_at_the_end_and_is_in_the_log() {
    let server =
        crate::support::Answerer::start("500 Internal Server Error", "secret words of the server");
    let url = &server.endpoint;
    let config = format!("[approve]\nwebhook = {{ url = \"{url}\", secret = \"APPROVE_KEY\" }}\n");
    let mut sandbox = sandbox(&config);
    sandbox.set_secret("APPROVE_KEY", "0123456789abcdef");
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let script = format!(
        "{program} ask --allow s3:PutObject; {program} ask --allow s3:DeleteObject; echo asked; until [ -e end ]; do sleep 0.05; done"
    );
    let words = [&["run"], READ, &["--isolate", "credentials", "--", "sh", "-c", &script]].concat();
    let mut running = sandbox.tryaudex(words).start();
    while running.line() != "asked" {}
    let told =
        "the webhook of [approve] failed, and is asked again: it replied with the status 500";
    loop {
        let listed = sandbox.run(["approve"]).success();
        if listed.stderr.contains(told) {
            break;
        }
    }
    std::fs::write(sandbox.home().join("end"), "").unwrap();
    let output = running.finish().success();
    assert_eq!(output.stderr.matches(told).count(), 1, "{}", output.stderr);
    let log = sandbox.audit();
    let used = log.iter().find(|record| record["event"] == "used").unwrap();
    assert_eq!(used["webhook_failure"], told);
    let session = used["session"].as_str().unwrap();
    let shown = sandbox.run(["sessions", "show", session]).success().stdout;
    assert!(shown.contains(told) && !shown.contains("secret words"), "{shown}");
}

#[test]
fn without_isolation_a_webhook_on_this_machine_is_not_asked() {
    let webhook = Double::start("webhook.py");
    let (url, key) = (webhook.text("endpoint"), webhook.text("key"));
    let config = format!("[approve]\nwebhook = {{ url = \"{url}\", secret = \"APPROVE_KEY\" }}\n");
    let mut sandbox = sandbox(&config);
    sandbox.set_secret("APPROVE_KEY", key);
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let output =
        sandbox.run_sh(READ, &format!("{program} ask --allow s3:PutObject; curl -s {url}"));
    assert_eq!(output.stdout, "0", "{}", output.stderr);
    assert!(output.stderr.contains("or by an https webhook"), "{}", output.stderr);
}

#[test]
fn a_read_that_returns_secrets_is_not_granted_by_its_level() {
    let sandbox = sandbox(CONFIG);
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let script = ["secretsmanager:GetSecretValue", "ssm:GetParameter", "sqs:GetQueueUrl"]
        .map(|action| format!("{program} ask --allow {action} 2>&1 | cut -d: -f2-; "));
    let isolated = [READ, &["--isolate", "credentials"]].concat();
    let output = sandbox.run_sh(&isolated, &script.concat());
    let told: Vec<&str> = output.stdout.lines().map(|line| &line[..8]).collect();
    assert_eq!(told, [" waits f", " waits f", " granted"], "{}", output.stdout);
}

#[test]
fn without_isolation_a_filter_that_is_switched_off_ends_the_asks() {
    let mut sandbox = sandbox(CONFIG);
    let guest = crate::support::guests::Guest::of("hostile-filter").playing("step-up-refuse");
    let _ = guest.install(&mut sandbox, &[]).success();
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let script = format!(
        "{program} plugin disable hostile-filter >/dev/null 2>&1; {program} ask --allow s3:ListBucket"
    );
    let output = sandbox.run_sh(READ, &script);
    assert!(
        output.stderr.contains("components were installed, removed or switched"),
        "{}",
        output.stderr
    );
}
