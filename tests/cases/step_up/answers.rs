//! Asks that a person answers from outside the session, and what does not count as an answer.

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{READ, asks};
use crate::support::guests::Guest;
use crate::support::{Sandbox, Started, python};

/// Calls S3 until it may, and says what it was told first.
const RETRY: &str = "import boto3, sys, time\n\
    s3 = boto3.client('s3')\n\
    said = False\n\
    while True:\n\
    \x20   try:\n\
    \x20       CALL\n\
    \x20       print('ok', flush=True)\n\
    \x20       break\n\
    \x20   except Exception as error:\n\
    \x20       if not said: print(error, flush=True)\n\
    \x20       said = True\n\
    \x20       time.sleep(0.05)\n";
const SECRETS: &str = "s3.get_object(Bucket='demo-secrets', Key='payroll.csv')";
const PUT: &str = "s3.put_object(Bucket='demo-reports', Key='out.txt', Body=b'1')";
const ASK: [&str; 4] = ["--on-denied", "ask", "--isolate", "credentials"];

/// Starts a Python program in a session that reads the reports.
fn python<'a>(sandbox: &'a Sandbox, options: &[&str], program: &str) -> Started<'a> {
    let python = python::interpreter();
    let command = ["--", python.to_str().unwrap(), "-W", "ignore", "-c", program];
    sandbox.tryaudex([&["run"], READ, options, &command].concat()).start()
}

fn retry<'a>(sandbox: &'a Sandbox, options: &[&str], call: &str) -> Started<'a> {
    python(sandbox, options, &RETRY.replace("CALL", call))
}

/// Returns the asks that wait, once there is one.
fn pending(sandbox: &Sandbox) -> Vec<Value> {
    loop {
        let asks = sandbox.run(["approve", "--json"]).success().json();
        let asks: Vec<Value> = asks.as_array().unwrap().clone();
        if !asks.is_empty() {
            return asks;
        }
    }
}

