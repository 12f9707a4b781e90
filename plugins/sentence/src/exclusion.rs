//! What a sentence rules out. When in doubt more is ruled out than was meant: a question costs less than a grant.

use std::ops::Range;

use crate::token::{Token, tokens};
use crate::verb;

/// A part of a sentence that says what shall not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Its tokens.
    pub range: Range<usize>,
    /// The verbs that it rules out; none if it speaks about things alone.
    pub verbs: Vec<&'static str>,
}

/// Words that rule out what follows, or what stands before them where nothing follows.
const NEGATORS: &[&str] = &[
    "not",
    "no",
    "never",
    "without",
    "except",
    "excepting",
    "excluding",
    "excludes",
    "exclude",
    "excluded",
    "excl",
    "cannot",
    "cant",
    "dont",
    "doesnt",
    "mustnt",
    "wont",
    "shouldnt",
    "isnt",
    "arent",
    "didnt",
    "neither",
    "nor",
    "none",
    "nothing",
    "avoid",
    "avoids",
    "avoiding",
    "forbid",
    "forbids",
    "forbidden",
    "prohibit",
    "prohibited",
    "deny",
    "denied",
    "disallow",
    "disallowed",
    "prevent",
    "prevents",
    "preventing",
    "refrain",
    "refuse",
    "refused",
    "unable",
    "w/o",
    "sans",
    "minus",
    "skip",
    "skipping",
    "omit",
    "omitting",
    "lacking",
    "hardly",
    "block",
    "blocks",
    "blocking",
    "nt",
];
/// The same, of two words.
const PAIRS: &[(&str, &str)] = &[
    ("instead", "of"),
    ("rather", "than"),
    ("other", "than"),
    ("apart", "from"),
    ("aside", "from"),
    ("leave", "out"),
    ("leaving", "out"),
    ("leave", "alone"),
    ("off", "limits"),
    ("hands", "off"),
    ("stay", "away"),
    ("keep", "away"),
    ("keep", "from"),
    ("free", "of"),
    ("by", "no"),
    ("on", "no"),
    ("under", "no"),
    ("in", "no"),
];
/// Negators that take away from what stands before them, and do not undo it.
const EXCEPTING: &[&str] = &[
    "except",
    "excepting",
    "excluding",
    "excludes",
    "exclude",
    "excluded",
    "excl",
    "without",
    "other",
    "apart",
    "aside",
    "w/o",
    "sans",
    "minus",
    "omitting",
    "skipping",
];
/// Words that say that their subject stays as it is.
const UNTOUCHED: &[&str] =
    &["untouched", "unchanged", "unmodified", "unaltered", "intact", "off-limits", "alone"];
/// What follows `no`, `nothing` or `not` where that limits, and rules out nothing of its own.
const LIMITING: &[&str] = &["more", "else", "further"];
/// Words that begin to say again what shall be done.
const AGAIN: &[&str] = &["only", "just", "please", "instead", "simply", "merely"];

/// The verbs that `text` rules out.
#[must_use]
pub fn ruled_out(text: &str) -> Vec<&'static str> {
    let mut verbs: Vec<&str> = exclusions(&tokens(text)).into_iter().flat_map(|one| one.verbs).collect();
    verbs.sort_unstable();
    verbs.dedup();
    verbs
}

