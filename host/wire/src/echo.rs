//! Whether a reply repeats what was sent as a secret, however it is written.
//!
//! Security: what a server says of a request it refuses often quotes it. A guest must not read there, nor have lifted and handed
//! to the command, what it was only allowed to send. A short run of characters is no evidence, so a server that quotes a few at
//! a time cannot be told from one that does not.

mod meant;
mod piece;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use zeroize::Zeroizing;

use self::meant::Text;
use self::piece::PIECE;
use audex_core::secret::Secret;
use audex_core::spelling;

/// As much of the beginning of a secret is too much, even where nobody reads it. Shorter ones are alike in tokens of one
/// issuer: a prefix, a key's id, a team's number. Known ones take some forty characters.
const LONGEST_BEGINNING: usize = 64;
/// No more than one part in this many is a beginning.
const BEGINNING_PART: usize = 3;
/// Bits of the first two bytes of a window: most places of a reply are passed over by them.
const PAIRS: usize = 1 << 16;

/// Looks for the secrets of one request in its reply. The time it takes grows with the reply and not with the secrets.
///
/// Upper and lower case are one: servers write keys in hex as they like.
#[derive(Default)]
pub struct Guard {
    lines: Vec<Zeroizing<Vec<u8>>>,
    /// By the length of what is looked for.
    tables: BTreeMap<usize, Table>,
    hasher: RandomState,
}

/// What is looked for, of one length.
struct Table {
    pairs: Vec<bool>,
    /// By hash, so that no secret is copied.
    windows: HashMap<u64, Found>,
}

/// What a window is of.
#[derive(Clone, Copy)]
enum Found {
    /// A secret, or so much of one that nothing else can be meant.
    Evidence,
    /// A piece of the beginning of a line, which may be where another token begins too.
    Beginning { line: usize, at: usize },
    /// The same, encoded.
    EncodedBeginning,
}

/// Who gets a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The guest, which must not read even a beginning.
    Guest,
    /// Nobody: it is lifted, and may be another token that begins alike.
    Nobody,
}

impl Guard {
    /// Looks for each of `secrets` that is long enough not to turn up by chance.
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

    /// Whether there is nothing to look for.
    pub fn is_idle(&self) -> bool {
        self.tables.is_empty()
    }

    /// Whether a text that the guest reads holds one of the secrets or a long piece of one, as it is or decoded.
    #[must_use]
    pub fn finds_in(&self, text: &[u8]) -> bool {
        self.looks(text, Reader::Guest)
    }

    /// Whether a text that is lifted does; it may be another token of the same issuer.
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

    /// Security: of an encoded piece all of it is looked for. Less would stand for fewer bytes than nobody can guess.
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
                Some(Found::Beginning { line, at }) => match self.beginning(text, place, *line, *at) {
                    // Nothing that begins in the middle of it is looked at again.
                    Some(end) => end.saturating_sub(length).max(place).saturating_add(1),
                    None => return true,
                },
            };
        }
        false
    }

    /// Where the run around a piece ends in `text`, if it is a beginning of its line that another token may have; none if it
    /// is the line itself.
    fn beginning(&self, text: &[u8], place: usize, line: usize, at: usize) -> Option<usize> {
        let line = self.lines.get(line)?;
        let alike = |pair: &(&u8, &u8)| pair.0 == pair.1;
        let before = text.get(..place)?.iter().rev().zip(line.get(..at)?.iter().rev()).take_while(alike);
        if before.count() < at {
            return None;
        }
        let after = text.get(place..)?.iter().zip(line.get(at..)?).take_while(alike).count();
        (at.saturating_add(after) <= longest_beginning(line.len())).then(|| place.saturating_add(after))
    }
}

/// How much of a line of `length` another token may begin with.
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
