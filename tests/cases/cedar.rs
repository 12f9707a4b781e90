//! The filter `cedar`, installed from its `.wasm`: the cloud enforces the rules of an organisation.

use nix::unistd::{User, getuid};

use crate::support::Sandbox;
use crate::support::aws_cli::script;
use crate::support::guests::Guest;

/// What the tests run as.
fn user() -> String {
    User::from_uid(getuid()).unwrap().map_or_else(|| getuid().to_string(), |user| user.name)
}

fn with_policies(mut sandbox: Sandbox, policies: &str) -> Sandbox {
    let _ = Guest::of("cedar").install(&mut sandbox, &[]).success();
    let _ = sandbox.plant(".config/audex/rules.cedar", policies);
    let _ = sandbox.plant(
        ".config/audex/config.toml",
        "[filters.cedar]\npolicies = { file = \"rules.cedar\" }\n",
    );
    sandbox
}

const CALLS: [(&str, &str); 3] = [
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ("write", "s3api put-object --bucket demo-reports --key new.txt"),
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt"),
];

#[test]
fn what_policies_permit_works_and_what_they_forbid_is_denied_by_the_cloud() {
    let policies = format!(
        "permit(principal == User::\"{}\", action in Action::\"s3:*\", resource);\n\
         @id(\"no-deletes\") @reason(\"deleting is by ticket\")\n\
         forbid(principal, action == Action::\"s3:DeleteObject\", resource) unless {{ context has justification }};\n",
        user()
    );
    let sandbox = with_policies(Sandbox::new().with_aws_cli(), &policies);
    // A wildcard does not get around it, and the rest of it works.
    let wide = sandbox.run_sh(&["--allow", "s3:*"], &script(&CALLS)).success();
    assert_eq!(wide.stdout, "read: ok\nwrite: ok\ndelete: AccessDenied\n", "{}", wide.stderr);
    assert!(
        wide.stderr.contains("is denied by cedar") && wide.stderr.contains("deleting is by ticket"),
        "{}",
        wide.stderr
    );
    let refused =
        sandbox.run(["run", "--allow", "s3:DeleteObject", "--", "touch", "ran"]).exits(77);
    assert!(refused.stderr.contains("`s3:DeleteObject` by `cedar`"), "{}", refused.stderr);
    assert!(!sandbox.home().join("ran").exists());
    // The same request with a reason is another request.
    let said = ["--allow", "s3:*", "--justification", "OPS-1: clean up"];
    let allowed = sandbox.run_sh(&said, &script(&CALLS)).success();
    assert_eq!(allowed.stdout, "read: ok\nwrite: ok\ndelete: ok\n", "{}", allowed.stderr);
}

#[test]
fn nothing_is_permitted_that_no_policy_permits() {
    let policies = "permit(principal == User::\"nobody-at-all\", action, resource);\n\
        permit(principal, action == Action::\"s3:GetObject\", resource in Resource::\"arn:aws:s3:::demo-reports/*\");\n";
    let sandbox = with_policies(Sandbox::new().with_aws_cli(), policies);
    let refused = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(77);
    assert!(refused.stderr.contains("by `cedar`"), "{}", refused.stderr);
    let on = ["--allow", "s3:GetObject,s3:PutObject", "--resource", "arn:aws:s3:::demo-reports/*"];
    let narrow = sandbox.run_sh(&on, &script(&CALLS)).success();
    assert_eq!(
        narrow.stdout, "read: ok\nwrite: AccessDenied\ndelete: AccessDenied\n",
        "{}",
        narrow.stderr
    );
}

#[test]
fn policies_see_the_plan_before_anything_is_minted() {
    let policies = "permit(principal, action, resource);\n\
        @id(\"enforced\") forbid(principal, action, resource)\n\
        when { context has enforced_by && context.enforced_by != \"cloud\" };\n";
    let mut sandbox = with_policies(Sandbox::new(), policies);
    let _ = sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).success();
    let _ = Guest::of("provider-static").install(&mut sandbox, &[]).success();
    let door = ["run", "--provider", "acme", "--allow", "door:open", "--", "touch", "ran-too"];
    let refused = sandbox.run(door).exits(77);
    assert!(
        refused.stderr.contains("filter `cedar` refused") && refused.stderr.contains("enforced"),
        "{}",
        refused.stderr
    );
    assert!(!sandbox.home().join("ran-too").exists());
}

#[test]
fn policies_that_cannot_be_read_or_fail_refuse_everything() {
    let mut sandbox = with_policies(Sandbox::new(), "");
    for (policies, words) in [
        ("permit(principal, action, resource)", "line 1"),
        ("", "by `cedar`"),
        (
            "permit(principal, action, resource); forbid(principal, action, resource) when { context.nothing == 1 };",
            "filter `cedar` refused",
        ),
        ("permit(principal, action == Action::\"s3:*\", resource);", "s3:*"),
    ] {
        let _ = sandbox.plant(".config/audex/rules.cedar", policies);
        let refused =
            sandbox.run(["run", "--allow", "s3:GetObject", "--", "touch", "ran"]).exits(77);
        assert!(refused.stderr.contains(words), "{policies}: {}", refused.stderr);
        assert!(!sandbox.home().join("ran").exists(), "{policies}");
    }
}

#[test]
fn it_passes_the_conformance_suite() {
    let mut sandbox = Sandbox::without_cloud();
    let path = Guest::of("cedar").plant(&mut sandbox);
    let tested = sandbox.run(["plugin", "test", path.to_str().unwrap()]).success();
    assert!(!tested.stdout.contains("WRONG"), "{}", tested.stdout);
    let measured = sandbox
        .run(["plugin", "bench", path.to_str().unwrap(), "--samples", "2", "--json"])
        .success();
    assert_eq!(measured.json()["measured"][2]["what"], "review", "{}", measured.stdout);
}
