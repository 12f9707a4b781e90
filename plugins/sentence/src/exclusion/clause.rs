//! The extent of an exclusion: its negator, its verbs, its start and its end.

use std::ops::Range;

use super::Exclusion;
use super::word::{
    AGAIN, BEHIND, BETWEEN, GOING_ON, LIMITING, NEGATORS, PAIRS, POINTING, UNTOUCHED,
};
use crate::token::Token;
use crate::verb;

/// A sentence as tokens, and as words in lower case.
pub(super) struct Text<'a> {
    pub tokens: &'a [Token],
    pub words: &'a [String],
}

impl Text<'_> {
    fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// Returns true if the sentence, or a part of it, ends before `at`.
    fn is_border(&self, at: usize) -> bool {
        matches!(self.tokens.get(at), None | Some(Token::Break(_)))
    }

    fn is_verb(&self, at: usize) -> bool {
        verb::named(self.word(at)).is_some()
    }

    /// Returns the number of words of the negator at `at`; `None` if there is no negator.
    pub fn negator(&self, at: usize) -> Option<usize> {
        let word = self.word(at);
        let next = at.saturating_add(1);
        let follows = self.word(next);
        if matches!(word, "no" | "nothing" | "not") && LIMITING.contains(&follows) {
            let is_last = verbs_in(self.words, next..self.words.len()).is_empty();
            return (!is_last).then_some(1);
        }
        if PAIRS.contains(&(word, follows)) || (word == "no" && follows == "one") {
            return Some(2);
        }
        let is_one = match word {
            // `keep them from being deleted`
            "from" => {
                matches!(follows, "being" | "getting" | "ever")
                    || self.is_verb(next)
                    || self.is_border(next)
            }
            // `rather read than delete`
            "than" => {
                self.is_verb(next) || (follows == "to" && self.is_verb(next.saturating_add(1)))
            }
            "rather" => !(next..self.words.len()).any(|here| self.word(here) == "than"),
            // `deleting is off`
            "off" => self.is_border(next),
            // `all buckets but the logs`
            "but" => self.excepts(next),
            _ => {
                // `*not*`
                let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
                let is_plain = NEGATORS.contains(&bare) || bare.ends_with("n't");
                is_plain || is_odd(word) || self.is_untouched(at)
            }
        };
        is_one.then_some(1)
    }

    /// Returns true if the part after `but` is not a clause of its own.
    fn excepts(&self, at: usize) -> bool {
        const BEGINS: &[&str] = &[
            "only", "just", "also", "then", "please", "it", "they", "you", "i", "we", "he", "she",
            "must", "may", "can", "should", "shall", "will", "do", "does", "in", "on", "under",
            "by", "hands", "keep", "stay", "apart", "aside", "other", "free",
        ];
        let is_clause =
            self.is_verb(at) || BEGINS.contains(&self.word(at)) || self.negator(at).is_some();
        // `but the source must not be modified`
        let says_no =
            || (at..self.end_of_part(at)).skip(1).any(|here| self.negator(here).is_some());
        !is_clause && !says_no()
    }

    fn end_of_part(&self, at: usize) -> usize {
        (at..self.tokens.len()).find(|here| self.is_border(*here)).unwrap_or(self.tokens.len())
    }

    fn is_untouched(&self, at: usize) -> bool {
        UNTOUCHED.contains(&self.word(at))
    }

    /// Returns the exclusion of a negator with its verbs after it, with only few words between.
    pub fn forward(&self, at: usize, from: usize, floor: usize) -> Option<Exclusion> {
        if self.word(at) == "from" || is_odd(self.word(at)) {
            // It could also be a place: `from uploading bucket`.
            return None;
        }
        let is_ability = |here: usize| {
            matches!(self.word(here), "the" | "a")
                && matches!(self.word(here.saturating_add(1)), "ability" | "right" | "permission")
        };
        let first = (from..self.words.len()).find(|here| {
            !(is_ability(*here) || BETWEEN.contains(&self.word(*here))) || self.is_verb(*here)
        })?;
        if !self.is_verb(first) {
            return None;
        }
        let word = self.word(first);
        let next = first.saturating_add(1);
        let is_noun = matches!(self.word(at), "no" | "not")
            || self.word(at) != "nobody" && is_exception(self.word(at));
        let between = self.words.get(from..first).unwrap_or_default();
        let is_passive = is_participle(word);
        let has_be = between
            .iter()
            .any(|word| matches!(word.as_str(), "be" | "being" | "been" | "get" | "gets"));
        // In `Not allowed are: write. Delete.`, the end of the list is not certain.
        let is_list = between.last().is_some_and(|word| matches!(word.as_str(), "are" | "is"));
        if is_list && !is_passive && !word.ends_with("ing") {
            return None;
        }
        // In `not deleted ones` and `no uploads bucket`, the word describes a state and not a task.
        let describes = is_passive || word.ends_with('s');
        let leads_on = matches!(
            self.word(next),
            "" | "of"
                | "to"
                | "on"
                | "at"
                | "in"
                | "or"
                | "and"
                | "from"
                | "by"
                | "but"
                | "either"
                | "please"
                | "any"
                | "anything"
        );
        if is_noun && describes && !has_be && !leads_on {
            return None;
        }
        let end = self.end(at, from, next)?;
        let mut range = at..end;
        // `deleting must not be granted`
        if is_passive && let Some(start) = self.subject(at, floor) {
            range.start = start;
        }
        Some(Exclusion { verbs: verbs_in(self.words, range.clone()), range, is_clear: true })
    }

    /// Returns the exclusion of a negator with its verbs before it: `deleting is not allowed`.
    pub fn backward(&self, at: usize, from: usize, floor: usize) -> Option<Exclusion> {
        if is_exception(self.word(at)) || is_odd(self.word(at)) {
            return None;
        }
        let end = self.end_of_part(from);
        let behind = self.words.get(from..end).unwrap_or_default();
        if !behind.iter().all(|word| BEHIND.contains(&word.as_str())) {
            return None;
        }
        let is_untouched = self.is_untouched(at);
        let start = match self.subject(at, floor) {
            Some(start) => start,
            None if is_untouched => self.start_of_part(at, floor),
            None => return None,
        };
        let verbs = verbs_in(self.words, start..at);
        if is_untouched && !verbs.is_empty() && self.subject(at, floor).is_none() {
            return None;
        }
        let end = self.end(at, from, end)?;
        Some(Exclusion { range: start..end, verbs, is_clear: true })
    }

    /// Returns the start of the subject before `at`, if it consists of verbs: `deleting objects`,
    /// `writing, deleting and listing`.
    fn subject(&self, at: usize, floor: usize) -> Option<usize> {
        let is_of_verb = |start: usize| {
            let skips = |here: &usize| {
                matches!(
                    self.word(*here),
                    "the" | "any" | "all" | "every" | "so" | "also" | "and" | "of"
                )
            };
            let first = (start..at).find(|here| !skips(here)).unwrap_or(at);
            self.is_verb(first) && first < at && is_nominal(self.word(first))
        };
        let mut start = Some(self.start_of_part(at, floor)).filter(|start| is_of_verb(*start))?;
        while let Some(border) = start.checked_sub(1).filter(|border| *border >= floor) {
            let before = self.start_of_part(border, floor);
            if !(before < border && is_of_verb(before)) {
                break;
            }
            start = before;
        }
        Some(start)
    }

    /// Returns the start of the part of the sentence that contains `at`.
    fn start_of_part(&self, at: usize, floor: usize) -> usize {
        let is_start = |here: &usize| self.is_border(*here) || self.word(*here) == "but";
        (floor..at).rev().find(is_start).map_or(floor, |border| border.saturating_add(1))
    }

    /// Returns the end of the exclusion of the negator at `at`; `None` if the end is not certain.
    fn end(&self, at: usize, from: usize, begin: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for here in begin..self.tokens.len() {
            let next = here.saturating_add(1);
            let follows = self.word(next);
            let goes_on = || {
                GOING_ON.contains(&follows)
                    || follows.ends_with("ing")
                    || (self.is_verb(next) && is_nominal(follows))
                    || (next < self.tokens.len() && self.is_border(next))
            };
            match self.tokens.get(here) {
                Some(Token::Word(_)) if self.word(here) == "but" => return Some(here),
                Some(Token::Break('(')) => depth = depth.saturating_add(1),
                Some(Token::Break(')')) if depth > 0 => depth = depth.saturating_sub(1),
                Some(Token::Break(')')) => {
                    let is_end = next >= self.tokens.len()
                        || !self.is_border(next) && !goes_on() && !self.is_verb(next);
                    let is_stop = self.tokens.get(next) == Some(&Token::Break('.'))
                        && self.begins(next.saturating_add(1));
                    return (is_end || is_stop).then_some(here);
                }
                Some(Token::Break('.')) => {
                    let said = self.words.get(at..here).unwrap_or_default();
                    let points = said.iter().any(|word| POINTING.contains(&word.as_str()));
                    let is_last = next >= self.tokens.len();
                    return (is_last || self.begins(next) && !points && !goes_on()).then_some(here);
                }
                Some(Token::Break(';')) => {
                    let is_subject =
                        matches!(follows, "it" | "they" | "you" | "i" | "we" | "he" | "she")
                            && matches!(
                                self.word(next.saturating_add(1)),
                                "may" | "can" | "should" | "must" | "shall"
                            );
                    let is_again = AGAIN.contains(&follows) || is_subject || self.says_only(next);
                    return (next >= self.tokens.len() || is_again).then_some(here);
                }
                Some(Token::Break(_)) if self.says_only(next) => return Some(here),
                // `Without deleting anything, read the bucket b`
                Some(Token::Break(',')) if self.word(at) == "without" => {
                    let opens = at == 0
                        || matches!(self.tokens.get(at.saturating_sub(1)), Some(Token::Break('.')));
                    let said = self.words.get(from..here).unwrap_or_default();
                    if opens && self.is_verb(next) && !is_nominal(follows) && is_gerund(said) {
                        return Some(here);
                    }
                }
                _ => {}
            }
        }
        Some(self.tokens.len())
    }

    /// Returns true if `only read` or a similar limit begins at `at`.
    fn says_only(&self, at: usize) -> bool {
        matches!(self.word(at), "only" | "just") && self.is_verb(at.saturating_add(1))
    }

    /// Returns true if a sentence begins at `at`.
    fn begins(&self, at: usize) -> bool {
        match self.tokens.get(at) {
            Some(Token::Word(word)) => word.starts_with(char::is_uppercase),
            _ => at >= self.tokens.len(),
        }
    }
}

