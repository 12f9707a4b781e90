//! The ttl limits access: when it ends, the credentials are no longer valid, or the command is ended.

use std::fs;
use std::time::{Duration, Instant};

use audex_loopback::Seed;

use crate::support::aws_cli::script;
use crate::support::double::{Double, run_python};
use crate::support::{CloudView as _, Moto, ROLE, Sandbox};

const READ: &str = "s3api get-object --bucket demo-reports --key readme.txt /dev/null";

/// Waits, as the command, until the test has made the file `go`.
const WAIT: &str = "until [ -e go ]; do sleep 0.05; done\n";

#[test]
fn a_session_works_until_its_ttl_and_not_a_second_longer() {
    for (ttl, seconds) in [("30s", 30), ("15m", 900), ("1h", 3600)] {
        let sandbox = Sandbox::new().with_aws_cli();
        let calls =
            script(&[("before", READ)]) + "echo waiting\n" + WAIT + &script(&[("after", READ)]);
        let options = ["run", "--allow", "s3:GetObject", "--ttl", ttl, "--", "sh", "-c"];
        let mut running = sandbox.tryaudex(options.into_iter().chain([calls.as_str()])).start();
        assert_eq!(running.line(), "before: ok");
        assert_eq!(running.line(), "waiting");
        sandbox.cloud().advance(Duration::from_secs(seconds));
        fs::write(sandbox.home().join("go"), "").unwrap();
        let output = running.finish().success();
        assert_eq!(output.stdout, "before: ok\nwaiting\nafter: ExpiredToken\n", "{ttl}");
        assert_eq!(sandbox.cloud().requests().last().unwrap().decision, None);
    }
}

#[test]
fn a_session_still_works_shortly_before_its_ttl() {
    let sandbox = Sandbox::new().with_aws_cli();
    let calls = "echo waiting\n".to_owned() + WAIT + &script(&[("read", READ)]);
    let options = ["run", "--allow", "s3:GetObject", "--ttl", "1h", "--", "sh", "-c"];
    let mut running = sandbox.tryaudex(options.into_iter().chain([calls.as_str()])).start();
    assert_eq!(running.line(), "waiting");
    sandbox.cloud().advance(Duration::from_mins(57));
    fs::write(sandbox.home().join("go"), "").unwrap();
    assert_eq!(running.finish().success().stdout, "waiting\nread: ok\n");
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
}

#[test]
fn a_moto_session_of_seconds_dies_by_the_wall_clock() {
    let sandbox = Sandbox::with_moto(Moto::get()).with_aws_cli();
    let read = "s3api get-object --bucket alpha --key hello.txt /dev/null";
    // The CLI is told when its keys end, and does not use them any more; one that is not told is refused by the cloud.
    let calls = script(&[("before", read)]) + "sleep 8\n" + &script(&[("told", read)]);
    let calls = calls + "unset AWS_CREDENTIAL_EXPIRATION\n" + &script(&[("after", read)]);
    let output = sandbox.run_sh(&["--allow", "s3:GetObject", "--ttl", "8s"], &calls).success();
    let told = "told: Credentials were refreshed, but the refreshed credentials are still expired.";
    assert_eq!(output.stdout, format!("before: ok\n{told}\nafter: ExpiredToken\n"));
    assert!(
        output.stderr.contains("access has ended; the command goes on without it"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_kept_command_goes_on_and_its_own_status_counts() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .run_sh(&["--allow", "s3:GetObject", "--ttl", "1s"], "sleep 2.5; echo still here; exit 7")
        .exits(7);
    assert_eq!(output.stdout, "still here\n");
    assert_eq!(output.stderr.matches("access has ended").count(), 1, "{}", output.stderr);
    assert_eq!(sandbox.audit().last().unwrap()["ended_by_deadline"], false);
}

#[test]
fn a_command_that_is_to_end_gets_a_sigterm_at_the_ttl() {
    let sandbox = Sandbox::new();
    let began = Instant::now();
    let script = "trap 'echo asked to end; exit 3' TERM; echo up; sleep 60 & wait";
    let output = sandbox
        .run_sh(&["--allow", "s3:GetObject", "--ttl", "1s", "--on-expiry", "end"], script)
        .exits(3);
    assert_eq!(output.stdout, "up\nasked to end\n");
    assert!(
        began.elapsed() < Duration::from_secs(9),
        "the grace was waited for: {:?}",
        began.elapsed()
    );
    assert!(output.stderr.contains("ended at its ttl"), "{}", output.stderr);
    assert_eq!(sandbox.audit().last().unwrap()["ended_by_deadline"], true);
}

#[test]
fn a_command_that_will_not_end_is_killed_after_the_grace() {
    let sandbox = Sandbox::new();
    let script = "trap 'echo not yet' TERM; while :; do sleep 0.1; done";
    let options = ["--allow", "s3:GetObject", "--ttl", "1s", "--on-expiry", "end"];
    let output = sandbox.run_sh(&options, script).exits(137);
    assert_eq!(output.stdout, "not yet\n");
    assert_eq!(sandbox.audit().last().unwrap()["ended_by_deadline"], true);
}

#[test]
fn a_command_that_ends_before_the_ttl_is_not_touched() {
    let sandbox = Sandbox::new();
    let output = sandbox
        .run_sh(&["--allow", "s3:GetObject", "--ttl", "60s", "--on-expiry", "end"], "echo done")
        .success();
    assert_eq!(output.stdout, "done\n");
    assert_eq!(sandbox.audit().last().unwrap()["ended_by_deadline"], false);
}

#[test]
fn the_plan_says_beforehand_that_a_fallback_would_end_the_command() {
    let mut seed = Seed::demo();
    seed.deny_scoped_credentials = true;
    let mut sandbox = Sandbox::with_seed(seed, "developer");
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject", "--ttl", "30s", "--json"]).success().json();
    let notices = plan["notices"].to_string();
    assert!(notices.contains("the command is ended after 30s"), "{notices}");
    let plan =
        sandbox.run(["plan", "--allow", "s3:GetObject", "--ttl", "15m", "--json"]).success().json();
    assert_eq!(plan["notices"], serde_json::json!([]));
}

#[test]
fn the_command_is_told_when_its_aws_keys_end_and_not_when_the_users_do() {
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_CREDENTIAL_EXPIRATION", "2031-01-01T00:00:00Z");
    let options = ["--allow", "s3:GetObject", "--ttl", "30m"];
    let shown = sandbox.run_sh(&options, "echo $AWS_CREDENTIAL_EXPIRATION").success().stdout;
    let issued = sandbox.audit().into_iter().find(|record| record["event"] == "issued").unwrap();
    assert_eq!(issued["expires_at"], shown.trim());
    let read = "import boto3; print(boto3.Session().get_credentials()._expiry_time.isoformat())";
    let read = run_python(&sandbox, &options, read).success().stdout;
    assert!(read.trim().ends_with("+00:00") && !read.starts_with("2031"), "{read}");
}

#[test]
fn a_command_without_aws_keys_is_told_of_no_end() {
    let double = Double::start("gcp_double.py");
    let mut sandbox = double.gcp_user();
    sandbox.set("AWS_CREDENTIAL_EXPIRATION", "2031-01-01T00:00:00Z");
    let options = ["--profile", "gcs-readonly", "--resource", "gs://alpha"];
    let output = sandbox.run_sh(&options, "echo ${AWS_CREDENTIAL_EXPIRATION-unset}").success();
    assert_eq!(output.stdout, "unset\n");
}
