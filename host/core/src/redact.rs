//! Finds text that looks like a secret, by its name or by its own shape.

/// The replacement for a secret.
pub const REDACTED: &str = "[redacted]";

/// Words that make a value secret if its name contains them.
const SECRET_PARTS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "credential",
    "authorization",
];

/// Words that make a value secret only as a whole part of its name (`db-pass`, `sig`), not within a part (`bypass`, `design`).
const SECRET_WHOLE: [&str; 9] =
    ["pass", "pwd", "pin", "sig", "signature", "sas", "auth", "bearer", "cookie"];

/// Words that make a `key` secret if they stand just before it.
const SECRET_KEYS: [&str; 9] =
    ["api", "access", "account", "private", "secret", "shared", "storage", "encryption", "signing"];

/// Last parts of names whose value describes a secret and is not one.
const ABOUT: [&str; 10] =
    ["name", "arn", "file", "path", "ttl", "length", "type", "version", "tokens", "url"];

/// The prefixes of well-known secrets, each with the least length of such a secret.
const SHAPES: [(&str, usize); 20] = [
    ("AKIA", 20),
    ("ASIA", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("sk-", 20),
    ("hvs.", 20),
    ("hvb.", 20),
    ("ya29.", 20),
    ("AIza", 39),
    ("eyJ", 40),
    ("npm_", 30),
    ("pypi-", 30),
    ("dop_v1_", 30),
    ("FwoG", 100),
];

/// The length of an AWS secret access key.
const AWS_SECRET_LENGTH: usize = 40;

/// Replaces everything in `text` that looks like a secret.
#[must_use]
pub fn redact_text(text: &str) -> String {
    redact_shapes(&redact_user_information(&redact_named(text)))
}

/// Returns true if a value of this name is a secret; `-`, `_`, `.` and capitals separate the parts of a name.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for symbol in name.chars() {
        if matches!(symbol, '-' | '_' | '.') || (was_lower && symbol.is_uppercase()) {
            parts.push(String::new());
        }
        was_lower = symbol.is_lowercase();
        if let (Some(part), false) = (parts.last_mut(), matches!(symbol, '-' | '_' | '.')) {
            part.extend(symbol.to_lowercase());
        }
    }
    if parts.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return false;
    }
    let keyed = parts.windows(2).any(|pair| match pair {
        [before, key] => SECRET_KEYS.contains(&before.as_str()) && key == "key",
        _ => false,
    });
    let compound = SECRET_KEYS
        .iter()
        .any(|word| parts.iter().any(|part| part.strip_prefix(word) == Some("key")));
    let is_secret = |part: &String| {
        SECRET_WHOLE.contains(&part.as_str()) || SECRET_PARTS.iter().any(|word| part.contains(word))
    };
    keyed || compound || parts.iter().any(is_secret) || parts.concat().contains("connectionstring")
}

/// Replaces the value in `name=value`, `"name": "value"`, `Name: value` if the name is that of a secret.
fn redact_named(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(symbol) = rest.chars().next() {
        if !is_name(symbol) {
            result.push(symbol);
            rest = after(rest, symbol.len_utf8());
            continue;
        }
        let (name, tail) = split_while(rest, is_name);
        result.push_str(name);
        rest = tail;
        let Some((separator, value, tail)) = value_of(name, tail).filter(|_| is_secret_name(name))
        else {
            continue;
        };
        result.push_str(separator);
        if !value.is_empty() {
            result.push_str(REDACTED);
        }
        rest = tail;
    }
    result
}

/// Splits the text after a name into separator, value and rest; returns `None` if no value follows.
fn value_of<'a>(name: &str, text: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let (quotes, tail) = split_while(text, is_quote);
    let (_, tail) = split_while(tail, |symbol| symbol == ' ' && !quotes.is_empty());
    let sign = tail.chars().next().filter(|symbol| matches!(symbol, '=' | ':'))?;
    let (spaces, tail) =
        split_while(after(tail, 1), |symbol| symbol == ' ' && (sign == ':' || !quotes.is_empty()));
    // `arn:aws:secretsmanager:…:secret:name` and `s3:GetObject` are not assignments; headers are.
    if sign == ':' && quotes.is_empty() && spaces.is_empty() && !name.contains('-') {
        return None;
    }
    let (opening, tail) = split_while(tail, is_quote);
    let separator = text.get(..text.len() - tail.len())?;
    let is_whole_line = sign == ':' && quotes.is_empty();
    let (value, tail) = if !opening.is_empty() {
        split_while(tail, |symbol| !is_quote(symbol))
    } else if is_whole_line {
        split_while(tail, |symbol| !is_quote(symbol) && symbol != '\n')
    } else {
        split_while(tail, |symbol| {
            !symbol.is_whitespace() && !is_quote(symbol) && !"&;,)}".contains(symbol)
        })
    };
    Some((separator, value, tail))
}

