//! The standard error of a helper, made fit for display: a few bounded lines, without words that could be a
//! secret.
//!
//! Security: a helper may write anything, including its keys. A word is shown only if it is too plain to be a
//! key; the rule states what may pass, not what is blocked. A password of plain letters passes unless a word
//! before it announces a secret.

/// The maximum number of lines. The last lines give the reason; more lines would hide Audex's own message.
const MAX_LINES: usize = 3;
/// The maximum length of all lines together, in characters.
const MAX_CHARS: usize = 300;
/// The length from which a word with a letter and a digit may be a password; sites ask for no fewer
/// characters.
const MIN_PASSWORD: usize = 8;
/// The length from which a word may be a key, unless it is in lower case without digits; the shortest access
/// key has 16 characters.
const MIN_KEY: usize = 16;
const HIDDEN: &str = "[redacted]";
/// A word that contains one of these announces a secret.
const ANNOUNCING: [&str; 9] =
    ["secret", "token", "passw", "passphrase", "key", "bearer", "basic", "credential", "auth"];
/// Words that may follow an announcing word in a sentence. They are shown.
const PLAIN: [&str; 20] = [
    "is", "was", "has", "have", "are", "not", "for", "from", "in", "of", "to", "could", "cannot",
    "required", "missing", "invalid", "expired", "rejected", "failed", "process",
];

/// Returns the last lines of `text` as one line, without words that may be a secret.
pub(super) fn shown(text: &str) -> String {
    let text = plain(text);
    let lines: Vec<String> = text.lines().map(line).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(MAX_LINES)..).unwrap_or_default();
    last.join("; ").chars().take(MAX_CHARS).collect()
}

/// Returns `text` without terminal sequences and control characters, except line ends and tabs.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\x1b' && rest.next_if_eq(&'[').is_some() {
            // ECMA-48: a control sequence ends with a character from `@` to `~`.
            let _ = rest.by_ref().find(|character| ('@'..='~').contains(character));
        } else if matches!(character, '\n' | '\r') {
            plain.push('\n');
        } else if character == '\t' || !character.is_control() {
            plain.push(character);
        }
    }
    plain
}

fn line(text: &str) -> String {
    let mut words = Vec::new();
    let mut is_announced = false;
    for word in text.split_whitespace() {
        let lower = word.to_lowercase();
        let bare = lower.trim_matches(|character: char| !character.is_alphanumeric());
        let hides = (is_announced && !PLAIN.contains(&bare)) || may_be_secret(word, &lower);
        // `password was x`: a plain word does not end the announcement.
        let goes_on = is_announced && PLAIN.contains(&bare);
        is_announced = goes_on || ANNOUNCING.iter().any(|one| lower.contains(one));
        words.push(if hides { HIDDEN } else { word });
    }
    words.join(" ")
}

fn may_be_secret(word: &str, lower: &str) -> bool {
    let length = word.chars().count();
    let has_digit = word.chars().any(char::is_numeric);
    let has_letter = word.chars().any(char::is_alphabetic);
    let is_lower = word == lower;
    // Assignments such as `password=x` and `"token":"x"`, and addresses with a password or a query.
    let assigns = ANNOUNCING.iter().any(|one| {
        lower.split_once(one).is_some_and(|(_, rest)| {
            rest.split_once(['=', ':'])
                .is_some_and(|(_, value)| value.chars().any(char::is_alphanumeric))
        })
    });
    let is_address = word.contains("://") && word.contains(['@', '?', '#']);
    assigns
        || is_address
        || (length >= MIN_PASSWORD && has_digit && has_letter)
        || (length >= MIN_KEY && (!is_lower || has_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_shown() {
        for said in [
            "helper: not signed in, run helper login",
            "the token has expired",
            "Error: cannot connect to 127.0.0.1:8080",
            "OSError: no such file: /etc/helper/config.toml",
        ] {
            assert_eq!(shown(said), said);
        }
    }

    #[test]
    fn what_could_be_a_secret_is_not() {
        for (said, secret) in [
            ("got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalr"),
            ("keys AKIAIOSFODNN7EXAMPLE", "AKIA"),
            ("{\"SecretAccessKey\":\"short\"}", "short"),
            ("\"SessionToken\": \"short\"", "short"),
            ("password: swordfish", "swordfish"),
            ("the password swordfish is wrong", "swordfish"),
            ("token=abc", "abc"),
            ("Authorization: Bearer abc", "abc"),
            ("GET https://user:pass@host/", "pass"),
            ("GET https://host/?sig=abc", "abc"),
            ("tried hunter22", "hunter22"),
            ("-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B", "MII"),
            ("\u{1b}[31mAKIAIOSFODNN7EXAMPLE", "AKIA"),
        ] {
            assert!(!shown(said).contains(secret), "{}", shown(said));
        }
    }

    #[test]
    fn it_is_the_end_without_control_characters_and_bounded() {
        assert_eq!(shown("one\ntwo\n\nthree\r\n\x1b[1;31mfour\x07\n"), "two; three; four");
        assert!(shown(&"word ".repeat(1000)).chars().count() <= MAX_CHARS);
    }
}
