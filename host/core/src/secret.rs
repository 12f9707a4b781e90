//! A value that must never be printed: zeroed on drop, redacted in `Debug`, readable only through a named accessor.

use std::fmt;

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
}
