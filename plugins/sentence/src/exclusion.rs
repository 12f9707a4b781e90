//! The exclusions of a sentence. In doubt, more is ruled out than was meant: a question costs less than a
//! grant.

use std::ops::Range;

use crate::token::{Token, tokens};
use crate::verb;

/// A part of a sentence that says what must not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// The range of its tokens.
    pub range: Range<usize>,
    /// The verbs that it rules out; none if it is about things alone.
    pub verbs: Vec<&'static str>,
    /// True if the extent of the exclusion is certain. Otherwise nothing in the sentence is certain.
    pub is_clear: bool,
}

/// Words that rule out the part after them, or the part before them if nothing follows.
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
    "nobody",
    "noone",
    "nowhere",
    "nope",
    "nay",
    "non",
    "zero",
    "instead",
    "rather",
    "opposed",
    "against",
    "wrong",
    "illegal",
    "unlawful",
    "impossible",
    "unacceptable",
    "unwanted",
    "undesired",
    "unauthorised",
    "unauthorized",
    "forbidding",
    "prohibits",
    "prohibiting",
    "denies",
    "denying",
    "disallows",
    "disallowing",
    "rejected",
    "blocked",
    "ban",
    "bans",
    "banned",
    "banning",
    "barred",
    "barring",
    "taboo",
    "refrains",
    "refraining",
    "abstain",
    "abstaining",
    "refuses",
    "refusing",
    "rarely",
    "seldom",
    "barely",
    "scarcely",
    "lest",
    "lack",
    "lacks",
    "fail",
    "fails",
    "ignore",
    "ignoring",
    "exempt",
    "exempting",
    "omits",
    "skips",
    "leave",
    "leaves",
    "leaving",
    "left",
    "aint",
    "havent",
    "hasnt",
    "neednt",
    "wouldnt",
    "couldnt",
    "werent",
    "wasnt",
    "keep",
    "keeps",
    "keeping",
    "kept",
    "preserve",
    "preserves",
    "preserving",
    "retain",
    "retains",
    "retaining",
    "spare",
    "spares",
    "protect",
    "protects",
    "w/out",
    "don",
    "doesn",
    "didn",
    "isn",
    "aren",
    "wasn",
    "weren",
    "mustn",
    "shouldn",
    "wouldn",
    "couldn",
    "needn",
    "ain",
    "won",
    "wo",
];
/// Negators of two words.
const PAIRS: &[(&str, &str)] = &[
    ("instead", "of"),
    ("rather", "than"),
    ("other", "than"),
    ("apart", "from"),
    ("aside", "from"),
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
    ("all", "but"),
    ("anything", "but"),
    ("everything", "but"),
    ("any", "but"),
    ("save", "for"),
];
/// Words that say that their subject stays unchanged.
const UNTOUCHED: &[&str] =
    &["untouched", "unchanged", "unmodified", "unaltered", "intact", "off-limits", "alone"];
/// Words after `no`, `nothing` or `not` that make a limit, and rule out nothing themselves.
const LIMITING: &[&str] = &["more", "else", "further"];
/// Words that may stand between a negator and its first verb.
const BETWEEN: &[&str] = &[
    "ever",
    "to",
    "be",
    "being",
    "been",
    "able",
    "any",
    "have",
    "has",
    "had",
    "let",
    "allow",
    "allowing",
    "allowed",
    "permit",
    "permitted",
    "them",
    "it",
    "him",
    "her",
    "us",
    "me",
    "anyone",
    "anybody",
    "you",
    "i",
    "we",
    "they",
    "he",
    "she",
    "please",
    "actually",
    "even",
    "also",
    "just",
    "really",
    "simply",
    "further",
    "more",
    "else",
    "may",
    "can",
    "could",
    "should",
    "must",
    "shall",
    "will",
    "would",
    "is",
    "are",
    "do",
    "does",
    "need",
    "needs",
    "want",
    "wants",
    "ability",
    "right",
    "permission",
    "of",
    "get",
    "gets",
    "ok",
];
/// Words that may stand after a negator that rules out the part before it: `deleting is not allowed`.
const BEHIND: &[&str] = &[
    "allowed",
    "permitted",
    "ok",
    "okay",
    "possible",
    "wanted",
    "desired",
    "needed",
    "required",
    "acceptable",
    "at",
    "all",
    "either",
    "here",
    "please",
    "limits",
    "strictly",
    "be",
    "ever",
];
/// Words that begin a clause which again says what to do.
const AGAIN: &[&str] = &["but", "then"];
/// Words that begin a sentence which continues the exclusion of the sentence before it.
const GOING_ON: &[&str] = &[
    "and",
    "or",
    "nor",
    "plus",
    "also",
    "same",
    "likewise",
    "ditto",
    "similarly",
    "including",
    "especially",
    "neither",
    "even",
];
/// Words that may have a full stop after them and that point to the next part.
const POINTING: &[&str] = &[
    "etc",
    "eg",
    "ie",
    "e.g",
    "i.e",
    "resp",
    "incl",
    "esp",
    "vs",
    "following",
    "below",
    "namely",
    "these",
    "viz",
];

