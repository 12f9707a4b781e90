//! Extracts the texts that give a secret away: the keys of a key file, and the decoded form of encoded text.

use base64_simd::STANDARD_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::piece::{SHORTEST, SHORTEST_DECODED};
use audex_core::spelling;

/// The number of layers that are searched: a password in a header in a key file.
const DEPTH: usize = 3;
/// The shortest secret field of a key file. Shorter values are names: of a kind, a region, a project.
const SHORTEST_FIELD: usize = 20;
/// Fields of the clouds' key files that replies quote for good reasons.
const PUBLIC_FIELDS: [&str; 8] = [
    "client_email",
    "client_id",
    "private_key_id",
    "project_id",
    "quota_project_id",
    "tenant_id",
    "subscription_id",
    "universe_domain",
];

pub(super) struct Text {
    pub bytes: Zeroizing<Vec<u8>>,
    /// The least length at which the whole text is searched for.
    pub shortest: usize,
}

/// Returns the texts that give `secret` away.
pub(super) fn texts(secret: &[u8]) -> Vec<Text> {
    let mut texts = Vec::new();
    collect(secret, SHORTEST, DEPTH, &mut texts);
    texts
}

fn collect(raw: &[u8], shortest: usize, depth: usize, texts: &mut Vec<Text>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let fields = fields(raw);
    if !fields.is_empty() {
        for field in fields {
            collect(&field, SHORTEST, depth, texts);
        }
        return;
    }
    texts.push(Text { bytes: Zeroizing::new(raw.to_vec()), shortest });
    let plain = spelling::plain(raw);
    if *plain != raw {
        collect(&plain, shortest, depth, texts);
    }
    if let Some(decoded) = decoded(raw) {
        texts.extend(password(&decoded).map(|bytes| Text { bytes, shortest: SHORTEST }));
        collect(&decoded, SHORTEST_DECODED, depth, texts);
    }
}

/// Returns the password of a `user:password` line.
fn password(decoded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let is_pair = !decoded.starts_with(b"{") && !decoded.contains(&b'\n');
    decoded
        .get(colon.saturating_add(1)..)
        .filter(|_| is_pair)
        .map(|text| Zeroizing::new(text.to_vec()))
}

/// Returns the secret values of a JSON key file; empty if `raw` is not a JSON object or holds no value that is long enough.
fn fields(raw: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut fields = Vec::new();
    if let Ok(Value::Object(object)) = serde_json::from_slice(raw) {
        walk("", Value::Object(object), &mut fields);
    }
    fields
}

fn walk(name: &str, value: Value, fields: &mut Vec<Zeroizing<Vec<u8>>>) {
    match value {
        Value::String(text) => {
            let is_name =
                text.len() < SHORTEST_FIELD || text.contains([' ', '\t']) || text.contains("://");
            let is_secret =
                text.contains("-----BEGIN ") || !is_name && !PUBLIC_FIELDS.contains(&name);
            let text = Zeroizing::new(text.into_bytes());
            if is_secret {
                fields.push(text);
            }
        }
        Value::Array(items) => items.into_iter().for_each(|item| walk(name, item, fields)),
        Value::Object(object) => {
            object.into_iter().for_each(|(name, value)| walk(&name, value, fields));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Decodes `raw` from hex or base64, if the result is text.
fn decoded(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let raw = raw.trim_ascii();
    let is_text = |bytes: &Zeroizing<Vec<u8>>| {
        let text = std::str::from_utf8(bytes).unwrap_or("\0");
        bytes.len() >= SHORTEST_DECODED
            && !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace())
    };
    let of_base64 = || {
        let standard = |byte: &u8| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        let end = raw.iter().rposition(|byte| *byte != b'=')?;
        let raw: Zeroizing<Vec<u8>> =
            Zeroizing::new(raw.get(..=end)?.iter().map(standard).collect());
        STANDARD_NO_PAD.decode_to_vec(&*raw).ok().map(Zeroizing::new)
    };
    hex(raw).filter(is_text).or_else(|| of_base64().filter(is_text))
}

fn hex(raw: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let byte = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
        _ => None,
    };
    raw.chunks(2).map(byte).collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use base64_simd::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn meant(secret: &str) -> Vec<String> {
        texts(secret.as_bytes())
            .iter()
            .map(|text| String::from_utf8_lossy(&text.bytes).into_owned())
            .collect()
    }

    #[test]
    fn what_is_encoded_is_meant_too() {
        let basic = "deploy:hunter2-hunter3";
        let hex = basic.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().concat();
        for encoded in
            [STANDARD.encode_to_string(basic), URL_SAFE_NO_PAD.encode_to_string(basic), hex]
        {
            assert_eq!(meant(&encoded), [encoded.as_str(), "hunter2-hunter3", basic]);
        }
        for none in
            ["ghp_planted0123456789abcdefGHIJKLMNopqrs", "YTpi", "9f86d081884c7d659a2feaa0c55ad015"]
        {
            assert_eq!(meant(none), [none]);
        }
    }

    #[test]
    fn of_a_key_file_its_keys_are_meant() {
        let file = r#"{"type":"service_account","project_id":"a-project-with-a-long-name",
            "private_key":"-----BEGIN PRIVATE KEY-----\nMC4C\n","token_uri":"https://oauth2.googleapis.com/token",
            "refresh":["1//0planted0123456789"]}"#;
        let keys = ["-----BEGIN PRIVATE KEY-----\nMC4C\n", "1//0planted0123456789"];
        assert_eq!(meant(file), keys);
        assert_eq!(meant(&STANDARD.encode_to_string(file))[1..], keys);
        assert_eq!(meant(r#"{"password":"short"}"#).len(), 1);
    }
}
