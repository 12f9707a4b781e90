//! Detects a reply that repeats a secret that was sent in this run: as it is, as it was sent, in base64, in hex, or percent-encoded.
//!
//! Security: a server that refuses a request often quotes it. A guest that may only send a secret must neither read it in the
//! reply, nor have the host lift it out of the reply and hand it to the command. Only whole values are found, so a guest cannot
//! guess a secret character by character; a quoted part of a value is not found.

mod pem;

use audex_core::percent;
use audex_core::secret::Secret;
use audex_core::spelling;
use zeroize::Zeroizing;

/// The shortest value that is searched for. Shorter texts may be names, which occur by chance.
const SHORTEST: usize = 12;
/// The largest number of bytes searched for: the end of a longer value. It limits the time of one comparison. Values of one
/// issuer begin alike, but do not end alike.
const LONGEST: usize = 256;
/// The number of bytes at each end of a value that are not searched for. Security: the guest chooses the text around a secret,
/// so that decoding takes these bytes for a part of an escape: `%2` before `f`, `\u` before four hex digits, or `&#x` before eight.
const EDGE: usize = 8;
/// The number of leading bytes of a needle that rule out most positions of a reply.
const HEAD: usize = 4;
/// The number of different hashes of a head.
const HEADS: usize = 1 << 16;
/// A search for secrets in a reply. Its time grows with the reply, and hardly with the secrets.
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
        let mut needles: Vec<_> =
            values.into_iter().flat_map(pem::parts).flat_map(needles).collect();
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

    /// Returns true if `text` contains a secret, also if `text` is escaped or broken into lines.
    #[must_use]
    pub fn finds_in(&self, text: &[u8]) -> bool {
        if self.is_idle() {
            return false;
        }
        let is_broken = || text.iter().any(u8::is_ascii_whitespace);
        self.finds_escaped(text) || (is_broken() && self.finds_escaped(&without_whitespace(text)))
    }

    fn finds_escaped(&self, text: &[u8]) -> bool {
        self.contains(text)
            || spelling::decodings(text).any(|decoded| self.contains_in_lines(&decoded))
    }

    /// Returns true if `text`, or `text` without the line ends that decoding brought out, contains a needle. Blanks stay,
    /// because a decoded `+` is a blank.
    fn contains_in_lines(&self, text: &[u8]) -> bool {
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let together = || text.iter().copied().filter(|byte| !is_end(byte)).collect();
        self.contains(text)
            || (text.iter().any(is_end) && self.contains(&Zeroizing::<Vec<u8>>::new(together())))
    }

    fn contains(&self, text: &[u8]) -> bool {
        let text = folded(text);
        (0..text.len()).any(|place| {
            let rest = text.get(place..).unwrap_or_default();
            let may_begin = head(rest).and_then(|head| self.heads.get(head)) == Some(&true);
            may_begin && self.begins(rest)
        })
    }

    /// Returns true if `text` begins with a needle. If one matches, it is the greatest needle that sorts at or before `text`,
    /// because none is the beginning of another.
    fn begins(&self, text: &[u8]) -> bool {
        let after = self.needles.partition_point(|needle| needle.as_slice() <= text);
        after
            .checked_sub(1)
            .and_then(|last| self.needles.get(last))
            .is_some_and(|needle| text.starts_with(needle))
    }
}

/// Returns the texts to search for: `value` as it is, in the forms in which a guest can have it sent, and without its own
/// escapes; each of them also in hex, and in base64 at every position.
fn needles(value: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let plain = spelling::plain(value.as_bytes());
    let end = end(value.as_bytes());
    let mut forms = vec![
        Zeroizing::new(end.to_vec()),
        Zeroizing::new(percent::encode(end).into_bytes()),
        in_json(end),
        without_whitespace(end),
        Zeroizing::new(self::end(&plain).to_vec()),
    ];
    forms.sort_unstable_by(|one, two| one.as_slice().cmp(two));
    forms.dedup();
    let encoded: Vec<_> = forms.iter().flat_map(|form| spelling::encodings(form)).collect();
    let all = forms.into_iter().chain(encoded).filter(|needle| needle.len() >= SHORTEST);
    all.map(|needle| folded(&needle)).collect()
}

/// Returns the end of `value` without its last bytes.
fn end(value: &[u8]) -> &[u8] {
    let edge = EDGE.min(value.len().saturating_sub(SHORTEST) / 2);
    let to = value.len().saturating_sub(edge);
    value.get(edge.max(to.saturating_sub(LONGEST))..to).unwrap_or(value)
}

/// Returns `text` as a JSON string has it, without the quotes.
fn in_json(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let quoted = Zeroizing::new(serde_json::Value::from(String::from_utf8_lossy(text)).to_string());
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Zeroizing::new(inside.unwrap_or_default().as_bytes().to_vec())
}

fn without_whitespace(text: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect())
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
