//! The delivery of a run: who chooses it, what filters and plans say of it, and the file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;

use crate::support::aws_cli::script;
use crate::support::double::{Double, run_python};
use crate::support::guests::Guest;
use crate::support::organisation::Organisation;
use crate::support::{CloudView as _, Moto, Sandbox};

const READ: &[&str] =
    &["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::demo-reports/*", "--deliver", "file"];
const CALLS: [(&str, &str); 3] = [
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
    ("other bucket", "s3api get-object --bucket demo-secrets --key payroll.csv /dev/null"),
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
];
const ONLY_THE_READ: &str = "delete: AccessDenied\nother bucket: AccessDenied\nread: ok\n";

#[test]
fn the_organisation_requires_a_delivery_and_nobody_takes_another() {
    let mut sandbox = Sandbox::new();
    let organisation = Organisation::of("max_ttl = \"1h\"\n[run]\ndeliver = \"file\"\n");
    let allow = ["--allow", "s3:GetObject"];
    let run = |sandbox: &Sandbox, options: &[&str], script: &str| {
        let words = [&["run"], &allow[..], options, &["--", "sh", "-c", script]].concat();
        organisation.run(sandbox, words)
    };
    let shown = run(&sandbox, &[], "echo ${AWS_ACCESS_KEY_ID-none}").success();
    assert_eq!(shown.stdout, "none\n");
    let _ = run(&sandbox, &["--deliver", "file"], "true").success();
    insta::assert_snapshot!(run(&sandbox, &["--deliver", "env"], "touch ran").snapshot(), @r"
    exit 77
    --- stderr
    error: --deliver asks for the delivery `env`, and your organisation (/etc/audex/config.toml:3) requires `file`
    hint: leave out --deliver
    ");
    sandbox.plant(".config/audex/config.toml", "[run]\ndeliver = \"endpoint\"\n");
    insta::assert_snapshot!(run(&sandbox, &[], "touch ran").snapshot(), @r"
    exit 78
    --- stderr
    error: [home]/.config/audex/config.toml:2 asks for the delivery `endpoint`, and your organisation (/etc/audex/config.toml:3) requires `file`
    hint: leave it out of your file
    ");
    assert!(!sandbox.home().join("ran").exists());
}

#[test]
fn where_the_organisation_requires_a_delivery_learn_keeps_the_keys() {
    let sandbox = Sandbox::new();
    let organisation = Organisation::of("[run]\ndeliver = \"file\"\n");
    let learn = |source| {
        let options = ["learn", "--allow", "s3:GetObject", "--source", source];
        organisation.run(&sandbox, [&options[..], &["--", "touch", "ran"]].concat())
    };
    let refused = learn("csm").exits(77);
    let says = "your organisation (/etc/audex/config.toml:2) requires the delivery `file`";
    assert!(refused.stderr.contains(says), "{}", refused.stderr);
    assert!(!sandbox.home().join("ran").exists());
    let _ = learn("gateway").success();
}

#[test]
fn the_file_chooses_the_delivery_and_the_option_wins_and_the_plan_names_it() {
    let mut sandbox = Sandbox::new();
    let plan = |sandbox: &Sandbox, options: &[&str]| {
        let words = [&["plan", "--allow", "s3:GetObject", "--json"], options].concat();
        sandbox.run(words).success().json()["delivery"].clone()
    };
    assert_eq!(plan(&sandbox, &[]), "env");
    sandbox.plant(".config/audex/config.toml", "[run]\ndeliver = \"file\"\n");
    assert_eq!(plan(&sandbox, &[]), "file");
    for deliver in ["env", "endpoint", "gateway"] {
        assert_eq!(plan(&sandbox, &["--deliver", deliver]), deliver);
    }
    let wrong = sandbox.run(["plan", "--allow", "s3:GetObject", "--deliver", "proxy"]).exits(2);
    assert!(wrong.stderr.contains("`proxy` is none of `env`"), "{}", wrong.stderr);
}

#[test]
fn a_filter_demands_a_delivery() {
    let mut sandbox = Sandbox::new();
    let _ = Guest::of("hostile-filter").playing("by-file").install(&mut sandbox, &[]).success();
    let run = |options: &[&str]| {
        let words = [&["run", "--allow", "s3:GetObject"], options, &["--", "touch", "ran"]];
        sandbox.run(words.concat())
    };
    for options in [&[][..], &["--deliver", "env"], &["--deliver", "endpoint"]] {
        let refused = run(options).exits(77);
        let says = "filter `hostile-filter` requires the delivery `file`";
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
    assert!(!sandbox.home().join("ran").exists() && sandbox.cloud().requests().is_empty());
    let _ = run(&["--deliver", "file"]).success();
    assert!(sandbox.home().join("ran").exists());
}

#[test]
fn a_provider_with_tokens_has_two_deliveries() {
    let double = Double::start("gcp_double.py");
    let sandbox = double.gcp_user();
    let options = ["--profile", "gcs-readonly", "--resource", "gs://alpha", "--deliver"];
    for deliver in ["endpoint", "file"] {
        for command in ["plan", "run"] {
            let words = [&[command], &options[..], &[deliver, "--", "touch", "ran"]].concat();
            let refused = sandbox.run(words).exits(2);
            let says = format!(
                "the delivery `{deliver}` takes AWS keys, and `gcp` hands out something else"
            );
            assert!(refused.stderr.contains(&says), "{}", refused.stderr);
        }
    }
    assert!(!sandbox.home().join("ran").exists());
    for deliver in ["env", "gateway"] {
        let _ = sandbox.run([&["plan"], &options[..], &[deliver]].concat()).success();
    }
}

#[test]
fn the_aws_cli_reads_the_file_and_only_the_grant_works() {
    let sandbox = Sandbox::new().with_aws_cli();
    assert_eq!(sandbox.run_sh(READ, &script(&CALLS)).success().stdout, ONLY_THE_READ);
    assert!(sandbox.cloud().denied().iter().any(|line| line.starts_with("s3:DeleteObject ")));
}

#[test]
fn boto3_reads_the_file_and_moto_refuses_another_bucket() {
    let sandbox = Sandbox::with_moto(Moto::get());
    let options =
        ["--allow", "s3:GetObject", "--resource", "arn:aws:s3:::alpha/*", "--deliver", "file"];
    let read = "import boto3\n\
        credentials = boto3.Session().get_credentials()\n\
        print(credentials.method)\n\
        s3 = boto3.client('s3')\n\
        print(s3.get_object(Bucket='alpha', Key='hello.txt')['Body'].read())\n\
        try: s3.get_object(Bucket='beta', Key='hello.txt')\n\
        except Exception as error: print(error.response['Error']['Code'])\n";
    let output = run_python(&sandbox, &options, read).success();
    assert_eq!(output.stdout, "shared-credentials-file\nb'hello from alpha\\n'\nAccessDenied\n");
}

#[test]
fn the_file_is_private_and_gone_at_the_end_and_no_variable_holds_a_key() {
    let sandbox = Sandbox::new();
    let script = "stat -c %a $AWS_SHARED_CREDENTIALS_FILE; wc -l < $AWS_SHARED_CREDENTIALS_FILE; \
        [ $AWS_SHARED_CREDENTIALS_FILE = $AWS_CREDENTIAL_PROFILES_FILE ] && echo same; \
        env | grep -c -e ^AWS_ACCESS -e ^AWS_SECRET -e ^AWS_SESSION -e EXPIRATION; \
        echo $AWS_SHARED_CREDENTIALS_FILE";
    let output = sandbox.run_sh(READ, script).success();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines[..4], ["600", "4", "same", "0"], "{}", output.stdout);
    assert!(lines[4].starts_with(sandbox.home().to_str().unwrap()));
    assert!(!fs::exists(lines[4]).unwrap() && sandbox.session_directories().is_empty());
}

#[test]
fn what_a_killed_run_left_is_removed_by_the_next() {
    let sandbox = Sandbox::new();
    let script = "echo $AWS_SHARED_CREDENTIALS_FILE; until [ -e go ]; do sleep 0.05; done";
    let words = [&["run"], READ, &["--", "sh", "-c", script]].concat();
    let mut running = sandbox.tryaudex(words).start();
    let file = running.line();
    running.signal(Signal::SIGKILL);
    fs::write(sandbox.home().join("go"), "").unwrap();
    let _ = running.finish().exits(-9);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let _ = sandbox.run_sh(READ, "true").success();
    assert!(!fs::exists(&file).unwrap() && sandbox.session_directories().is_empty());
}
