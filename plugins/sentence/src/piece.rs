//! The meaning of each word of a sentence: a verb, a service, a thing, a name, or a grammatical word.

mod word;

use self::word::{
    ADVERBS, ARTICLES, BEFORE, BROAD, BROAD_NOUNS, CALLED, CAPITALS, FILLERS, LIMITS, LOOSE,
    MODALS, NOUN_FOLLOWS, ORDINARY, STRICT, VAGUE,
};
use crate::address::{self, Address};
use crate::exclusion::Exclusion;
use crate::table;
use crate::token::{self, Token};
use crate::verb;

/// A part of a sentence with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The verb, and the word in the sentence.
    Verb(&'static str, String),
    Service(String),
    /// The word of a thing, and its spelling in the sentence.
    Thing(String, String),
    Name(String),
    Address(Address),
    Command(String),
    /// A word that says where.
    Place(Place),
    And,
    Mark(char),
    /// `it`, `its`: the thing that was mentioned before.
    Before,
    /// `one`, `ones`: also the thing that was mentioned before.
    One,
    /// `the`, `a`: a noun follows.
    Article(String),
    /// `called`, `named`: a name follows.
    Called,
    /// `must`, `can`: a verb may follow.
    Modal,
    /// A word without a meaning here.
    Filler,
    /// `Amazon`, before the name of a service.
    Vendor,
    /// `admin`, `everything`: more than a sentence may ask for.
    Broad(String),
    /// `manage`: a verb that does not say what is done.
    Vague(String),
    /// `tagged`: a limit that a proposal cannot express.
    Limit(String),
    Unknown(String),
}

/// The effect of a word that says where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `from`, `in`, `of`: the phrase after it is a limit, so its noun has to be known.
    Strict,
    /// `for`, `with`, `after`: any phrase may follow.
    Loose,
    /// `as`: the phrase after it is the object.
    As,
}

/// Returns the pieces of a sentence without its exclusions. Each exclusion leaves a comma.
#[must_use]
pub fn pieces(provider: &str, tokens: &[Token], exclusions: &[Exclusion]) -> Vec<Piece> {
    let words: Vec<String> = tokens.iter().map(Token::lower).collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(exclusion) =
            exclusions.iter().find(|one| one.range.start == at && !one.range.is_empty())
        {
            pieces.push(Piece::Mark(','));
            at = exclusion.range.end;
            continue;
        }
        // `the bucket called images`
        if let (Some(Piece::Called), Some(Token::Word(word))) = (pieces.last(), tokens.get(at))
            && at.checked_sub(1).is_some_and(|before| is_naming(&words, before))
            && matches!(
                pieces.iter().nth_back(1),
                Some(Piece::Thing(..) | Piece::Service(_) | Piece::Unknown(_) | Piece::Modal)
            )
        {
            pieces.push(
                address::read(word).map_or_else(|| Piece::Name(word.clone()), Piece::Address),
            );
            at = at.saturating_add(1);
            continue;
        }
        let leads_out = exclusions.iter().any(|one| one.range.start == at.saturating_add(1));
        let taken = phrase(provider, &words, at, &mut pieces).unwrap_or_else(|| {
            let before =
                at.checked_sub(1).and_then(|before| words.get(before)).map_or("", String::as_str);
            if let Some(token) = tokens.get(at) {
                let is_last = is_last(tokens, &words, at);
                one(provider, token, &Around { before, leads_out, is_last }, &mut pieces);
            }
            1
        });
        at = at.saturating_add(taken);
    }
    pieces
}

/// Returns true if a name has to follow the word at `at`.
fn is_naming(words: &[String], at: usize) -> bool {
    words.get(at).is_some_and(|word| matches!(word.as_str(), "called" | "named"))
}

/// Adds a service or a thing of several words, or a word that means more together with the next one. Returns
/// the number of words used.
fn phrase(provider: &str, words: &[String], at: usize, pieces: &mut Vec<Piece>) -> Option<usize> {
    if let Some(length) = read_only(words, at) {
        let next = words.get(at.saturating_add(length)).map_or("", String::as_str);
        let is_verb = STRICT.contains(&next)
            || ARTICLES.contains(&next)
            || ["access", "permission", "permissions", "rights"].contains(&next)
            || !table::things(provider, next).is_empty()
            || table::service(provider, next).is_some();
        pieces.push(if is_verb { Piece::Verb("read", "read".to_owned()) } else { Piece::Filler });
        return Some(length);
    }
    for length in [3_usize, 2] {
        let group = words.get(at..at.saturating_add(length))?;
        if group.iter().any(String::is_empty) {
            continue;
        }
        let joined = group.join("-");
        if !table::things(provider, &joined).is_empty() {
            pieces.push(Piece::Thing(joined.clone(), joined));
            return Some(length);
        }
        if let Some(service) = table::service(provider, &joined) {
            pieces.push(Piece::Service(service.to_owned()));
            return Some(length);
        }
        if let [first, second] = group
            && ["all", "any", "every", "full"].contains(&first.as_str())
            && BROAD_NOUNS.contains(&second.as_str())
        {
            pieces.push(Piece::Broad(joined.replace('-', " ")));
            return Some(length);
        }
    }
    None
}

/// Returns the number of words that form `read-only`, which can be a verb or an adjective.
fn read_only(words: &[String], at: usize) -> Option<usize> {
    let word = |number: usize| words.get(at.saturating_add(number)).map_or("", String::as_str);
    match (word(0), word(1)) {
        ("read-only" | "readonly", _) => Some(1),
        ("read", "only") => Some(2),
        _ => None,
    }
}

