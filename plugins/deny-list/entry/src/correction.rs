//! "Did you mean" for patterns: the nearest pattern that matches a known action. It costs time only if an
//! entry matches nothing.

use crate::Vocabulary;

/// The number of characters in an entry, without wildcards and separators, that allow one slip.
const CHARACTERS_PER_SLIP: usize = 6;
/// The maximum number of slips.
const MOST_SLIPS: usize = 3;
/// The minimum number of characters. A shorter entry is near to everything.
const LEAST_CHARACTERS: usize = 4;

/// Returns `entry` with its slips corrected, so that it matches a known action; `None` if no action is near
/// enough.
#[must_use]
pub fn nearest(entry: &str, known: Vocabulary<'_>) -> Option<String> {
    let pattern: Vec<char> = entry.chars().collect();
    let characters = pattern.iter().filter(|c| c.is_alphanumeric()).count();
    if characters < LEAST_CHARACTERS {
        return None;
    }
    let mut room = (characters / CHARACTERS_PER_SLIP).clamp(1, MOST_SLIPS);
    let mut best: Option<String> = None;
    known.any(|name| {
        let name: Vec<char> = name.chars().collect();
        if let Some(alignment) = Alignment::within(room, &pattern, &name) {
            best = Some(alignment.corrected());
            // Only a nearer pattern replaces this one.
            room = alignment.slips(0, 0).saturating_sub(1);
        }
        room == 0
    });
    best
}

/// The alignment of a pattern and a name with the fewest slips.
struct Alignment<'a> {
    pattern: &'a [char],
    name: &'a [char],
    /// The fewest slips from each position of the pattern and of the name to their ends, row by row.
    table: Vec<usize>,
}

impl<'a> Alignment<'a> {
    /// Returns the alignment; `None` if it has more than `room` slips.
    fn within(room: usize, pattern: &'a [char], name: &'a [char]) -> Option<Self> {
        let cells = (pattern.len() + 1) * (name.len() + 1);
        let mut made = Self { pattern, name, table: vec![usize::MAX; cells] };
        for p in (0..=pattern.len()).rev() {
            let mut fewest = usize::MAX;
            for n in (0..=name.len()).rev() {
                let (slips, _, _) = made.best(p, n);
                fewest = fewest.min(slips);
                let at = made.at(p, n);
                if let Some(cell) = made.table.get_mut(at) {
                    *cell = slips;
                }
            }
            // The rest of the pattern cannot reduce the number.
            if fewest > room {
                return None;
            }
        }
        (made.slips(0, 0) <= room).then_some(made)
    }

    fn at(&self, p: usize, n: usize) -> usize {
        p * (self.name.len() + 1) + n
    }

    fn slips(&self, p: usize, n: usize) -> usize {
        // A position after the end is in another row of the table.
        if n > self.name.len() {
            return usize::MAX;
        }
        self.table.get(self.at(p, n)).copied().unwrap_or(usize::MAX)
    }

    /// Returns the fewest slips from here on, and the size of the next step in the pattern and in the name.
    fn best(&self, p: usize, n: usize) -> (usize, usize, usize) {
        let (symbol, character) = (self.pattern.get(p), self.name.get(n));
        let mut best = (usize::MAX, 1, 1);
        let mut way = |cost: usize, p_step: usize, n_step: usize| {
            let slips = self.slips(p + p_step, n + n_step).saturating_add(cost);
            if slips < best.0 {
                best = (slips, p_step, n_step);
            }
        };
        match (symbol, character) {
            (None, None) => return (0, 0, 0),
            (Some('*'), None) => way(0, 1, 0),
            (Some('*'), Some(_)) => {
                way(0, 1, 0);
                way(0, 0, 1);
            }
            (None, Some(_)) => way(1, 0, 1),
            (Some(_), None) => way(1, 1, 0),
            (Some(symbol), Some(character)) => {
                let is_same = *symbol == '?' || symbol.eq_ignore_ascii_case(character);
                way(usize::from(!is_same), 1, 1);
                way(1, 1, 0);
                way(1, 0, 1);
                if self.is_swapped(p, n) {
                    way(1, 2, 2);
                }
            }
        }
        best
    }

    /// Returns true if the next two letters are swapped.
    fn is_swapped(&self, p: usize, n: usize) -> bool {
        let same = |p: usize, n: usize| match (self.pattern.get(p), self.name.get(n)) {
            (Some(symbol), Some(character)) => symbol.eq_ignore_ascii_case(character),
            _ => false,
        };
        same(p, n + 1) && same(p + 1, n)
    }

    /// Returns the pattern with its own wildcards and the letters of the name.
    fn corrected(&self) -> String {
        let (mut p, mut n) = (0, 0);
        let mut text = String::new();
        while p < self.pattern.len() || n < self.name.len() {
            let (_, p_step, n_step) = self.best(p, n);
            let wild = self.pattern.get(p).copied().filter(|symbol| matches!(symbol, '*' | '?'));
            match (wild, p_step, n_step) {
                // A star uses no letter of the corrected text, and occurs there once.
                (Some('*'), 0, _) => {}
                (Some(symbol), 1, _) => text.push(symbol),
                _ => text.extend(self.name.get(n..n + n_step).into_iter().flatten()),
            }
            p += p_step;
            n += n_step;
        }
        text
    }
}
