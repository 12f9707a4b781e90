//! Whether a reply repeats what was sent as a secret, however it is written.
//!
//! Security: what a server says of a request it refuses often quotes it. A guest must not read there, nor have lifted and handed
//! to the command, what it was only allowed to send. A short run of characters is no evidence, so a server that quotes a few at
//! a time cannot be told from one that does not.

mod piece;
mod spelling;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};

use reqwest::header::HeaderMap;
use zeroize::Zeroizing;

use self::piece::PIECE;
use crate::secret::Secret;

/// As much of the beginning of a secret is too much. Shorter ones are alike in tokens of one issuer: a prefix, a key's id, a
/// team's number. Known ones take some forty characters.
const LONGEST_BEGINNING: usize = 64;
/// Bits of the first two bytes of a window: most places of a reply are passed over by them.
const PAIRS: usize = 1 << 16;

/// Looks for the secrets of one request in its reply. The time it takes grows with the reply and not with the secrets.
#[derive(Default)]
pub(super) struct Guard {
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
    /// A piece of a line, which may be where another token begins too.
    Piece { line: usize, at: usize },
}

impl Guard {
    /// Looks for each of `secrets` that is long enough not to turn up by chance.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut guard = Self::default();
        for secret in secrets {
            let raw = secret.expose().as_bytes();
            let plain = spelling::plain(raw);
            guard.add(raw);
            if *plain != raw {
                guard.add(&plain);
            }
        }
        guard
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_idle(&self) -> bool {
        self.tables.is_empty()
    }

    /// Whether a reply holds one of the secrets, or a long piece of one.
    pub(super) fn finds(&self, body: &[u8], headers: &HeaderMap) -> bool {
        !self.is_idle()
            && (self.finds_in(body) || headers.values().any(|value| self.finds_in(value.as_bytes())))
    }

    /// Whether `text` does, as it is or decoded.
    pub(super) fn finds_in(&self, text: &[u8]) -> bool {
        if self.is_idle() {
            return false;
        }
        self.stands_in(text) || spelling::decodings(text).any(|decoded| self.stands_in(&decoded))
    }

    fn add(&mut self, secret: &[u8]) {
        for line in piece::lines(secret) {
            let index = self.lines.len();
            for at in piece::places(line) {
                let whole = line.len() < PIECE;
                let Some(window) = line.get(at..line.len().min(at.saturating_add(PIECE))) else { continue };
                let found = if whole { Found::Evidence } else { Found::Piece { line: index, at } };
                self.look_for(window, found);
                // Where tokens of one issuer begin alike, their encodings do.
                let is_late = at.saturating_mul(2) >= line.len();
                if is_late || at.saturating_add(PIECE) >= line.len() {
                    for text in spelling::encodings(window) {
                        self.look_for(&text, Found::Evidence);
                    }
                }
            }
            self.lines.push(Zeroizing::new(line.to_vec()));
        }
    }

    fn look_for(&mut self, text: &[u8], found: Found) {
        let window = text.get(..PIECE).unwrap_or(text);
        let Some(pair) = pair(window) else { return };
        let hash = self.hasher.hash_one(window);
        let table = self
            .tables
            .entry(window.len())
            .or_insert_with(|| Table { pairs: vec![false; PAIRS], windows: HashMap::new() });
        if let Some(bit) = table.pairs.get_mut(pair) {
            *bit = true;
        }
        table.windows.entry(hash).or_insert(found);
    }

    fn stands_in(&self, text: &[u8]) -> bool {
        self.tables.iter().any(|(length, table)| self.stands_by(text, *length, table))
    }

    fn stands_by(&self, text: &[u8], length: usize, table: &Table) -> bool {
        let mut place = 0_usize;
        while let Some(window) = text.get(place..place.saturating_add(length)) {
            let may = pair(window).and_then(|pair| table.pairs.get(pair)) == Some(&true);
            let found = may.then(|| table.windows.get(&self.hasher.hash_one(window))).flatten();
            place = match found {
                None => place.saturating_add(1),
                Some(Found::Evidence) => return true,
                Some(Found::Piece { line, at }) => match self.beginning(text, place, *line, *at) {
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
        let most = line.len().saturating_sub(PIECE).min(LONGEST_BEGINNING);
        (at.saturating_add(after) <= most).then(|| place.saturating_add(after))
    }
}

fn pair(window: &[u8]) -> Option<usize> {
    let (first, second) = (window.first()?, window.get(1)?);
    Some(usize::from(*first) << 8 | usize::from(*second))
}

#[cfg(test)]
mod tests;
