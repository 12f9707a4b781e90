//! The shapes of values that give access to a cloud, independent of their variable's name.
//!
//! A shape is a format that a vendor has published. Keys without a published format (AWS's secret keys,
//! passwords) are found only as copies of removed values (`deliver/copy.rs`). Keys of other services and of
//! applications have no shape here, because an agent needs its own keys.

use serde_json::Value;

/// A named rule that recognises one format.
struct Shape {
    name: &'static str,
    /// Returns true if the shape begins at `rest`, which is the part of `text` from one position to its end.
    begins: fn(text: &[u8], rest: &[u8]) -> bool,
}

const SHAPES: &[Shape] = &[
    // AWS, IAM User Guide, "IAM identifiers", unique ID prefixes: AKIA and ASIA, and sixteen characters.
    Shape { name: "AWS access key", begins: access_key },
    // AWS's keys as the CLI and STS write them: in a credentials file or a reply.
    Shape { name: "AWS credentials document", begins: credentials_document },
    // Amazon Bedrock User Guide, "API keys": the prefixes of both kinds of key.
    Shape {
        name: "Bedrock API key",
        begins: |_, rest| has(rest, &["ABSK", "bedrock-api-key-"], BASE64, 100),
    },
    // Amazon S3, "Signature calculations: query parameters"; Cloud Storage, "Signed URLs".
    Shape {
        name: "presigned address",
        begins: |_, rest| has_folded(rest, &["x-amz-signature=", "x-goog-signature="], HEX, 64),
    },
    // Microsoft, "Configure Azure Storage connection strings", and the pages for Service Bus, Event Hubs and
    // Cosmos DB.
    Shape {
        name: "Azure connection string",
        begins: |_, rest| has_folded(rest, &["accountkey=", "sharedaccesskey="], BASE64, 16),
    },
    // Microsoft, "Create a service SAS": a signature and a version or an expiry.
    Shape { name: "shared access signature", begins: access_signature },
    // Microsoft Purview, "Microsoft Entra client secret": three characters, a digit and `Q~`.
    Shape { name: "Entra client secret", begins: client_secret },
    // Google Cloud, "Token types": access and refresh tokens.
    Shape { name: "Google token", begins: |_, rest| has(rest, &["ya29.", "1//0"], TOKEN, 20) },
    // google-auth, `_default.py`: key files; azure/login, `creds`: key files of a service principal.
    Shape { name: "key file", begins: key_file },
    // HashiCorp Vault, "Tokens": the prefixes from 1.10 on, and the earlier ones.
    Shape { name: "Vault token", begins: vault_token },
    // OpenID Connect Core 1.0, section 2: a JWT whose issuer is an https address, or the issuer of
    // Kubernetes.
    Shape { name: "identity token", begins: identity_token },
];

/// The issuer of a Kubernetes service account's token without a bound audience. Such a token logs in to
/// Vault, among other systems.
/// Source: Kubernetes, `pkg/serviceaccount/legacy.go`, `LegacyIssuer`.
const SERVICE_ACCOUNTS: &str = "kubernetes/serviceaccount";

/// The longest token: servers do not accept longer headers.
const LONGEST: usize = 16 * 1024;

type Alphabet = fn(u8) -> bool;
const BASE64: Alphabet = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
const TOKEN: Alphabet = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
const CAPITALS: Alphabet = |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit();
const HEX: Alphabet = |byte| byte.is_ascii_hexdigit();
/// The alphabet of Entra's client secrets.
const SECRET: Alphabet =
    |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');

/// Returns the name of the first shape found in `text`.
pub(super) fn of(text: &[u8]) -> Option<&'static str> {
    let mut before = b' ';
    for (at, byte) in text.iter().enumerate() {
        let is_start = !before.is_ascii_alphanumeric() && may_begin(*byte);
        before = *byte;
        let rest = text.get(at..).filter(|_| is_start || *byte == b'Q').unwrap_or_default();
        if !rest.is_empty()
            && let Some(shape) = SHAPES.iter().find(|shape| (shape.begins)(text, rest))
        {
            return Some(shape.name);
        }
    }
    None
}

/// Returns true if a shape may begin with this byte. This check skips most positions of a value.
fn may_begin(byte: u8) -> bool {
    matches!(
        byte.to_ascii_lowercase(),
        b'a' | b'b' | b'e' | b'h' | b'r' | b's' | b'x' | b'y' | b'1' | b'"'
    )
}

