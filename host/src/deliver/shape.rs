//! Shapes of values that open a cloud, whatever their variable is called.
//!
//! A shape is a format that a vendor has published. A key without one (AWS's secret keys, passwords) is only known as a copy
//! of something that was removed (`deliver/copy.rs`). Keys of other services and of applications are not among them:
//! an agent needs its own.

use serde_json::Value;

/// A named rule.
struct Shape {
    name: &'static str,
    is_in: fn(&[u8]) -> bool,
}

const SHAPES: &[Shape] = &[
    // AWS, IAM User Guide, "IAM identifiers", unique ID prefixes: AKIA and ASIA, and sixteen characters.
    Shape { name: "AWS access key", is_in: access_key },
    // The same keys as the CLI and STS write them: in a credentials file or a reply.
    Shape { name: "AWS credentials document", is_in: credentials_document },
    // Amazon Bedrock User Guide, "API keys": both kinds of key begin so.
    Shape {
        name: "Bedrock API key",
        is_in: |text| has(text, "ABSK", BASE64, 100) || has(text, "bedrock-api-key-", BASE64, 100),
    },
    // Amazon S3, "Signature calculations: query parameters"; Cloud Storage, "Signed URLs".
    Shape { name: "presigned address", is_in: presigned },
    // Microsoft, "Configure Azure Storage connection strings", and the same of Service Bus, Event Hubs and Cosmos DB.
    Shape { name: "Azure connection string", is_in: connection_string },
    // Microsoft, "Create a service SAS": a signature and a version or an expiry.
    Shape { name: "shared access signature", is_in: access_signature },
    // Microsoft Purview, "Microsoft Entra client secret": three characters, a digit and `Q~`.
    Shape { name: "Entra client secret", is_in: client_secret },
    // Google Cloud, "Token types": access and refresh tokens.
    Shape {
        name: "Google token",
        is_in: |text| has(text, "ya29.", TOKEN, 20) || has(text, "1//0", TOKEN, 20),
    },
    // google-auth, `_default.py`: key files; azure/login, `creds`: those of a service principal.
    Shape { name: "key file", is_in: key_file },
    // HashiCorp Vault, "Tokens": prefixes from 1.10 on, and before.
    Shape { name: "Vault token", is_in: vault_token },
    // OpenID Connect Core 1.0, section 2: a JWT whose issuer is an https address.
    Shape { name: "identity token", is_in: identity_token },
];

type Alphabet = fn(u8) -> bool;
const BASE64: Alphabet = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
const TOKEN: Alphabet = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
const CAPITALS: Alphabet = |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit();
const HEX: Alphabet = |byte| byte.is_ascii_hexdigit();
/// What a client secret of Entra is made of.
const SECRET: Alphabet = |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');

/// The name of the first shape that stands in `text`.
pub(super) fn of(text: &[u8]) -> Option<&'static str> {
    SHAPES.iter().find(|shape| (shape.is_in)(text)).map(|shape| shape.name)
}

/// What stands behind each occurrence of `prefix` that no letter or digit precedes.
fn behind<'a>(text: &'a [u8], prefix: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let begins = move |at: &usize| {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        !before.is_some_and(u8::is_ascii_alphanumeric)
    };
    let window = prefix.len().max(1);
    let places = text.windows(window).enumerate().filter(move |(_, window)| *window == prefix.as_bytes());
    places.map(|(at, _)| at).filter(begins).filter_map(move |at| text.get(at.saturating_add(prefix.len())..))
}

fn length(text: &[u8], alphabet: Alphabet) -> usize {
    text.iter().take_while(|byte| alphabet(**byte)).count()
}

fn has(text: &[u8], prefix: &str, alphabet: Alphabet, least: usize) -> bool {
    behind(text, prefix).any(|rest| length(rest, alphabet) >= least)
}

