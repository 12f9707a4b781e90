//! A grant is exactly what `profiles.toml` defines: inheritance, lifetimes, denials, and unions of profiles.

use serde_json::{Value, json};

use crate::support::Sandbox;
use crate::support::aws_cli::script;

const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const READ_SECRETS: (&str, &str) =
    ("secrets", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null");
const LIST: (&str, &str) = ("list", "s3api list-objects-v2 --bucket demo-reports");
const LIST_SECRETS: (&str, &str) = ("list secrets", "s3api list-objects-v2 --bucket demo-secrets");
const WRITE: (&str, &str) = ("write", "s3api put-object --bucket demo-reports --key new.txt");

fn with(profiles: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/profiles.toml", profiles);
    sandbox
}

fn plan(sandbox: &Sandbox, options: &[&str]) -> Value {
    sandbox.run([&["plan", "--json"], options].concat()).success().json()
}

/// `ACTION from ORIGIN on RESOURCES` of each permission.
fn rows(plan: &Value) -> Vec<String> {
    let row = |p: &Value| {
        format!("{} from {} on {}", p["action"], p["origin"], p["resources"]).replace('"', "")
    };
    plan["permissions"].as_array().unwrap().iter().map(row).collect()
}

/// A profile that may list one bucket, and reads the objects of another by its parent.
const FAMILY: &str = "[profiles.parent]\nactions = \"s3:GetObject\"\nresources = [\"arn:aws:s3:::demo-reports/*\"]\n\
                      [profiles.child]\nextends = \"parent\"\nactions = \"s3:ListBucket\"\n\
                      resources = [\"arn:aws:s3:::demo-secrets\"]\n";

#[test]
fn what_is_inherited_keeps_its_own_resources() {
    let sandbox = with(FAMILY);
    let plan = plan(&sandbox, &["--profile", "child"]);
    assert_eq!(
        rows(&plan),
        [
            "s3:ListBucket from profile child on [arn:aws:s3:::demo-secrets]",
            "s3:GetObject from profile child (from parent) on [arn:aws:s3:::demo-reports/*]",
        ]
    );
    let sandbox = with(FAMILY).with_aws_cli();
    let calls = script(&[READ, READ_SECRETS, LIST, LIST_SECRETS]);
    let output = sandbox.run_sh(&["--profile", "child"], &calls).success();
    assert_eq!(
        output.stdout,
        "read: ok\nsecrets: AccessDenied\nlist: AccessDenied\nlist secrets: ok\n"
    );
}

#[test]
fn a_plan_whose_permissions_differ_in_resources_shows_them() {
    let sandbox = with(FAMILY);
    insta::assert_snapshot!(
        sandbox.run(["plan", "--profile", "child"]).success().stdout.lines().skip(7).take(3).collect::<Vec<_>>().join("\n"),
        @r#"
    PERMISSION     ASKED AS                     ENFORCED BY  RESOURCES                    NOTE
    s3:ListBucket  profile child                cloud        arn:aws:s3:::demo-secrets    list
    s3:GetObject   profile child (from parent)  cloud        arn:aws:s3:::demo-reports/*  read
    "#
    );
    let alike = sandbox.run(["plan", "--profile", "parent"]).success();
    assert!(!alike.stdout.contains("RESOURCES"), "{}", alike.stdout);
}

#[test]
fn profiles_and_permissions_together_are_a_union_each_on_its_own_resources() {
    let sandbox = with(FAMILY).with_aws_cli();
    let options =
        ["--allow", "s3:PutObject", "--profile", "parent", "--profile", "secrets-readonly"];
    assert_eq!(
        rows(&plan(&sandbox, &options)),
        [
            "s3:PutObject from s3:PutObject on []",
            "s3:GetObject from profile parent on [arn:aws:s3:::demo-reports/*]",
            "secretsmanager:GetSecretValue from profile secrets-readonly on []",
        ]
    );
    let output = sandbox.run_sh(&options, &script(&[READ, READ_SECRETS, LIST, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nsecrets: AccessDenied\nlist: AccessDenied\nwrite: ok\n");
}

#[test]
fn a_built_in_profile_can_be_extended_and_replaced() {
    let sandbox = with(
        "[profiles.s3-readonly]\nactions = \"s3:GetObject\"\n\
         [profiles.secrets-readonly]\nextends = \"secrets-readonly\"\nactions = [\"secretsmanager:ListSecrets\"]\n",
    );
    assert_eq!(
        rows(&plan(&sandbox, &["--profile", "s3-readonly"])),
        ["s3:GetObject from profile s3-readonly on []"]
    );
    let extended = plan(&sandbox, &["--profile", "secrets-readonly"]);
    assert_eq!(extended["permissions"].as_array().unwrap().len(), 2);
}

#[test]
fn what_a_profile_denies_is_denied_to_the_whole_request() {
    let profile =
        "[profiles.careful]\nactions = \"s3:GetObject\"\ndeny = [\n  \"storage:write\",\n]\n";
    let sandbox = with(profile).with_aws_cli();
    let output = sandbox
        .run_sh(&["--profile", "careful", "--allow", "s3:*"], &script(&[READ, WRITE]))
        .success();
    assert_eq!(output.stdout, "read: ok\nwrite: AccessDenied\n");
    let denied =
        plan(&sandbox, &["--profile", "careful", "--allow", "s3:PutObject"])["denied"].clone();
    assert_eq!(denied[0]["action"], "s3:PutObject");
    assert!(denied[0]["reason"].as_str().unwrap().contains("profiles.toml:4"), "{denied}");
    // The twin: without the profile nothing of it holds.
    let output = sandbox.run_sh(&["--allow", "s3:*"], &script(&[WRITE])).success();
    assert_eq!(output.stdout, "write: ok\n");
}

#[test]
fn what_a_parent_denies_is_denied_to_its_children() {
    let sandbox = with(
        "[profiles.p]\nactions = \"s3:GetObject\"\ndeny = [\"s3:PutObject\"]\n\
         [profiles.c]\nextends = \"p\"\nactions = \"s3:PutObject,s3:ListBucket\"\n",
    );
    let plan = plan(&sandbox, &["--profile", "c"]);
    assert_eq!(
        rows(&plan),
        ["s3:ListBucket from profile c on []", "s3:GetObject from profile c (from p) on []"]
    );
}

#[test]
fn a_profiles_ttl_is_that_of_runs_that_name_none() {
    let mut sandbox = with(
        "[profiles.long]\nactions = \"s3:GetObject\"\nttl = \"40m\"\n[profiles.short]\nactions = \"s3:ListBucket\"\nttl = \"20m\"\n",
    );
    sandbox.plant(".config/audex/config.toml", "ttl = \"30m\"\n");
    for (options, seconds) in [
        (&["--profile", "long"][..], 2400),
        (&["--profile", "long", "--profile", "short"], 1200),
        (&["--profile", "short", "--ttl", "50m"], 3000),
        (&["--profile", "s3-readonly"], 1800),
    ] {
        assert_eq!(plan(&sandbox, options)["ttl_seconds"], json!(seconds), "{options:?}");
    }
}

#[test]
fn a_profile_that_cannot_be_put_together_is_an_error_with_file_and_line() {
    for (text, line, said) in [
        (
            "[profiles.p]\nextends = \"q\"\n\n[profiles.q]\nextends = [\"p\"]\n",
            4,
            "`q` extends itself",
        ),
        (
            "\n[profiles.p]\nextends = \"nobody\"\n",
            2,
            "extends `nobody`, which provider `aws` does not have",
        ),
        ("[profiles.p]\nactions = \"s3:GetObject\"\nttl = \"0s\"\n", 3, "whole seconds"),
        ("[profiles.p]\nactions = \"s3:GetObject\"\ndeny = [\"s3\"]\n", 3, "not an action pattern"),
        (
            "[profiles.p]\nactions = \"s3:GetObject\"\ndeny = [\"s3:GetObjct\"]\n",
            3,
            "matches no action",
        ),
        (
            "[profiles.p]\nextends = \"s3-readonly\"\nresources = [\"arn:aws:s3:::b\"]\n",
            1,
            "no `actions` of its own",
        ),
        ("[profiles.p]\nextends = \"\"\n", 2, "names nothing"),
        ("[profiles.p]\nextend = \"s3-readonly\"\n", 2, "unknown field"),
    ] {
        let sandbox = with(text);
        let run = sandbox.run(["run", "--profile", "p", "--", "touch", "ran"]).exits(78);
        let place = format!("profiles.toml:{line}: ");
        assert!(
            run.stderr.contains(&place) && run.stderr.contains(said),
            "{place}{said}: {}",
            run.stderr
        );
        assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
        assert_eq!(sandbox.events(), ["failed"]);
    }
}

#[test]
fn a_broken_profile_is_said_by_the_list_of_profiles_too() {
    let sandbox = with("[profiles.p]\nextends = \"p\"\n[profiles.q]\nactions = \"s3:GetObject\"\n");
    for words in [&["policies", "list"][..], &["policies", "list", "--provider", "aws"]] {
        let output = sandbox.run(words).exits(78);
        assert!(
            output.stderr.contains("profiles.toml:1: profile `p` extends itself"),
            "{}",
            output.stderr
        );
    }
    // What does not need it works.
    let _ = plan(&sandbox, &["--profile", "q"]);
}
