//! A denied action does not happen, in any spelling of the request. The real aws CLI calls a cloud that
//! enforces policies.

use audex_loopback::iam::Decision;

use crate::support::aws_cli::{script, script_of_commands};
use crate::support::{CloudView as _, Sandbox};

const DENY_LIST: &str = "[deny]\nactions = [\"s3:DeleteObject\"]\n";

const DELETE: (&str, &str) =
    ("delete", "s3api delete-object --bucket demo-reports --key readme.txt");
const DELETE_MANY: (&str, &str) = (
    "delete many",
    "s3api delete-objects --bucket demo-reports --delete Objects=[{Key=readme.txt}],Quiet=true",
);
const REMOVE: (&str, &str) = ("rm", "s3 rm s3://demo-reports/readme.txt");
const READ: (&str, &str) =
    ("read", "s3api get-object --bucket demo-reports --key readme.txt /dev/null");
const WRITE: (&str, &str) = ("write", "s3api put-object --bucket demo-reports --key new.txt");

/// A spelling that covers `s3:DeleteObject`, and which of the calls READ and WRITE it allows beside it.
struct Spelling {
    options: &'static [&'static str],
    reads: bool,
    writes: bool,
}

const fn allow(options: &'static [&'static str], reads: bool, writes: bool) -> Spelling {
    Spelling { options, reads, writes }
}

/// Something is left of each of these, so they run.
const KEPT: [Spelling; 13] = [
    allow(&["--allow", "s3:*"], true, true),
    allow(&["--allow", "S3:*"], true, true),
    allow(&["--allow", "*"], true, true),
    allow(&["--allow", "*:*"], true, true),
    allow(&["--allow", "s3:**"], true, true),
    allow(&["--allow", "s3:*Object"], true, true),
    allow(&["--allow", "s3:??????Object,s3:???Object"], true, true),
    allow(&["--allow", "s3:Delete*,s3:GetObject"], true, false),
    allow(&["--allow", "s3:Delete?bject"], false, false),
    allow(&["--allow", "storage:write"], false, true),
    allow(&["--allow", "storage:delete-data,storage:write-data"], false, true),
    allow(&["--profile", "s3-readwrite"], true, true),
    allow(&["--profile", "s3-readwrite", "--allow", "s3:DeleteObject,s3:D*t"], true, true),
];

/// Nothing is left of each of these, so nothing is minted.
const DROPPED: [&str; 5] = [
    "s3:DeleteObject",
    "S3:DELETEOBJECT",
    "s3:deleteobject,S3:DeleteObject",
    "storage:delete-data",
    "s3:DeleteObject,storage:delete-data",
];

fn denying() -> Sandbox {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/deny-list.toml", DENY_LIST);
    sandbox
}

fn survives(sandbox: &Sandbox) {
    let read = sandbox.run_sh(&["--allow", "s3:GetObject"], &script(&[READ])).success();
    assert_eq!(read.stdout, "read: ok\n");
}

#[test]
fn no_spelling_that_leaves_something_deletes_and_the_rest_works() {
    for Spelling { options, reads, writes } in KEPT {
        let sandbox = denying();
        let output =
            sandbox.run_sh(options, &script(&[DELETE, DELETE_MANY, READ, WRITE])).success();
        let said = |allowed: bool| if allowed { "ok" } else { "AccessDenied" };
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(lines[0], "delete: AccessDenied", "{options:?}");
        assert_eq!(lines[2], format!("read: {}", said(reads)), "{options:?}");
        assert_eq!(lines[3], format!("write: {}", said(writes)), "{options:?}");
        let requests = sandbox.cloud().requests();
        let deletes: Vec<_> =
            requests.iter().filter(|seen| seen.action == "s3:DeleteObject").collect();
        assert!(!deletes.is_empty(), "{options:?}");
        assert!(
            deletes.iter().all(|seen| seen.decision.is_some_and(|one| !one.is_allowed())),
            "{options:?}"
        );
        survives(&sandbox);
    }
}

#[test]
fn a_spelling_of_nothing_but_the_denied_action_mints_nothing() {
    for allow in DROPPED {
        let sandbox = denying();
        let output = sandbox.run_sh(&["--allow", allow], "echo ran").exits(77);
        assert_eq!(output.stdout, "", "{allow}");
        assert!(sandbox.cloud().requests().is_empty(), "{allow}");
        survives(&sandbox);
    }
}

#[test]
fn a_wildcard_that_is_only_partly_denied_is_kept_with_an_explicit_deny() {
    let sandbox = denying();
    let output = sandbox.run_sh(&["--allow", "s3:*"], &script_of_commands(&[REMOVE])).success();
    assert!(output.stdout.starts_with("rm: AccessDenied"), "{}", output.stdout);
    let requests = sandbox.cloud().requests();
    let refused = requests.iter().find(|seen| seen.action == "s3:DeleteObject").unwrap();
    assert_eq!(refused.decision, Some(Decision::ExplicitDeny));
    assert_eq!(sandbox.cloud().denied(), ["s3:DeleteObject arn:aws:s3:::demo-reports/readme.txt"]);
    survives(&sandbox);
}

#[test]
fn without_the_deny_list_the_same_spellings_delete() {
    for Spelling { options, .. } in KEPT {
        let sandbox = Sandbox::new().with_aws_cli();
        let output = sandbox.run_sh(options, &script(&[DELETE])).success();
        assert_eq!(output.stdout, "delete: ok\n", "{options:?}");
    }
}
