//! Replaces values that differ from run to run: home, session, time, digest, port, duration, key id.

use std::path::Path;

/// The lengths of a SHA-256 digest in hexadecimal: the whole digest, and the short form in tables.
const DIGESTS: [usize; 2] = [64, 12];

/// Returns `text` with a placeholder for each such value.
pub(super) fn redact(text: &str, home: &Path) -> String {
    let text = text.replace(&home.display().to_string(), "[home]");
    let mut out = String::new();
    for piece in pieces(&text) {
        out += &placeholder(piece).unwrap_or_else(|| piece.to_owned());
    }
    durations(&out)
}

/// Splits a text into words and the parts between them. A word consists of letters, digits, `-`, `:` and `.`.
fn pieces(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut inside = false;
    for (position, character) in text.char_indices() {
        if is_word(character) != inside {
            pieces.push(&text[start..position]);
            (start, inside) = (position, !inside);
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn placeholder(word: &str) -> Option<String> {
    let bare = word.trim_end_matches([':', '.']);
    let rest = &word[bare.len()..];
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = if bare
        .strip_prefix("audex-health-")
        .is_some_and(|time| time.bytes().all(|b| b.is_ascii_digit()))
    {
        "audex-health-[time]"
    } else if bare.strip_prefix("audex-").is_some_and(|name| name.len() >= 12 && is_hex(name)) {
        "[session]"
    } else if is_time(bare) {
        "[time]"
    } else if let Some(port) =
        bare.strip_prefix("127.0.0.1:").filter(|port| port.parse::<u16>().is_ok_and(|p| p > 1023))
    {
        return Some(
            format!("127.0.0.1:[port]{}", &bare["127.0.0.1:".len() + port.len()..]) + rest,
        );
    } else if let Some(digest) = bare.strip_prefix("sha256:").filter(|digest| is_hex(digest)) {
        let _ = digest;
        "sha256:[digest]"
    } else if is_hex(bare) && DIGESTS.contains(&bare.len()) {
        "[digest]"
    } else if bare.len() == 20 && (bare.starts_with("ASIA") || bare.starts_with("AKIA")) {
        "[key id]"
    } else {
        return None;
    };
    Some(format!("{name}{rest}"))
}

/// Returns true for a time such as `2026-11-22T10:15:40Z`.
fn is_time(word: &str) -> bool {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00Z"
}

/// Replaces the numbers in `after 0.1 s`, `after 12 ms`, `0 s against STS` and `"duration_ms":12`.
fn durations(text: &str) -> String {
    // On a busy machine a second passes between the request for credentials and their delivery.
    let text = text.replace("for 14m 59s,", "for 15m,");
    let text = number_after(&text, " after ", &[" s", " ms"]);
    let text = number_after(&text, " ", &[" s against STS"]);
    number_after(&text, "\"duration_ms\":", &[""])
}

fn number_after(text: &str, marker: &str, units: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(position) = rest.find(marker) {
        let (head, tail) = rest.split_at(position + marker.len());
        out += head;
        let digits = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
        let is_duration = digits > 0 && units.iter().any(|unit| tail[digits..].starts_with(unit));
        out += if is_duration { "[n]" } else { &tail[..digits] };
        rest = &tail[digits..];
    }
    out + rest
}

#[test]
fn what_differs_from_run_to_run_is_replaced_and_nothing_else() {
    let text = "audex: exit 0 after 1.2 s, session audex-0123456789abcdef0123\n\
        2026-11-22T10:15:40Z http://127.0.0.1:40123/x /tmp/h/.config after lunch, ASIA0123456789ABCDEF 127.0.0.1:1";
    assert_eq!(
        redact(text, Path::new("/tmp/h")),
        "audex: exit 0 after [n] s, session [session]\n\
         [time] http://127.0.0.1:[port]/x [home]/.config after lunch, [key id] 127.0.0.1:1"
    );
}
