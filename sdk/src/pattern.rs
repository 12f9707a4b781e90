//! Wildcard patterns (`*` any run, `?` one character), with wildcards allowed in both compared texts.
//!
//! The action syntax of every cloud that Audex supports uses these two wildcards. Where a cloud ignores case,
//! callers convert to one case first.

/// Returns `true` if `pattern` matches the plain `text`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    glob(pattern, text, |left, right| left == right)
}

/// Returns the same as [`matches()`], but ignores the case of ASCII letters.
#[must_use]
pub fn matches_ignore_ascii_case(pattern: &str, text: &str) -> bool {
    glob(pattern, text, |left, right| left.eq_ignore_ascii_case(&right))
}

/// Takes the shortest text for each star, and backtracks to the last star only: earlier stars never need
/// another text.
fn glob(pattern: &str, text: &str, equal: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut retry = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (Some('*'), _) => {
                text = here;
                retry = Some((pattern.clone(), text.clone()));
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || equal(wanted, found) => {}
            _ => {
                let Some((after_star, from)) = retry.as_mut() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), from.clone());
            }
        }
    }
}

/// Returns `true` if every text that `narrow` matches is also matched by `wide`.
///
/// The result is never wrongly `true`. Runs of `?` and `*` are normalised first, so `*?` and `?*` are equal.
#[must_use]
pub fn covers(wide: &str, narrow: &str) -> bool {
    relate(&normal(wide), &normal(narrow), |symbol| symbol != '*')
}

/// Returns `true` if both patterns match a common text.
#[must_use]
pub fn intersects(left: &str, right: &str) -> bool {
    intersects_symbols(&symbols(left), &symbols(right))
}

/// A symbol of a pattern, for patterns that can express more than `*` and `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbol {
    /// Exactly this character.
    Literal(char),
    /// Any one character.
    One,
    /// Any run of characters.
    Any,
    /// Any run of characters other than `:` and `/`.
    Segment,
}

impl Symbol {
    fn repeats(self) -> bool {
        matches!(self, Self::Any | Self::Segment)
    }

    fn shares_a_character_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::Literal(a), Self::Literal(b)) => a == b,
            (Self::Literal(c), Self::Segment) | (Self::Segment, Self::Literal(c)) => {
                c != ':' && c != '/'
            }
            _ => true,
        }
    }
}

/// Returns the symbols of a pattern.
#[must_use]
pub fn symbols(pattern: &str) -> Vec<Symbol> {
    let symbol = |character| match character {
        '*' => Symbol::Any,
        '?' => Symbol::One,
        literal => Symbol::Literal(literal),
    };
    normal(pattern).into_iter().map(symbol).collect()
}

/// Returns `true` if both patterns match a common text.
#[must_use]
pub fn intersects_symbols(left: &[Symbol], right: &[Symbol]) -> bool {
    // `below[r]`: `true` if the rest of `left` after the current symbol and `right[r..]` match a common text.
    let mut below = row(None, right, &[]);
    for place in left.iter().rev() {
        below = row(Some(*place), right, &below);
    }
    below.first() == Some(&true)
}

/// Computes one row of the table of [`intersects_symbols`]; `None` is the end of the left pattern.
fn row(place: Option<Symbol>, right: &[Symbol], below: &[bool]) -> Vec<bool> {
    let mut here = vec![false; right.len() + 1];
    for r in (0..=right.len()).rev() {
        let at = |cells: &[bool], at: usize| cells.get(at) == Some(&true);
        let value = match (place, right.get(r).copied()) {
            (None, None) => true,
            (None, Some(other)) => other.repeats() && at(&here, r + 1),
            (Some(place), None) => place.repeats() && at(below, r),
            (Some(place), Some(other)) => {
                let skipped =
                    (place.repeats() && at(below, r)) || (other.repeats() && at(&here, r + 1));
                skipped
                    || place.shares_a_character_with(other) && after(place, other, &here, below, r)
            }
        };
        if let Some(cell) = here.get_mut(r) {
            *cell = value;
        }
    }
    here
}

/// Handles the case that both symbols take one character; a symbol that repeats may take more. (If both
/// repeat, one of them may be skipped as well.)
fn after(place: Symbol, other: Symbol, here: &[bool], below: &[bool], r: usize) -> bool {
    match (place.repeats(), other.repeats()) {
        (false, false) => below.get(r + 1) == Some(&true),
        (true, false) => here.get(r + 1) == Some(&true),
        (false, true) => below.get(r) == Some(&true),
        (true, true) => false,
    }
}

/// Returns `true` if the pattern has a wildcard.
#[must_use]
pub fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Writes each run of wildcards as its question marks, followed by at most one star.
fn normal(pattern: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut star = false;
    for character in pattern.chars() {
        if character == '*' {
            star = true;
            continue;
        }
        if character != '?' && star {
            out.push('*');
            star = false;
        }
        out.push(character);
    }
    if star {
        out.push('*');
    }
    out
}

