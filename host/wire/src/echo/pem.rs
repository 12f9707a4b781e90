//! The values to search for in a secret that may contain private keys in PEM (RFC 7468).

use super::SHORTEST;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The end of the label of every private key: `PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`, `OPENSSH PRIVATE KEY`.
const PRIVATE: &str = "PRIVATE KEY-----";
/// The least number of base64 characters of an RSA key: those of 1,024 bits have about 820, keys of elliptic curves at most 400.
const RSA: usize = 800;
/// The first of this many parts of an RSA key is the modulus, which is public.
const PUBLIC_PART: usize = 3;

/// Returns the lines of the private keys in `secret`, because servers change line ends, the lines around the blocks, and the
/// whole if it is more than PEM. Certificates beside a key are public.
pub(super) fn parts(secret: &str) -> Vec<&str> {
    let whole = secret.trim();
    let (mut parts, around) = lines(whole);
    if (parts.is_empty() || !whole.starts_with(BEGIN)) && whole.len() >= SHORTEST {
        parts.push(whole);
    }
    // The lines of a JSON file around its key are public: the account's name and addresses.
    if !whole.starts_with('{') {
        parts.extend(around.into_iter().filter(|line| line.len() >= SHORTEST));
    }
    parts
}

/// A part of a text.
enum Place<'a> {
    Around,
    Certificate,
    Key(Vec<&'a str>),
}

/// Returns the lines of the private keys in `text`, and the lines around all blocks.
fn lines(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut keys, mut around, mut place) = (Vec::new(), Vec::new(), Place::Around);
    // In a JSON string, line ends are escaped.
    for line in text.split(['\n', '\r']).flat_map(|line| line.split("\\n")) {
        let line = line.trim_end_matches("\\r").trim();
        if let Some((before, label)) = line.split_once(BEGIN) {
            keys.extend(end_of(&mut place));
            around.push(before.trim());
            place =
                if label.contains(PRIVATE) { Place::Key(Vec::new()) } else { Place::Certificate };
        } else if let Some((_, label)) = line.split_once(END) {
            keys.extend(end_of(&mut place));
            around.extend(label.split_once(DASHES).map(|(_, behind)| behind.trim()));
        } else {
            match &mut place {
                Place::Around => around.push(line),
                Place::Certificate => {}
                Place::Key(key) => key.push(line),
            }
        }
    }
    // The end of a key that was cut off is missing.
    keys.extend(end_of(&mut place));
    (keys, around)
}

/// Ends the block at `place`, and returns the lines to search for.
fn end_of<'a>(place: &mut Place<'a>) -> Vec<&'a str> {
    match std::mem::replace(place, Place::Around) {
        Place::Key(key) => secret_lines(key),
        Place::Around | Place::Certificate => Vec::new(),
    }
}

fn secret_lines(key: Vec<&str>) -> Vec<&str> {
    let is_rsa = key.iter().map(|line| line.len()).sum::<usize>() >= RSA;
    let public = if is_rsa { key.len() / PUBLIC_PART } else { 0 };
    key.into_iter().skip(public).filter(|line| line.len() >= SHORTEST).collect()
}
