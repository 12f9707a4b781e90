//! `tryaudex mcp`, in both eras of the protocol.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::support::mcp::{Client, NEW, OLD, Person};
use crate::support::{CloudView as _, Sandbox, python};

const REPORTS: &str = "arn:aws:s3:::demo-reports/*";
const READ: &str =
    "aws s3api get-object --bucket demo-reports --key readme.txt /dev/null >/dev/null && echo read";
const DELETE: &str =
    "aws s3api delete-object --bucket demo-reports --key readme.txt && echo deleted";

/// Returns the file of the shell.
fn shell() -> PathBuf {
    Path::new("/bin/sh").canonicalize().unwrap()
}

fn configure(sandbox: &Sandbox, more: &str) {
    let config = sandbox.home().join(".config/audex");
    fs::create_dir_all(&config).unwrap();
    let text = format!("{more}\n[mcp]\ncommands = [\"{}\"]\n", shell().display());
    fs::write(config.join("config.toml"), text).unwrap();
}

fn with_shell() -> Sandbox {
    let sandbox = Sandbox::new().with_aws_cli();
    configure(&sandbox, "");
    sandbox
}

fn run(script: &str, allow: &[&str]) -> Value {
    json!({ "command": ["sh", "-c", script], "allow": allow, "resource": [REPORTS], "reason": "OPS-7" })
}

#[test]
fn every_tool_has_schemas_and_every_result_has_what_its_schema_requires() {
    for version in [OLD, NEW] {
        let sandbox = with_shell();
        let _ = sandbox.run_sh(&["--allow", "s3:GetObject"], "true").success();
        let mut client = Client::start(&sandbox, version, Person::None);
        let listed = client.request("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap().clone();
        assert_eq!(tools.len(), 8);
        let session = sandbox.audit().last().unwrap()["session"].clone();
        for tool in &tools {
            let name = tool["name"].as_str().unwrap();
            let arguments = match name {
                "plan" => {
                    json!({ "allow": ["s3:GetObject", "s3:PutObject"], "resource": [REPORTS] })
                }
                "check_permission" => json!({ "permissions": ["s3:GetObject", "s3:Nothing"] }),
                "request_access" => json!({ "allow": ["s3:GetObject"], "reason": "x" }),
                "run" => run("true", &["s3:GetObject"]),
                "explain_denial" => json!({ "text": "Permission 'a.b.c' denied on resource 'r'" }),
                "receipt" => json!({ "session": session }),
                _ => json!({}),
            };
            let result = client.succeed(name, &arguments);
            for required in tool["outputSchema"]["required"].as_array().unwrap() {
                let value = result.get(required.as_str().unwrap());
                assert!(value.is_some(), "{name} lacks {required}: {result}");
            }
        }
        let plan = client.succeed("plan", &json!({ "allow": ["s3:GetObject", "s3:PutObject"] }));
        let needs = &plan["needs_approval"];
        assert_eq!(needs[0]["action"], "s3:PutObject", "{needs}");
        assert_eq!((&needs[0]["access"], &needs[1]), (&json!("write"), &Value::Null));
        assert_eq!(client.questions, [Value::Null; 0]);
        assert_eq!(client.leave(), Some(0));
    }
}

#[test]
fn reading_needs_no_person_and_a_refusal_is_explained() {
    for version in [OLD, NEW] {
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, version, Person::None);
        let ran = client.succeed("run", &run(READ, &["s3:GetObject"]));
        assert_eq!((&ran["exit_code"], &ran["stdout"]["text"]), (&json!(0), &json!("read\n")));
        assert_eq!(ran["stopped"], false);
        let refused = client.succeed("run", &run(DELETE, &["s3:GetObject"]));
        assert_ne!(refused["exit_code"], 0);
        assert!(refused["stderr"]["text"].as_str().unwrap().contains("AccessDenied"), "{refused}");
        let explained = client.succeed("explain_denial", &json!({ "session": refused["session"] }));
        assert_eq!(explained["denials"][0]["action"], "s3:DeleteObject");
        assert_eq!(explained["denials"][0]["refused_by"], "gateway", "the defaults for agents");
        assert_eq!(client.leave(), Some(0));
    }
}

