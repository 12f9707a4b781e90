//! Detects a reply that repeats a secret of its request, plain or encoded.
//!
//! Security: a server that refuses a request often quotes it. A guest that may only send a secret must neither read it in the
//! reply, nor have the host lift it out of the reply and hand it to the command. A short run of characters proves nothing, so a
//! server that quotes only a few characters at a time goes undetected.

mod meant;
mod piece;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use zeroize::Zeroizing;

use self::meant::Text;
use self::piece::PIECE;
use audex_core::secret::Secret;
use audex_core::spelling;

/// The longest beginning of a secret that a lifted text may share. Tokens of one issuer have shorter beginnings in
/// common: a prefix, a key's id, a team's number. Known ones take some forty characters.
const LONGEST_BEGINNING: usize = 64;
/// A shared beginning is at most one part in this many of its line.
const BEGINNING_PART: usize = 3;
/// The number of two-byte values. The first two bytes of a window rule out most positions of a reply.
const PAIRS: usize = 1 << 16;

/// A search for the secrets of one request in its reply. Its time grows with the reply, not with the secrets.
///
/// Upper and lower case are the same, because servers write hex keys in either case.
#[derive(Default)]
pub struct Guard {
    lines: Vec<Zeroizing<Vec<u8>>>,
    /// The windows to search for, by their length.
    tables: BTreeMap<usize, Table>,
    hasher: RandomState,
}

/// The windows of one length.
struct Table {
    pairs: Vec<bool>,
    /// The windows by their hash, so that no secret is copied.
    windows: HashMap<u64, Found>,
}

/// The meaning of a window that was found.
#[derive(Clone, Copy)]
enum Found {
    /// The window is a secret, or a part of one that cannot occur by chance.
    Evidence,
    /// A piece of the beginning of a line; another token may begin with the same text.
    Beginning { line: usize, at: usize },
    /// An encoded piece of the beginning of a line.
    EncodedBeginning,
}

/// The recipient of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The guest, which must not read even the beginning of a secret.
    Guest,
    /// No reader: the host lifts the text, which may be another token with the same beginning.
    Nobody,
}

impl Guard {
    /// Prepares the search for those of `secrets` that are too long to occur by chance.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut guard = Self::default();
        let mut known = HashSet::new();
        for secret in secrets {
            if known.insert(secret.expose()) {
                for text in meant::texts(secret.expose().as_bytes()) {
                    guard.add(&text);
                }
            }
        }
        guard
    }

    /// Returns true if there is nothing to search for.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns true if a text for the guest holds a secret or a long piece of one, plain or encoded.
    #[must_use]
    pub fn finds_in(&self, text: &[u8]) -> bool {
        self.looks(text, Reader::Guest)
    }

    /// Returns true if a lifted text holds a secret. Another token of the same issuer does not count.
    #[must_use]
    pub fn finds_in_lifted(&self, text: &[u8]) -> bool {
        self.looks(text, Reader::Nobody)
    }

    fn looks(&self, text: &[u8], reader: Reader) -> bool {
        if self.is_idle() {
            return false;
        }
        self.stands_in(text, reader)
            || spelling::decodings(text).any(|decoded| self.stands_in(&decoded, reader))
    }

    fn add(&mut self, text: &Text) {
        for line in piece::lines(&text.bytes, text.shortest) {
            let index = self.lines.len();
            for at in piece::places(&line) {
                let end = line.text.len().min(at.saturating_add(PIECE));
                let Some(window) = line.text.get(at..end) else { continue };
                let is_beginning = line.begins && end <= longest_beginning(line.text.len());
                let (plain, encoded) = if is_beginning {
                    (Found::Beginning { line: index, at }, Found::EncodedBeginning)
                } else {
                    (Found::Evidence, Found::Evidence)
                };
                self.look_for(window, plain);
                for text in spelling::encodings(window) {
                    self.look_for(&text, encoded);
                }
            }
            self.lines.push(folded(line.text));
        }
    }

    /// Security: an encoded piece is searched for in full. A part of it would stand for so few bytes that they can be guessed.
    fn look_for(&mut self, text: &[u8], found: Found) {
        let window = folded(text);
        let Some(pair) = pair(&window) else { return };
        let hash = self.hasher.hash_one(window.as_slice());
        let table = self
            .tables
            .entry(window.len())
            .or_insert_with(|| Table { pairs: vec![false; PAIRS], windows: HashMap::new() });
        if let Some(bit) = table.pairs.get_mut(pair) {
            *bit = true;
        }
        let known = table.windows.entry(hash).or_insert(found);
        if matches!(found, Found::Evidence) {
            *known = found;
        }
    }

    fn stands_in(&self, text: &[u8], reader: Reader) -> bool {
        let text = folded(text);
        self.tables.iter().any(|(length, table)| self.stands_by(&text, *length, table, reader))
    }

    fn stands_by(&self, text: &[u8], length: usize, table: &Table, reader: Reader) -> bool {
        let mut place = 0_usize;
        while let Some(window) = text.get(place..place.saturating_add(length)) {
            let may = pair(window).and_then(|pair| table.pairs.get(pair)) == Some(&true);
            let found = may.then(|| table.windows.get(&self.hasher.hash_one(window))).flatten();
            place = match found {
                Some(_) if reader == Reader::Guest => return true,
                Some(Found::Evidence) => return true,
                None | Some(Found::EncodedBeginning) => place.saturating_add(1),
                Some(Found::Beginning { line, at }) => {
                    match self.beginning(text, place, *line, *at) {
                        // Windows inside this beginning are not examined again.
                        Some(end) => end.saturating_sub(length).max(place).saturating_add(1),
                        None => return true,
                    }
                }
            };
        }
        false
    }

    /// Returns the end of the matching run in `text` if the run is a beginning that another token may share; `None` if the
    /// run is evidence of the line itself.
    fn beginning(&self, text: &[u8], place: usize, line: usize, at: usize) -> Option<usize> {
        let line = self.lines.get(line)?;
        let alike = |pair: &(&u8, &u8)| pair.0 == pair.1;
        let before =
            text.get(..place)?.iter().rev().zip(line.get(..at)?.iter().rev()).take_while(alike);
        if before.count() < at {
            return None;
        }
        let after = text.get(place..)?.iter().zip(line.get(at..)?).take_while(alike).count();
        (at.saturating_add(after) <= longest_beginning(line.len()))
            .then(|| place.saturating_add(after))
    }
}

/// Returns how many bytes at the start of a line of `length` another token may share.
fn longest_beginning(length: usize) -> usize {
    (length / BEGINNING_PART).min(LONGEST_BEGINNING)
}

fn folded(text: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.to_ascii_lowercase())
}

fn pair(window: &[u8]) -> Option<usize> {
    let (first, second) = (window.first()?, window.get(1)?);
    Some(usize::from(*first) << 8 | usize::from(*second))
}

#[cfg(test)]
mod tests;
