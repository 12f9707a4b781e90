//! The values to search for in a secret that may contain private keys in PEM (RFC 7468).

use super::SHORTEST;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
/// The end of the label of every private key: `PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`, `OPENSSH PRIVATE KEY`.
const PRIVATE: &str = "PRIVATE KEY-----";
/// The least number of base64 characters of an RSA key: those of 1,024 bits have about 820, keys of elliptic curves at most 400.
const RSA: usize = 800;
/// The first of this many parts of an RSA key is the modulus, which is public.
const PUBLIC_PART: usize = 3;

/// Returns the lines of the private keys in `secret`, because servers change line ends, and the whole if it is more than PEM.
/// Certificates beside a key are public.
pub(super) fn parts(secret: &str) -> Vec<&str> {
    let whole = secret.trim();
    let mut parts = key_lines(whole);
    if (parts.is_empty() || !whole.starts_with(BEGIN)) && whole.len() >= SHORTEST {
        parts.push(whole);
    }
    parts
}

fn key_lines(text: &str) -> Vec<&str> {
    let (mut all, mut key) = (Vec::new(), None::<Vec<&str>>);
    // In a JSON string, line ends are escaped.
    for line in text.split(['\n', '\r']).flat_map(|line| line.split("\\n")) {
        let line = line.trim_end_matches("\\r").trim();
        if line.contains(BEGIN) {
            key = line.contains(PRIVATE).then(Vec::new);
        } else if line.contains(END) {
            all.extend(key.take().map(secret_lines).unwrap_or_default());
        } else if let Some(key) = &mut key {
            key.push(line);
        }
    }
    // The end of a key that was cut off is missing.
    all.extend(key.map(secret_lines).unwrap_or_default());
    all
}

fn secret_lines(key: Vec<&str>) -> Vec<&str> {
    let is_rsa = key.iter().map(|line| line.len()).sum::<usize>() >= RSA;
    let public = if is_rsa { key.len() / PUBLIC_PART } else { 0 };
    key.into_iter().skip(public).filter(|line| line.len() >= SHORTEST).collect()
}
