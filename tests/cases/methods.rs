//! Every method for AWS credentials gives the same narrow access, including the fallback methods.

use audex_loopback::Seed;
use serde_json::Value;

use crate::support::aws_cli::{become_temporary, script};
use crate::support::guests::Guest;
use crate::support::{CloudView as _, Moto, ROLE, Sandbox, seeds};

const READ: &[&str] =
    &["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/*", "--json"];

const ONLY_THE_READ: &str = "delete: AccessDenied\nother bucket: AccessDenied\nother service: AccessDeniedException\nread: ok\n";

/// Runs with `options`, expects that only the read works, and returns the events on stderr.
#[track_caller]
fn narrow(sandbox: &Sandbox, options: &[&str]) -> Vec<Value> {
    let calls = [
        ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
        ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
        ("other service", "dynamodb list-tables"),
        ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ];
    let output = sandbox.run_sh(&[READ, options].concat(), &script(&calls)).success();
    assert_eq!(output.stdout, ONLY_THE_READ);
    let denied = sandbox.cloud().denied();
    for call in
        ["s3:DeleteObject ", "s3:GetObject arn:aws:s3:::demo-secrets/", "dynamodb:ListTables "]
    {
        assert!(denied.iter().any(|line| line.starts_with(call)), "{call} is not in {denied:?}");
    }
    output.stderr_json()
}

#[track_caller]
fn used(events: &[Value], method: &str) {
    let started = events.iter().find(|event| event["event"] == "started").expect("a started event");
    assert_eq!(started["method"], method);
}

/// The STS calls the cloud saw, without the test's own.
fn sts_calls(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.cloud().requests().into_iter().filter(|seen| seen.service == "sts");
    calls.map(|seen| seen.action.trim_start_matches("sts:").to_owned()).collect()
}

fn analyst(seed: Seed) -> Sandbox {
    Sandbox::with_seed(seed, "analyst").with_aws_cli()
}

fn refusing(mut seed: Seed, unknown: bool) -> Seed {
    (seed.without_scoped_credentials, seed.deny_scoped_credentials) = (unknown, !unknown);
    seed
}

fn demo(seed: Seed) -> Sandbox {
    let mut sandbox = Sandbox::with_seed(seed, "developer").with_aws_cli();
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    sandbox
}

#[test]
fn a_role_and_15_minutes_take_one_call() {
    let sandbox = demo(Seed::demo());
    used(&narrow(&sandbox, &[]), "assume-role");
    assert_eq!(sts_calls(&sandbox), ["AssumeRole"]);
}

#[test]
fn a_role_and_30_seconds_take_a_second_call_that_cuts_to_the_second() {
    let sandbox = demo(Seed::demo());
    used(&narrow(&sandbox, &["--ttl", "30s"]), "assume-role-scoped");
    assert_eq!(sts_calls(&sandbox), ["AssumeRole", "GetScopedCredentials"]);
}

#[test]
fn temporary_credentials_without_a_role_are_scoped_down_themselves() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    become_temporary(&mut sandbox, ROLE);
    used(&narrow(&sandbox, &[]), "scoped-credentials");
    assert_eq!(sts_calls(&sandbox), ["AssumeRole", "GetScopedCredentials"]);
}

#[test]
fn a_user_without_a_role_gets_a_session_that_is_scoped_down() {
    let sandbox = analyst(seeds::analyst());
    used(&narrow(&sandbox, &[]), "session-scoped");
    assert_eq!(sts_calls(&sandbox), ["GetSessionToken", "GetScopedCredentials"]);
}

#[test]
fn a_federation_token_can_be_insisted_on() {
    let sandbox = analyst(seeds::analyst());
    used(&narrow(&sandbox, &["--method", "federation-token"]), "federation-token");
    assert_eq!(sts_calls(&sandbox), ["GetFederationToken"]);
}

#[test]
fn a_long_ttl_can_be_scoped_too_when_insisted_on() {
    let sandbox = demo(Seed::demo());
    used(&narrow(&sandbox, &["--method", "assume-role-scoped"]), "assume-role-scoped");
}

#[test]
fn auto_can_be_said() {
    used(&narrow(&demo(Seed::demo()), &["--method", "auto"]), "assume-role");
}

#[test]
fn a_session_can_be_narrowed_further_and_not_widened() {
    let sandbox = demo(Seed::demo());
    let get = "aws s3api get-object --bucket demo-reports --key readme.txt /dev/null";
    let list = "aws s3api list-objects-v2 --bucket demo-reports";
    let inner = |allow: &str, command: &str| {
        format!("'{}' run --allow {allow} -- {command}", env!("CARGO_BIN_EXE_tryaudex"))
    };
    let outer = ["--allow", "s3:GetObject,sts:GetScopedCredentials"];
    let _ = sandbox.run_sh(&outer, &inner("s3:GetObject", get)).success();
    assert_eq!(sandbox.cloud().denied(), [""; 0]);
    let _ = sandbox.run_sh(&outer, &inner("s3:ListBucket", get));
    let _ = sandbox.run_sh(&outer, &inner("s3:*", list));
    let denied = [
        "s3:GetObject arn:aws:s3:::demo-reports/readme.txt",
        "s3:ListBucket arn:aws:s3:::demo-reports",
    ];
    assert_eq!(sandbox.cloud().denied(), denied);
}

