//! `request_access` of a running session, the webhook, and the rules of `[approve]`.

use std::fs;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::{DELETE, REPORTS, configure, run, with_shell};
use crate::support::double::Double;
use crate::support::mcp::{Client, NEW, OLD, Person};
use crate::support::{CloudView as _, Sandbox, Started};

/// Starts a session that deletes an object when it is told to, and returns its name.
fn session<'a>(sandbox: &'a Sandbox, isolate: &str) -> (Started<'a>, String) {
    let go = sandbox.home().join("tmp/go");
    mkfifo(&go, Mode::S_IRWXU).unwrap();
    let script = format!("echo ready; cat {}; {DELETE}; true", go.display());
    let options = ["run", "--allow", "s3:GetObject", "--resource", REPORTS, "--deliver", "gateway"];
    let more = ["--isolate", isolate, "--", "sh", "-c", &script];
    let mut started = sandbox.tryaudex([&options[..], &more].concat()).start();
    assert_eq!(started.line(), "ready");
    let log = sandbox.audit();
    let name = log.iter().rfind(|record| record["event"] == "issued").unwrap()["session"].clone();
    (started, name.as_str().unwrap().to_owned())
}

/// Lets the session delete, and returns what it printed then.
fn go(sandbox: &Sandbox, started: Started<'_>) -> String {
    fs::write(sandbox.home().join("tmp/go"), "").unwrap();
    let output = started.finish().success();
    output.stdout.replacen("ready\n", "", 1)
}

fn wanted(session: &str) -> Value {
    json!({ "allow": ["s3:DeleteObject"], "resource": [REPORTS], "reason": "OPS-7", "session": session })
}

#[test]
fn a_yes_through_the_client_lets_the_running_session_go_on_and_a_no_does_not() {
    for version in [OLD, NEW] {
        for person in [Person::Yes, Person::No] {
            let sandbox = with_shell();
            let (started, name) = session(&sandbox, "credentials");
            let mut client = Client::start(&sandbox, version, person);
            // The beginning of a name is enough.
            let asked = wanted(&name[..name.len() - 2]);
            if person == Person::Yes {
                let granted = client.succeed("request_access", &asked);
                assert_eq!(granted["state"], "granted", "{granted}");
                assert!(
                    granted["by"].as_str().unwrap().contains("elicitation over MCP"),
                    "{granted}"
                );
            } else {
                let text = client.fail("request_access", &asked);
                assert!(text.contains("was refused by"), "{text}");
            }
            let question = client.questions[0]["message"].as_str().unwrap();
            assert!(
                question.contains("\n- s3:DeleteObject (write) on arn:aws:s3:::demo-reports/*"),
                "{question}"
            );
            assert!(
                question.contains("the rest of a session") && question.contains("OPS-7"),
                "{question}"
            );
            assert_eq!(client.questions.len(), 1);
            assert_eq!(client.leave(), Some(0));
            let deleted = if person == Person::Yes { "deleted\n" } else { "" };
            assert_eq!(go(&sandbox, started), deleted);
        }
    }
}

#[test]
fn without_a_way_to_ask_the_ask_stays_and_nobody_is_asked_in_vain() {
    let sandbox = with_shell();
    let (started, name) = session(&sandbox, "credentials");
    let mut client = Client::start(&sandbox, NEW, Person::None);
    let asked = client.succeed("request_access", &wanted(&name));
    assert_eq!(asked["state"], "pending");
    let id = asked["ask"].as_str().unwrap();
    assert!(asked["next"].as_str().unwrap().contains(&format!("tryaudex approve {id}")), "{asked}");
    let text = client.fail("request_access", &wanted("audex-none"));
    assert!(text.contains("no session `audex-none` is running"), "{text}");
    for more in ["profile", "provider"] {
        let mut wrong = wanted(&name);
        wrong[more] = if more == "profile" { json!(["s3-readonly"]) } else { json!("aws") };
        let _ = client.fail("request_access", &wrong);
    }
    let _ = sandbox.run(["approve", id]).success();
    assert_eq!(client.leave(), Some(0));
    assert_eq!(go(&sandbox, started), "deleted\n");

    let sandbox = with_shell();
    let (started, name) = session(&sandbox, "off");
    let mut client = Client::start(&sandbox, NEW, Person::Yes);
    let result = client.call("request_access", &wanted(&name));
    assert_eq!(
        client.questions,
        [Value::Null; 0],
        "a command without isolation could say yes: {result}"
    );
    assert_eq!(client.leave(), Some(0));
    assert_eq!(go(&sandbox, started), "");
}

#[test]
fn the_rules_are_read_once_and_what_is_never_granted_is_not_asked() {
    let sandbox = with_shell();
    let mut client = Client::start(&sandbox, NEW, Person::None);
    // After an answer, the server has read its settings.
    let _ = client.succeed("sessions", &json!({}));
    configure(&sandbox, "[approve]\nallow = [\"s3:DeleteObject\"]\nperson_access = []");
    let text = client.fail("run", &run("true", &["s3:DeleteObject"]));
    assert!(text.contains("cannot ask one"), "a later file grants nothing: {text}");
    assert_eq!(client.leave(), Some(0));
    let mut client = Client::start(&sandbox, NEW, Person::None);
    assert_eq!(client.succeed("run", &run(DELETE, &["s3:DeleteObject"]))["exit_code"], 0);
    assert_eq!(client.leave(), Some(0));
    configure(&sandbox, "[approve]\nnever = [\"s3:Delete*\"]\nperson = [\"s3:GetObject\"]");
    let mut client = Client::start(&sandbox, NEW, Person::Yes);
    let text = client.fail("run", &run("true", &["s3:DeleteObject"]));
    assert!(text.contains("is never granted to an agent"), "{text}");
    assert_eq!(client.questions, [Value::Null; 0]);
    let _ = client.succeed("run", &run("true", &["s3:GetObject"]));
    assert_eq!(client.questions.len(), 1, "a rule reserves it to a person");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn the_webhook_answers_for_a_client_that_cannot_ask_and_its_key_reaches_nobody() {
    let webhook = Double::start("webhook.py");
    let (url, key) = (webhook.text("endpoint"), webhook.text("key"));
    let mut sandbox = with_shell();
    sandbox.set_secret("APPROVE_KEY", key);
    configure(
        &sandbox,
        &format!("[approve]\nwebhook = {{ url = \"{url}\", secret = \"APPROVE_KEY\" }}"),
    );
    let mut client = Client::start(&sandbox, NEW, Person::None);
    let script = format!("env | grep -c APPROVE_KEY; {DELETE}");
    let ran = client.succeed("run", &run(&script, &["s3:DeleteObject"]));
    assert_eq!(ran["stdout"]["text"], "0\ndeleted\n", "{ran}");
    assert_eq!(client.leave(), Some(0));
    assert!(sandbox.cloud().allowed().iter().any(|line| line.starts_with("s3:DeleteObject ")));
}
