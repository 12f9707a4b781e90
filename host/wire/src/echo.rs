//! Detects a reply that repeats a secret of its request: as it is, in base64, in hex, or percent-encoded.
//!
//! Security: a server that refuses a request often quotes it. A guest that may only send a secret must neither read it in the
//! reply, nor have the host lift it out of the reply and hand it to the command. Only whole values are found, so a guest cannot
//! guess a secret character by character; a quoted part of a value is not found.

use audex_core::secret::Secret;
use audex_core::spelling;
use zeroize::Zeroizing;

/// The shortest value that is searched for. Shorter texts may be names, which occur by chance.
const SHORTEST: usize = 12;
/// The part of a longer value that is searched for, counted from its end: it bounds the time of a comparison. Values of one
/// issuer begin alike, but do not end alike.
const LONGEST: usize = 1024;
/// The number of leading bytes of a needle that rule out most positions of a reply.
const HEAD: usize = 4;
/// The number of different hashes of a head.
const HEADS: usize = 1 << 16;
/// The first line of a private key in PEM begins with this text.
const BEGIN: &str = "-----BEGIN ";
/// The first of this many parts of an RSA key is the modulus, which is public.
const PUBLIC_PART: usize = 3;

/// A search for the secrets of one request in its reply. Its time grows with the reply, and hardly with the secrets.
///
/// Upper and lower case are the same, because servers write hex in either case.
#[derive(Default)]
pub struct Guard {
    /// The texts to search for, in order. INVARIANT: none is the beginning of another.
    needles: Vec<Zeroizing<Vec<u8>>>,
    /// `true` at the hash of each needle's head.
    heads: Vec<bool>,
}

impl Guard {
    /// Prepares the search for those of `secrets` that are too long to occur by chance.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
        values.sort_unstable();
        values.dedup();
        let mut needles: Vec<_> = values.into_iter().flat_map(parts).flat_map(needles).collect();
        needles.sort_unstable_by(|one, two| one.as_slice().cmp(two));
        // Of two needles with the same beginning, the shorter one is enough.
        needles.dedup_by(|next, kept| next.starts_with(kept));
        let mut heads = vec![false; if needles.is_empty() { 0 } else { HEADS }];
        for needle in &needles {
            if let Some(head) = head(needle).and_then(|head| heads.get_mut(head)) {
                *head = true;
            }
        }
        Self { needles, heads }
    }

    /// Returns true if there is nothing to search for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.needles.is_empty()
    }

    /// Returns true if `text` contains a secret, also if `text` is escaped.
    #[must_use]
    pub fn finds_in(&self, text: &[u8]) -> bool {
        !self.is_idle()
            && (self.stands_in(text)
                || spelling::decodings(text).any(|decoded| self.stands_in(&decoded)))
    }

    fn stands_in(&self, text: &[u8]) -> bool {
        let text = folded(text);
        (0..text.len()).any(|place| {
            let rest = text.get(place..).unwrap_or_default();
            let may_begin = head(rest).and_then(|head| self.heads.get(head)) == Some(&true);
            may_begin && self.begins(rest)
        })
    }

    /// Returns true if `text` begins with a needle. That needle is the last one that is not after `text`, because none is
    /// the beginning of another.
    fn begins(&self, text: &[u8]) -> bool {
        let after = self.needles.partition_point(|needle| needle.as_slice() <= text);
        after
            .checked_sub(1)
            .and_then(|last| self.needles.get(last))
            .is_some_and(|needle| text.starts_with(needle))
    }
}

/// Returns the values to search for: the lines of a private key in PEM, because servers change line ends; else the whole.
fn parts(secret: &str) -> Vec<&str> {
    let whole = secret.trim();
    if whole.starts_with(BEGIN) && whole.contains('\n') {
        let lines = whole.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
        let lines: Vec<&str> = lines.filter(|line| line.len() >= SHORTEST).collect();
        return lines.get(lines.len() / PUBLIC_PART..).unwrap_or_default().to_vec();
    }
    if whole.len() >= SHORTEST { vec![whole] } else { Vec::new() }
}

/// Returns the spellings of `value`: as it is, without its own escapes, in hex, and in base64 at every position.
fn needles(value: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let value = value.as_bytes();
    let end = value.get(value.len().saturating_sub(LONGEST)..).unwrap_or(value);
    let mut needles = spelling::encodings(end);
    needles.push(spelling::plain(end));
    needles.push(Zeroizing::new(end.to_vec()));
    needles.retain(|needle| needle.len() >= SHORTEST);
    needles.iter().map(|needle| folded(needle)).collect()
}

fn folded(text: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.to_ascii_lowercase())
}

/// Returns the hash of the first bytes of `text`, below [`HEADS`].
fn head(text: &[u8]) -> Option<usize> {
    let bytes: [u8; HEAD] = text.first_chunk().copied()?;
    // The upper half of a product with a large odd number depends on every bit.
    usize::try_from(u32::from_le_bytes(bytes).wrapping_mul(0x9E37_79B1) >> 16).ok()
}

#[cfg(test)]
mod tests;
