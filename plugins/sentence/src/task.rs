//! The tasks of a clause: one verb with one object each.

use crate::address::Address;
use crate::family::singular;
use crate::phrase::{Clause, Phrase};
use crate::piece::Place;
use crate::table;
use crate::trouble::Trouble;

/// The maximum number of tasks, and of resources of one task. More belong in a profile. The limit also bounds
/// the cost of a sentence.
pub const MOST: usize = 64;

/// One thing to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    pub verb: &'static str,
    /// The object of the verb.
    pub object: Phrase,
    /// The places: everything else that the sentence says about the object.
    pub places: Vec<Phrase>,
}

impl Task {
    /// Returns the object and its places.
    pub fn phrases(&self) -> impl Iterator<Item = &Phrase> {
        std::iter::once(&self.object).chain(&self.places)
    }

    /// Returns the words of all things.
    pub fn things(&self) -> impl Iterator<Item = &String> {
        self.phrases().flat_map(|phrase| &phrase.things)
    }

    /// Returns the named services, including those of addresses, each once.
    pub fn services(&self) -> Vec<String> {
        let of = |phrase: &Phrase| {
            let addressed = phrase.addresses.iter().map(|address| address.service.clone());
            phrase.services.iter().cloned().chain(addressed).collect::<Vec<_>>()
        };
        let mut all: Vec<String> = self.phrases().flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.phrases().flat_map(|phrase| &phrase.addresses)
    }

    pub fn names(&self) -> impl Iterator<Item = &(Option<String>, String)> {
        self.phrases().flat_map(|phrase| &phrase.names)
    }

    /// Returns true if the task refers to something mentioned before.
    pub fn is_before(&self) -> bool {
        self.phrases().any(|phrase| phrase.is_before)
    }
}

/// Returns the tasks of a clause with verbs: each verb with each object.
///
/// # Errors
/// If it is not clear whether a thing is an object or a place, or there are too many tasks.
pub fn tasks(provider: &str, clause: &Clause) -> Result<Vec<Task>, Trouble> {
    let mut objects: Vec<Task> = Vec::new();
    for phrase in &clause.phrases {
        let Some(last) = objects.last_mut() else {
            objects.push(opened(phrase));
            continue;
        };
        let is_first = last.object == Phrase::default() && !phrase.is_joined;
        let head = |phrase: &Phrase| phrase.things.last().map(|word| singular(word));
        let continues = phrase.is_joined
            && last
                .places
                .last()
                .is_some_and(|place| head(place).is_some() && head(place) == head(phrase));
        if phrase.place == Some(Place::As) && !phrase.things.is_empty() {
            let is_before = last.object.is_before || phrase.is_before;
            last.object = Phrase { is_before, ..phrase.clone() };
        } else if phrase.place.is_some() || continues {
            last.places.push(phrase.clone());
        } else if is_first {
            last.object = phrase.clone();
        } else if phrase.is_joined && !last.places.is_empty() && is_container(provider, phrase) {
            return Err(Trouble::Joined(phrase.nouns.join(" ")));
        } else {
            objects.push(opened(phrase));
        }
    }
    if objects.is_empty() {
        objects.push(Task::default());
    }
    if clause.verbs.len().saturating_mul(objects.len()) > MOST {
        return Err(Trouble::Many(MOST));
    }
    let each = |verb: &&'static str| {
        objects.iter().map(|task| Task { verb, ..task.clone() }).collect::<Vec<_>>()
    };
    Ok(clause.verbs.iter().flat_map(each).collect())
}

fn opened(phrase: &Phrase) -> Task {
    if phrase.place.is_some() {
        Task { places: vec![phrase.clone()], ..Task::default() }
    } else {
        Task { object: phrase.clone(), ..Task::default() }
    }
}

fn is_container(provider: &str, phrase: &Phrase) -> bool {
    let word = phrase.things.last();
    word.is_some_and(|word| {
        table::things(provider, word).iter().any(|thing| thing.inside.is_some())
    })
}
