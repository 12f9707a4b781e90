//! Sessions inside a session with a gateway: none can do more than the sessions around it, and none gets a key.

mod asks;
mod layers;
mod trees;

use serde_json::Value;

use crate::support::aws_cli::script;
use crate::support::{CloudView as _, Sandbox, python};

pub(super) const AUDEX: &str = env!("CARGO_BIN_EXE_tryaudex");
const OUTER: [&str; 5] = ["run", "--allow", "s3:GetObject,s3:PutObject", "--deliver", "gateway"];
/// The calls of the tests, by the action that each needs.
pub(super) const CALLS: [(&str, &str); 4] = [
    ("s3:GetObject", "s3api get-object --bucket demo-reports --key readme.txt /dev/null"),
    ("s3:PutObject", "s3api put-object --bucket demo-reports --key new.txt"),
    ("s3:ListBucket", "s3api list-objects-v2 --bucket demo-reports"),
    ("s3:DeleteObject", "s3api delete-object --bucket demo-reports --key none.txt"),
];

/// Returns a command line that runs `script` in a session inside this one.
pub(super) fn inside(options: &str, name: &str, script: &str) -> String {
    format!(
        "cat > {name} <<'{name}-END'\n{script}\n{name}-END\n'{AUDEX}' run {options} -- sh {name}\n"
    )
}

/// Returns the records of one event, in order.
pub(super) fn events(sandbox: &Sandbox, event: &str) -> Vec<Value> {
    sandbox.audit().into_iter().filter(|record| record["event"] == event).collect()
}

#[test]
fn an_inner_session_can_do_what_both_may_and_its_records_name_its_parent() {
    for level in ["off", "credentials", "strict"] {
        let sandbox = Sandbox::new().with_aws_cli();
        let calls = script(&CALLS);
        let inner = inside("--allow s3:GetObject,s3:DeleteObject", "inner", &calls);
        let binary = std::path::Path::new(AUDEX).parent().unwrap().to_str().unwrap();
        let python = python::interpreter().parent().unwrap().parent().unwrap().to_owned();
        let support = python::tests().join("support").canonicalize().unwrap();
        let read = [
            "--read",
            binary,
            "--read",
            python.to_str().unwrap(),
            "--read",
            support.to_str().unwrap(),
        ];
        let read = if level == "strict" { &read[..] } else { &[] };
        let command = ["--", "sh", "-c", &inner];
        let words = [&OUTER[..], &["--isolate", level], read, &command].concat();
        let output = sandbox.run(words).success();
        assert_eq!(
            output.stdout,
            "s3:GetObject: ok\ns3:PutObject: AccessDenied\ns3:ListBucket: AccessDenied\n\
             s3:DeleteObject: AccessDenied\n",
            "{level}: {}",
            output.stderr
        );
        let issuing = events(&sandbox, "issuing");
        let [outer, inner] = issuing.as_slice() else { panic!("{level}: {issuing:?}") };
        assert_eq!(inner["parents"], serde_json::json!([outer["session"]]), "{level}");
        assert_eq!(outer["parents"], Value::Null, "{level}");
        let ended: Vec<Value> =
            events(&sandbox, "ended").iter().map(|one| one["session"].clone()).collect();
        assert_eq!(ended, [inner["session"].clone(), outer["session"].clone()], "{level}");
        assert_eq!(sandbox.cloud().denied(), [""; 0], "{level}");
        let used = events(&sandbox, "used");
        assert_eq!(used[0]["session"], inner["session"], "{level}");
        let allowed = used[0]["decisions"].as_array().unwrap().iter();
        let allowed: Vec<_> = allowed.filter(|one| one["action"] == "s3:DeleteObject").collect();
        // The inner session itself allows it; the one around it does not.
        assert_eq!(allowed[0]["allowed"], true, "{level}");
    }
}