#[test]
fn writing_needs_the_yes_of_a_person() {
    for version in [OLD, NEW] {
        for (person, says) in [(Person::None, "cannot ask one"), (Person::No, "said no")] {
            let sandbox = with_shell();
            let mut client = Client::start(&sandbox, version, person);
            let text = client.fail("run", &run(DELETE, &["s3:DeleteObject"]));
            assert!(text.contains(says), "{text}");
            assert_eq!(client.questions.len(), usize::from(person == Person::No));
            let text = client
                .fail("request_access", &json!({ "allow": ["s3:DeleteObject"], "reason": "x" }));
            assert!(text.contains(says), "{text}");
            assert_eq!(client.leave(), Some(0));
            assert_eq!(sandbox.cloud().allowed(), [""; 0], "nothing was minted");
            assert_eq!(sandbox.events(), [""; 0]);
        }
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, version, Person::Yes);
        let ran = client.succeed("run", &run(DELETE, &["s3:DeleteObject"]));
        assert_eq!(ran["stdout"]["text"], "deleted\n", "{ran}");
        let question = client.questions[0]["message"].as_str().unwrap();
        assert!(
            question.contains("\n- s3:DeleteObject (write) on arn:aws:s3:::demo-reports/*\n"),
            "{question}"
        );
        assert!(question.contains("OPS-7") && question.contains("delete-object"), "{question}");
        // A yes to a run is for that run.
        let _ = client.succeed("run", &run("true", &["s3:DeleteObject"]));
        assert_eq!(client.questions.len(), 2);
        assert_eq!(client.leave(), Some(0));
    }
}

#[test]
fn a_yes_to_request_access_covers_later_runs_within_it_and_no_others() {
    for version in [OLD, NEW] {
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, version, Person::Yes);
        let granted = client.succeed(
            "request_access",
            &json!({ "allow": ["s3:DeleteObject"], "resource": [REPORTS], "ttl": "5m", "reason": "x" }),
        );
        assert_eq!(granted["state"], "granted");
        assert!(granted["until"].is_string() && client.questions.len() == 1, "{granted}");
        for _ in 0..2 {
            let _ = client.succeed("run", &run("true", &["s3:DeleteObject"]));
        }
        assert_eq!(client.questions.len(), 1);
        for (number, more) in [
            run("true", &["s3:PutObject"]),
            json!({ "command": ["sh", "-c", "true"], "allow": ["s3:DeleteObject"] }),
        ]
        .iter()
        .enumerate()
        {
            let _ = client.succeed("run", more);
            assert_eq!(client.questions.len(), 2 + number, "{more}");
        }
        assert_eq!(client.leave(), Some(0));
    }
}

