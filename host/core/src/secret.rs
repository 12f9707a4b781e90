//! A value that must never be printed: zeroed on drop, redacted in `Debug`, readable only by name.

use std::fmt;

use zeroize::Zeroizing;

/// Text that grants access to something.
///
/// It has no `Display` and no `Serialize`; [`Secret::expose`] is the only way to the text, so every
/// place that reads one is found by searching for that word.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps `text`; the allocation is zeroed when the last clone of it is dropped.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Security: never format, log or serialise what this returns.
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
