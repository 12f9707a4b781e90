//! Look-ups in a text of sorted lines. A look-up reads a few lines, because requests are many and texts are long.

use std::cmp::Ordering;

/// Returns the lines of `text` that begin with `word` and a blank; they are sorted by the bytes of their first words.
#[must_use]
pub fn lines_of<'a>(text: &'a str, word: &str) -> &'a str {
    let start = beginning(text, |line| first(line).cmp(word) == Ordering::Less);
    let rest = text.get(start..).unwrap_or_default();
    let end = beginning(rest, |line| first(line) == word);
    rest.get(..end).unwrap_or_default()
}

/// Returns the rest of the first line that begins with `word`, without the blank.
#[must_use]
pub fn rest_of<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let line = lines_of(text, word).lines().next()?.strip_prefix(word)?;
    Some(line.strip_prefix(' ').unwrap_or(line))
}

fn first(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

/// Returns the place of the first line that is not before what is searched.
fn beginning(text: &str, is_before: impl Fn(&str) -> bool) -> usize {
    let bytes = text.as_bytes();
    let is_end = |byte: &u8| *byte == b'\n';
    // INVARIANT: both are beginnings of lines, or the end of the text.
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let before = bytes.get(low..middle).unwrap_or_default();
        let start = before.iter().rposition(is_end).map_or(low, |at| low + at + 1);
        let after = bytes.get(middle..high).unwrap_or_default();
        let end = after.iter().position(is_end).map_or(high, |at| middle + at);
        if is_before(text.get(start..end).unwrap_or_default()) {
            low = high.min(end + 1);
        } else {
            high = start;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let words = ["a", "ab", "abc", "b", "bb", "c.d", "c.d.e", "zz"];
        for ending in ["", "\n"] {
            let text = words.map(|word| format!("{word} of {word}")).join("\n") + ending;
            for word in words {
                assert_eq!(rest_of(&text, word), Some(format!("of {word}").as_str()));
            }
            for word in ["", "A", "a ", "aa", "c", "zzz", "a of"] {
                assert_eq!(rest_of(&text, word), None, "{word}");
            }
        }
        assert_eq!(rest_of("", "a"), None);
    }

    #[test]
    fn lines_with_one_first_word_are_found_together() {
        let text = "A /x\nB /a\nB /b\nB\nC /y\n";
        assert_eq!(lines_of(text, "B"), "B /a\nB /b\nB\n");
        assert_eq!(lines_of(text, "A"), "A /x\n");
        assert_eq!(lines_of(text, "C"), "C /y\n");
        assert_eq!(lines_of(text, "BB"), "");
    }
}