/// Returns true if a word is a negation in an unusual spelling: `do_not`, `no/delete`, or with letters that
/// only look like the usual ones.
fn is_odd(word: &str) -> bool {
    let is_alike = |c: char| ('\u{370}'..='\u{52f}').contains(&c);
    if word.contains(is_alike) && word.contains(|c: char| c.is_ascii_alphabetic()) {
        return true;
    }
    // `no-delete` is a name.
    let is_name = !word.contains(['_', '/', ':', '*', '=']);
    let mut parts = word.split(['-', '_', '/', ':', '*', '=']).filter(|part| !part.is_empty());
    let says_no = |part: &str| NEGATORS.contains(&part) || part.ends_with("n't");
    let is_known = |part: &str| {
        says_no(part) || BETWEEN.contains(&part) || (!is_name && verb::named(part).is_some())
    };
    let count = parts.clone().count();
    count > 1 && parts.clone().any(says_no) && parts.all(is_known)
}

/// Returns true if a negator makes an exception to the part before it, and does not negate that part.
fn is_exception(word: &str) -> bool {
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
        "but",
        "all",
        "any",
        "anything",
        "everything",
        "save",
        "exempt",
        "exempting",
        "barring",
    ];
    EXCEPTING.contains(&word)
}

/// Returns true if a verb is used as a noun: `deleting`, `deletion`, `deletes`.
fn is_nominal(word: &str) -> bool {
    word.ends_with("ing")
        || word.ends_with("ion")
        || word.ends_with("ions")
        || word.ends_with("al")
        || word.ends_with('s')
}

fn is_participle(word: &str) -> bool {
    word.ends_with("ed") || word.ends_with("written") || word == "sent"
}

/// Returns true if all verbs of these words have the form of `deleting`.
fn is_gerund(words: &[String]) -> bool {
    let mut verbs = words.iter().filter(|word| verb::named(word).is_some()).peekable();
    verbs.peek().is_some() && verbs.all(|verb| verb.ends_with("ing"))
}

pub(super) fn verbs_in(words: &[String], range: Range<usize>) -> Vec<&'static str> {
    let words = words.get(range).unwrap_or_default();
    let follows = |at: usize| words.get(at.saturating_add(1)).map_or("", String::as_str);
    let is_balancer = |at: usize, word: &str| word == "load" && follows(at).starts_with("balancer");
    let verbs = words.iter().enumerate().filter(|(at, word)| !is_balancer(*at, word));
    verbs.filter_map(|(_, word)| verb::named(word)).collect()
}
