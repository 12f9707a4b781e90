//! Comma-separated lists in options: the parser, and the writer whose output parses to the same items.
//!
//! Names can contain commas: the object `arn:aws:s3:::b/a,b.txt` is written `arn:aws:s3:::b/a\,b.txt`.

/// Splits `text` into items and removes white space around each item. A backslash makes a following comma,
/// backslash or white space part of the item; before any other character it is an ordinary character.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut item, mut kept) = (String::new(), 0);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            ',' => {
                item.truncate(kept);
                items.push(std::mem::take(&mut item));
                kept = 0;
                continue;
            }
            '\\' => item.push(characters.next_if(|next| is_special(*next)).unwrap_or('\\')),
            blank if blank.is_whitespace() => {
                // A blank belongs to the item only if another character of the item follows.
                if !item.is_empty() {
                    item.push(blank);
                }
                continue;
            }
            other => item.push(other),
        }
        kept = item.len();
    }
    item.truncate(kept);
    items.push(item);
    items
}

/// Returns `items` as one text from which `split` returns the same items.
#[must_use]
pub fn joined(items: &[String]) -> String {
    items.iter().map(|item| written(item)).collect::<Vec<_>>().join(",")
}

fn written(item: &str) -> String {
    let start = item.len() - item.trim_start().len();
    let end = item.trim_end().len();
    let mut text = String::with_capacity(item.len());
    for (at, character) in item.char_indices() {
        let is_edge = character.is_whitespace() && (at < start || at >= end);
        if is_edge || matches!(character, ',' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn is_special(character: char) -> bool {
    matches!(character, ',' | '\\') || character.is_whitespace()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_escaped_character_is_part_of_its_item() {
        for (text, items) in [
            (r"arn:aws:s3:::b/a\,b.txt", &["arn:aws:s3:::b/a,b.txt"][..]),
            (r"a\,arn:aws:s3:::other/x", &["a,arn:aws:s3:::other/x"]),
            (r"a\\,b", &[r"a\", "b"]),
            (r"a\b, c ", &[r"a\b", "c"]),
            (r" \ a\ ,b", &[" a ", "b"]),
            (r"a\", &[r"a\"]),
            ("a b , c", &["a b", "c"]),
        ] {
            assert_eq!(split(text), items, "{text}");
        }
    }

    #[test]
    fn what_stands_between_commas_may_be_empty() {
        for (text, items) in [("", &[""][..]), (" , ", &["", ""]), ("a,", &["a", ""])] {
            assert_eq!(split(text), items, "`{text}`");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(items in prop::collection::vec(r"[a-z,\\ \t*'é]{1,8}", 1..5)) {
            prop_assert_eq!(split(&joined(&items)), items);
        }
    }
}
