//! A value that must never be printed: zeroed on drop, redacted in `Debug`, readable only through a named accessor.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Text that grants access to something.
///
/// The type has no `Display` and no `Serialize`. [`Secret::expose`] is the only way to the text, so a search for that
/// word finds every place that reads one.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`; each copy is zeroed when it is dropped.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Returns the text. Security: never format, log or serialise the result.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Compares two texts in a time that does not depend on the position of the first difference.
///
/// Security: otherwise a secret could be guessed byte by byte.
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new("planted-secret".to_owned());
        assert!(!format!("{secret:?} {:#?}", Some(&secret)).contains("planted"));
        assert_eq!(secret.expose(), "planted-secret");
    }

    #[test]
    fn texts_of_any_length_compare_as_they_are() {
        assert!(equal(b"", b"") && equal(b"abc", b"abc"));
        for (left, right) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("abc", "abcd")] {
            assert!(!equal(left.as_bytes(), right.as_bytes()), "{left} {right}");
        }
    }
}
