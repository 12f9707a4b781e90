//! Wildcard patterns (`*` any run, `?` one character) with wildcards allowed on both sides of a question.
//!
//! Every clouds' action syntax Audex knows uses these two wildcards. Callers fold case first where the cloud ignores it.

/// Whether `pattern` matches the plain `text`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    // A text without wildcards is a pattern that matches itself only; characters are compared, not bytes.
    relate(&normal(pattern), &text.chars().collect::<Vec<_>>(), |_| true)
}

/// Whether every text that `narrow` matches is matched by `wide` too.
///
/// Never true wrongly. `?` and `*` runs are put into one normal form first, so `*?` and `?*` are equal.
#[must_use]
pub fn covers(wide: &str, narrow: &str) -> bool {
    relate(&normal(wide), &normal(narrow), |symbol| symbol != '*')
}

/// Whether some text is matched by both patterns.
#[must_use]
pub fn intersects(left: &str, right: &str) -> bool {
    let (left, right) = (normal(left), normal(right));
    let mut reach = vec![vec![false; right.len() + 1]; left.len() + 1];
    for l in (0..=left.len()).rev() {
        for r in (0..=right.len()).rev() {
            let at = |rows: &[Vec<bool>], l: usize, r: usize| {
                rows.get(l).and_then(|row| row.get(r)) == Some(&true)
            };
            let value = match (left.get(l), right.get(r)) {
                (None, None) => true,
                (Some('*'), _) if at(&reach, l + 1, r) => true,
                (_, Some('*')) if at(&reach, l, r + 1) => true,
                (Some('*'), Some(_)) => at(&reach, l, r + 1),
                (Some(_), Some('*')) => at(&reach, l + 1, r),
                (Some(a), Some(b)) => (a == b || *a == '?' || *b == '?') && at(&reach, l + 1, r + 1),
                _ => false,
            };
            if let Some(cell) = reach.get_mut(l).and_then(|row| row.get_mut(r)) {
                *cell = value;
            }
        }
    }
    reach.first().and_then(|row| row.first()) == Some(&true)
}

/// Whether the pattern has a wildcard.
#[must_use]
pub fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Each run of wildcards as its question marks followed by at most one star.
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

/// Matches `pattern` against the symbols of `other`; `single` says whether a `?` may take a symbol (a star takes all).
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

    /// Every text of up to four characters over a small alphabet.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..4 {
            last = last.iter().flat_map(|text| ['a', 'b', 'c'].map(|c| format!("{text}{c}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    fn patterns() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..3 {
            last = last.iter().flat_map(|text| ['a', 'b', '*', '?'].map(|c| format!("{text}{c}"))).collect();
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