#[test]
fn an_answer_is_not_used_twice_and_not_for_another_call() {
    let sandbox = with_shell();
    let mut client = Client::start(&sandbox, NEW, Person::Yes);
    let call = |arguments: &Value, state: &Value| {
        json!({
            "name": "run", "arguments": arguments, "requestState": state,
            "inputResponses": { "approve": { "action": "accept", "content": { "approve": true } } },
        })
    };
    let asked = run("true", &["s3:DeleteObject"]);
    let first = client.request("tools/call", json!({ "name": "run", "arguments": asked }));
    let state = first["result"]["requestState"].clone();
    let mut text = |arguments: &Value, state: &Value| {
        let response = client.request("tools/call", call(arguments, state));
        assert_eq!(response["result"]["isError"], true, "{response}");
        response["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    };
    assert!(text(&asked, &json!("0".repeat(32))).contains("not for this request"));
    assert!(text(&run("true", &["s3:PutObject"]), &state).contains("not for this request"));
    assert!(text(&asked, &state).contains("not for this request"), "the handle was used up");
    let second = client.request("tools/call", json!({ "name": "run", "arguments": asked }));
    let state = second["result"]["requestState"].clone();
    let ran = client.request("tools/call", call(&asked, &state));
    assert_eq!(ran["result"]["structuredContent"]["exit_code"], 0, "{ran}");
    let again = client.request("tools/call", call(&asked, &state));
    assert_eq!(again["result"]["isError"], true, "{again}");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn only_listed_files_run_and_the_list_has_no_links() {
    let sandbox = with_shell();
    let mut client = Client::start(&sandbox, OLD, Person::Yes);
    let command = |command: Value| json!({ "command": command, "allow": ["s3:GetObject"] });
    for other in [
        json!(["env"]),
        json!(["/usr/bin/env", "sh"]),
        json!([]),
        json!(["none"]),
        json!(["sh\u{0}"]),
    ] {
        let _ = client.fail("run", &command(other));
    }
    let link = sandbox.home().join("link");
    std::os::unix::fs::symlink("/usr/bin/env", &link).unwrap();
    let text = client.fail("run", &command(json!([link])));
    assert!(text.contains("is not one of the commands"), "{text}");
    let _ = client.succeed("run", &command(json!(["/bin/sh", "-c", "true"])));
    assert_eq!(client.leave(), Some(0));

    let config = sandbox.home().join(".config/audex/config.toml");
    fs::write(&config, format!("[mcp]\ncommands = [\"{}\"]\n", link.display())).unwrap();
    let refused = sandbox.run(["mcp"]).exits(78);
    assert!(refused.stderr.contains("not the file itself"), "{}", refused.stderr);
    fs::write(&config, "[mcp]\ncommands = [\"sh\"]\n").unwrap();
    let _ = sandbox.run(["mcp"]).exits(78);
    fs::remove_file(&config).unwrap();
    let mut client = Client::start(&sandbox, NEW, Person::Yes);
    let text = client.fail("run", &command(json!(["sh", "-c", "true"])));
    assert!(text.contains("no list of commands") && text.contains("[mcp] commands = "), "{text}");
    assert_eq!(client.leave(), Some(0));
    let _ = sandbox.run(["mcp"]).exits(2);
}

/// Starts a run whose processes hold a FIFO open, and returns its reader once they have started.
fn hang(client: &mut Client<'_>, sandbox: &Sandbox, trap: &str) -> (u64, fs::File) {
    let fifo = sandbox.home().join("tmp/alive");
    let _ = fs::remove_file(&fifo);
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let script = format!(
        "exec 3>{}; {trap} (sleep 1000; true) & echo started >&3; wait; sleep 1000",
        fifo.display()
    );
    let call = json!({ "name": "run", "arguments": run(&script, &["s3:GetObject"]) });
    let id = client.send("tools/call", call);
    let mut reader = fs::File::open(&fifo).unwrap();
    let mut line = [0; 8];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"started\n");
    (id, reader)
}

/// Waits until no process of the run is left.
fn gone(mut reader: fs::File) {
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
}

#[test]
fn a_cancelled_run_leaves_no_process_and_its_end_is_recorded() {
    for (version, trap) in [(OLD, ""), (NEW, ""), (NEW, "trap '' TERM;")] {
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, version, Person::None);
        let (id, reader) = hang(&mut client, &sandbox, trap);
        client.cancel(id);
        gone(reader);
        // The server goes on.
        let _ = client.succeed("sessions", &json!({}));
        assert_eq!(client.leave(), Some(0));
        assert!(sandbox.events().contains(&"ended".to_owned()), "{:?}", sandbox.audit());
        assert!(sandbox.session_directories().is_empty());
    }
}

#[test]
fn a_client_that_leaves_and_a_signal_end_what_runs() {
    for by_signal in [false, true] {
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, NEW, Person::None);
        let (_, reader) = hang(&mut client, &sandbox, "");
        let status = if by_signal {
            client.signal(Signal::SIGTERM);
            client.end()
        } else {
            client.leave()
        };
        assert_eq!(status, Some(0));
        gone(reader);
        assert!(sandbox.events().contains(&"ended".to_owned()), "{:?}", sandbox.audit());
    }
}

