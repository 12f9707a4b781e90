//! Finds quoted and marked parts of a text.

use super::NAME_CHARACTERS;

/// Returns the part of `text` behind the first `mark`.
pub(super) fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// Returns the name in quotes at the beginning of `text`, and the rest behind it. A name has one line.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    let (name, rest) = text.get(1..)?.split_once(quote)?;
    let is_name = !name.is_empty() && !name.contains('\n') && is_short(name);
    is_name.then_some((name, rest))
}

/// Returns the word at the beginning of `text`, in quotes or up to a blank, and the rest behind it.
pub(super) fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(' ');
    if let Some(found) = quoted(text) {
        return Some(found);
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | ',' | ';'));
    let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    let word = word.trim_end_matches(['.', ':', ')', '\'']);
    (!word.is_empty() && is_short(word)).then_some((word, rest))
}

/// Returns every place of `mark` with the text behind it.
pub(super) fn places<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.match_indices(mark).filter_map(move |(at, _)| Some((at, text.get(at + mark.len()..)?)))
}

fn is_short(name: &str) -> bool {
    name.chars().count() <= NAME_CHARACTERS
}
