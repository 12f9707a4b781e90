//! If a key cannot be sent in a request, there is an error that names the source of the key, for every source
//! and every command.

use std::path::PathBuf;

use crate::support::{Answerer, Output, ROLE, Sandbox};

const RUN: [&str; 5] = ["run", "--allow", "s3:GetObject", "--", "true"];
const LEARN: [&str; 3] = ["learn", "--", "true"];
const HEALTH: [&str; 3] = ["health", "--check", "aws"];
const DRIFT: [&str; 5] = ["drift", "--role-arn", ROLE, "--expected-policy", "s3-readonly"];

/// Characters that no header takes, at either end and within.
const ODD: [&str; 5] = ["\n", "\r", "\u{e9}", "\u{202e}", " "];

const ID: &str = "AKIAIOSFODNN7EXAMPLE";

/// A user without keys in the environment.
fn without_keys() -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.unset("AWS_ACCESS_KEY_ID").unset("AWS_SECRET_ACCESS_KEY");
    sandbox
}

/// Every command that uses the keys ends with 69, says `source`, and leaves no record open.
#[track_caller]
fn every_command_names(sandbox: &Sandbox, source: &str) {
    let said = |output: &Output| {
        let text = format!("{}{}", output.stdout, output.stderr);
        assert!(
            text.contains(source) && text.contains("has characters that no AWS key has"),
            "{text}"
        );
        assert!(!text.contains("panicked"), "{text}");
    };
    for (arguments, records) in
        [(&RUN[..], true), (&LEARN, true), (&HEALTH, false), (&DRIFT, false)]
    {
        let before = sandbox.audit().len();
        said(&sandbox.run(arguments).exits(69));
        let records_now = sandbox.audit();
        let events: Vec<_> =
            records_now[before..].iter().map(|record| record["event"].as_str().unwrap()).collect();
        let expected: &[&str] = if records { &["issuing", "failed"] } else { &[] };
        assert_eq!(events, expected, "{arguments:?}");
        if let (true, Some(failed)) = (records, records_now.last()) {
            assert_eq!((&failed["exit_code"], &failed["stage"]), (&69.into(), &"mint".into()));
        }
    }
    assert!(sandbox.session_directories().is_empty());
}

#[test]
fn keys_of_the_environment() {
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        for odd in ODD {
            let mut sandbox = Sandbox::new();
            sandbox.set(variable, format!("planted-key{odd}-planted"));
            sandbox.plant_secret("planted-key\u{e9}-planted");
            let output = sandbox.run(RUN).exits(69);
            assert!(
                output.stderr.contains(&format!("from `{variable}` has characters")),
                "{}",
                output.stderr
            );
            assert_eq!(sandbox.events(), ["issuing", "failed"]);
        }
    }
    let mut sandbox = Sandbox::new();
    sandbox.set("AWS_ACCESS_KEY_ID", format!("{ID}\n"));
    every_command_names(&sandbox, "the access key id from `AWS_ACCESS_KEY_ID`");
}

/// A file of keys as helpers and endpoints give them.
fn keys(sandbox: &mut Sandbox, id: &str, token: &str) -> (PathBuf, String) {
    let text = serde_json::json!({
        "Version": 1, "AccessKeyId": id, "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "SessionToken": token, "Token": token, "Expiration": "2099-01-01T00:00:00Z",
    })
    .to_string();
    (sandbox.plant("keys.json", &text), text)
}

#[test]
fn keys_of_a_credential_process() {
    for (id, token, part) in [
        ("AKIAIOSFODNN7EXAMPLE\n", "a-token", "access key id"),
        ("AKIAIOSFODNN7EXAMPL\u{c9}", "a-token", "access key id"),
        (ID, "a-token\r\n", "session token"),
    ] {
        let mut sandbox = without_keys();
        let (file, _) = keys(&mut sandbox, id, token);
        let profile = format!("[default]\ncredential_process = /bin/cat {}\n", file.display());
        sandbox.plant(".aws/config", profile);
        every_command_names(&sandbox, &format!("the {part} from `credential_process`"));
    }
}

#[test]
fn keys_of_a_container_endpoint() {
    for (id, token, part) in
        [("AKIA\u{7f}", "a-token", "access key id"), (ID, "a-t\u{f6}ken", "session token")]
    {
        let mut sandbox = without_keys();
        let (_, text) = keys(&mut sandbox, id, token);
        let endpoint = Answerer::start("200 OK", &text);
        sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/keys", endpoint.endpoint));
        every_command_names(
            &sandbox,
            &format!("the {part} from the container credential endpoint"),
        );
    }
}

/// The SDK signs with these itself, and panics.
#[test]
fn keys_of_a_source_profile() {
    let mut sandbox = without_keys();
    sandbox.plant(
        ".aws/credentials",
        "[source]\naws_access_key_id = AKIAIOSFODNN7EXAMPL\u{7f}\naws_secret_access_key = wJalrXUtnFEMI\n",
    );
    sandbox.plant(
        ".aws/config",
        format!("[profile dev]\nrole_arn = {ROLE}\nsource_profile = source\n"),
    );
    sandbox.set("AWS_PROFILE", "dev");
    every_command_names(&sandbox, "a key that the credential chain uses");
}
