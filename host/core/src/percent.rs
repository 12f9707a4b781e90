//! Percent-encoding (RFC 3986): the program's one set of characters that stay.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but unreserved characters (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same, for paths whose `/` separate.
const IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// `text` with everything but unreserved characters encoded; a superset of what the form encoding asks for.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `path` with everything but unreserved characters and `/` encoded, as S3 signs and lists keys.
#[must_use]
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, IN_PATH).to_string()
}

/// Names and values of a query, decoded; bytes that are no UTF-8 replaced. A `+` stays: AWS clients write a blank `%20`.
#[must_use]
pub fn decode_pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    query.split('&').filter(|text| !text.is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encode("a-._~ /+é"), "a-._~%20%2F%2B%C3%A9");
        assert_eq!(encode_path("a/b c"), "a/b%20c");
    }
}