/// The same with `prefix` in any case; it is given in small letters.
fn has_folded(text: &[u8], prefix: &str, alphabet: Alphabet, least: usize) -> bool {
    has(&text.to_ascii_lowercase(), prefix, alphabet, least)
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

fn access_key(text: &[u8]) -> bool {
    let is_whole =
        |rest: &[u8]| length(rest, CAPITALS) == 16 && !rest.get(16).is_some_and(u8::is_ascii_alphanumeric);
    ["AKIA", "ASIA"].into_iter().any(|prefix| behind(text, prefix).any(is_whole))
}

fn credentials_document(text: &[u8]) -> bool {
    /// `": "` is the longest of what stands between a name and a value.
    const BETWEEN: usize = 8;
    let text = text.to_ascii_lowercase();
    let is_key = |rest: &[u8]| {
        let between = length(rest, |byte| matches!(byte, b'"' | b'\'' | b'=' | b':' | b' ' | b'\t'));
        (1..=BETWEEN).contains(&between) && rest.get(between..).is_some_and(|rest| length(rest, BASE64) >= 40)
    };
    ["aws_secret_access_key", "secretaccesskey"].into_iter().any(|name| behind(&text, name).any(is_key))
}

fn presigned(text: &[u8]) -> bool {
    ["x-amz-signature=", "x-goog-signature="].into_iter().any(|name| has_folded(text, name, HEX, 64))
}

fn connection_string(text: &[u8]) -> bool {
    has_folded(text, "accountkey=", BASE64, 16)
        || has_folded(text, "sharedaccesskey=", BASE64, 16)
        || has_folded(text, "sharedaccesssignature=", |byte| byte.is_ascii_graphic() && byte != b';', 16)
}

fn access_signature(text: &[u8]) -> bool {
    let signed = has(text, "sig=", |byte| BASE64(byte) || byte == b'%', 32);
    signed && (has(text, "sv=", u8_digit, 4) || has(text, "se=", u8_digit, 4))
}

fn u8_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn client_secret(text: &[u8]) -> bool {
    let marks = text
        .windows(3)
        .enumerate()
        .filter(|(_, window)| matches!(window, [digit, b'Q', b'~'] if digit.is_ascii_digit()));
    marks.map(|(at, _)| at).any(|at| {
        let before = text.get(at.saturating_sub(3)..at).unwrap_or_default();
        let after = text.get(at.saturating_add(3)..).unwrap_or_default();
        before.len() == 3 && before.iter().all(|byte| SECRET(*byte)) && length(after, SECRET) >= 31
    })
}

fn key_file(text: &[u8]) -> bool {
    (contains(text, "\"private_key\"") && contains(text, "service_account"))
        || (contains(text, "\"refresh_token\"") && contains(text, "\"client_secret\""))
        || (contains(text, "\"clientSecret\"") && contains(text, "\"clientId\""))
}

fn vault_token(text: &[u8]) -> bool {
    let is_mixed = |token: &[u8]| {
        let some = |kind: fn(&u8) -> bool| token.iter().any(kind);
        some(u8::is_ascii_uppercase) && some(u8::is_ascii_lowercase) && some(u8::is_ascii_digit)
    };
    // Twenty-four letters and digits behind one letter: the format before 1.10.
    let is_old = |rest: &[u8]| {
        length(rest, |byte| byte.is_ascii_alphanumeric()) == 24 && rest.get(..24).is_some_and(is_mixed)
    };
    ["hvs.", "hvb.", "hvr."].into_iter().any(|prefix| has(text, prefix, TOKEN, 24))
        || ["s.", "b.", "r."].into_iter().any(|prefix| behind(text, prefix).any(is_old))
}

fn identity_token(text: &[u8]) -> bool {
    let tokens = text.split(|byte| !TOKEN(*byte)).filter(|token| token.starts_with(b"eyJ"));
    tokens.into_iter().any(|token| {
        let mut parts = token.split(|byte| *byte == b'.').map(json);
        let (header, claims) = (parts.next().flatten(), parts.next().flatten());
        let is_signed = header.is_some_and(|header| header.get("alg").is_some()) && parts.next().is_some();
        let issuer = claims.as_ref().and_then(|claims| claims.get("iss")?.as_str());
        is_signed && issuer.is_some_and(|issuer| issuer.starts_with("https://"))
    })
}

/// A part of a JWT as JSON (RFC 7515, section 3.1).
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
        let identity = jwt(r#"{"iss":"https://token.actions.githubusercontent.com","sub":"repo:o/r"}"#);
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
            ("Azure connection string", format!("AccountName=a;AccountKey={key}{key}==;EndpointSuffix=x")),
            (
                "Azure connection string",
                format!("Endpoint=sb://a/;SharedAccessKeyName=n;SharedAccessKey={key}="),
            ),
            (
                "shared access signature",
                format!("https://a/b?sv=2024-11-04&se=2026-01-01&sig={}%3D", "aB3".repeat(14)),
            ),
            ("Entra client secret", "x=abc8Q~Abcdefghijklmnopqrstuvwxyz0123456".to_owned()),
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
        // A token that an application gives out for itself.
        assert_eq!(of(jwt(r#"{"iss":"supabase","role":"anon"}"#).as_bytes()), None);
        assert_eq!(of(b"eyJ.eyJ.x"), None);
    }
}
