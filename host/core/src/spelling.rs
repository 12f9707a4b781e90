//! The ways in which servers write quoted text: escaped for JSON, forms or markup, or encoded in base64 or hex.

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The number of layers that are decoded: a form field that holds JSON in a JSON string.
const DEPTH: usize = 3;

/// Returns `text` decoded once, twice and so on, until decoding changes nothing.
pub fn decodings(text: &[u8]) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
    let next = |text: &[u8]| Some(decode(text)).filter(|decoded| **decoded != text);
    std::iter::successors(next(text), move |text| next(text)).take(DEPTH)
}

/// Returns `text` with all layers decoded.
#[must_use]
pub fn plain(text: &[u8]) -> Zeroizing<Vec<u8>> {
    decodings(text).last().unwrap_or_else(|| Zeroizing::new(text.to_vec()))
}

/// Returns `window` in hex, and the part of its base64 that is the same at every position in a longer text.
pub fn encodings(window: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let hex = |digits: &[u8; 16]| {
        let digit = |nibble: u8| digits.get(usize::from(nibble & 15)).copied().unwrap_or_default();
        window.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect::<Vec<u8>>()
    };
    let mut texts = vec![hex(b"0123456789abcdef"), hex(b"0123456789ABCDEF")];
    for before in 0..3_usize {
        let mut bytes = Zeroizing::new(vec![0; before]);
        bytes.extend_from_slice(window);
        // The characters at the edges also depend on the neighbouring bytes, so they are left out.
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        for encoding in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = Zeroizing::new(encoding.encode_to_string(&*bytes));
            let own = encoded.as_bytes().get(from..to).unwrap_or_default();
            texts.push(own.to_vec());
            texts.push(decode(own).to_vec());
        }
    }
    texts.into_iter().map(Zeroizing::new).collect()
}

/// Decodes one layer of every kind of escape. Text that is not an escape stays.
fn decode(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let taken = match byte {
            b'\\' => backslash(after, &mut out),
            b'%' => after.get(..2).and_then(|digits| number(digits, 16)).map(|code| {
                out.push(u8::try_from(code).unwrap_or_default());
                2
            }),
            b'&' => reference(after, &mut out),
            b'+' => {
                out.push(b' ');
                Some(0)
            }
            // A zero byte is the other half of a UTF-16 character.
            0 => Some(0),
            _ => None,
        };
        if taken.is_none() {
            out.push(byte);
        }
        rest = after.get(taken.unwrap_or_default()..).unwrap_or_default();
    }
    out
}

/// Decodes an escape of RFC 8259, section 7, or `\xHH` of other languages. Returns the number of bytes read from `after`.
fn backslash(after: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let hex = |range| after.get(range).and_then(|digits| number(digits, 16));
    let (byte, read) = match after.first()? {
        b'u' => {
            let high = hex(1..5)?;
            let low = after.get(5..7).filter(|next| *next == b"\\u").and_then(|_| hex(7..11));
            let low = low
                .filter(|low| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
            let code = low.map_or(high, |low| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            push(code, out);
            return Some(if low.is_some() { 11 } else { 5 });
        }
        b'x' => (u8::try_from(hex(1..3)?).ok()?, 3),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'b' => (8, 1),
        b'f' => (12, 1),
        other => (*other, 1),
    };
    out.push(byte);
    Some(read)
}

/// Decodes a reference of HTML or XML: a number or one of XML's names. Returns the number of bytes read from `after`.
fn reference(after: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    /// The length of the longest numeric reference, including its `#x`.
    const LONGEST: usize = 10;
    let length = after.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let code = match after.get(..length)? {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        b"amp" => u32::from(b'&'),
        b"lt" => u32::from(b'<'),
        b"gt" => u32::from(b'>'),
        b"quot" => u32::from(b'"'),
        b"apos" => u32::from(b'\''),
        _ => return None,
    };
    push(code, out);
    Some(length + 1)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

fn push(code: u32, out: &mut Vec<u8>) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_taken_back() {
        for (written, meant) in [
            (r#"a\nb\u0041\"\\\/c"#, "a\nbA\"\\/c"),
            (r"\ud83d\udd11 \ud83d", "🔑 \u{fffd}"),
            ("a%0Ab%2b+c", "a\nb+ c"),
            ("&amp;&#65;&#x42;&quot;&other;& ", "&AB\"&other;& "),
            ("%zz \\", "%zz \\"),
            ("k\0e\0y\0", "key"),
        ] {
            assert_eq!(String::from_utf8_lossy(&decode(written.as_bytes())), meant, "{written}");
        }
    }

    #[test]
    fn what_is_decoded_in_layers_comes_out_plain() {
        assert_eq!(&*plain(b"%5Cn%255Cn"), b"\n\n");
        assert_eq!(decodings(b"plain").count(), 0);
    }

    #[test]
    fn base64_has_the_window_at_each_alignment() {
        for before in ["", "x", "xy", "xyz"] {
            let whole = STANDARD_NO_PAD.encode_to_string(format!("{before}planted?secret>0123!"));
            let found = encodings(b"planted?secret>0").iter().any(|text| {
                whole.as_bytes().windows(text.len()).any(|window| window == text.as_slice())
            });
            assert!(found, "{before}");
        }
    }
}
