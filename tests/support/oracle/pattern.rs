//! Compares patterns to a reference implementation that follows the definition.

use audex_sdk::pattern;

/// The maximum length of a pattern or text. Longer ones test nothing else, and the reference is slow.
const LONGEST: usize = 40;

/// Checks three lines: two patterns and a text.
pub(crate) fn judge(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.lines().map(|line| line.chars().take(LONGEST).collect::<String>());
    let mut next = || lines.next().unwrap_or_default();
    let (left, right, text) = (next(), next(), next());
    let plain: Vec<char> = text.chars().collect();
    let by = [&left, &right].map(|pattern| {
        let symbols: Vec<char> = pattern.chars().collect();
        let matched = matches(&symbols, &plain);
        assert_eq!(pattern::matches(pattern, &text), matched, "`{pattern}` `{text}`");
        let folded = pattern::matches_ignore_ascii_case(pattern, &text);
        let lower: Vec<char> = pattern.to_ascii_lowercase().chars().collect();
        let lower_text: Vec<char> = text.to_ascii_lowercase().chars().collect();
        assert_eq!(folded, matches(&lower, &lower_text), "`{pattern}` `{text}` without case");
        assert!(
            pattern::covers(pattern, pattern) && pattern::intersects(pattern, pattern),
            "`{pattern}`"
        );
        assert!(pattern::covers("*", pattern), "`{pattern}`");
        matched
    });
    let symbols = [&left, &right].map(|pattern| pattern.chars().collect::<Vec<char>>());
    let shared = share(&symbols[0], &symbols[1]);
    assert_eq!(pattern::intersects(&left, &right), shared, "`{left}` `{right}`");
    assert_eq!(pattern::intersects(&right, &left), shared, "`{right}` `{left}`");
    assert!(shared || !(by[0] && by[1]), "`{left}` `{right}` share `{text}`");
    if pattern::covers(&left, &right) {
        assert!(shared, "`{left}` covers `{right}` and shares nothing with it");
        assert!(by[0] || !by[1], "`{left}` covers `{right}`, but not `{text}`");
    }
    if !pattern::is_wild(&right) {
        assert_eq!(
            pattern::covers(&left, &right),
            matches(&symbols[0], &symbols[1]),
            "`{left}` `{right}`"
        );
    }
}

/// Returns true if `pattern` matches `text`, by the definition, from the ends of both.
fn matches(pattern: &[char], text: &[char]) -> bool {
    let mut rows = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    rows[pattern.len()][text.len()] = true;
    for p in (0..pattern.len()).rev() {
        for t in (0..=text.len()).rev() {
            rows[p][t] = match pattern[p] {
                '*' => (t..=text.len()).any(|rest| rows[p + 1][rest]),
                '?' => t < text.len() && rows[p + 1][t + 1],
                literal => t < text.len() && text[t] == literal && rows[p + 1][t + 1],
            };
        }
    }
    rows[0][0]
}

/// Returns true if a text matches both patterns. Searches through pairs of positions, one shared character at
/// a time.
fn share(left: &[char], right: &[char]) -> bool {
    let mut seen = vec![vec![false; right.len() + 1]; left.len() + 1];
    let mut open = vec![(0, 0)];
    while let Some((l, r)) = open.pop() {
        if std::mem::replace(&mut seen[l][r], true) {
            continue;
        }
        let (a, b) = (left.get(l), right.get(r));
        if a.is_none() && b.is_none() {
            return true;
        }
        if a == Some(&'*') {
            open.push((l + 1, r));
        }
        if b == Some(&'*') {
            open.push((l, r + 1));
        }
        let (Some(a), Some(b)) = (a, b) else { continue };
        let wild = |symbol: &char| matches!(symbol, '*' | '?');
        if wild(a) || wild(b) || a == b {
            open.push((l + usize::from(*a != '*'), r + usize::from(*b != '*')));
        }
    }
    false
}
