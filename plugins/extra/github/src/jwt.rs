//! The App's own token: a JWT that identifies the App, signed by the host with a key that this component
//! never sees.
//!
//! Source: GitHub Docs, "Generating a JSON Web Token (JWT) for a GitHub App"; RFC 7515 and 7519.

use audex_sdk::provider::{Error, Piece, Secret, clock, identity, keys};
use serde_json::Value;

/// The name of the App's private key: the whole PEM file from GitHub (PKCS#1).
const KEY: &str = "secret:GITHUB_APP_PRIVATE_KEY";
/// The backdating of the token, as GitHub recommends, for clocks that differ.
const BACK_SECONDS: u64 = 60;
/// The life of the token, which is used for seconds only. GitHub rejects more than ten minutes by its own
/// clock; with a longer life, a clock slightly ahead of GitHub's would exceed that (octokit/auth-app.js issue
/// 698).
const AHEAD_SECONDS: u64 = 300;

/// Returns a token for the App called `issuer`.
///
/// # Errors
/// If there is no key, or the key is malformed.
pub fn sign(issuer: &str) -> Result<Secret, Error> {
    let key = identity::token(KEY, &[])?.value;
    let message = message(issuer, clock::now());
    let signature = keys::sign(&key, "RS256", message.as_bytes())?;
    Ok(Secret::join(&[Piece::Plain(format!("{message}.")), Piece::Secret(&signature)]))
}

/// Returns the signed text: header and claims. `iss` is text even for a number (RFC 7519).
fn message(issuer: &str, now: u64) -> String {
    // Written by hand: the order of `json!`'s keys depends on features that other crates enable.
    let header = r#"{"alg":"RS256","typ":"JWT"}"#;
    let (from, until) = (now.saturating_sub(BACK_SECONDS), now.saturating_add(AHEAD_SECONDS));
    let claims = format!(r#"{{"exp":{until},"iat":{from},"iss":{}}}"#, Value::from(issuer));
    format!("{}.{}", base64url(header.as_bytes()), base64url(claims.as_bytes()))
}

/// Encodes bytes as in RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |place: usize| u32::from(chunk.get(place).copied().unwrap_or_default());
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..=chunk.len() {
            out.push(letter(word >> (18 - 6 * place) & 63));
        }
    }
    out
}

fn letter(sextet: u32) -> char {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let byte = usize::try_from(sextet).ok().and_then(|place| LETTERS.get(place));
    char::from(byte.copied().unwrap_or(b'A'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("~~?\u{7f}", "fn4_fw"),
        ] {
            assert_eq!(base64url(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn the_claims_are_dated_back_and_hold_for_less_than_ten_minutes() {
        let message = message("Iv23li", 1_800_000_000);
        let claims = base64url(br#"{"exp":1800000300,"iat":1799999940,"iss":"Iv23li"}"#);
        assert_eq!(message, format!("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.{claims}"));
    }
}
