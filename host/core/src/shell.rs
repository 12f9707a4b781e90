//! Words as a shell takes them: for commands that are shown to be pasted.

/// Quotes a word that a shell would not take literally.
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
