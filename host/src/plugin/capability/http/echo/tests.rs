use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::percent;

/// Whether `reply` repeats `secret`.
fn repeats(secret: &str, reply: &str) -> bool {
    let secret = Secret::new(secret.to_owned());
    Guard::new([&secret]).finds(reply.as_bytes(), &HeaderMap::new())
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGu9tBv1Pp5j0x+Zb7QxI9yVRuyXkcQ3\nqz0YJmVw1Zr+Hn/4Q8cKc2\n-----END PRIVATE KEY-----\n";
const TOKEN: &str = "ghp_planted0123456789abcdefGHIJKLMNopqrs";

/// How a server may quote `secret`.
fn spellings(secret: &str) -> Vec<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let each =
        |write: fn(u32) -> String| secret.chars().map(u32::from).map(write).collect::<Vec<_>>().concat();
    let unicode = each(|code| format!("\\u{code:04x}"));
    let markup = each(|code| format!("&#{code};"));
    let hex = each(|code| format!("{code:02X}"));
    let wide: String = secret.chars().flat_map(|c| [c, '\0']).collect();
    let plus = percent::encode(secret).replace("%20", "+");
    let mut all = vec![
        secret.to_owned(),
        json(secret),
        json(&json(secret)).replace('/', "\\/"),
        percent::encode(secret),
        percent::encode(&json(secret)),
        plus,
        unicode,
        markup,
        hex,
        wide,
        secret.replace(['\n', '\r'], ""),
    ];
    for frame in ["", "a", "ab"] {
        let framed = format!("{frame}{secret} and more");
        all.push(STANDARD.encode_to_string(&framed));
        all.push(URL_SAFE_NO_PAD.encode_to_string(&framed));
        all.push(STANDARD.encode_to_string(&framed).replace('/', "\\/"));
    }
    all
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    for secret in [KEY, TOKEN, "pass\"w/d", "correct horse battery+staple", "100%41\\n of what it was"] {
        for spelled in spellings(secret) {
            assert!(repeats(secret, &format!("{{\"you sent\":\"{spelled}\"}}")), "{spelled}");
        }
    }
}

#[test]
fn a_header_counts_as_the_body_does() {
    let secret = Secret::new(TOKEN.to_owned());
    let value = HeaderValue::from_str(&percent::encode(TOKEN)).unwrap();
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-echo"), value)]);
    assert!(Guard::new([&secret]).finds(b"", &headers));
    assert!(!Guard::new([&secret]).finds(b"", &HeaderMap::new()));
}

#[test]
fn a_line_or_a_long_piece_of_a_secret_is_as_much_as_the_whole() {
    for line in KEY.lines().filter(|line| !line.starts_with('-')) {
        assert!(repeats(KEY, line), "{line}");
    }
    // Cut at the front, and at the end.
    assert!(repeats(TOKEN, &TOKEN[9..]));
    assert!(repeats(TOKEN, &TOKEN[..25]));
    assert!(repeats(&"0a1b2c3d4e5f6g7h8i9jkl".repeat(9), &"0a1b2c3d4e5f6g7h8i9jkl".repeat(3)));
}

#[test]
fn what_is_no_secret_may_be_said() {
    assert!(!repeats(KEY, "-----BEGIN PRIVATE KEY-----\nanother\n-----END PRIVATE KEY-----"));
    assert!(!repeats(TOKEN, &TOKEN.to_ascii_uppercase()));
    assert!(!repeats("short", "a short one") && !repeats("", "a"));
    assert!(Guard::new([&Secret::new("short".to_owned())]).is_idle());
}

/// Google's access tokens, Slack's and GitHub's begin alike, and an identity's signed tokens end differently alone.
#[test]
fn another_token_of_the_same_issuer_is_no_echo() {
    let (sent, given) = ("planted0123456789abcdefGHIJ", "4qzr7uWv0x2YtB9sLmNpKjHgFdSa");
    for prefix in ["ya29.c.c0AY_VpZh0123456789", "xoxb-123456789012-1234567890123-"] {
        assert!(!repeats(&format!("{prefix}{sent}"), &format!("{prefix}{given}")), "{prefix}");
        assert!(repeats(&format!("{prefix}{sent}"), &format!("{prefix}{sent}")), "{prefix}");
    }
    let signed = format!("eyJ{}.eyJ{}.", "hbGciOiJSUzI1NiIsImtpZCI6IjAxMjM0NTY3ODkifQ", "pc3MiOiJtZSJ9");
    assert!(!repeats(&format!("{signed}{sent}"), &format!("{signed}{given}")));
    assert!(repeats(&format!("{signed}{sent}"), &format!("{signed}{sent}")));
}

/// Otherwise a guest that knows how a secret begins could read it by guessing, one character after the other.
#[test]
fn a_guess_of_the_next_character_is_not_answered() {
    for end in 17..25 {
        assert!(!repeats(TOKEN, &TOKEN[..end]), "{end}");
    }
    // A beginning that is known says nothing of the next character either.
    assert!(!repeats(TOKEN, &TOKEN[1..16]));
}

#[test]
fn a_large_reply_and_many_secrets_take_no_product_of_time() {
    let secrets: Vec<Secret> =
        (0..500).map(|n| Secret::new(format!("secret-{n:09}-{}", "0a1b2c3d4e5f6g7h".repeat(60)))).collect();
    let reply = "secret-000000001-0a1b2c3d4e5f ".repeat(40_000);
    let guard = Guard::new(&secrets);
    assert!(!guard.finds(reply.as_bytes(), &HeaderMap::new()));
}
