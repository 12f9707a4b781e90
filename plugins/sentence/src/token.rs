//! The tokens of a sentence: words, quoted texts, and the marks between them.

use crate::verb;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A word as written, without the marks around it.
    Word(String),
    /// The text between quotation marks: one word, or a command.
    Quoted(String),
    /// A mark: `,` `;` `.` `:` `(` or `)`.
    Break(char),
}

impl Token {
    /// Returns the word in lower case; empty for a quoted text or a mark.
    #[must_use]
    pub fn lower(&self) -> String {
        match self {
            Self::Word(word) => word.to_lowercase(),
            Self::Quoted(_) | Self::Break(_) => String::new(),
        }
    }
}

/// The programs whose quoted commands are recognised.
const PROGRAMS: &[&str] = &["aws", "gsutil", "gcloud", "az"];

/// Splits `text` into tokens. A quotation mark without its partner is an ordinary character, so that it hides
/// no text after it.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let text: String = text.chars().filter(|c| !is_unseen(*c)).map(straight).collect();
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        if let Some(length) = quoted(first, after) {
            let inside = after.get(..length).unwrap_or_default().trim();
            if inside.split_whitespace().count() < 2 || is_command(inside) {
                tokens.push(Token::Quoted(inside.to_owned()));
            } else {
                inside.split_whitespace().for_each(|word| push(&mut tokens, word));
            }
            rest = after
                .get(length.saturating_add(first.len_utf8())..)
                .unwrap_or_default()
                .trim_start();
        } else {
            let opens = |(at, c): (usize, char)| at > 0 && matches!(c, '"' | '`');
            let end = rest.char_indices().find(|(at, c)| c.is_whitespace() || opens((*at, *c)));
            let end = end.map_or(rest.len(), |(at, _)| at);
            push(&mut tokens, rest.get(..end).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default().trim_start();
        }
    }
    tokens
}

/// Returns true if a quoted text is a command of a known program.
#[must_use]
pub fn is_command(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|first| PROGRAMS.contains(&first)) && words.next().is_some()
}

/// Returns true for an invisible character. With such a character inside, `not` would be a different word.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Replaces a typographic mark by the plain one.
fn straight(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{b4}' | '\u{2bc}' | '\u{2032}' | '\u{ff07}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        _ => c,
    }
}

/// Returns the length of the text that `mark` opens.
fn quoted(mark: char, after: &str) -> Option<usize> {
    match mark {
        '"' | '`' => after.find(mark),
        '\'' => after.char_indices().find_map(|(at, c)| {
            let next = after.get(at.saturating_add(1)..)?.chars().next();
            (c == '\'' && at > 0 && next.is_none_or(|next| !next.is_alphanumeric())).then_some(at)
        }),
        _ => None,
    }
}

/// Adds the tokens of a text without white space.
fn push(tokens: &mut Vec<Token>, raw: &str) {
    let start = raw.trim_start_matches(['(', '[', '{', '<', '"', '\'']);
    if start.len() < raw.len() {
        tokens.push(Token::Break('('));
    }
    let word = start.trim_end_matches([
        '.', ',', ';', ':', '?', '!', ')', ']', '}', '>', '"', '\'', '\u{2026}',
    ]);
    let tail = start.get(word.len()..).unwrap_or_default();
    if start.len() == raw.len() && word.is_empty() && tail.contains('?') {
        // The marks stand in the position of a word.
        return tokens.push(Token::Word(tail.to_owned()));
    }
    let is_gap = tail.contains("..") || tail.contains('\u{2026}');
    // In `do not write… delete`, no sentence ends at the ellipsis.
    let mut marks: Vec<char> =
        if is_gap { vec![','] } else { tail.chars().filter_map(mark).collect() };
    marks.dedup();
    for (number, part) in word.split([',', ';', '\u{2014}', '\u{2013}']).enumerate() {
        if number > 0 {
            tokens.push(Token::Break(','));
        }
        push_word(tokens, part);
    }
    tokens.extend(marks.into_iter().map(Token::Break));
}

fn push_word(tokens: &mut Vec<Token>, word: &str) {
    let word = word.strip_suffix("'s").unwrap_or(word);
    // `read/write` is two verbs; `write-only` is not a verb.
    let parts: Vec<&str> = word.split(['/', '+', '&']).collect();
    if parts.len() > 1 && parts.iter().all(|part| verb::named(&part.to_lowercase()).is_some()) {
        for part in parts {
            tokens.push(Token::Word(part.to_owned()));
        }
    } else if word == "&" || word == "+" {
        tokens.push(Token::Word("and".to_owned()));
    } else if word == "-" || word == "--" {
        tokens.push(Token::Break(','));
    } else if !word.is_empty() {
        tokens.push(Token::Word(word.to_owned()));
    }
}

fn mark(c: char) -> Option<char> {
    match c {
        '.' | '!' | '?' => Some('.'),
        ',' | ';' | ':' => Some(c),
        ')' | ']' | '}' | '>' => Some(')'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let shown = tokens(text).into_iter().map(|token| match token {
            Token::Word(word) => word,
            Token::Quoted(text) => format!("<{text}>"),
            Token::Break(mark) => mark.to_string(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_addresses_and_commands_stay_whole() {
        assert_eq!(
            of("read s3://b/app/, or arn:aws:s3:::b/*."),
            "read s3://b/app/ , or arn:aws:s3:::b/* ."
        );
        assert_eq!(of("run `aws s3 rm s3://b/x` now"), "run <aws s3 rm s3://b/x> now");
        assert_eq!(of("the queue \"orders\", 'x'"), "the queue <orders> , <x>");
        assert_eq!(of("the function's code (now)"), "the function code ( now )");
    }

    #[test]
    fn a_mark_without_its_partner_hides_nothing() {
        assert_eq!(of("read \"b and don't delete"), "read ( b and don't delete");
        assert_eq!(of("say \"do not delete\""), "say do not delete");
        assert_eq!(of("read/write a/b"), "read write a/b");
    }
}
