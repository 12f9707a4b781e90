//! What of a secret is evidence of it: its lines, in pieces that nobody can guess.
//!
//! Security: a refusal tells the guest something too. Pieces lie at fixed places and do not overlap, so that a guest which knows
//! how a secret begins must guess the rest of a whole piece at once, and not one character after the other.

/// Characters of a piece. At six bits each they can be neither guessed nor meant by chance.
pub(super) const PIECE: usize = 16;
/// Shorter secrets are not looked for: they would turn up by chance.
const SHORTEST: usize = 8;
/// A piece of fewer different characters is a ruler or padding.
const FEWEST_DIFFERENT: usize = 6;

/// The lines of `secret` that make it one: of a PEM what is between its markers, of a signed token its signature.
pub(super) fn lines(secret: &[u8]) -> Vec<&[u8]> {
    let lines: Vec<&[u8]> =
        secret.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii).collect();
    let is_marker = |line: &&[u8]| line.starts_with(b"-----");
    let long = lines.into_iter().filter(|line| line.len() >= PIECE && !is_marker(line));
    let long: Vec<&[u8]> = long.map(unsigned_away).collect();
    if !long.is_empty() {
        return long;
    }
    let whole = secret.trim_ascii();
    if whole.len() >= SHORTEST { vec![whole] } else { Vec::new() }
}

/// The signature of a signed token, which is what makes it one; header and claims are alike in many.
fn unsigned_away(line: &[u8]) -> &[u8] {
    let is_token = line.starts_with(b"eyJ") && line.split(|byte| *byte == b'.').count() > 2;
    let signature = line.rsplit(|byte| *byte == b'.').next().filter(|part| is_token && part.len() >= PIECE);
    signature.unwrap_or(line)
}

/// Where the pieces of `line` begin. The last one ends where the line does.
pub(super) fn places(line: &[u8]) -> Vec<usize> {
    let last = line.len().saturating_sub(PIECE);
    let mut places: Vec<usize> = (0..last).step_by(PIECE).collect();
    places.push(last);
    let is_telling = |at: &usize| line.get(*at..at.saturating_add(PIECE)).is_some_and(is_varied);
    let telling: Vec<usize> = places.iter().copied().filter(is_telling).collect();
    if telling.is_empty() { places } else { telling }
}

fn is_varied(piece: &[u8]) -> bool {
    let mut bytes = piece.to_vec();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len() >= FEWEST_DIFFERENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_is_its_lines_and_a_signed_token_its_signature() {
        let pem = b"-----BEGIN PRIVATE KEY-----\r\nMC4CAQAwBQYDK2VwBCIEIGu\n-----END PRIVATE KEY-----\n";
        assert_eq!(lines(pem), [b"MC4CAQAwBQYDK2VwBCIEIGu"]);
        let token = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJlLW9mLWl0";
        assert_eq!(lines(token), [b"c2lnbmF0dXJlLW9mLWl0"]);
        assert_eq!(lines(b" password\n"), [b"password"]);
        assert!(lines(b"short").is_empty() && lines(b"").is_empty());
    }

    #[test]
    fn pieces_cover_a_line_to_its_end() {
        assert_eq!(places(b"0123456789abcdef0123456789abcdef0123"), [0, 16, 20]);
        assert_eq!(places(b"0123456789abcdef"), [0]);
        assert_eq!(places(b"password"), [0]);
        assert_eq!(places(b"----------------0123456789abcdef"), [16]);
    }
}
