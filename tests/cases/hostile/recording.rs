//! Recordings from other people: a component gains nothing from a recording.

use super::{asked, sandbox};
use crate::support::ROLE;
use crate::support::guests::Guest;

#[test]
fn a_recording_gives_a_component_nothing_that_it_was_not_granted() {
    let mut sandbox = sandbox();
    let path = Guest::of("hostile-provider").plant(&mut sandbox);
    let script = serde_json::json!({
        "provider": "hostile", "ttl_seconds": 900, "session": "audex-replayed", "settings": { "role_arn": ROLE },
        "permissions": [{ "action": "s3:GetObject", "origin": "s3:GetObject", "resources": [] }],
        "granted": ["slot:aws", "slot:gcp", "http:api.example.com", "secret:HOSTILE_SOURCE"],
    });
    let recording = serde_json::json!({
        "format": 1, "component": "hostile-provider", "now": 1, "script": script, "exchanges": [], "outcome": [],
    });
    let tape = sandbox.plant("tape.json", recording.to_string());
    let words = ["plugin", "test", path.to_str().unwrap(), "--replay", tape.to_str().unwrap()];
    let output = sandbox.run(words).exits(1);
    assert!(
        output.stdout.contains("it used `slot:aws`, which was not granted to it"),
        "{}",
        output.stdout
    );
    assert_eq!(asked(&sandbox), [""; 0]);
    let tape = sandbox.plant("tape.json", "{\"format\":1}");
    let garbled = sandbox
        .run(["plugin", "test", path.to_str().unwrap(), "--replay", tape.to_str().unwrap()])
        .exits(2);
    assert!(garbled.stderr.contains("is not a recording"), "{}", garbled.stderr);
}
