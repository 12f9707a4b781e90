//! Receipts in files: written once, verified against the log, and refused when anything was changed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::Value;

use super::{RUN, list, run};
use crate::support::Sandbox;

/// Writes the receipt of `session` and returns its path.
fn receipt(sandbox: &Sandbox, session: &str, name: &str) -> PathBuf {
    let path = sandbox.home().join(name);
    let _ =
        sandbox.run(["sessions", "show", session, "--receipt", path.to_str().unwrap()]).success();
    path
}

#[test]
fn a_receipt_is_verified_and_no_changed_one_is() {
    let sandbox = Sandbox::new();
    let _ = run(&sandbox);
    let session = run(&sandbox);
    let path = receipt(&sandbox, &session, "receipt.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let verify = || sandbox.run(["audit", "verify", "--receipt", path.to_str().unwrap()]);
    insta::assert_snapshot!(verify().snapshot(), @r#"
    exit 0
    --- stdout
    unchanged receipt of session [session], over records 4, 5, 6 of the log
    "#);
    let shown = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    let text = fs::read_to_string(&path).unwrap();
    let mut account = serde_json::from_str::<Value>(&text).unwrap()["account"].clone();
    account["written"] = shown["written"].clone();
    assert_eq!(account, shown);
    // A receipt stays verifiable when the log has grown.
    let _ = run(&sandbox);
    let _ = verify().success();
    fs::write(&path, text.replace("s3:PutObject", "s3:GetObject")).unwrap();
    insta::assert_snapshot!(verify().snapshot(), @r#"
    exit 70
    --- stderr
    error: receipt `[home]/receipt.json` was changed
    "#);
    for at in [0, text.len() / 2, text.len() - 5, text.len() - 1] {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let _ = verify().exits(70);
    }
    fs::write(&path, text).unwrap();
    let _ = verify().success();
}

#[test]
fn a_receipt_of_a_running_session_says_so_and_is_refused_when_the_session_has_ended() {
    let sandbox = Sandbox::new();
    let command = "echo started\nuntil [ -e over ]; do sleep 0.05; done";
    let mut running = sandbox.tryaudex([&RUN[..], &[command]].concat()).start();
    assert_eq!(running.line(), "started");
    let session = list(&sandbox)[0]["session"].as_str().unwrap().to_owned();
    let write = |file: &str| {
        let shown = sandbox.run(["sessions", "show", &session, "--receipt", file]).success();
        let text = fs::read_to_string(sandbox.home().join(file)).unwrap();
        let account = serde_json::from_str::<Value>(&text).unwrap()["account"].clone();
        (account["complete"].clone(), shown.stderr.contains("has not ended"))
    };
    let verify = |file: &str| sandbox.run(["audit", "verify", "--receipt", file]);
    assert_eq!(write("early.json"), (false.into(), true));
    insta::assert_snapshot!(verify("early.json").snapshot(), @r#"
    exit 0
    --- stdout
    unchanged receipt of session [session], over records 1, 2 of the log; it was written before the session ended
    "#);

    fs::write(sandbox.home().join("over"), "").unwrap();
    let _ = running.finish().success();
    insta::assert_snapshot!(verify("early.json").snapshot(), @r#"
    exit 77
    --- stderr
    error: receipt `early.json` was written before session `[session]` ended; the log has 1 later record of it
    hint: write it again: `tryaudex sessions show [session] --receipt FILE`
    "#);
    assert_eq!(write("whole.json"), (true.into(), false));
    let verified = verify("whole.json").success().stdout;
    assert!(!verified.contains("before the session ended"), "{verified}");
}

#[test]
fn a_receipt_replaces_no_file_and_needs_a_directory() {
    let mut sandbox = Sandbox::new();
    let session = run(&sandbox);
    let path = sandbox.plant("mine.json", "mine");
    let show = |file: &str| sandbox.run(["sessions", "show", &session, "--receipt", file]);
    let refused = show(path.to_str().unwrap()).exits(2);
    assert!(refused.stderr.contains("already") && refused.stdout.is_empty(), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    std::os::unix::fs::symlink("nowhere", sandbox.home().join("link")).unwrap();
    let _ = show("link").exits(2);
    assert!(!sandbox.home().join("nowhere").exists());
    assert!(show("missing/receipt.json").exits(2).stderr.contains("there is no directory"));
}

#[test]
fn the_receipt_of_another_machine_is_refused_by_name() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    let _ = run(&here);
    let session = run(&there);
    let path = receipt(&there, &session, "receipt.json");
    let copy = here.home().join("copy.json");
    fs::copy(path, &copy).unwrap();
    insta::assert_snapshot!(here.run(["audit", "verify", "--receipt", "copy.json"]).snapshot(), @r#"
    exit 70
    --- stderr
    error: receipt `copy.json` was written with another key than that of audit log `[home]/.local/state/audex/audit.jsonl`
    hint: verify it on the machine and as the user that wrote it
    "#);
    let none = Sandbox::without_cloud();
    fs::copy(copy, none.home().join("copy.json")).unwrap();
    let refused = none.run(["audit", "verify", "--receipt", "copy.json"]).exits(70).stderr;
    assert!(refused.contains("with another key"), "{refused}");
    assert!(
        none.run(["audit", "verify", "--receipt", "no.json"]).exits(2).stderr.contains("no.json")
    );
}

#[test]
fn a_forged_or_truncated_log_is_refused_as_verify_refuses_it() {
    let sandbox = Sandbox::new();
    let session = run(&sandbox);
    let path = receipt(&sandbox, &session, "receipt.json");
    let log = sandbox.audit_log();
    let text = fs::read_to_string(&log).unwrap();
    let cut: String = text.split_inclusive('\n').take(2).collect();
    for bad in [text.replace("\"exit_code\":3", "\"exit_code\":0"), cut] {
        fs::write(&log, bad).unwrap();
        let refused = sandbox.run(["audit", "verify"]).exits(70).stderr;
        for words in [
            &["sessions", "list"][..],
            &["sessions", "list", "--json"],
            &["sessions", "show", &session],
            &["audit", "verify", "--receipt", path.to_str().unwrap()],
        ] {
            let output = sandbox.run(words).exits(70);
            assert_eq!((output.stderr.as_str(), output.stdout.as_str()), (refused.as_str(), ""));
        }
    }
    fs::write(&log, text).unwrap();
    let _ = sandbox.run(["sessions", "show", &session]).success();
}

#[test]
fn a_planted_secret_is_in_no_list_and_no_receipt() {
    let mut sandbox = Sandbox::new();
    sandbox.set_secret("PLANTED_TOKEN", "planted-secret-0123456789");
    let command =
        ["run", "--allow", "s3:GetObject", "--justification", "token=planted-secret-0123456789"];
    let command =
        [&command[..], &["--", "sh", "-c", "exit 0", "--password", "planted-secret-0123456789"]]
            .concat();
    let _ = sandbox.run(command);
    let session = list(&sandbox)[0]["session"].as_str().unwrap().to_owned();
    let path = receipt(&sandbox, &session, "receipt.json");
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains("--password") && !text.contains("planted-secret"), "{text}");
    // The sandbox searches every output and every file for the secret when it is dropped.
    let _ = sandbox.run(["sessions", "show", &session]).success();
}