#[test]
fn of_a_hundred_megabytes_the_start_and_the_end_are_kept() {
    let sandbox = with_shell();
    let mut client = Client::start(&sandbox, NEW, Person::None);
    let script = "echo first; yes 0123456789 | head -c 100000000; echo; echo last; echo small >&2";
    let mut params = json!({ "name": "run", "arguments": run(script, &["s3:GetObject"]) });
    params["_meta"] = json!({ "progressToken": "p" });
    let id = client.send("tools/call", params);
    let response = client.wait(id);
    let ran = &response["result"]["structuredContent"];
    let stdout = &ran["stdout"];
    assert_eq!(stdout["bytes"], 100_000_000 + 6 + 1 + 5, "{}", ran["stderr"]);
    let text = stdout["text"].as_str().unwrap();
    assert!(text.starts_with("first\n0123456789\n") && text.ends_with("\nlast\n"));
    assert!(text.len() < 600_000 && text.contains("bytes left out"), "{}", text.len());
    assert!(ran["stderr"]["text"].as_str().unwrap().starts_with("small\n"));
    let is_progress = |one: &&Value| one["method"] == "notifications/progress";
    assert!(client.notifications.iter().find(is_progress).is_some(), "no progress");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn bad_input_gets_one_error_and_ends_nothing() {
    for version in [OLD, NEW] {
        let sandbox = with_shell();
        let mut client = Client::start(&sandbox, version, Person::None);
        for line in ["", "{", "[1", "\u{0}", "nonsense", "{\"jsonrpc\":\"2.0\",\"id\":"] {
            client.write(line);
        }
        let unknown =
            client.request("tools/call", json!({ "name": "a\u{202e}\u{1b}[2Jb", "arguments": {} }));
        let message = unknown["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("no tool") && !message.contains(['\u{202e}', '\u{1b}']),
            "{message:?}"
        );
        assert_eq!(client.request("nothing/such", json!({}))["error"]["code"], -32601);
        let huge = client.fail("plan", &json!({ "allow": ["x".repeat(1 << 20)] }));
        assert!(huge.contains("bytes") && huge.len() < 400, "{huge}");
        let hidden = client.fail("plan", &json!({ "allow": ["s3:Get\u{202e}Object"] }));
        assert!(hidden.contains("hidden character") && !hidden.contains('\u{202e}'), "{hidden}");
        for wrong in [
            json!({ "allow": "s3:GetObject" }),
            json!({ "role": "x" }),
            json!({ "ttl": "soon", "allow": ["s3:GetObject"] }),
        ] {
            let _ = client.fail("plan", &wrong);
        }
        for (tool, wrong) in [
            ("sessions", json!({ "limit": 0 })),
            ("audit", json!({ "limit": 1_000_000 })),
            ("receipt", json!({ "session": "audex-none" })),
            ("explain_denial", json!({ "text": "Access Denied" })),
            ("run", json!({ "command": ["sh"], "session": "x", "allow": ["s3:GetObject"] })),
            ("request_access", json!({ "allow": ["s3:Nothing"], "reason": "x" })),
        ] {
            let _ = client.fail(tool, &wrong);
        }
        let _ = client.succeed("check_permission", &json!({ "permissions": ["s3:GetObject"] }));
        assert_eq!(client.leave(), Some(0));
    }
}

/// The scan at the end of the test looks for the keys in everything that the server wrote.
#[test]
fn a_command_that_prints_its_keys_tells_the_agent_none() {
    let sandbox = Sandbox::new().with_aws_cli();
    configure(&sandbox, "[run]\ndeliver = \"env\"\nisolate = \"off\"");
    let mut client = Client::start(&sandbox, NEW, Person::None);
    let ran =
        client.succeed("run", &run("env; env >&2; echo $AWS_SECRET_ACCESS_KEY", &["s3:GetObject"]));
    let text = ran["stdout"]["text"].as_str().unwrap();
    assert!(text.contains("AWS_SECRET_ACCESS_KEY=[redacted]"), "{text}");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_filter_refuses_a_tool_as_it_refuses_the_command() {
    let sandbox = with_shell();
    let list = sandbox.home().join(".config/audex/deny-list.toml");
    fs::write(list, "[deny]\nactions = [\"s3:DeleteObject\"]\n").unwrap();
    let mut client = Client::start(&sandbox, NEW, Person::Yes);
    for tool in ["plan", "run", "request_access"] {
        let mut arguments = run("true", &["s3:DeleteObject"]);
        if tool == "request_access" {
            arguments.as_object_mut().unwrap().remove("command");
        }
        let text = client.fail(tool, &arguments);
        assert!(text.contains("deny-list"), "{tool}: {text}");
    }
    assert_eq!(client.questions, [Value::Null; 0], "nobody is asked for what is never granted");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_run_whose_grant_is_not_the_approved_one_mints_nothing() {
    let sandbox = Sandbox::new();
    let options = ["--allow", "s3:GetObject", "--expect-grant", "00"];
    let refused = sandbox.run_sh(&options, "true").exits(77);
    assert!(refused.stderr.contains("not the one that was planned"), "{}", refused.stderr);
    assert_eq!(sandbox.cloud().allowed(), [""; 0]);
}

#[test]
fn the_aws_cli_itself_can_be_listed() {
    let sandbox = Sandbox::new().with_aws_cli();
    let aws = python::binaries().join("aws").canonicalize().unwrap();
    let config = sandbox.home().join(".config/audex");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), format!("[mcp]\ncommands = [\"{}\"]\n", aws.display()))
        .unwrap();
    let mut client = Client::start(&sandbox, NEW, Person::None);
    let read = json!({
        "command": ["aws", "s3api", "head-object", "--bucket", "demo-reports", "--key", "readme.txt"],
        "allow": ["s3:GetObject"], "resource": [REPORTS],
    });
    assert_eq!(client.succeed("run", &read)["exit_code"], 0);
    assert_eq!(client.leave(), Some(0));
}
