//! The exclusions of a sentence. In doubt, more is ruled out than was meant: a question costs less than a
//! grant.

mod clause;
mod word;

use std::ops::Range;

use self::clause::{Text, verbs_in};
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