#[test]
fn moto_agrees_about_every_method() {
    let calls = [
        ("delete", "s3api delete-object --bucket alpha --key hello.txt"),
        ("other bucket", "s3api get-object --bucket beta --key hello.txt /dev/null"),
        ("other service", "dynamodb list-tables"),
        ("read", "s3api get-object --bucket alpha --key hello.txt /dev/null"),
    ];
    let moto = Moto::get();
    for (method, ttl) in [
        ("assume-role", "15m"),
        ("assume-role-scoped", "1h"),
        ("scoped-credentials", "60s"),
        ("session-scoped", "60s"),
        ("federation-token", "15m"),
    ] {
        let mut sandbox = Sandbox::with_moto(moto).with_aws_cli();
        if method == "scoped-credentials" {
            become_temporary(&mut sandbox, &moto.role_arn);
        }
        if !method.starts_with("assume-role") {
            sandbox.unset("AUDEX_ROLE_ARN");
        }
        let options = [
            "--allow",
            "s3:GetObject",
            "--resource",
            "arn:aws:s3:::alpha/*",
            "--json",
            "--ttl",
            ttl,
            "--method",
            method,
        ];
        let output = sandbox.run_sh(&options, &script(&calls)).success();
        assert_eq!(output.stdout, ONLY_THE_READ, "{method}");
        used(&output.stderr_json(), method);
    }
}

#[test]
fn sts_alone_can_be_elsewhere() {
    let mut sandbox = Sandbox::new();
    let endpoint = sandbox.cloud().endpoint();
    let words = ["run", "--allow", "s3:GetObject", "--", "echo", "ran"];
    sandbox.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1").set("AWS_ENDPOINT_URL_STS", &endpoint);
    assert_eq!(sandbox.run(words).success().stdout, "ran\n");
    sandbox.set("AWS_ENDPOINT_URL", &endpoint).set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    assert_eq!(sandbox.run(words).exits(69).stdout, "");
}

#[track_caller]
fn fell_back(sandbox: &Sandbox, to: &str) {
    let events = narrow(sandbox, &["--ttl", "60s"]);
    used(&events, to);
    let notices: Vec<_> = events.iter().filter_map(|event| event["message"].as_str()).collect();
    let said = |text: &str| notices.iter().any(|notice| notice.contains(text));
    assert!(
        said("STS refused GetScopedCredentials")
            && said(&format!("used `{to}` with the same policy")),
        "{notices:?}"
    );
    let started = events.iter().find(|event| event["event"] == "started").unwrap();
    assert_eq!(started["on_expiry"], "end");
    assert!(started["credentials_end_at"].is_string(), "{started}");
}

#[test]
fn a_role_falls_back_to_an_equally_narrow_session_that_ends_in_time() {
    for unknown in [true, false] {
        fell_back(&demo(refusing(Seed::demo(), unknown)), "assume-role");
    }
}

#[test]
fn a_user_falls_back_to_an_equally_narrow_federation_token_that_ends_in_time() {
    for unknown in [true, false] {
        fell_back(&analyst(refusing(seeds::analyst(), unknown)), "federation-token");
    }
}

#[test]
fn a_fallback_to_a_method_that_a_filter_refuses_ends_the_run() {
    let mut sandbox = demo(refusing(Seed::demo(), false));
    let _ =
        Guest::of("hostile-filter").playing("approve-assume").install(&mut sandbox, &[]).success();
    let output = sandbox
        .run(["run", "--allow", "s3:GetObject", "--ttl", "60s", "--", "touch", "ran"])
        .exits(77);
    let words = "filter `hostile-filter` refused `assume-role`, which was used where `assume-role-scoped` was planned: no assume-role";
    assert!(output.stderr.contains(words), "{}", output.stderr);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn after_a_fallback_the_command_is_ended_at_the_ttl() {
    let mut sandbox = demo(refusing(Seed::demo(), false));
    sandbox.set("PATH", "/usr/bin:/bin");
    let output = sandbox
        .run(["run", "--allow", "s3:GetObject", "--ttl", "1s", "--", "sleep", "60"])
        .exits(143);
    assert!(output.stderr.contains("ended at its ttl"), "{}", output.stderr);
    assert_eq!(sandbox.audit().last().unwrap()["ended_by_deadline"], true);
}

#[test]
fn temporary_credentials_that_may_not_be_scoped_down_give_nothing() {
    let mut sandbox = demo(refusing(Seed::demo(), false));
    become_temporary(&mut sandbox, ROLE);
    let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "echo", "ran"]).exits(77);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("sts:GetScopedCredentials"), "{}", output.stderr);
}

#[test]
fn a_method_that_is_insisted_on_is_not_replaced() {
    let sandbox = demo(refusing(Seed::demo(), true));
    let words = [
        "run",
        "--allow",
        "s3:GetObject",
        "--method",
        "assume-role-scoped",
        "--ttl",
        "60s",
        "--",
        "echo",
        "ran",
    ];
    assert_eq!(sandbox.run(words).exits(69).stdout, "");
}
