//! Requests of Microsoft's own clients, written by clients.py: each is read, as clients.txt says.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

const SENT: &str = include_str!("clients.jsonl");

fn sent(line: &str) -> SeenRequest {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = |at: usize| line[at].as_str().unwrap();
    let headers: Vec<(&str, &str)> = line[2]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let mut request = request(text(0), text(1).strip_prefix("https://").unwrap(), &headers, b"");
    for (_, value) in &mut request.query {
        *value = text::decoded(value).unwrap();
    }
    // The host passes on no data of objects.
    let is_data = text(1).contains(".blob.");
    request.complete = !is_data || text(3).is_empty();
    request.body = if is_data { Vec::new() } else { text(3).as_bytes().to_vec() };
    request
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no environment of the program")]
fn the_requests_of_microsofts_clients_are_read() {
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/read/tests/clients.txt");
    let mut made = String::new();
    for line in SENT.lines() {
        let request = sent(line);
        assert!(!is_refused(&request), "{line}: {:?}", told(&request));
        let _ = writeln!(made, "{} {}{}", request.method, request.host, request.path);
        for need in told(&request) {
            let _ = writeln!(made, "    {need}");
        }
    }
    if std::env::var_os("AUDEX_WRITE_DOCS").is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    assert!(std::fs::read_to_string(FILE).unwrap() == made, "{FILE} is not in step");
}
