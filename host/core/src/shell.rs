//! Quotes words for a shell, in commands that are shown for pasting.

/// Returns `word` in a form that a shell takes literally, quoted if it needs quotes.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_meaning_to_a_shell_is_quoted() {
        assert_eq!(quoted("s3:GetObject"), "s3:GetObject");
        assert_eq!(quoted("arn:aws:s3:::a/*"), "'arn:aws:s3:::a/*'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
