//! The clauses of a sentence: verbs, each with its phrases.

use crate::address::Address;
use crate::piece::{Piece, Place};
use crate::table;

/// A noun with its modifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase {
    /// The kind of place, for a phrase that says where, as in `from the bucket b`.
    pub place: Option<Place>,
    /// True if `and` or a comma stands before the phrase.
    pub is_joined: bool,
    pub services: Vec<String>,
    /// The words of its things; the last word is the head.
    pub things: Vec<String>,
    /// All nouns of the phrase, in lower case and in order.
    pub nouns: Vec<String>,
    /// The names, each with the word of its thing.
    pub names: Vec<(Option<String>, String)>,
    pub addresses: Vec<Address>,
    /// True if the phrase refers to something mentioned before.
    pub is_before: bool,
    /// The article: `the`, `a`, `any`.
    pub determiner: Option<String>,
    /// True if a word or a mark beside a thing could be its name, or could distinguish it from other things.
    pub is_described: bool,
}

impl Phrase {
    fn is_empty(&self) -> bool {
        let Self { place, is_joined, is_described, .. } = *self;
        *self == Self { place, is_joined, is_described, ..Self::default() }
    }
}

/// Verbs with their phrases. The phrases before the first verb form a clause without verbs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clause {
    pub verbs: Vec<&'static str>,
    pub phrases: Vec<Phrase>,
}

/// The parsed sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub clauses: Vec<Clause>,
    pub commands: Vec<String>,
    /// A word that can only be answered with a question.
    pub trouble: Option<Piece>,
}

/// Parses the pieces into clauses and commands.
#[must_use]
pub fn parse(provider: &str, pieces: &[Piece]) -> Parsed {
    let mut parser = Parser { provider, ..Parser::default() };
    for (number, piece) in pieces.iter().enumerate() {
        parser.take(piece, pieces.get(number.saturating_add(1)));
    }
    parser.end_clause();
    parser.parsed
}

#[derive(Default)]
struct Parser<'a> {
    provider: &'a str,
    parsed: Parsed,
    clause: Clause,
    phrase: Phrase,
    /// True inside brackets, where every phrase describes the part before them.
    in_brackets: bool,
    /// True if a noun has to follow.
    wants_noun: bool,
    /// The article of the next noun.
    determiner: Option<String>,
    /// True if a filler stands before the next noun.
    has_filler: bool,
    last: Last,
}

/// The last piece with a meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// A thing. A name may follow.
    Thing(String),
    Unknown,
    /// A name, and the word of its thing.
    Name(Option<String>),
    /// `and` after such a name.
    NameAnd(Option<String>),
}