fn pending_id(sandbox: &Sandbox) -> String {
    pending(sandbox)[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_retry_loop_is_refused_asked_for_approved_elsewhere_and_succeeds_without_a_restart() {
    let sandbox = Sandbox::new();
    let mut running = retry(&sandbox, &ASK, SECRETS);
    let told = running.line();
    assert!(told.contains("AccessDenied") && told.contains("; ask-"), "{told}");
    let ask = pending(&sandbox).remove(0);
    let id = ask["id"].as_str().unwrap();
    assert!(
        told.contains(&format!("; {id} asks for it, and the request can be repeated after a yes")),
        "{told}"
    );
    assert_eq!(ask["wanted"][0]["action"], "s3:GetObject");
    assert_eq!(ask["wanted"][0]["resources"][0], "arn:aws:s3:::demo-secrets/payroll.csv");
    assert_eq!(ask["wanted"][0]["access"], "read");
    let answered = sandbox.run(["approve", id]).success();
    assert!(answered.stdout.contains(id), "{}", answered.stdout);
    assert_eq!(running.line(), "ok");
    let _ = running.finish().success();
    let cloud = sandbox.cloud().requests();
    let read: Vec<_> = cloud.iter().filter(|seen| seen.action == "s3:GetObject").collect();
    assert_eq!(
        (read.len(), read[0].resource.as_str()),
        (1, "arn:aws:s3:::demo-secrets/payroll.csv")
    );
    let log = asks(&sandbox);
    assert_eq!((log[0].as_str(), log[2].as_str()), ("asked s3:GetObject -", "added"));
    assert!(log[1].starts_with("adding s3:GetObject by ") && log[3].starts_with("granted by "));
    let shown = sandbox.run(["sessions", "list", "--json"]).success().json();
    let session = shown[0]["session"].as_str().unwrap().to_owned();
    let receipt = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    assert_eq!(receipt["asks"][0]["ask"], id);
    assert_eq!(receipt["asks"][0]["granted"], true);
    assert!(sandbox.run(["sessions", "show", &session]).success().stdout.contains(id));
    let _ = sandbox.run(["audit", "verify"]).success();
}

#[test]
fn a_refused_ask_stays_refused_and_the_command_is_told_who_refused_it() {
    let sandbox = Sandbox::new();
    let mut running = retry(&sandbox, &ASK, SECRETS);
    let _ = running.line();
    let id = pending_id(&sandbox);
    let _ = sandbox.run(["refuse", &id]).success();
    let again = sandbox.run(["approve", &id]).exits(2);
    assert!(again.stderr.contains("no running session has an ask"), "{}", again.stderr);
    assert_eq!(sandbox.run(["approve", "--json"]).success().stdout, "[]\n");
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
    assert!(asks(&sandbox)[1].starts_with("refused by "), "{:?}", asks(&sandbox));
    let read = |seen: &&audex_loopback::Seen| seen.action == "s3:GetObject";
    assert_eq!(sandbox.cloud().requests().iter().filter(read).count(), 0);
}

#[test]
fn once_is_for_one_request() {
    let sandbox = Sandbox::new();
    let program = RETRY.replace("CALL", SECRETS)
        + "try:\n    s3.get_object(Bucket='demo-secrets', Key='payroll.csv')\n    print('again')\n\
           except Exception as error: print(error)\n";
    let mut running = python(&sandbox, &ASK, &program);
    let _ = running.line();
    let _ = sandbox.run(["approve", &pending_id(&sandbox), "--once"]).success();
    assert_eq!(running.line(), "ok");
    let told = running.line();
    assert!(told.contains("AccessDenied") && told.contains("asks for it"), "{told}");
    let _ = running.finish().success();
    let session = sandbox.audit()[0]["session"].as_str().unwrap().to_owned();
    let receipt = sandbox.run(["sessions", "show", &session, "--json"]).success().json();
    let over: Vec<&Value> =
        receipt["asks"].as_array().unwrap().iter().map(|one| &one["over"]).collect();
    assert!(over.contains(&&Value::from("used")) && over.contains(&&Value::Null), "{receipt}");
    let shown = sandbox.run(["sessions", "show", &session]).success().stdout;
    assert!(shown.contains(", used"), "{shown}");
}

#[test]
fn a_copy_needs_both_permissions_in_one_set_and_none_works_by_mixing() {
    let sandbox = Sandbox::new();
    // The session has one half, and asks for the other half first.
    let put = PUT.replace("out.txt", "copy.txt");
    let copy = "s3.copy_object(Bucket='demo-reports', Key='copy.txt', CopySource='demo-reports/readme.txt')";
    let program = RETRY.replace("CALL", &put)
        + "try: COPY; print('mixed')\nexcept Exception as error: print(error, flush=True)\n"
        + &RETRY.replace("CALL", copy);
    let mut running = python(&sandbox, &ASK, &program.replace("COPY", copy));
    let _ = running.line();
    let _ = sandbox.run(["approve", &pending_id(&sandbox)]).success();
    assert_eq!(running.line(), "ok");
    let refused = running.line();
    assert!(refused.contains("AccessDenied") && refused.contains("; ask-"), "{refused}");
    let ask = pending(&sandbox).remove(0);
    let actions: Vec<&str> = ask["wanted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert!(actions.contains(&"s3:GetObject") && actions.contains(&"s3:PutObject"), "{actions:?}");
    let _ = sandbox.run(["approve", ask["id"].as_str().unwrap()]).success();
    let mut line = running.line();
    if line != "ok" {
        line = running.line();
    }
    assert_eq!(line, "ok");
    let _ = running.finish().success();
}

#[test]
fn a_request_can_wait_for_the_answer() {
    let sandbox = Sandbox::new();
    let program = format!(
        "import boto3\ns3 = boto3.client('s3')\nprint('calls', flush=True)\n{SECRETS}\nprint('ok')\n"
    );
    let wait = ["--on-denied", "wait", "--isolate", "credentials"];
    let mut running = python(&sandbox, &wait, &program);
    assert_eq!(running.line(), "calls");
    let _ = sandbox.run(["approve", &pending_id(&sandbox), "--for", "5m"]).success();
    assert_eq!(running.line(), "ok");
    let _ = running.finish().success();
}

#[test]
fn without_isolation_nobody_on_this_machine_can_answer_and_the_ask_says_so() {
    let sandbox = Sandbox::new();
    let mut running = retry(&sandbox, &["--on-denied", "wait"], SECRETS);
    let told = running.line();
    assert!(told.contains("was refused by approve: the command is not isolated"), "{told}");
    assert_eq!(sandbox.run(["approve", "--json"]).success().stdout, "[]\n");
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
}

#[test]
fn a_filter_that_refuses_drops_or_traps_during_a_step_up_refuses_it() {
    for (case, expected) in [
        (
            "step-up-refuse",
            "filter `hostile-filter` refused: nothing beside 1 permission: no reason",
        ),
        (
            "step-up-drop",
            "every requested permission is denied: `s3:GetObject` by `hostile-filter`",
        ),
        ("step-up-trap", "a filter failed, so nothing is granted"),
    ] {
        let mut sandbox = Sandbox::new();
        let _ = Guest::of("hostile-filter").playing(case).install(&mut sandbox, &[]).success();
        let config = "[approve]\nallow_access = [\"read\"]\n";
        sandbox.plant(".config/audex/config.toml", config);
        let mut running = retry(&sandbox, &["--on-denied", "wait"], SECRETS);
        let told = running.line();
        assert!(told.contains(expected), "{case}: {told}");
        running.signal(Signal::SIGTERM);
        let _ = running.finish();
        let seen = sandbox.cloud().requests();
        assert!(seen.iter().all(|seen| seen.action != "s3:GetObject"), "{case}");
    }
}

#[test]
fn what_is_never_granted_and_what_a_deny_list_has_is_not_even_shown() {
    let mut sandbox = Sandbox::new();
    sandbox.plant(".config/audex/config.toml", "[approve]\nnever = [\"storage:write\"]\n");
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:ListBucket\"]\n");
    let list = "s3.list_objects_v2(Bucket='demo-reports')";
    for (call, expected) in [(PUT, "was refused by filter"), (list, "explicit deny")] {
        let mut running =
            retry(&sandbox, &["--on-denied", "wait", "--isolate", "credentials"], call);
        let told = running.line();
        assert!(told.contains(expected), "{told}");
        assert_eq!(sandbox.run(["approve", "--json"]).success().stdout, "[]\n");
        running.signal(Signal::SIGTERM);
        let _ = running.finish();
    }
}

#[test]
fn a_changed_file_changes_no_rule_of_a_running_session() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.plant(".config/audex/config.toml", "");
    let mut running = retry(&sandbox, &ASK, SECRETS);
    let _ = running.line();
    let all = "[approve]\nallow_access = [\"read\"]\nallow = [\"s3:*\"]\nperson_access = []\n";
    std::fs::write(file, all).unwrap();
    let id = pending_id(&sandbox);
    running.signal(Signal::SIGTERM);
    let _ = running.finish();
    let never = asks(&sandbox);
    assert_eq!(never, ["asked s3:GetObject -"], "{id}");
}