/// Matches `pattern` against the symbols of `other`; `single` returns `true` for a symbol that `?` may take
/// (a star takes all).
fn relate(pattern: &[char], other: &[char], single: impl Fn(char) -> bool) -> bool {
    let mut row = vec![false; other.len() + 1];
    if let Some(cell) = row.last_mut() {
        *cell = true;
    }
    for place in pattern.iter().rev() {
        let mut next = vec![false; other.len() + 1];
        for o in (0..=other.len()).rev() {
            let here = |cells: &[bool], at: usize| cells.get(at) == Some(&true);
            let value = match (place, other.get(o)) {
                ('*', None) => here(&row, o),
                ('*', Some(_)) => here(&row, o) || here(&next, o + 1),
                ('?', Some(symbol)) => single(*symbol) && here(&row, o + 1),
                (literal, Some(symbol)) => literal == symbol && here(&row, o + 1),
                (_, None) => false,
            };
            if let Some(cell) = next.get_mut(o) {
                *cell = value;
            }
        }
        row = next;
    }
    row.first() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns every text of up to four characters over a small alphabet.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..4 {
            last = last
                .iter()
                .flat_map(|text| ['a', 'b', 'c'].map(|c| format!("{text}{c}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    fn patterns() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..3 {
            last = last
                .iter()
                .flat_map(|text| ['a', 'b', '*', '?'].map(|c| format!("{text}{c}")))
                .collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn covers_is_never_true_wrongly_and_intersects_is_exact() {
        let texts = texts();
        let patterns = patterns();
        let matched: Vec<Vec<bool>> = patterns
            .iter()
            .map(|pattern| texts.iter().map(|text| matches(pattern, text)).collect())
            .collect();
        for (wide, wide_matches) in patterns.iter().zip(&matched) {
            for (narrow, narrow_matches) in patterns.iter().zip(&matched) {
                let included = wide_matches.iter().zip(narrow_matches).all(|(w, n)| *w || !n);
                let shared = wide_matches.iter().zip(narrow_matches).any(|(w, n)| *w && *n);
                if covers(wide, narrow) {
                    assert!(included, "`{wide}` does not cover `{narrow}`");
                }
                assert_eq!(intersects(wide, narrow), shared, "`{wide}` and `{narrow}`");
            }
        }
    }

    #[test]
    fn matching_is_what_the_definition_says() {
        /// Matches by the definition, one character after another.
        fn defined(pattern: &str, text: &str) -> bool {
            let mut rest = pattern.chars();
            match rest.next() {
                None => text.is_empty(),
                Some('*') => (0..=text.len()).any(|at| defined(rest.as_str(), &text[at..])),
                Some(one) => {
                    text.starts_with(|c| one == '?' || c == one)
                        && defined(rest.as_str(), &text[1..])
                }
            }
        }
        for pattern in patterns() {
            for text in texts() {
                assert_eq!(
                    matches(&pattern, &text),
                    defined(&pattern, &text),
                    "`{pattern}` `{text}`"
                );
                assert_eq!(
                    matches_ignore_ascii_case(&pattern.to_uppercase(), &text),
                    defined(&pattern, &text)
                );
            }
        }
        assert!(
            matches("*a*b*c", "xaabbcbc") && !matches("*a*b*c", "xaabbcb") && !matches("a", "A")
        );
    }

    #[test]
    fn a_segment_takes_no_separator() {
        let bucket: Vec<Symbol> = symbols("s3:::").into_iter().chain([Symbol::Segment]).collect();
        let object: Vec<Symbol> = bucket.iter().copied().chain(symbols("/*")).collect();
        let meets = |pattern: &str, format: &[Symbol]| {
            assert_eq!(
                intersects_symbols(format, &symbols(pattern)),
                intersects_symbols(&symbols(pattern), format)
            );
            intersects_symbols(&symbols(pattern), format)
        };
        assert!(meets("s3:::b", &bucket) && !meets("s3:::b", &object));
        assert!(
            !meets("s3:::b/*", &bucket)
                && meets("s3:::b/*", &object)
                && meets("s3:::b/c/d", &object)
        );
        assert!(meets("s3:::b*", &bucket) && meets("s3:::b*", &object) && meets("*", &bucket));
        assert!(
            meets("s3:::?", &bucket) && !meets("s3:::b?/x", &bucket) && meets("s3:::*/x", &object)
        );
    }

    #[test]
    fn covers_sees_through_the_order_of_wildcards() {
        assert!(covers("*?", "?*") && covers("?*", "*?") && covers("**", "*"));
        assert!(covers("s3:*", "s3:Delete?bject") && !covers("s3:Delete?bject", "s3:*"));
        assert!(!covers("a?", "a*") && covers("a*", "a?"));
    }

    #[test]
    fn matching_counts_characters_and_takes_stars_in_texts_as_text() {
        assert!(matches("caf?", "café") && matches("a*", "a*") && !matches("a", "a*"));
    }
}
