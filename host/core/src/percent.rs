//! Percent-encoding (RFC 3986), with one set of unencoded characters for the whole program.

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

/// All characters but the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same set without `/`, for paths whose segments `/` separates.
const IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Encodes all but unreserved characters; this is a superset of the characters that the form encoding requires.
#[must_use]
pub fn encode(text: impl AsRef<[u8]>) -> String {
    percent_encode(text.as_ref(), RESERVED).to_string()
}

/// Encodes all but unreserved characters and `/`, as S3 signs and lists keys.
#[must_use]
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, IN_PATH).to_string()
}

/// Returns the decoded names and values of a query, with invalid UTF-8 replaced.
///
/// A `+` stays, because AWS clients write a blank as `%20`.
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