impl Parser<'_> {
    fn take(&mut self, piece: &Piece, next: Option<&Piece>) {
        if matches!(self.last, Last::Thing(_)) && could_be_name(piece, next) {
            self.phrase.is_described = true;
        }
        self.has_filler = match piece {
            Piece::Filler | Piece::Called => true,
            Piece::Verb(..) | Piece::Place(_) | Piece::And | Piece::Mark(_) | Piece::Article(_) => {
                false
            }
            _ => self.has_filler,
        };
        // In `from about bucket`, a word that says where has no noun after it.
        let leads_nowhere = self.phrase.place.is_some()
            && !self.in_brackets
            && self.phrase.is_empty()
            && matches!(piece, Piece::Place(_) | Piece::Modal | Piece::And | Piece::Mark(_));
        match piece {
            Piece::Verb(verb, word) => self.verb(verb, word),
            Piece::Service(service) => {
                if !self.phrase.services.contains(service) {
                    self.phrase.services.push(service.clone());
                }
                self.after(Last::Other);
            }
            Piece::Thing(word, said) => self.thing(word, said),
            Piece::Name(name) => self.name(name),
            Piece::Unknown(word) => self.unknown(word),
            Piece::Address(address) => {
                self.phrase.addresses.push(address.clone());
                self.after(Last::Other);
            }
            Piece::Command(command) => self.parsed.commands.push(command.clone()),
            Piece::Place(place) => {
                self.end_phrase();
                self.phrase.place = Some(*place);
                self.after(Last::Other);
            }
            Piece::And | Piece::Mark(',') => {
                self.wants_noun = false;
                self.last = match std::mem::take(&mut self.last) {
                    Last::Name(thing) | Last::NameAnd(thing) => Last::NameAnd(thing),
                    _ => Last::Other,
                };
                if self.last == Last::Other {
                    self.join();
                }
            }
            Piece::Mark(mark) => self.mark(*mark),
            Piece::Before => {
                self.joined();
                self.phrase.is_before = true;
            }
            Piece::One => {
                // In `the new one`, the words before `one` are not nouns.
                self.joined();
                self.phrase.nouns.clear();
                self.phrase.is_before = true;
                self.after(Last::Other);
            }
            Piece::Article(word) => {
                self.joined();
                self.wants_noun = true;
                // `the any bucket`
                let before = self.determiner.replace(word.clone());
                self.has_filler = before.is_some_and(|before| before != "all");
            }
            Piece::Modal => self.after(Last::Other),
            Piece::Called | Piece::Filler | Piece::Vendor => {}
            Piece::Broad(_) | Piece::Vague(_) | Piece::Limit(_) => {
                self.parsed.trouble.get_or_insert_with(|| piece.clone());
            }
        }
        self.has_filler |= leads_nowhere;
    }

    fn after(&mut self, last: Last) {
        self.last = last;
        self.wants_noun = false;
    }

    /// Starts the next phrase of a list.
    fn join(&mut self) {
        let place = self.in_brackets.then_some(Place::Loose);
        self.end_phrase();
        self.phrase = Phrase { place, is_joined: true, ..Phrase::default() };
    }

    /// Starts a new phrase after `and`, if the word that follows the `and` is not another name.
    fn joined(&mut self) {
        if matches!(self.last, Last::NameAnd(_)) {
            self.join();
            self.last = Last::Other;
        }
    }

    fn mark(&mut self, mark: char) {
        self.end_phrase();
        self.after(Last::Other);
        match mark {
            '(' => self.in_brackets = true,
            ')' => {
                self.in_brackets = false;
                // `(put and update)`
                if !self.clause.verbs.is_empty() && self.clause.phrases.is_empty() {
                    self.end_clause();
                }
            }
            '.' | ';' => self.end_clause(),
            _ => {}
        }
        self.phrase.place = self.in_brackets.then_some(Place::Loose);
    }

    fn end_phrase(&mut self) {
        let phrase = std::mem::take(&mut self.phrase);
        if !phrase.is_empty() {
            self.determiner = None;
            self.clause.phrases.push(phrase);
        }
    }

    fn end_clause(&mut self) {
        self.end_phrase();
        let clause = std::mem::take(&mut self.clause);
        if clause != Clause::default() {
            self.parsed.clauses.push(clause);
        }
    }

    fn verb(&mut self, verb: &'static str, word: &str) {
        let follows_noun =
            matches!(self.last, Last::Thing(_) | Last::Unknown) && !self.clause.verbs.is_empty();
        // In `our bot reads`, a noun has followed the article, and no verb has.
        let is_first = self.last == Last::Unknown && self.clause.verbs.is_empty();
        if (self.wants_noun && !is_first) || follows_noun {
            if table::things(self.provider, word).is_empty() {
                self.unknown(word);
            } else {
                self.thing(word, word);
            }
            return;
        }
        self.end_phrase();
        if !self.clause.verbs.is_empty() && !self.clause.phrases.is_empty() {
            self.end_clause();
        }
        if self.clause.verbs.is_empty() && !self.clause.phrases.is_empty() {
            self.end_clause();
        }
        self.clause.verbs.push(verb);
        self.after(Last::Other);
    }

    fn thing(&mut self, word: &str, said: &str) {
        if self.is_own_name(word) {
            return self.name(said);
        }
        self.joined();
        // `my-bucket bucket`
        if self.last == Last::Name(None)
            && let Some((thing @ None, _)) = self.phrase.names.last_mut()
        {
            *thing = Some(word.to_owned());
        }
        self.determined();
        self.phrase.things.push(word.to_owned());
        self.phrase.nouns.push(word.to_owned());
        self.after(Last::Thing(word.to_owned()));
    }

    /// Gives a noun the article and the filler before it.
    fn determined(&mut self) {
        if let Some(word) = self.determiner.take() {
            self.phrase.determiner = Some(word);
        }
        self.phrase.is_described |= std::mem::take(&mut self.has_filler);
    }

    /// Returns true if a word that can be a thing is a name here, as in `the queue jobs`: no service has both
    /// things.
    fn is_own_name(&self, word: &str) -> bool {
        let Last::Thing(before) = &self.last else { return false };
        let things = table::things(self.provider, word);
        let is_of = |service: &str| things.iter().any(|thing| thing.service == service);
        let mut of_before = table::things(self.provider, before).into_iter().filter(|thing| {
            let named = &self.phrase.services;
            if named.is_empty() {
                !thing.is_shy
            } else {
                named.iter().any(|service| service == thing.service)
            }
        });
        !before.ends_with('s')
            && things.iter().all(|thing| thing.is_shy)
            && !of_before.any(|thing| is_of(thing.service))
    }

    fn name(&mut self, name: &str) {
        let thing = match &self.last {
            Last::Thing(word) => Some(word.clone()),
            Last::NameAnd(thing) => thing.clone(),
            _ => None,
        };
        self.phrase.names.push((thing.clone(), name.to_owned()));
        self.after(Last::Name(thing));
    }

    fn unknown(&mut self, word: &str) {
        let is_capital = word.starts_with(|c: char| c.is_ascii_uppercase());
        let is_ascii = word.chars().all(|c| c.is_ascii_alphanumeric());
        match &self.last {
            Last::Thing(thing) if is_ascii && (!thing.ends_with('s') || is_capital) => {
                self.name(word);
            }
            Last::NameAnd(Some(thing)) if is_capital && thing.ends_with('s') => self.name(word),
            _ => {
                self.joined();
                self.determined();
                self.phrase.nouns.push(word.to_lowercase());
                self.last = Last::Unknown;
                // The head noun may still follow.
            }
        }
    }
}

/// Returns true if `piece`, directly after a thing, stands in the position of the thing's name.
fn could_be_name(piece: &Piece, next: Option<&Piece>) -> bool {
    match piece {
        Piece::Filler
        | Piece::Vendor
        | Piece::Service(_)
        | Piece::Called
        | Piece::Before
        | Piece::One
        | Piece::Mark('(' | ':')
        | Piece::Place(Place::Loose) => true,
        // `bucket and logs`, `bucket for images`
        Piece::And
            if matches!(next, Some(Piece::Thing(..) | Piece::Unknown(_) | Piece::Name(_))) =>
        {
            true
        }
        Piece::Place(_) | Piece::Modal | Piece::And | Piece::Article(_) => {
            matches!(next, None | Some(Piece::Mark(_)))
        }
        Piece::Mark(',') => !matches!(
            next,
            None | Some(Piece::Verb(..) | Piece::And | Piece::Modal | Piece::Mark(_))
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