/// Returns the number of bytes at the start of `text` that belong to `alphabet`, up to [`LONGEST`].
fn length(text: &[u8], alphabet: Alphabet) -> usize {
    text.iter().take(LONGEST).take_while(|byte| alphabet(**byte)).count()
}

/// Returns the text after `prefix`, if `rest` begins with `prefix`.
fn after<'a>(rest: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    rest.strip_prefix(prefix.as_bytes())
}

/// Returns the text after `prefix`, if `rest` begins with `prefix` in any case.
fn after_ignoring_case<'a>(rest: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (start, rest) = rest.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix.as_bytes()).then_some(rest)
}

fn has(rest: &[u8], prefixes: &[&str], alphabet: Alphabet, least: usize) -> bool {
    prefixes
        .iter()
        .filter_map(|prefix| after(rest, prefix))
        .any(|rest| begins(rest, alphabet, least))
}

fn has_folded(rest: &[u8], prefixes: &[&str], alphabet: Alphabet, least: usize) -> bool {
    prefixes
        .iter()
        .filter_map(|prefix| after_ignoring_case(rest, prefix))
        .any(|rest| begins(rest, alphabet, least))
}

/// Returns true if a text begins with at least `least` characters of an alphabet.
fn begins(text: &[u8], alphabet: Alphabet, least: usize) -> bool {
    text.get(..least).is_some_and(|start| start.iter().all(|byte| alphabet(*byte)))
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

fn access_key(_: &[u8], rest: &[u8]) -> bool {
    let is_whole = |rest: &[u8]| {
        length(rest, CAPITALS) == 16 && !rest.get(16).is_some_and(u8::is_ascii_alphanumeric)
    };
    ["AKIA", "ASIA"].into_iter().filter_map(|prefix| after(rest, prefix)).any(is_whole)
}

fn credentials_document(_: &[u8], rest: &[u8]) -> bool {
    /// The longest separator between a name and a value; `": "` is a long one.
    const BETWEEN: usize = 8;
    let is_key = |rest: &[u8]| {
        let between =
            length(rest, |byte| matches!(byte, b'"' | b'\'' | b'=' | b':' | b' ' | b'\t'));
        (1..=BETWEEN).contains(&between)
            && rest.get(between..).is_some_and(|rest| begins(rest, BASE64, 40))
    };
    ["aws_secret_access_key", "secretaccesskey"]
        .into_iter()
        .filter_map(|name| after_ignoring_case(rest, name))
        .any(is_key)
}

fn access_signature(text: &[u8], rest: &[u8]) -> bool {
    let is_text: Alphabet = |byte| byte.is_ascii_graphic() && byte != b';';
    let has_date = || ["sv=2", "se=2"].into_iter().any(|name| contains(text, name));
    has_folded(rest, &["sharedaccesssignature="], is_text, 16)
        || (has(rest, &["sig="], |byte| BASE64(byte) || byte == b'%', 32) && has_date())
}

/// Returns true if `rest` begins at the `Q~` of a client secret. The check starts there, because the
/// characters before `Q~` have no fixed prefix.
fn client_secret(text: &[u8], rest: &[u8]) -> bool {
    let at = text.len().saturating_sub(rest.len());
    let before = at.checked_sub(4).and_then(|start| text.get(start..at)).unwrap_or_default();
    let is_marked =
        before.last().is_some_and(u8::is_ascii_digit) && before.iter().all(|byte| SECRET(*byte));
    is_marked && after(rest, "Q~").is_some_and(|rest| begins(rest, SECRET, 31))
}

fn key_file(text: &[u8], rest: &[u8]) -> bool {
    let is_field = |field: &str| after(rest, field).is_some();
    (is_field("\"private_key\"") && contains(text, "service_account"))
        || (is_field("\"refresh_token\"") && contains(text, "\"client_secret\""))
        || (is_field("\"clientSecret\"") && contains(text, "\"clientId\""))
}

fn vault_token(_: &[u8], rest: &[u8]) -> bool {
    let is_mixed = |token: &[u8]| {
        let some = |kind: fn(&u8) -> bool| token.iter().any(kind);
        some(u8::is_ascii_uppercase) && some(u8::is_ascii_lowercase) && some(u8::is_ascii_digit)
    };
    // The format before 1.10: a letter, a dot, and twenty-four letters and digits.
    let is_old = |rest: &[u8]| {
        length(rest, |byte| byte.is_ascii_alphanumeric()) == 24
            && rest.get(..24).is_some_and(is_mixed)
    };
    has(rest, &["hvs.", "hvb.", "hvr."], TOKEN, 24)
        || ["s.", "b.", "r."].into_iter().filter_map(|prefix| after(rest, prefix)).any(is_old)
}

fn identity_token(_: &[u8], rest: &[u8]) -> bool {
    if !rest.starts_with(b"eyJ") {
        return false;
    }
    let token = rest.get(..length(rest, TOKEN)).unwrap_or_default();
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, claims) = (parts.next().and_then(json), parts.next().and_then(json));
    let is_signed =
        header.is_some_and(|header| header.get("alg").is_some()) && parts.next().is_some();
    let issuer = claims.as_ref().and_then(|claims| claims.get("iss")?.as_str());
    is_signed
        && issuer.is_some_and(|issuer| issuer.starts_with("https://") || issuer == SERVICE_ACCOUNTS)
}

