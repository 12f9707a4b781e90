//! Splits a secret into its lines and these into pieces that cannot be guessed; a piece is evidence of the secret.
//!
//! Security: a refusal also tells the guest something. Pieces lie at fixed places and do not overlap. So a guest that knows
//! the beginning of a secret must guess the rest of a whole piece at once, and cannot guess one character at a time.

/// The length of a piece in characters. At six bits each, a piece can neither be guessed nor occur by chance.
pub(super) const PIECE: usize = 16;
/// The shortest secret that is searched for. Shorter texts may be names, which occur by chance.
pub(super) const SHORTEST: usize = 12;
/// The shortest decoded secret that is searched for; decoded text is not a name.
pub(super) const SHORTEST_DECODED: usize = 8;
/// The most characters that private keys of one kind share at their beginning: a version and the algorithm's name.
const FIXED: usize = 48;
/// The body length from which a private key is an RSA key. Then the first of [`PUBLIC_PART`] parts is the modulus, which is
/// public.
const LONG_KEY: usize = 800;
const PUBLIC_PART: usize = 3;
const MARKER: &[u8] = b"-----";
/// A piece with fewer different characters is a ruler or padding.
const FEWEST_DIFFERENT: usize = 6;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub text: &'a [u8],
    /// The number of bytes at the front of the line that are not secret.
    pub fixed: usize,
    /// True if another token may begin with the same text.
    pub begins: bool,
}

/// Returns the secret lines of `secret`: of a PEM the text between its markers, of a signed token its signature.
pub(super) fn lines(secret: &[u8], shortest: usize) -> Vec<Line<'_>> {
    let all: Vec<&[u8]> = secret
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .flat_map(unmarked)
        .collect();
    let is_marker = |line: &[u8]| line.starts_with(MARKER);
    let (mut lines, mut fixed, mut is_pem) = (Vec::new(), 0_usize, false);
    let mut rest = all.as_slice();
    while let Some((&line, after)) = rest.split_first() {
        rest = after;
        if is_marker(line) {
            let body =
                after.iter().take_while(|line| !is_marker(line)).map(|line| line.len()).sum();
            is_pem = true;
            let is_key = line.starts_with(b"-----BEGIN ") && line.ends_with(b"PRIVATE KEY-----");
            fixed = if is_key { public(body) } else { 0 };
            continue;
        }
        if line.len() >= PIECE {
            let begins = !is_pem && lines.is_empty();
            lines.push(Line { text: unsigned_away(line), fixed: fixed.min(line.len()), begins });
        }
        fixed = fixed.saturating_sub(line.len());
    }
    let whole = secret.trim_ascii();
    if lines.is_empty() && whole.len() >= shortest {
        lines.push(Line { text: whole, fixed: 0, begins: true });
    }
    lines
}

/// Returns how many characters at the front of a private key's body are not secret.
fn public(body: usize) -> usize {
    let part = body / PUBLIC_PART;
    if body >= LONG_KEY { part } else { part.min(FIXED) }
}

/// Splits a PEM that stands on one line into its marker and its lines; returns any other line unchanged.
fn unmarked(line: &[u8]) -> Vec<&[u8]> {
    let after = line.strip_prefix(MARKER).filter(|label| label.starts_with(b"BEGIN "));
    let end = after.and_then(|label| label.windows(MARKER.len()).position(|bytes| bytes == MARKER));
    let Some((marker, body)) = end.and_then(|end| line.split_at_checked(end + 2 * MARKER.len()))
    else {
        return vec![line];
    };
    let end = body.windows(MARKER.len()).position(|bytes| bytes == MARKER).unwrap_or(body.len());
    let body = body.get(..end).unwrap_or_default().split(u8::is_ascii_whitespace);
    std::iter::once(marker).chain(body.filter(|line| !line.is_empty())).collect()
}

/// Returns the signature of a signed token, because many tokens share header and claims; returns any other line unchanged.
fn unsigned_away(line: &[u8]) -> &[u8] {
    let is_token = line.starts_with(b"eyJ") && line.split(|byte| *byte == b'.').count() > 2;
    let signature =
        line.rsplit(|byte| *byte == b'.').next().filter(|part| is_token && part.len() >= PIECE);
    signature.unwrap_or(line)
}

/// Returns the places where the secret pieces of `line` begin. The last piece ends where the line ends.
pub(super) fn places(line: &Line) -> Vec<usize> {
    let last = line.text.len().saturating_sub(PIECE);
    let mut places: Vec<usize> = (0..last).step_by(PIECE).collect();
    places.push(last);
    places.retain(|at| line.fixed == 0 || at.saturating_add(PIECE) > line.fixed);
    let is_telling =
        |at: &usize| line.text.get(*at..at.saturating_add(PIECE)).is_some_and(is_varied);
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

    fn texts(secret: &[u8]) -> Vec<&[u8]> {
        lines(secret, SHORTEST).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn a_pem_is_its_lines_and_a_signed_token_its_signature() {
        let pem =
            b"-----BEGIN PRIVATE KEY-----\r\nMC4CAQAwBQYDK2VwBCIEIGu\n-----END PRIVATE KEY-----\n";
        assert_eq!(texts(pem), [b"MC4CAQAwBQYDK2VwBCIEIGu"]);
        let pem = b"-----BEGIN PRIVATE KEY----- MC4CAQAwBQYDK2VwBCIEIGu -----END PRIVATE KEY-----";
        assert_eq!(texts(pem), [b"MC4CAQAwBQYDK2VwBCIEIGu"]);
        let token = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2lnbmF0dXJlLW9mLWl0";
        assert_eq!(texts(token), [b"c2lnbmF0dXJlLW9mLWl0"]);
        assert_eq!(texts(b" a-password-12\n"), [b"a-password-12"]);
        assert!(texts(b"deploybot").is_empty() && texts(b"").is_empty());
    }

    #[test]
    fn what_is_alike_in_private_keys_is_passed_over() {
        let of = |lines_of_64: usize, label: &str| {
            let body = format!("{}\n", "0123456789abcdef".repeat(4)).repeat(lines_of_64);
            let pem = format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n{body}");
            let fixed: Vec<usize> =
                lines(pem.as_bytes(), SHORTEST).iter().map(|line| line.fixed).collect();
            fixed
        };
        assert_eq!(of(3, "EC PRIVATE KEY"), [48, 0, 0, 0, 0, 0]);
        assert_eq!(of(1, "PRIVATE KEY"), [21, 0]);
        assert_eq!(of(15, "RSA PRIVATE KEY")[..7], [64, 64, 64, 64, 64, 0, 0]);
        assert!(of(15, "CERTIFICATE").iter().all(|fixed| *fixed == 0));
    }

    #[test]
    fn pieces_cover_a_line_to_its_end() {
        let places = |text: &[u8], fixed| places(&Line { text, fixed, begins: false });
        assert_eq!(places(b"0123456789abcdef0123456789abcdef0123", 0), [0, 16, 20]);
        assert_eq!(places(b"0123456789abcdef0123456789abcdef0123", 21), [16, 20]);
        assert_eq!(places(b"0123456789abcdef", 0), [0]);
        assert!(places(b"0123456789abcdef", 16).is_empty());
        assert_eq!(places(b"a-password-12", 0), [0]);
        assert_eq!(places(b"----------------0123456789abcdef", 0), [16]);
    }
}