/// Returns the verbs that `text` rules out, or all its verbs if an exclusion is not certain.
#[must_use]
pub fn ruled_out(text: &str) -> Vec<&'static str> {
    let tokens = tokens(text);
    let found = exclusions(&tokens);
    let mut verbs: Vec<&str> = if found.iter().all(|one| one.is_clear) {
        found.into_iter().flat_map(|one| one.verbs).collect()
    } else {
        let words: Vec<String> = tokens.iter().map(Token::lower).collect();
        verbs_in(&words, 0..words.len())
    };
    verbs.sort_unstable();
    verbs.dedup();
    verbs
}

/// Returns the verb among `ruled_out` that `action` would do.
#[must_use]
pub fn forbids(ruled_out: &[&'static str], action: &str) -> Option<&'static str> {
    ruled_out.iter().find(|verb| verb::does(verb, action)).copied()
}

/// Returns every exclusion of a sentence, in order and without overlaps.
#[must_use]
pub fn exclusions(tokens: &[Token]) -> Vec<Exclusion> {
    let words: Vec<String> = tokens.iter().map(Token::lower).collect();
    let text = Text { tokens, words: &words };
    let mut found: Vec<Exclusion> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some(length) = text.negator(at) else {
            at = at.saturating_add(1);
            continue;
        };
        let floor = found.last().map_or(0, |last| last.range.end);
        let from = at.saturating_add(length);
        let exclusion = text
            .forward(at, from, floor)
            .or_else(|| text.backward(at, from, floor))
            .unwrap_or(Exclusion { range: at..words.len(), verbs: Vec::new(), is_clear: false });
        at = exclusion.range.end.max(at.saturating_add(1));
        found.push(exclusion);
    }
    found
}

struct Text<'a> {
    tokens: &'a [Token],
    words: &'a [String],
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
    fn negator(&self, at: usize) -> Option<usize> {
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
    fn forward(&self, at: usize, from: usize, floor: usize) -> Option<Exclusion> {
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
    fn backward(&self, at: usize, from: usize, floor: usize) -> Option<Exclusion> {
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

fn verbs_in(words: &[String], range: Range<usize>) -> Vec<&'static str> {
    let words = words.get(range).unwrap_or_default();
    let follows = |at: usize| words.get(at.saturating_add(1)).map_or("", String::as_str);
    let is_balancer = |at: usize, word: &str| word == "load" && follows(at).starts_with("balancer");
    let verbs = words.iter().enumerate().filter(|(at, word)| !is_balancer(*at, word));
    verbs.filter_map(|(_, word)| verb::named(word)).collect()
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
    fn what_is_not_certain_rules_out_every_verb_of_the_text() {
        for text in [
            "Do not, please, delete objects. Then read them",
            "Delete them? Never! Read them",
            "do not read; delete",
            "Things to avoid: read; delete",
        ] {
            assert!(!exclusions(&tokens(text)).iter().all(|one| one.is_clear), "{text}");
            assert_eq!(ruled_out(text), ["delete", "read"], "{text}");
        }
        for text in [
            "read but do not delete them",
            "no deletes, only reading",
            "clean up, but never delete",
            "nobody may delete",
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
        for action in
            ["s3:DeleteObject", "s3:*", "storage.objects.*", "Microsoft.Storage/*", "s3:D*"]
        {
            assert_eq!(forbids(&out, action), Some("delete"), "{action}");
        }
        for action in ["s3:GetObject", "s3:Get*", "storage.objects.get"] {
            assert_eq!(forbids(&out, action), None, "{action}");
        }
    }
}