/// Replaces the password in `scheme://user:password@host`; without a `:`, replaces everything before the `@`.
fn redact_user_information(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (scheme, tail) = rest.split_at(start + 3);
        result.push_str(scheme);
        let (authority, tail) =
            split_while(tail, |symbol| !symbol.is_whitespace() && !"/?#\"'".contains(symbol));
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                if let Some((user, _)) = user.split_once(':') {
                    result.push_str(user);
                    result.push(':');
                }
                result.push_str(REDACTED);
                result.push('@');
                result.push_str(host);
            }
            None => result.push_str(authority),
        }
        rest = tail;
    }
    result.push_str(rest);
    result
}

fn redact_shapes(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, tail) = split_while(rest, is_word);
        let (gap, tail) = split_while(tail, |symbol| !is_word(symbol));
        result.push_str(if has_secret_shape(word) { REDACTED } else { word });
        result.push_str(gap);
        rest = tail;
    }
    result
}

fn has_secret_shape(word: &str) -> bool {
    let begins = |(start, length): &(&str, usize)| word.len() >= *length && word.starts_with(start);
    SHAPES.iter().any(begins) || is_aws_secret(word)
}

/// Returns true for forty characters of base64 with capitals, small letters and digits; a commit hash has no capitals.
fn is_aws_secret(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    word.len() == AWS_SECRET_LENGTH
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
}

fn is_name(symbol: char) -> bool {
    symbol.is_alphanumeric() || matches!(symbol, '_' | '-' | '.')
}

fn is_word(symbol: char) -> bool {
    symbol.is_ascii_alphanumeric() || matches!(symbol, '_' | '-' | '.' | '+' | '/')
}

fn is_quote(symbol: char) -> bool {
    matches!(symbol, '"' | '\'' | '\\')
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|symbol| !keep(symbol)).unwrap_or(text.len()))
}

fn after(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// Returns true if `text` holds something that looks like a secret, by its name or by its own shape.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    redact_text(text) != text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_names_are_redacted() {
        for (text, expected) in [
            ("token=abc", "token=[redacted]"),
            ("DB_PASSWORD='two words' x=1", "DB_PASSWORD='[redacted]' x=1"),
            ("https://h/p?a=1&sig=ab%2F&b=2", "https://h/p?a=1&sig=[redacted]&b=2"),
            (r#"{"password": "a b", "n": 1}"#, r#"{"password": "[redacted]", "n": 1}"#),
            ("Authorization: Bearer abc", "Authorization: [redacted]"),
            ("X-Vault-Token:abc", "X-Vault-Token:[redacted]"),
            ("AccountName=n;AccountKey=abc==;x=y", "AccountName=n;AccountKey=[redacted];x=y"),
            ("X-Amz-Signature=00ff&z=1", "X-Amz-Signature=[redacted]&z=1"),
            ("clientSecret=x", "clientSecret=[redacted]"),
            ("größe=1 пароль token=é日本", "größe=1 пароль token=[redacted]"),
        ] {
            assert_eq!(redact_text(text), expected);
        }
    }

    #[test]
    fn secrets_are_known_by_their_shape() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK1Y",
            "ghp_0123456789abcdefghij",
            "hvs.CAESIJ0123456789abcdef",
        ] {
            assert_eq!(redact_text(&format!("a {text}, b")), "a [redacted], b", "{text}");
        }
        assert_eq!(redact_text("https://u:p@h/x"), "https://u:[redacted]@h/x");
        assert_eq!(redact_text("git+https://abc@h/x"), "git+https://[redacted]@h/x");
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "s3://bucket/key@2x.png",
            "arn:aws:secretsmanager:eu-north-1:1:secret:prod/db",
            "--max-tokens=100",
            "s3:GetObject",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "passenger=1 design=2 monkey=3",
            "--token-file=/x",
            "日本語 \u{1f980} é=ü",
        ] {
            assert_eq!(redact_text(text), text);
        }
    }
}