/// Decodes a part of a JWT to JSON (RFC 7515, section 3.1).
fn json(part: &[u8]) -> Option<Value> {
    let text = zeroize::Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.decode_to_vec(part).ok()?);
    serde_json::from_slice(&text).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        let part = |text: &str| base64_simd::URL_SAFE_NO_PAD.encode_to_string(text);
        format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims))
    }

    #[test]
    fn each_shape_is_known_wherever_it_stands() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let identity =
            jwt(r#"{"iss":"https://token.actions.githubusercontent.com","sub":"repo:o/r"}"#);
        for (shape, text) in [
            ("AWS access key", "id AKIAIOSFODNN7EXAMPLE,".to_owned()),
            ("AWS access key", "s3://ASIAIOSFODNN7EXAMPLE@b".to_owned()),
            ("AWS credentials document", format!("[default]\naws_secret_access_key = {key}\n")),
            ("AWS credentials document", format!("{{\"SecretAccessKey\": \"{key}\"}}")),
            ("Bedrock API key", format!("ABSK{}", "Qk".repeat(60))),
            (
                "presigned address",
                format!("https://b.s3.amazonaws.com/k?X-Amz-Signature={}", "0a".repeat(32)),
            ),
            (
                "Azure connection string",
                format!("AccountName=a;AccountKey={key}{key}==;EndpointSuffix=x"),
            ),
            (
                "Azure connection string",
                format!("Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey={key}="),
            ),
            (
                "shared access signature",
                format!("https://a/b?sv=2024-11-04&se=2026-01-01&sig={}%3D", "aB3".repeat(14)),
            ),
            ("Entra client secret", "x=abc8Q~Abcdefghijklmnopqrstuvwxyz0123456".to_owned()),
            (
                "identity token",
                jwt(r#"{"iss":"kubernetes/serviceaccount","sub":"system:serviceaccount:a:b"}"#),
            ),
            ("Google token", "Bearer ya29.a0AfH6SMBxxxxxxxxxxxxxxxx".to_owned()),
            ("key file", r#"{"type": "service_account", "private_key": "x"}"#.to_owned()),
            ("key file", r#"{"clientId": "x", "clientSecret": "y"}"#.to_owned()),
            ("Vault token", format!("hvs.CAESI{}", "x".repeat(24))),
            ("Vault token", "token:s.Abcdefghijkl0123456789xy".to_owned()),
            ("identity token", format!("Authorization: Bearer {identity}")),
        ] {
            assert_eq!(of(text.as_bytes()), Some(shape), "{text}");
        }
    }

    #[test]
    fn paths_addresses_names_and_keys_of_other_services_have_none() {
        for text in [
            "",
            "/usr/local/bin:/usr/bin",
            "http://127.0.0.1:6200/storage/v1/",
            "https://s.abcdefghijklmnopqrstuvwx.example/1//0",
            "arn:aws:iam::123456789012:role/AKIA-readers",
            "AKIAIOSFODNN7EXAMPLEX",
            "MAKIAIOSFODNN7EXAMPLE",
            "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
            "AIzaSyA0123456789abcdefghijklmnopqrstuvw",
            "aws_secret_access_key",
            "DefaultEndpointsProtocol=https;AccountName=a;EndpointSuffix=core.windows.net",
            "https://example.com/?sig=short&sv=2024",
            "hvs.short",
            r#"{"type": "service_account"}"#,
        ] {
            assert_eq!(of(text.as_bytes()), None, "{text}");
        }
        // A token that an application issues for its own use.
        assert_eq!(of(jwt(r#"{"iss":"supabase","role":"anon"}"#).as_bytes()), None);
        assert_eq!(of(b"eyJ.eyJ.x"), None);
    }
}