/// The verb among `ruled_out` that `action` would do.
#[must_use]
pub fn forbids(ruled_out: &[&'static str], action: &str) -> Option<&'static str> {
    ruled_out.iter().find(|verb| verb::does(verb, action)).copied()
}

/// Every exclusion of a sentence, in order and apart.
#[must_use]
pub fn exclusions(tokens: &[Token]) -> Vec<Exclusion> {
    let words: Vec<String> = tokens.iter().map(Token::lower).collect();
    let mut found: Vec<Exclusion> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(length) = negator(&words, at) else {
            at = at.saturating_add(1);
            continue;
        };
        let floor = found.last().map_or(0, |last| last.range.end);
        let from = at.saturating_add(length);
        let end = end_of(tokens, &words, at, from);
        let mut range = at..end;
        let mut verbs = verbs_in(&words, from..end);
        let is_exception = words.get(at).is_some_and(|word| EXCEPTING.contains(&word.as_str()));
        if verbs.is_empty() && !is_exception {
            // `deleting is not allowed`, `the source must not be touched`.
            let start = start_of(tokens, &words, at).max(floor);
            let before = verbs_in(&words, start..at);
            if !before.is_empty() || is_untouched(&words, at) {
                range.start = start;
                verbs = before;
            }
        }
        at = end.max(at.saturating_add(1));
        found.push(Exclusion { range, verbs });
    }
    found
}

/// How many words the negator at `at` has.
fn negator(words: &[String], at: usize) -> Option<usize> {
    let word = words.get(at)?.as_str();
    let next = words.get(at.saturating_add(1)).map_or("", String::as_str);
    if matches!(word, "no" | "nothing" | "not") && LIMITING.contains(&next) {
        return None;
    }
    if PAIRS.contains(&(word, next)) {
        return Some(2);
    }
    let is_one = NEGATORS.contains(&word) || word.ends_with("n't") || is_untouched(words, at);
    is_one.then_some(1)
}

fn is_untouched(words: &[String], at: usize) -> bool {
    words.get(at).is_some_and(|word| UNTOUCHED.contains(&word.as_str()))
}

/// Where what the negator at `at` rules out ends.
fn end_of(tokens: &[Token], words: &[String], at: usize, from: usize) -> usize {
    let opens = start_of(tokens, words, at) == start_of_sentence(tokens, at);
    for (here, token) in tokens.iter().enumerate().skip(from) {
        let next = words.get(here.saturating_add(1)).map_or("", String::as_str);
        let ends = match token {
            Token::Break('.' | ';' | ')') => true,
            Token::Break(_) if AGAIN.contains(&next) => true,
            // `Without deleting anything, read the bucket b`
            Token::Break(_) => {
                let said = words.get(from..here).unwrap_or_default();
                opens && !next.ends_with("ing") && verb::named(next).is_some() && is_gerund(said)
            }
            Token::Word(_) => words.get(here).is_some_and(|word| word == "but"),
            Token::Quoted(_) => false,
        };
        if ends {
            return here;
        }
    }
    tokens.len()
}

/// Returns whether the verbs of these words are all like `deleting`.
fn is_gerund(words: &[String]) -> bool {
    let mut verbs = words.iter().filter(|word| verb::named(word).is_some()).peekable();
    verbs.peek().is_some() && verbs.all(|verb| verb.ends_with("ing"))
}

/// Where the part of the sentence begins in which `at` stands.
fn start_of(tokens: &[Token], words: &[String], at: usize) -> usize {
    let is_border = |here: &usize| match tokens.get(*here) {
        Some(Token::Break(_)) => true,
        Some(Token::Word(_)) => {
            words.get(*here).is_some_and(|word| matches!(word.as_str(), "but" | "and" | "then"))
        }
        _ => false,
    };
    (0..at).rev().find(is_border).map_or(0, |border| border.saturating_add(1))
}

fn start_of_sentence(tokens: &[Token], at: usize) -> usize {
    let is_stop = |here: &usize| matches!(tokens.get(*here), Some(Token::Break('.' | ';' | ':')));
    (0..at).rev().find(is_stop).map_or(0, |stop| stop.saturating_add(1))
}

fn verbs_in(words: &[String], range: Range<usize>) -> Vec<&'static str> {
    words.get(range).unwrap_or_default().iter().filter_map(|word| verb::named(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_no_rules_out() {
        for text in [
            "read objects but do not delete",
            "read objects, don't delete them",
            "read objects and never delete",
            "read objects without deleting anything",
            "read objects, no deleting",
            "read objects; deleting is not allowed",
            "read objects, deletion is forbidden",
            "read objects instead of deleting them",
            "read objects rather than delete",
            "read objects except delete",
            "Without deleting anything, read objects",
            "Do not ever delete. Read objects",
            "read objects (no deletes)",
            "read objects, avoid deleting",
            "read objects, dont delete",
            "READ OBJECTS BUT DO NOT DELETE",
            "read objects but don\u{2019}t delete",
            "it should be able to read objects but not to delete",
            "read \"objects and do not delete\"",
        ] {
            assert_eq!(ruled_out(text), ["delete"], "{text}");
        }
    }

    #[test]
    fn names_and_limits_rule_out_nothing() {
        for text in [
            "read objects in no-delete-zone",
            "read objects and nothing more",
            "read the queue `not-delete`",
            "delete objects in the bucket b",
            "only read",
        ] {
            assert!(ruled_out(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_said_again_is_not_ruled_out() {
        assert_eq!(ruled_out("do not delete, only read"), ["delete"]);
        assert_eq!(ruled_out("do not delete but read"), ["delete"]);
        assert_eq!(ruled_out("Never delete. Read objects."), ["delete"]);
        assert_eq!(ruled_out("do not delete, overwrite or list"), ["delete", "list", "overwrite"]);
    }

    #[test]
    fn every_cloud_and_every_wildcard_is_held_to_it() {
        let out = ruled_out("read but do not delete");
        for action in ["s3:DeleteObject", "s3:*", "storage.objects.*", "Microsoft.Storage/*", "s3:D*"] {
            assert_eq!(forbids(&out, action), Some("delete"), "{action}");
        }
        for action in ["s3:GetObject", "s3:Get*", "storage.objects.get"] {
            assert_eq!(forbids(&out, action), None, "{action}");
        }
    }
}
