//! GetScopedCredentials as AWS published it: its layers, its expiry, its description and its own client.

use audex_loopback::Seed;
use serde_json::{Value, json};

use crate::support::aws_cli::become_temporary;
use crate::support::{Moto, ROLE, Sandbox, VaultDouble, python, seeds};

const TRYAUDEX: &str = env!("CARGO_BIN_EXE_tryaudex");
const AGAIN: [&str; 2] = ["--allow", "s3:GetObject,sts:GetScopedCredentials"];
/// Runs its other arguments inside as many runs as the first says.
const NEST: &str = r#"
program=$0 depth=$1; shift
[ "$depth" = 0 ] && exec "$@"
exec "$TRYAUDEX_UNDER_TEST" run --quiet --allow s3:GetObject,sts:GetScopedCredentials -- sh "$program" $((depth - 1)) "$@"
"#;

fn temporary() -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    become_temporary(&mut sandbox, ROLE);
    sandbox
}

/// The command line that runs `words` inside `depth` runs.
fn nested(sandbox: &mut Sandbox, depth: usize, words: &[&str]) -> Vec<String> {
    sandbox.set("TRYAUDEX_UNDER_TEST", TRYAUDEX);
    let program = sandbox.plant("nest.sh", NEST);
    let first = [program.to_str().unwrap().to_owned(), depth.to_string()];
    first.into_iter().chain(words.iter().map(|&word| word.to_owned())).collect()
}

fn issued(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.audit().into_iter().filter(|record| record["event"] == "issued").collect()
}

#[test]
fn a_run_inside_a_run_is_told_which_layer_it_is() {
    for depth in 0..3 {
        let mut sandbox = temporary();
        let plan = [&[TRYAUDEX, "plan", "--json"], &AGAIN[..]].concat();
        let words = nested(&mut sandbox, depth, &plan);
        let planned = sandbox.program("sh", words).output().success().json();
        assert_eq!(planned["layer"], json!({ "number": depth + 1, "most": 3 }));
        let counted: Vec<Value> =
            issued(&sandbox).iter().map(|record| record["scoped_policies"].clone()).collect();
        assert_eq!(counted, (1..=depth).map(Value::from).collect::<Vec<_>>());
    }
}

#[test]
fn a_fourth_layer_is_refused_in_the_plan() {
    let mut sandbox = temporary();
    let run = [&[TRYAUDEX, "run"], &AGAIN[..], &["--", "touch", "ran"]].concat();
    let words = nested(&mut sandbox, 3, &run);
    let output = sandbox.program("sh", words).output().exits(2);
    assert!(output.stderr.contains("carry 3 scope-down policies"), "{}", output.stderr);
    assert!(output.stderr.contains("hint: run it from an outer session"), "{}", output.stderr);
    assert!(!sandbox.home().join("ran").exists());
    // The twin, one layer less.
    let mut sandbox = temporary();
    let words = nested(&mut sandbox, 2, &run);
    let _ = sandbox.program("sh", words).output().success();
    assert!(sandbox.home().join("ran").exists());
}

#[test]
fn a_fourth_layer_that_nothing_tells_of_is_denied_by_the_cloud_with_a_hint() {
    let mut sandbox = temporary();
    let run = [
        &["env", "-u", "AUDEX_SESSION_ID", TRYAUDEX, "run", "--allow", "s3:GetObject"],
        &["--", "touch", "ran"][..],
    ];
    let words = nested(&mut sandbox, 3, &run.concat());
    let output = sandbox.program("sh", words).output().exits(77);
    assert!(output.stderr.contains("`GetScopedCredentials` (AccessDenied"), "{}", output.stderr);
    assert!(output.stderr.contains("fewer than 3 scope-down policies"), "{}", output.stderr);
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn another_key_than_the_sessions_own_starts_at_layer_one() {
    let mut sandbox = temporary();
    let outer = sandbox.run([&["run", "--json"], &AGAIN[..], &["--", "true"]].concat()).success();
    let session =
        outer.stderr_json().iter().find_map(|event| event["session"].as_str().map(str::to_owned));
    sandbox.set("AUDEX_SESSION_ID", session.unwrap());
    let plan = sandbox.run(["plan", "--json", "--allow", "s3:GetObject"]).success().json();
    assert_eq!(plan["layer"]["number"], 1);
}

#[test]
fn the_plan_and_the_log_show_the_layer_to_people() {
    let sandbox = temporary();
    let plan = sandbox.run(["plan", "--allow", "s3:GetObject"]).success();
    assert!(plan.stdout.contains("\nlayer      1 of 3\n"), "{}", plan.stdout);
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).success();
    let listed = sandbox.run(["audit", "list", "--event", "issued"]).success();
    assert!(listed.stdout.contains(", layer 1 of 3"), "{}", listed.stdout);
    // The twin: AssumeRole alone counts no layer.
    let sandbox = Sandbox::new();
    let plan = sandbox.run(["plan", "--json", "--allow", "s3:GetObject"]).success().json();
    assert_eq!(plan["layer"], Value::Null);
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).success();
    assert_eq!(issued(&sandbox)[0].get("scoped_policies"), None);
}

