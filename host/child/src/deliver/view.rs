//! The readings of a value that a program could make: as it is, unescaped, and decoded from base64 or hex.

use zeroize::Zeroizing;

use audex_core::spelling;

/// The most layers of encoding: a key in base64, in JSON, in a percent-encoded variable.
const DEPTH: usize = 3;
/// The base64 characters of sixteen bytes; shorter secrets are not searched for (`deliver/copy.rs`).
const SHORTEST_BASE64: usize = 22;
/// The hex digits of sixteen bytes.
const SHORTEST_HEX: usize = 32;

/// Returns every reading of `value`; the first is `value` itself.
pub(super) fn views(value: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut found = vec![Zeroizing::new(value.to_vec())];
    let mut from = 0;
    for _ in 0..DEPTH {
        let until = found.len();
        let next: Vec<_> = found.iter().skip(from).flat_map(|view| decoded(view)).collect();
        found.extend(next);
        from = until;
    }
    found
}

/// Undoes one layer of encoding, once for each encoding that applies.
fn decoded(view: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut found: Vec<_> = spelling::decodings(view).take(1).collect();
    // If other characters of the alphabet precede an encoded text, the text can begin at any of four offsets.
    for run in runs(view, SHORTEST_BASE64, sextet) {
        found.extend((0..4).map(|skipped| bytes(run.get(skipped..).unwrap_or_default(), 6)));
    }
    for run in runs(view, SHORTEST_HEX, nibble) {
        found.extend((0..2).map(|skipped| bytes(run.get(skipped..).unwrap_or_default(), 4)));
    }
    found
}

/// Returns the values of each run of at least `shortest` characters of an alphabet. Line breaks do not end a
/// run, because `base64` writes line breaks into long texts.
fn runs(view: &[u8], shortest: usize, value: fn(u8) -> Option<u8>) -> Vec<Zeroizing<Vec<u8>>> {
    let mut found = Vec::new();
    let mut run = Zeroizing::new(Vec::new());
    for byte in view.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        if let Some(value) = value(*byte) {
            run.push(value);
            continue;
        }
        if run.len() >= shortest {
            found.push(std::mem::take(&mut run));
        }
        run.clear();
    }
    if run.len() >= shortest {
        found.push(run);
    }
    found
}

/// Returns the value of a character of base64, in either alphabet of RFC 4648 (sections 4 and 5).
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Joins values of `bits` bits each to bytes; drops the last bits if they do not fill a byte, as base64 drops
/// padding.
fn bytes(values: &[u8], bits: u32) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(values.len()));
    let (mut held, mut count) = (0_u32, 0_u32);
    for value in values {
        held = (held << bits | u32::from(*value)) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            out.push((held >> count & 0xff) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn shows(value: &str) -> bool {
        views(value.as_bytes())
            .iter()
            .any(|view| view.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()))
    }

    fn base64(text: &str) -> String {
        base64_simd::STANDARD.encode_to_string(text)
    }

    #[test]
    fn every_way_to_write_a_value_is_read_back() {
        let hex = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let percent =
            SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        let escaped =
            SECRET.bytes().map(|byte| format!("\\u00{byte:02x}")).collect::<Vec<_>>().concat();
        for value in [
            SECRET.to_owned(),
            hex.clone(),
            hex.to_uppercase(),
            percent.clone(),
            escaped,
            base64(SECRET),
        ] {
            assert!(shows(&value), "{value}");
            assert!(shows(&format!("x={value};")), "{value}");
        }
        for before in ["", "u", "us", "use", "user", "user:"] {
            let whole =
                base64_simd::URL_SAFE_NO_PAD.encode_to_string(format!("{before}{SECRET}?>"));
            assert!(shows(&whole) && shows(&format!("Basic{whole}")), "{before}");
        }
    }

    #[test]
    fn encodings_in_each_other_and_over_lines_are_read_back() {
        let once = base64(&format!("{{\"key\":\"{SECRET}\"}}"));
        assert!(shows(&base64(&base64(SECRET))));
        assert!(shows(&audex_core::percent::encode(base64(&once))));
        let (start, end) = once.split_at(20);
        assert!(shows(&format!("{start}\n{end}\n")) && shows(&format!("{start}\\n{end}")));
    }

    #[test]
    fn another_text_does_not_show_it() {
        assert!(!shows(&base64(&SECRET[1..])) && !shows("") && !shows(&SECRET.to_lowercase()));
    }
}
