//! A step-up against what the session's profile, its organisation and the cloud's own policies forbid, at the double.

use serde_json::Value;

use super::asks;
use crate::support::aws_cli::script;
use crate::support::organisation::Organisation;
use crate::support::{CloudView as _, Output, Sandbox};

/// The widest rules that a user can write.
const GRANT_ALL: &str =
    "[approve]\nallow = [\"s3:*\"]\nallow_access = [\"read\", \"list\"]\nperson_access = []\n";
const PUT: &str = "s3api put-object --bucket demo-reports --key new.txt";
const LIST: &str = "s3api list-objects-v2 --bucket demo-reports";
const WAIT: [&str; 6] = ["--deliver", "gateway", "--on-denied", "wait", "--isolate", "credentials"];

/// Returns a script that asks ahead for both calls in several spellings, and then makes them.
fn attack() -> String {
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let asks = ["s3:PutObject", "S3:putobject", "s3:Put*", "s3:*", "storage:write"].map(|name| {
        format!("'{program}' ask --allow '{name}' --wait 20s >&2 && echo got {name}\n")
    });
    asks.concat() + &script(&[("put", PUT), ("list", LIST)])
}

/// Checks that the call which nobody forbids was got by the rule, and the other one in no way.
fn held(sandbox: &Sandbox, output: &Output, who: &str) {
    assert_eq!(output.stdout, "put: AccessDenied\nlist: ok\n", "{who}: {}", output.stderr);
    let granted: Vec<String> =
        asks(sandbox).into_iter().filter(|line| line.starts_with("granted")).collect();
    assert_eq!(granted.len(), 1, "{who}: {:?}", asks(sandbox));
    let refused = asks(sandbox).into_iter().filter(|line| line.starts_with("refused by"));
    assert!(refused.count() >= 2, "{who}: {:?} {}", asks(sandbox), output.stderr);
    let added: Vec<Value> =
        sandbox.audit().into_iter().filter(|record| record["event"] == "adding").collect();
    assert_eq!(added[0]["permissions"][0]["action"], "s3:ListBucket", "{who}");
    // The double saw no write, allowed or denied.
    let cloud = sandbox.cloud();
    let seen = [cloud.allowed(), cloud.denied()].concat();
    assert!(!seen.iter().any(|one| one.starts_with("s3:Put")), "{who}: {seen:?}");
    let _ = sandbox.run(["audit", "verify"]).success();
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/config.toml", GRANT_ALL);
    sandbox
}

#[test]
fn a_rule_that_grants_everything_grants_the_write_that_nobody_forbids() {
    let sandbox = sandbox();
    let words = [&["--allow", "s3:GetObject"], &WAIT[..]].concat();
    let output = sandbox.run_sh(&words, &script(&[("put", PUT)])).success();
    assert_eq!(output.stdout, "put: ok\n", "{}", output.stderr);
}

#[test]
fn no_step_up_gets_what_the_profile_of_the_session_denies() {
    let mut sandbox = sandbox();
    sandbox.plant(
        ".config/audex/profiles.toml",
        "[profiles.careful]\nactions = \"s3:GetObject\"\ndeny = [\"s3:PutObject\"]\n",
    );
    let words = [&["--profile", "careful"], &WAIT[..]].concat();
    let output = sandbox.run_sh(&words, &attack()).success();
    held(&sandbox, &output, "profile");
}

#[test]
fn no_step_up_gets_what_the_organisation_denies_or_never_grants() {
    for (file, text) in [
        ("deny-list.toml", "[deny]\nactions = [\"s3:PutObject\"]\n"),
        ("config.toml", "[approve]\nnever = [\"s3:PutObject\"]\n"),
    ] {
        let sandbox = sandbox();
        let organisation = Organisation::of("");
        organisation.says(file, text);
        // The clients of this machine's servers load the certificates of the system.
        let certificates = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt").unwrap();
        organisation.says("../ssl/certs/ca-certificates.crt", &certificates);
        let attack = attack();
        let words = [&["run", "--allow", "s3:GetObject"], &WAIT[..], &["--", "sh", "-c", &attack]];
        let output = organisation.run(&sandbox, words.concat()).success();
        held(&sandbox, &output, file);
    }
}