fn one(provider: &str, token: &Token, around: &Around<'_>, pieces: &mut Vec<Piece>) {
    let word = match token {
        Token::Break(mark) => return pieces.push(Piece::Mark(*mark)),
        Token::Quoted(text) if token::is_command(text) => {
            return pieces.push(Piece::Command(text.clone()));
        }
        Token::Quoted(text) => {
            let piece =
                address::read(text).map_or_else(|| Piece::Name(text.clone()), Piece::Address);
            return pieces.push(piece);
        }
        Token::Word(word) => word,
    };
    let lower = word.to_lowercase();
    let is = |list: &[&str]| list.contains(&lower.as_str());
    let Around { before, is_last, .. } = *around;
    let is_vendor = ["amazon", "aws"].contains(&before);
    // In `the bucket raw` and `the instance a`, the last word after a thing is the thing's name.
    let is_name_of = is_last
        && !is(ADVERBS)
        && matches!(pieces.last(), Some(Piece::Thing(thing, _)) if !thing.ends_with('s'));
    if let Some(address) = address::read(word) {
        pieces.push(Piece::Address(address));
    } else if lower.chars().all(|c| matches!(c, '*' | ':' | '/' | '.')) {
        pieces.push(Piece::Broad(word.clone()));
    } else if let Some(service) = table::service(provider, &lower) {
        pieces.push(Piece::Service(service.to_owned()));
        if !table::things(provider, &lower).is_empty() {
            pieces.push(Piece::Thing(lower, word.clone()));
        }
    } else if (is_vendor || (!before.is_empty() && CAPITALS.contains(&word.as_str())))
        && is_service(provider, &lower)
    {
        pieces.push(Piece::Service(lower));
    } else if is_name_of && (is(FILLERS) || is(ARTICLES)) {
        pieces.push(Piece::Name(word.clone()));
    } else if let Some(said) = of_language(word, &lower, around) {
        let owns = matches!(lower.as_str(), "its" | "their");
        pieces.push(said);
        if owns {
            pieces.push(Piece::Article(lower));
        }
    } else if verb::named(&lower).is_some() && NOUN_FOLLOWS.contains(&before) {
        // `from upload bucket`
        pieces.push(Piece::Unknown(word.clone()));
    } else if let Some(verb) = verb::named(&lower).filter(|_| !has_inner_capital(word)) {
        pieces.push(Piece::Verb(verb, lower));
    } else if !table::things(provider, &lower).is_empty() && !has_inner_capital(word) {
        pieces.push(Piece::Thing(lower, word.clone()));
    } else if is_service(provider, &lower) && !is(ORDINARY) {
        pieces.push(Piece::Service(lower));
    } else if is_name(word) {
        pieces.push(Piece::Name(word.clone()));
    } else {
        pieces.push(Piece::Unknown(word.clone()));
    }
}

/// The context of a word.
struct Around<'a> {
    /// The word before it, in lower case.
    before: &'a str,
    /// True if an exclusion follows.
    leads_out: bool,
    /// True if nothing follows that the word could describe.
    is_last: bool,
}

/// Returns true if a part of the sentence ends with the word at `at`.
fn is_last(tokens: &[Token], words: &[String], at: usize) -> bool {
    let next = at.saturating_add(1);
    match (tokens.get(next), words.get(next)) {
        (None | Some(Token::Break(_)), _) => true,
        (_, Some(word)) => {
            STRICT.contains(&word.as_str()) || ["and", "or", "then", "but"].contains(&word.as_str())
        }
        _ => false,
    }
}

/// Returns the piece of a word that is in one of the lists above.
fn of_language(word: &str, lower: &str, around: &Around<'_>) -> Option<Piece> {
    let is = |list: &[&str]| list.contains(&lower);
    let piece = match lower {
        "and" | "or" | "then" | "plus" => Piece::And,
        "but" => Piece::Mark(','),
        "as" => Piece::Place(Place::As),
        "one" | "ones" => Piece::One,
        "everything" | "anything" | "all" if around.leads_out => Piece::Filler,
        _ if is(STRICT) => Piece::Place(Place::Strict),
        _ if is(LOOSE) => Piece::Place(Place::Loose),
        _ if is(ARTICLES) && (around.before.is_empty() || word != "A") => {
            Piece::Article(lower.to_owned())
        }
        _ if is(BEFORE) => Piece::Before,
        _ if is(MODALS) => Piece::Modal,
        _ if is(CALLED) => Piece::Called,
        "amazon" | "aws" | "google" | "azure" | "gcp" | "microsoft" => Piece::Vendor,
        _ if is(FILLERS) => Piece::Filler,
        _ if is(BROAD) => Piece::Broad(lower.to_owned()),
        _ if is(VAGUE) => Piece::Vague(lower.to_owned()),
        _ if is(LIMITS) || (word.contains('=') && !word.starts_with('-')) => {
            Piece::Limit(word.to_owned())
        }
        _ => return None,
    };
    Some(piece)
}

/// Returns true for an AWS service that only the catalogue knows.
fn is_service(provider: &str, word: &str) -> bool {
    table::cloud_of(provider) == "aws" && aws_catalogue::service(word).is_some()
}

/// Returns true if `word` has a mark, digit or capital that no ordinary word has.
fn is_name(word: &str) -> bool {
    let is_sound = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@*+".contains(c));
    let is_marked =
        word.contains(['-', '_', '.', '/', '@', '*']) || word.chars().any(|c| c.is_ascii_digit());
    is_sound
        && (is_marked || has_inner_capital(word))
        && word.chars().any(|c| c.is_ascii_alphabetic())
}

fn has_inner_capital(word: &str) -> bool {
    let mut seen_lower = false;
    word.chars().any(|c| {
        let is_inner = seen_lower && c.is_ascii_uppercase();
        seen_lower |= c.is_ascii_lowercase();
        is_inner
    })
}
