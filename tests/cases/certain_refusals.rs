//! If STS is certain to reject a request, the plan rejects the request before any call to STS.

use crate::support::aws_cli::become_temporary;
use crate::support::{ROLE, Sandbox, python, seeds};

const CHINA: &str = "arn:aws-cn:iam::123456789012:role/AudexDemo";
const GOVERNMENT: &str = "arn:aws-us-gov:iam::123456789012:role/AudexDemo";

/// The same of `plan` and `run`: exit 2, these words, and nothing started.
#[track_caller]
fn refused(sandbox: &Sandbox, options: &[&str], words: &[&str]) {
    let plan = sandbox.run([&["plan", "--allow", "s3:GetObject"], options].concat()).exits(2);
    let run = sandbox
        .run([&["run", "--allow", "s3:GetObject"], options, &["--", "touch", "ran"]].concat())
        .exits(2);
    for output in [plan, run] {
        for word in words {
            assert!(
                output.stderr.contains(word),
                "{options:?}: `{word}` is not in:\n{}",
                output.stderr
            );
        }
        assert!(output.stderr.contains("hint: "), "{}", output.stderr);
    }
    assert!(!sandbox.home().join("ran").exists());
}

#[track_caller]
fn planned(sandbox: &Sandbox, options: &[&str]) {
    let _ = sandbox.run([&["plan", "--allow", "s3:GetObject"], options].concat()).success();
}

/// A user whose keys are those of a session of the role, and who may assume it.
fn chaining() -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    become_temporary(&mut sandbox, ROLE);
    sandbox.set("AUDEX_ROLE_ARN", ROLE);
    sandbox
}

#[test]
fn a_role_assumed_with_a_role_lives_an_hour_at_most() {
    let sandbox = chaining();
    for ttl in ["2h", "12h", "3601s"] {
        refused(&sandbox, &["--ttl", ttl], &["assumed with the credentials of a role (1h)"]);
    }
    refused(&sandbox, &["--ttl", "2h", "--method", "assume-role-scoped"], &["(1h)"]);
    planned(&sandbox, &["--ttl", "1h"]);
}

#[test]
fn the_keys_of_a_user_may_have_the_roles_whole_length() {
    planned(&Sandbox::new(), &["--ttl", "2h"]);
    // A session of a user, as after signing in with a second factor, is not a role's.
    let mut sandbox = Sandbox::new().with_aws_cli();
    let aws = python::binaries().join("aws");
    let reply =
        sandbox.program(aws, ["sts", "get-session-token", "--output", "json"]).unscanned().output();
    let credentials = reply.success().json()["Credentials"].clone();
    let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
    sandbox.set("AWS_ACCESS_KEY_ID", text("AccessKeyId"));
    sandbox.set_secret("AWS_SECRET_ACCESS_KEY", &text("SecretAccessKey"));
    sandbox.set_secret("AWS_SESSION_TOKEN", &text("SessionToken"));
    planned(&sandbox, &["--ttl", "2h"]);
}

#[test]
fn a_role_names_resources_of_its_own_partition() {
    let sandbox = Sandbox::new();
    for (role, partition) in [(CHINA, "aws-cn"), (GOVERNMENT, "aws-us-gov")] {
        for resource in ["arn:aws:s3:::b/*", "arn:aws-iso:s3:::b/*", "arn:awscn:s3:::b"] {
            let words = [resource, &format!("not of the partition `{partition}`")];
            refused(&sandbox, &["--role-arn", role, "--resource", resource], &words);
        }
        planned(
            &sandbox,
            &["--role-arn", role, "--resource", &format!("arn:{partition}:s3:::b/*")],
        );
        planned(&sandbox, &["--role-arn", role, "--resource", "arn:*:s3:::b/*"]);
        planned(&sandbox, &["--role-arn", role]);
    }
    refused(&sandbox, &["--resource", "arn:aws-cn:s3:::b/*"], &["partition `aws`", ROLE]);
    let vault = Sandbox::without_cloud();
    let options = ["--provider", "vault", "--resource", "arn:aws:s3:::b/*,arn:aws-cn:s3:::b/*"];
    let mut vault = vault;
    vault.set("AUDEX_VAULT_ROLE", "r");
    refused(&vault, &options, &["partitions `aws`", "`aws-cn`"]);
}

