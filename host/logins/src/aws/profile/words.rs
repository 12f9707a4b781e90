//! Words of a command line, split and quoted as a POSIX shell does: by the rules of Python's `shlex`, which botocore uses for
//! section names and for `credential_process`.
//!
//! Source: Python 3.11, `Lib/shlex.py` (`read_token` with `posix` and `whitespace_split`).

/// Splits `text` into words; `None` if a quote or an escape has no end.
#[must_use]
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => single(&mut rest, word.get_or_insert_default())?,
            '"' => double(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

fn single(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            '\'' => return Some(()),
            other => word.push(other),
        }
    }
}

fn double(rest: &mut impl Iterator<Item = char>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()? {
            '"' => return Some(()),
            '\\' => match rest.next()? {
                escaped @ ('"' | '\\') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

/// Quotes `words` so that a shell runs exactly them, and so that no `#` and no `;` has a space before it: the
/// AWS SDK for Rust treats the text after such a character as a comment.
#[must_use]
pub fn quote(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    quoted.join(" ")
}

fn quoted(word: &str) -> String {
    let mut text = String::from("'");
    for character in word.chars() {
        match character {
            '\'' => text.push_str("'\\''"),
            '#' | ';' => text.extend(["''", character.encode_utf8(&mut [0; 4])]),
            other => text.push(other),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_python_does() {
        let split = |text| split(text).unwrap_or_default();
        assert_eq!(split("profile \"My Laptop\""), ["profile", "My Laptop"]);
        assert_eq!(split("profile équipe"), ["profile", "équipe"]);
        assert_eq!(split(r#"a'b c'd "e\"f\g" h\ i """#), ["ab cd", "e\"f\\g", "h i", ""]);
        assert_eq!(split(" \t"), [""; 0]);
    }

    #[test]
    fn a_quote_without_its_end_is_no_word() {
        for text in ["a 'b", "a \"b", "a\\", "\"a\\"] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_split_into_the_same_words_and_has_no_comment_in_it() {
        let words = ["sh", "-c", "a ; b # c", "it's", "", ";x", "$HOME"].map(str::to_owned);
        let line = quote(&words);
        assert_eq!(split(&line).unwrap(), words, "{line}");
        assert!(!line.contains(" ;") && !line.contains(" #"), "{line}");
    }
}
