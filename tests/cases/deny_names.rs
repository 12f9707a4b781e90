//! A deny list denies an action under every accepted name, and a request is never empty by accident.

use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::guests::Guest;

const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const WRITE: (&str, &str) = ("write", "s3api put-object --bucket demo-reports --key new.txt");

fn denying(entry: &str) -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/deny-list.toml", format!("[deny]\nactions = [\"{entry}\"]\n"));
    sandbox
}

#[test]
fn a_universal_name_in_the_deny_list_denies_what_it_stands_for() {
    let sandbox = denying("storage:write");
    let output = sandbox.run_sh(&["--allow", "s3:*"], &script(&[READ, WRITE])).success();
    assert_eq!(output.stdout, "read: ok\nwrite: AccessDenied\n");
    let _ = sandbox.run(["run", "--allow", "storage:write,s3:PutObject", "--", "true"]).exits(77);
}

#[test]
fn a_name_that_iam_does_not_have_denies_the_action_it_is_corrected_to() {
    let sandbox = denying("s3:HeadObject");
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(77);
    let _ = sandbox.run(["run", "--allow", "s3:headobject", "--", "true"]).exits(77);
    assert!(sandbox.cloud().requests().is_empty(), "something was asked of the cloud");
}

#[test]
fn what_a_filter_denies_and_no_action_matches_is_said() {
    let mut sandbox = Sandbox::new();
    let _ =
        Guest::of("hostile-filter").playing("deny-misspelt").install(&mut sandbox, &[]).success();
    for words in [&["run", "--allow", "s3:*", "--", "true"][..], &["plan", "--allow", "s3:*"]] {
        let output = sandbox.run(words.iter().copied()).success();
        let said = format!("{}{}", output.stdout, output.stderr);
        let nearest = "`s3:DeletBucket`, which `hostile-filter` denies, is not an action of aws: did you mean `s3:DeleteBucket`?";
        assert!(said.contains(nearest), "{said}");
        assert!(
            said.contains(
                "`s3:Deleet?Buck*`, which `hostile-filter` denies, is not an action of aws"
            ),
            "{said}"
        );
        for slip in ["s3:Put* ", "s3:PutA*,s3:PutB*"] {
            assert!(said.contains(&format!("`{slip}`, which `hostile-filter` denies")), "{said}");
        }
        let any = "`*:DelteBucket`, which `hostile-filter` denies, is not an action of aws: did you mean `*:DeleteBucket`?";
        assert!(said.contains(any), "{said}");
        for right in ["s3:DeleteO*", "*:DeleteBucket"] {
            assert!(!said.contains(&format!("`{right}`, which")), "{said}");
        }
    }
}

#[test]
fn an_entry_that_no_action_matches_is_an_error_with_file_and_line() {
    for (entry, said) in [
        (
            "s3:DeleteBuckt",
            "matches no action of provider `aws`\nhint: did you mean `s3:DeleteBucket`",
        ),
        ("s3:Nothing*", "matches no action of provider `aws`"),
        ("door.open:now", "matches no action of any provider"),
    ] {
        let sandbox = denying(entry);
        for words in [
            &["run", "--allow", "s3:GetObject", "--", "true"][..],
            &["plan", "--allow", "s3:GetObject"],
        ] {
            let output = sandbox.run(words).exits(78);
            let error = format!("deny-list.toml:2: `{entry}` {said}");
            assert!(output.stderr.contains(&error), "{error}: {}", output.stderr);
        }
        assert!(sandbox.cloud().requests().is_empty(), "something was asked of the cloud");
        assert_eq!(sandbox.events(), ["failed"]);
    }
}

#[test]
fn every_pattern_that_an_action_matches_is_taken_without_a_word() {
    for entry in [
        "*:DeleteBucket",
        "*:Delete*",
        "s3:Delete?bject",
        "iam:*",
        "IAM:createuser",
        "storage:write",
    ] {
        let sandbox = denying(entry);
        let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).success();
        assert!(!output.stderr.contains("notice"), "{entry}: {}", output.stderr);
    }
    for everything in ["*", "*:*"] {
        let _ = denying(everything).run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(77);
    }
}

#[test]
fn an_option_with_an_empty_item_is_refused_and_grants_nothing() {
    let sandbox = Sandbox::new();
    for (option, value) in [
        ("--resource", ""),
        ("--resource", "arn:aws:s3:::b/*,"),
        ("--allow", ""),
        ("--role-arn", ""),
    ] {
        let output =
            sandbox.run(["run", "--allow", "s3:GetObject", option, value, "--", "true"]).exits(2);
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    }
    assert!(sandbox.cloud().requests().is_empty(), "something was asked of the cloud");
}

#[test]
fn a_profile_with_an_empty_resource_is_an_error_with_file_and_line() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(
        ".config/audex/profiles.toml",
        "[profiles.p]\nactions = \"s3:GetObject\"\nresources = [\"\"]\n",
    );
    let output = sandbox.run(["run", "--profile", "p", "--", "true"]).exits(78);
    assert!(output.stderr.contains("profiles.toml:3"), "{}", output.stderr);
}

#[test]
fn settings_for_a_provider_that_is_not_there_are_an_error() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/config.toml", "[providers.awz]\nregion = \"eu-west-1\"\n");
    let output = sandbox.run(["plan", "--allow", "s3:GetObject"]).exits(78);
    assert!(output.stderr.contains("`awz`"), "{}", output.stderr);
}

#[test]
fn a_settings_directory_that_is_not_there_is_an_error_and_not_an_empty_deny_list() {
    let mut sandbox = denying("s3:GetObject");
    sandbox.set("AUDEX_CONFIG_DIR", "/dev/null/none");
    let output = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(78);
    assert!(output.stderr.contains("AUDEX_CONFIG_DIR"), "{}", output.stderr);
}

#[test]
fn a_broken_settings_file_is_recorded_too() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/config.toml", "nonsense = 1\n");
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "true"]).exits(78);
    assert_eq!(sandbox.events(), ["failed"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_no_success() {
    let sandbox = Sandbox::new();
    let program = env!("CARGO_BIN_EXE_tryaudex");
    let full = sandbox
        .program("/bin/sh", ["-c", &format!("{program} policies list > /dev/full")])
        .output()
        .exits(70);
    assert!(full.stderr.contains("cannot write to standard output"), "{}", full.stderr);
    let closed = sandbox
        .program("/bin/sh", ["-c", &format!("{program} policies list | head -1")])
        .output()
        .success();
    assert!(closed.stdout.starts_with("PROFILE"), "{}", closed.stdout);
}