#[test]
fn the_log_of_the_cloud_is_told_session_agent_and_reason() {
    let mut sandbox = Sandbox::new();
    let run = |sandbox: &Sandbox, ttl: &str, why: &[&str]| {
        let options =
            [&["run", "--json", "--allow", "s3:GetObject", "--ttl", ttl], why, &["--", "true"]];
        let events = sandbox.run(options.concat()).success().stderr_json();
        let started = events.into_iter().find(|event| event["event"] == "started").unwrap();
        started["session"].as_str().unwrap().to_owned()
    };
    let session = run(&sandbox, "30s", &[]);
    assert_eq!(sandbox.cloud().descriptions(), [format!("audex session={session}")]);

    sandbox.set("CLAUDECODE", "1");
    let token = "ghp_0123456789abcdefghijklmnop";
    let long = format!("caf\u{e9} \u{65e5} {token} password=hunter2 {}", "x".repeat(400));
    let session = run(&sandbox, "30s", &["--justification", &long]);
    let said = sandbox.cloud().descriptions().pop().unwrap();
    let start = format!(
        "audex session={session} agent=claude-code justification=caf\u{e9} ? [redacted] password=[redacted] xx"
    );
    assert!(said.starts_with(&start), "{said}");
    assert_eq!(said.chars().count(), 256);
    let recorded = sandbox.audit_log();
    let recorded = std::fs::read_to_string(recorded).unwrap();
    assert!(!recorded.contains(token) && !recorded.contains("hunter2"));

    // The twin: AssumeRole alone has no place for it.
    let _ = run(&sandbox, "15m", &["--justification", "why"]);
    assert_eq!(sandbox.cloud().descriptions().len(), 2);
}

#[test]
fn a_session_ends_with_its_source_and_says_so() {
    let sandbox = temporary();
    let options = ["run", "--json", "--allow", "s3:GetObject", "--ttl", "2h", "--", "true"];
    let events = sandbox.run(options).success().stderr_json();
    let said = events.iter().filter_map(|event| event["message"].as_str());
    assert!(said.clone().any(|line| line.contains("source credentials end in")), "{events:?}");
    // The twin: nothing is said where the ttl is kept.
    let events = sandbox
        .run(["run", "--json", "--allow", "s3:GetObject", "--ttl", "5m", "--", "true"])
        .success();
    assert!(!events.stderr.contains("source credentials end"), "{}", events.stderr);
}

#[test]
fn a_session_made_for_it_and_as_long_as_the_ttl_is_scoped_down_all_the_same() {
    // GetSessionToken's session is a moment older by then, and STS gives nothing that is longer.
    for ttl in ["15m", "1h"] {
        let sandbox = Sandbox::with_seed(seeds::analyst(), "analyst");
        sandbox.cloud().advance(std::time::Duration::from_secs(1));
        let options = ["run", "--json", "--allow", "s3:GetObject", "--ttl", ttl, "--", "true"];
        let events = sandbox.run(options).success().stderr_json();
        let started = events.iter().find(|event| event["event"] == "started").unwrap();
        assert_eq!(
            (&started["method"], &started["scoped_policies"]),
            (&json!("session-scoped"), &json!(1))
        );
        assert!(!events.iter().any(|event| event["event"] == "notice"), "{events:?}");
    }
}

#[test]
fn what_vault_issued_is_narrowed_in_layer_one() {
    let mut sandbox = Sandbox::with_seed(Seed::demo(), "developer");
    let vault = VaultDouble::start(&mut sandbox, "developer", "developer");
    sandbox.set("VAULT_TOKEN", &vault.token);
    let options =
        ["--provider", "vault", "--allow", "s3:GetObject", "--method", "vault-sts", "--ttl", "15m"];
    let plan = sandbox.run([&["plan", "--json"], &options[..]].concat()).success().json();
    assert_eq!(plan["layer"]["number"], 1);
    let _ = sandbox.run([&["run"], &options[..], &["--", "true"]].concat()).success();
    assert_eq!(issued(&sandbox)[0]["scoped_policies"], 1);
    assert!(sandbox.cloud().descriptions()[0].starts_with("audex session=audex-"));
}

#[test]
fn the_doubles_answer_as_awss_own_client_reads_it() {
    let check = python::tests().join("python/check_scoped.py");
    let _ = Moto::get();
    let moto =
        Sandbox::without_cloud().program(python::interpreter(), [&check]).unscanned().output();
    assert!(moto.success().stdout.ends_with("27 passed, 0 failed\n"));
    let sandbox = Sandbox::new();
    let endpoint = sandbox.cloud().endpoint();
    let words = [
        check.to_str().unwrap(),
        &endpoint,
        ROLE,
        "demo-reports/readme.txt",
        "demo-secrets/payroll.csv",
    ];
    let loopback = sandbox.program(python::interpreter(), words).unscanned().output().success();
    assert!(loopback.stdout.ends_with("27 passed, 0 failed\n"), "{}", loopback.stdout);
}
