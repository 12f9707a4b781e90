//! Percent-encoding of paths.

/// Splits a path at its slashes and decodes the segments; `None` if a segment has a slash in itself.
pub fn segments(path: &str) -> Option<Vec<String>> {
    let segment = |text: &str| decoded(text).filter(|text| !text.contains('/'));
    path.strip_prefix('/')?.split('/').map(segment).collect()
}

/// Decodes a text; `None` if an escape or the result is malformed.
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            bytes.push(high << 4 | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once_and_malformed_ones_are_not_read() {
        assert_eq!(decoded("a%20b%252F%C3%A9").as_deref(), Some("a b%2Fé"));
        assert_eq!(
            segments("/a/b%20c/"),
            Some(vec!["a".to_owned(), "b c".to_owned(), String::new()])
        );
        assert_eq!((segments("/a%2Fb"), segments("a")), (None, None));
        for text in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