#[test]
fn an_inner_session_does_not_outlive_the_one_around_it_and_its_keys_end_with_it() {
    let sandbox = Sandbox::new().with_aws_cli();
    let read = script(&CALLS[..1]);
    let inner = inside(
        "--quiet --ttl 1h --allow s3:GetObject",
        "inner",
        "env | grep -E '^AWS_(ACCESS|SECRET|SESSION)' > keys; env | grep AWS_CREDENTIAL_EXPIRATION >> end",
    );
    let script = format!(
        "env | grep AWS_CREDENTIAL_EXPIRATION > end\n{inner}\n\
         sort -u end | wc -l\nset -a; . ./keys; rm keys\n{read}"
    );
    let output = sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat()).success();
    let [ends, reads]: [&str; 2] = output.stdout.lines().collect::<Vec<_>>().try_into().unwrap();
    // The second is that of the outer session or earlier: the minute in which both were made is the same.
    assert!(["1", "2"].contains(&ends), "{}", output.stdout);
    assert_ne!(reads, "s3:GetObject: ok", "{}", output.stderr);
    let issued = events(&sandbox, "issued");
    assert!(issued[1]["expires_at"].as_str() <= issued[0]["expires_at"].as_str(), "{issued:?}");
}

#[test]
fn what_the_organisation_of_the_outer_host_denies_no_inner_session_gets() {
    let mut sandbox = Sandbox::new().with_aws_cli();
    sandbox.plant(".config/audex/deny-list.toml", "[deny]\nactions = [\"s3:PutObject\"]\n");
    let script = inside("--allow s3:PutObject", "inner", "true");
    let words = ["run", "--allow", "s3:GetObject", "--deliver", "gateway"];
    let isolate = ["--isolate", "credentials"];
    let command = ["--", "sh", "-c", &script];
    let output = sandbox.run([&words[..], &isolate, &command].concat()).exits(77);
    assert!(output.stderr.contains("deny-list"), "{}", output.stderr);
    let denied = events(&sandbox, "denied");
    assert_eq!(denied.len(), 1, "{denied:?}");
    assert_eq!(events(&sandbox, "issued").len(), 1);
}

/// Returns a line of a script that waits until the list of sessions shows `what`, for a limited number of looks.
fn until_listed(what: &str) -> String {
    format!("for look in $(seq 1000); do '{AUDEX}' sessions list | grep -q '{what}' && break; done")
}

#[test]
fn an_inner_host_that_is_killed_ends_its_session() {
    let sandbox = Sandbox::new().with_aws_cli();
    let inner = inside("--quiet --allow s3:GetObject", "inner", "kill -9 $PPID");
    let script = format!("{inner}\n{}", until_listed("failed, exit 69"));
    let output = sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat()).success();
    let failed = events(&sandbox, "failed");
    assert_eq!(failed.len(), 1, "{}", output.stderr);
    assert!(failed[0]["reason"].as_str().unwrap().contains("ended without an end"));
}

#[test]
fn an_inner_session_is_ended_from_outside_alone() {
    let sandbox = Sandbox::new().with_aws_cli();
    let inner = inside("--quiet --allow s3:GetObject", "inner", "echo $AUDEX_SESSION_ID; sleep 60");
    let script = format!("{inner}\necho outer goes on");
    let isolate = ["--isolate", "credentials"];
    let words = [&OUTER[..], &isolate, &["--", "sh", "-c", &script]].concat();
    let mut running = sandbox.tryaudex(words).start();
    let session = running.line();
    let listed = sandbox.run(["sessions", "list", "--json"]).success().json();
    assert_eq!(listed[0]["session"], session.as_str());
    assert_eq!(listed[0]["parents"].as_array().unwrap().len(), 1);
    let ended = sandbox.run(["sessions", "end", &session]).success();
    assert_eq!(ended.stdout, format!("session `{session}` has ended: ended early\n"));
    assert_eq!(running.finish().success().stdout.lines().last(), Some("outer goes on"));
}

#[test]
fn options_of_the_outer_session_are_refused_inside_and_another_provider_goes_its_own_way() {
    let sandbox = Sandbox::new().with_aws_cli();
    let run = |options: &str| {
        let script = inside(options, "inner", "true");
        sandbox.run([&OUTER[..], &["--", "sh", "-c", &script]].concat())
    };
    let refused = run("--allow s3:GetObject --deliver env").exits(2);
    assert!(
        refused.stderr.contains("--deliver belongs to the session around"),
        "{}",
        refused.stderr
    );
    let other = run("--provider github --allow contents:read");
    assert!(!other.stderr.contains("belongs to the session"), "{}", other.stderr);
    assert_ne!(other.code, 0);
}