#[test]
fn without_a_role_the_partition_is_the_regions() {
    let mut sandbox = Sandbox::with_seed(seeds::analyst(), "analyst");
    for (region, own) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
        sandbox.set_region(region);
        refused(&sandbox, &["--resource", "arn:aws:s3:::b/*"], &[&format!("`{own}`"), region]);
        planned(&sandbox, &["--resource", &format!("arn:{own}:s3:::b/*")]);
    }
    sandbox.set_region("eu-west-1");
    refused(&sandbox, &["--resource", "arn:aws-cn:s3:::b/*"], &["partition `aws`"]);
    planned(&sandbox, &["--resource", "arn:aws:s3:::b/*"]);
}

#[test]
fn one_policy_has_one_partition() {
    let sandbox = Sandbox::new();
    refused(
        &sandbox,
        &["--resource", "arn:aws:s3:::a/*,arn:aws-cn:s3:::b/*"],
        &["`aws`", "`aws-cn`"],
    );
    planned(&sandbox, &["--resource", "arn:aws:s3:::a/*,arn:aws:s3:::b/*"]);
}

#[test]
fn the_service_of_a_resource_has_no_wildcard() {
    let sandbox = Sandbox::new();
    for resource in ["arn:aws:s?:::b/*", "arn:aws:*:::b", "arn:aws:s3*:::b/*", "arn:*:?3:::b/*"] {
        refused(
            &sandbox,
            &["--resource", resource],
            &["wildcard in place of its service", resource],
        );
    }
    planned(&sandbox, &["--resource", "arn:aws:s3:::b?/*"]);
}

#[test]
fn a_method_that_is_insisted_on_must_take_the_credentials_that_there_are() {
    let mut temporary = Sandbox::new().with_aws_cli();
    become_temporary(&mut temporary, ROLE);
    for method in ["session-scoped", "federation-token"] {
        refused(&temporary, &["--method", method], &["takes the credentials of an IAM user"]);
    }
    planned(&temporary, &["--method", "scoped-credentials"]);
    let user = Sandbox::with_seed(seeds::analyst(), "analyst");
    refused(&user, &["--method", "scoped-credentials"], &["takes the credentials of a session"]);
    planned(&user, &["--method", "federation-token"]);
    // Without any credentials the plan stays readable.
    planned(&Sandbox::without_cloud(), &["--method", "scoped-credentials"]);
}

/// Thirty resources that no wildcard says shorter: more than 2,048 characters, fewer than 4,096.
fn many() -> String {
    let arns: Vec<String> =
        (0..30).map(|n| format!("arn:aws:s3:::bucket-{n:02}-{}/*", "x".repeat(50))).collect();
    arns.join(",")
}

#[test]
fn the_limit_of_policies_is_a_setting() {
    let mut sandbox = Sandbox::new();
    let resources = many();
    refused(&sandbox, &["--resource", &resources], &["STS takes 2048"]);
    sandbox.plant(".config/audex/config.toml", "[providers.aws]\npolicy_limit = \"4096\"\n");
    let options = ["plan", "--json", "--allow", "s3:GetObject", "--resource", &resources];
    let plan = sandbox.run(options).success().json();
    assert_eq!(plan["policy_limit"], 4096);
    assert!(plan["policy_size"].as_u64().unwrap() > 2048, "{}", plan["policy_size"]);
    // What STS itself takes is for STS to say: this one keeps to the documented limit.
    let run = sandbox.run([
        "run",
        "--allow",
        "s3:GetObject",
        "--resource",
        &resources,
        "--",
        "touch",
        "ran",
    ]);
    assert!(run.exits(78).stderr.contains("PackedPolicyTooLarge"));
    assert!(!sandbox.home().join("ran").exists());
    // GetScopedCredentials takes no more, whatever is set.
    refused(&sandbox, &["--resource", &resources, "--ttl", "30s"], &["STS takes 2048"]);
    for wrong in ["2k", "100", "1000000", "2048.0"] {
        let text = format!("[providers.aws]\npolicy_limit = \"{wrong}\"\n");
        sandbox.plant(".config/audex/config.toml", text);
        refused(&sandbox, &[], &["policy_limit"]);
    }
}
