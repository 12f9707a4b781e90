use base64_simd::{STANDARD, URL_SAFE_NO_PAD};

use super::*;
use audex_core::digest::hex;
use audex_core::percent;

fn guard(secret: &str) -> Guard {
    Guard::new([&Secret::new(secret.to_owned())])
}

/// Returns true if `reply` repeats `secret`.
fn repeats(secret: &str, reply: &str) -> bool {
    guard(secret).finds_in(reply.as_bytes())
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGu9tBv1Pp5j0x+Zb7QxI9yVRuyXkcQ3\nqz0YJmVw1Zr+Hn/4Q8cKc2\n-----END PRIVATE KEY-----\n";
const TOKEN: &str = "ghp_planted0123456789abcdefGHIJKLMNopqrs";

/// Returns the ways in which a server may quote `secret`.
fn spellings(secret: &str) -> Vec<String> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let each = |write: fn(u32) -> String| {
        secret.chars().map(u32::from).map(write).collect::<Vec<_>>().concat()
    };
    let unicode = each(|code| format!("\\u{code:04x}"));
    let markup = each(|code| format!("&#{code};"));
    let hex = each(|code| format!("{code:02X}"));
    let plus = percent::encode(secret).replace("%20", "+");
    let mut all = vec![
        secret.to_owned(),
        json(secret),
        json(&json(secret)).replace('/', "\\/"),
        percent::encode(secret),
        percent::encode(json(secret)),
        plus,
        unicode,
        markup,
        hex,
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
    for secret in
        [KEY, TOKEN, "pass\"w/d-123", "correct horse battery+staple", "100%41\\n of what it was"]
    {
        for spelled in spellings(secret) {
            let reply = format!("{{\"you sent\":\"{spelled}\"}}");
            assert!(repeats(secret, &reply), "{spelled}");
        }
    }
}

#[test]
fn a_line_of_a_private_key_is_as_much_as_the_whole() {
    for line in KEY.lines().filter(|line| !line.starts_with('-')) {
        assert!(repeats(KEY, line), "{line}");
    }
}

#[test]
fn the_end_of_a_long_value_is_as_much_as_the_whole() {
    let long = noise(7, 3 * LONGEST);
    for reply in [&long, &long[long.len() - LONGEST - EDGE..], &STANDARD.encode_to_string(&long)] {
        assert!(repeats(&long, reply));
    }
    assert!(!repeats(&long, &long[..2 * LONGEST]));
}

#[test]
fn what_is_no_secret_may_be_said() {
    assert!(!repeats(KEY, "-----BEGIN PRIVATE KEY-----\nanother\n-----END PRIVATE KEY-----"));
    assert!(!repeats("short", "a short one") && !repeats("", "a"));
    assert!(!repeats("deploybot", r#"{"login":"deploybot"}"#));
    assert!(repeats("deploybot-42", r#"{"password":"deploybot-42"}"#));
    assert!(guard("short").is_idle());
}

#[test]
fn the_case_of_letters_does_not_hide_a_secret() {
    let uuid = "0F8FAD5B-D9CB-469F-A165-70867728950E";
    assert!(repeats(uuid, &uuid.to_ascii_lowercase()));
    assert!(repeats(&uuid.to_ascii_lowercase(), uuid));
    assert!(repeats(TOKEN, &TOKEN.to_ascii_uppercase()));
}

#[test]
fn the_zero_bytes_of_utf_16_do_not_hide_a_secret() {
    let wide: String = TOKEN.chars().flat_map(|c| [c, '\0']).collect();
    assert!(repeats(TOKEN, &wide));
}

/// Tokens of one issuer (Google, Slack, GitHub) begin alike; signed tokens of one identity differ only at their end.
#[test]
fn another_token_of_the_same_issuer_is_not_an_echo() {
    for prefix in
        ["ya29.c.c0AY_VpZh0123456789", "xoxb-123456789012-1234567890123-", "eyJhbGciOiJSUzI1NiJ9."]
    {
        let (sent, given) =
            (format!("{prefix}{}", noise(1, 99)), format!("{prefix}{}", noise(2, 99)));
        assert!(repeats(&sent, &sent) && !repeats(&sent, &given), "{prefix}");
        assert!(!repeats(&sent, &STANDARD.encode_to_string(&given)), "{prefix}");
    }
}

/// Returns characters that look like base64, different for each `seed`.
fn noise(seed: u32, length: usize) -> String {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                [(state >> 26) as usize],
        )
    };
    (0..length).map(|_| next()).collect()
}

fn pem(label: &str, body: &str) -> String {
    let lines: Vec<&str> =
        (0..body.len()).step_by(64).map(|at| &body[at..body.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

#[test]
fn another_private_key_is_not_an_echo_and_neither_is_the_public_half_of_an_rsa_key() {
    let fixed = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ";
    let (modulus, rest) = (noise(1, 344), noise(2, 1230));
    let key = pem("PRIVATE KEY", &format!("{fixed}{modulus}{rest}"));
    let other = pem("PRIVATE KEY", &format!("{fixed}{}", noise(3, 1574)));
    let public = format!(r#"{{"kty":"RSA","n":"{modulus}"}}"#);
    assert!(repeats(&key, &key) && repeats(&key, &rest));
    assert!(!repeats(&key, &other) && !repeats(&key, &public));
}

/// A guest chooses the text around a secret, so that a decoder takes the first characters of the secret for an escape's.
#[test]
fn an_escape_that_ends_inside_a_secret_does_not_hide_it() {
    let frames =
        ["k=%2", "%", "&#x", "\\U000", "\\", "\\u", "\\u00", "\\x", "\\x0", "&#", "&#x4", "%25%2"];
    for secret in
        ["eXampleKey/0123+456789ABCDEF==", "0f8fad5b/d9cb+469f/a165+70867728950e/", &noise(5, 900)]
    {
        // A guest that encodes a secret again and again has the encoded ones searched for too.
        let once = percent::encode(secret);
        let guard = Guard::new(&[secret, &once].map(|known| Secret::new(known.to_owned())));
        for frame in frames {
            for sent in [secret, &once, &percent::encode(&once)] {
                let quoted = format!("{frame}{sent}&x");
                let encoded = [STANDARD.encode_to_string(&quoted), hex(quoted.as_bytes())];
                // A server may decode the request before it replies it.
                let read = spelling::decodings(quoted.as_bytes()).map(|read| read.to_vec());
                let replies = [quoted.clone().into_bytes()].into_iter().chain(read);
                for reply in replies.chain(encoded.map(String::into_bytes)) {
                    assert!(guard.finds_in(&reply), "{quoted}");
                }
            }
        }
    }
}

#[test]
fn line_ends_in_an_encoded_secret_do_not_hide_it() {
    let secret = noise(9, 200);
    let texts = [secret.clone(), STANDARD.encode_to_string(&secret), hex(secret.as_bytes())];
    for text in texts {
        for width in [12, 60, 64, 76] {
            for end in ["\n", "\r\n", " ", "\\n", "\\r\\n", "\\\\n", "%0A", "&#10;"] {
                let lines: Vec<&str> = (0..text.len())
                    .step_by(width)
                    .map(|at| &text[at..text.len().min(at + width)])
                    .collect();
                assert!(repeats(&secret, &lines.join(end)), "{width} {end:?}");
            }
        }
    }
}

#[test]
fn every_line_of_a_key_of_an_elliptic_curve_counts_and_no_certificate_beside_it() {
    let key = pem("EC PRIVATE KEY", &noise(11, 164));
    let certificate = pem("CERTIFICATE", &noise(12, 700));
    for bundle in [format!("{key}{certificate}"), format!("{certificate}{key}"), key.clone()] {
        for line in key.lines().filter(|line| !line.starts_with('-')) {
            assert!(repeats(&bundle, line), "{line}");
        }
        assert!(!repeats(&bundle, &certificate));
    }
}

#[test]
fn the_line_ends_of_a_key_and_the_text_around_it_do_not_matter() {
    let lines: Vec<&str> = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let file = serde_json::json!({ "type": "service_account", "private_key": KEY }).to_string();
    for secret in [
        KEY.replace('\n', "\r"),
        KEY.replace('\n', "\r\n"),
        KEY.replace('\n', "\\n"),
        KEY.replace('\n', "\\r\\n"),
        format!("\u{feff}{KEY}"),
        KEY.replace("-----END PRIVATE KEY-----\n", ""),
        file.clone(),
    ] {
        assert!(repeats(&secret, lines[0]) && repeats(&secret, &lines.concat()), "{secret:?}");
    }
    assert!(repeats(&file, &file));
    let narrow = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQ\nYDK2VwBCIE\n-----END PRIVATE KEY-----";
    assert!(repeats(narrow, narrow));
}

#[test]
fn the_text_around_a_key_is_searched_for_and_a_certificate_and_another_text_are_not() {
    let certificate = pem("CERTIFICATE", &noise(12, 700));
    let password = "pass-phrase: correct-horse-1";
    let key = KEY.trim();
    for secret in [
        format!("{key}\n{certificate}{password}\n"),
        format!("{key}\r\n\r\n{password}\r\n"),
        format!("{key} {password}"),
        format!("{password}\n{certificate}\n{key}\n"),
        format!("{password} {key}\n{}", "# ".repeat(200)),
        format!("{key}\n{password}\n{key}"),
    ] {
        assert!(repeats(&secret, password), "{secret:?}");
        assert!(repeats(&secret, &STANDARD.encode_to_string(password)), "{secret:?}");
        assert!(repeats(&secret, KEY), "{secret:?}");
        assert!(!repeats(&secret, &certificate), "{secret:?}");
        assert!(!repeats(&secret, "pass-phrase: another-horse-2"), "{secret:?}");
    }
    let file = serde_json::json!({ "private_key": KEY, "type": "service_account" });
    let file = serde_json::to_string_pretty(&file).unwrap();
    assert!(repeats(&file, KEY) && !repeats(&file, r#""type": "service_account""#));
}

/// Otherwise a guest that knows the beginning of a secret could guess the rest one character at a time.
#[test]
fn a_guess_of_the_next_character_is_not_answered() {
    for end in 1..TOKEN.len() - EDGE {
        let guess = &TOKEN[..end];
        for spelled in [
            guess.to_owned(),
            hex(guess.as_bytes()),
            STANDARD.encode_to_string(format!("{guess}#")),
        ] {
            assert!(!repeats(TOKEN, &spelled), "{spelled}");
        }
    }
    assert!(repeats(TOKEN, &hex(TOKEN.as_bytes())));
}

/// docs/security.md says so.
#[test]
fn a_part_of_a_value_and_its_decoded_form_are_not_found() {
    assert!(
        !repeats(TOKEN, &TOKEN[EDGE + 1..])
            && !repeats(TOKEN, &format!("{}#{}", &TOKEN[..22], &TOKEN[22..]))
    );
    let basic = STANDARD.encode_to_string("deploy:correct-horse-1");
    assert!(!repeats(&basic, "unknown user deploy:correct-horse-1"));
    let file = r#"{"type":"service_account","private_key_id":"0123456789abcdef"}"#;
    assert!(repeats(file, file) && !repeats(file, r#""private_key_id":"0123456789abcdef""#));
}

#[test]
fn a_large_reply_and_many_secrets_take_no_product_of_time() {
    let secrets: Vec<Secret> = (0..500)
        .map(|n| Secret::new(format!("secret-{n:09}-{}", "0a1b2c3d4e5f6g7h".repeat(60))))
        .collect();
    let guard = Guard::new(&secrets);
    assert!(!guard.finds_in("secret-000000001-0a1b2c3d4e5f ".repeat(40_000).as_bytes()));
    assert!(!guard.finds_in("secret-00000000 0a1b2c3d4e5f ".repeat(40_000).as_bytes()));
}
