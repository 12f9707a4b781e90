//! Headers that count only if a request has them once.

use http::HeaderMap;

/// Returns the value of a header as text, if there is exactly one such header.
#[must_use]
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_comes_twice_or_is_not_text_has_no_value() {
        let mut headers = HeaderMap::new();
        assert_eq!(header(&headers, "x"), None);
        headers.append("x", "1".parse().unwrap());
        assert_eq!(header(&headers, "x"), Some("1"));
        headers.append("x", "1".parse().unwrap());
        assert_eq!(header(&headers, "x"), None);
        headers.insert("x", http::HeaderValue::from_bytes(b"\xfc").unwrap());
        assert_eq!(header(&headers, "x"), None);
    }
}
