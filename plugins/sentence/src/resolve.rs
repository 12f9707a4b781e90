//! The needs of a task: the service, the actions, and the resources with the names filled in.

mod finder;

use std::collections::BTreeMap;
use std::fmt;

use crate::family::singular;
use crate::names::{Names, fill, names_of};
use crate::phrase::Phrase;
use crate::piece::Place;
use crate::table::{self, Thing};
use crate::task::Task;
use crate::trouble::Trouble;

use self::finder::Finder;

/// The needs of a task, before the names of other tasks are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub verb: &'static str,
    pub service: String,
    /// The thing that the verb acts on, by its name in the table.
    pub thing: String,
    pub actions: Vec<String>,
    /// Templates of resources, each with its kind of resource.
    pub templates: Vec<(String, String)>,
    pub names: Names,
    /// True if the task itself names something.
    pub is_named: bool,
    /// The things that the task itself mentions.
    pub said: Vec<String>,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}", self.verb, self.thing, self.service)?;
        let names: Vec<&str> = self.names.all().collect();
        if names.is_empty() { Ok(()) } else { write!(f, " ({})", names.join(", ")) }
    }
}

impl Need {
    /// Returns the resources by their kind.
    ///
    /// # Errors
    /// If a name is missing.
    pub fn resources(&self) -> Result<BTreeMap<String, Vec<String>>, Trouble> {
        let mut all = BTreeMap::new();
        for (kind, template) in &self.templates {
            if let Some(filled) = fill(template, &self.names)? {
                all.insert(kind.replace('!', ""), filled);
            }
        }
        Ok(all)
    }
}

/// The information from the sentence so far.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The services named anywhere in the sentence.
    pub services: Vec<String>,
    /// The last task, or the part before the first verb.
    pub last: Option<(String, String, Names)>,
}

/// Finds the needs of `task`.
///
/// # Errors
/// If the needs are not clear.
pub fn resolve(provider: &str, task: &Task, context: &Context) -> Result<Need, Trouble> {
    is_known(task)?;
    let service = service_of(provider, task, context)?;
    let inherited = context.last.as_ref().filter(|(last, ..)| *last == service);
    let own = names_of(provider, &service, task)?;
    let mut names = own.clone();
    of_other(&service, task, context, &mut names)?;
    if (task.is_before() || is_bare(task))
        && let Some((_, _, known)) = inherited
    {
        names.inherit(known);
    }
    let found = Finder { provider, service: &service, task, names: &names };
    let (thing, actions, templates) = found.find(inherited.map(|(_, thing, _)| thing.as_str()))?;
    is_told(provider, &service, task, &own, &names)?;
    let is_named = task.names().next().is_some() || task.addresses().next().is_some();
    let mut said: Vec<String> = Vec::new();
    for word in task.things() {
        let known =
            table::things(provider, word).into_iter().filter(|thing| thing.service == service);
        said.extend(known.map(|thing| thing.name.to_owned()));
    }
    Ok(Need { verb: task.verb, service, thing, actions, templates, names, is_named, said })
}

/// Returns the service of a task. A named service excludes every other.
pub fn service_of(provider: &str, task: &Task, context: &Context) -> Result<String, Trouble> {
    let named = task.services();
    match named.as_slice() {
        [only] => return Ok(only.clone()),
        [] => {}
        _ => return Err(Trouble::Several(named)),
    }
    let last = context.last.as_ref().map(|(service, ..)| service.as_str());
    let known: Vec<(&String, Vec<Thing>)> = task
        .things()
        .map(|word| (word, own_things(provider, word)))
        .filter(|(_, things)| !things.is_empty())
        .collect();
    // A thing that every service has decides only if no other thing does.
    let deciding: Vec<_> =
        known.iter().filter(|(word, _)| !is_of_all(provider, word)).cloned().collect();
    let known = if deciding.is_empty() { known } else { deciding };
    let Some((first, rest)) = known.split_first() else {
        let said = task.object.nouns.join(" ");
        return match (last, context.services.as_slice()) {
            (Some(last), _) if task.is_before() || is_bare(task) => Ok(last.to_owned()),
            (_, [only]) => Ok(only.clone()),
            _ if said.is_empty() => Err(Trouble::Nothing),
            _ => Err(Trouble::NoThing(said)),
        };
    };
    let has = |things: &[Thing], service: &str| things.iter().any(|thing| thing.service == service);
    let fits: Vec<&Thing> = first
        .1
        .iter()
        .filter(|thing| rest.iter().all(|(_, things)| has(things, thing.service)))
        .collect();
    let is_bold = |service: &str| {
        known
            .iter()
            .any(|(_, things)| things.iter().any(|thing| thing.service == service && !thing.is_shy))
    };
    let is_last = |thing: &&&Thing| {
        last == Some(thing.service) && (task.is_before() || !is_bold(thing.service))
    };
    let mut in_sentence =
        fits.iter().filter(|thing| context.services.iter().any(|one| one == thing.service));
    let by_sentence =
        in_sentence.next().filter(|first| in_sentence.all(|next| next.service == first.service));
    let found = fits
        .iter()
        .find(is_last)
        .or(by_sentence)
        .or_else(|| fits.iter().find(|thing| is_bold(thing.service)));
    found.map(|thing| thing.service.to_owned()).ok_or_else(|| Trouble::NoService(first.0.clone()))
}

/// Returns the things that `word` can be, except those that every service has.
fn own_things(provider: &str, word: &str) -> Vec<Thing> {
    table::things(provider, word).into_iter().filter(|thing| thing.service != "*").collect()
}

/// Returns true if every service has the thing that `word` names, such as a project or a zone.
pub fn is_of_all(provider: &str, word: &str) -> bool {
    table::things(provider, word).iter().any(|thing| thing.service == "*")
}

/// Returns true if a task is a verb and nothing else.
pub fn is_bare(task: &Task) -> bool {
    task.phrases().all(|phrase| {
        phrase.nouns.is_empty() && phrase.names.is_empty() && phrase.addresses.is_empty()
    })
}

/// Rejects a place with an unknown noun and without a name, because the noun could be a limit.
fn is_known(task: &Task) -> Result<(), Trouble> {
    let says_nothing = |phrase: &&Phrase| {
        phrase.place == Some(Place::Strict)
            && phrase.nouns.iter().any(|noun| !phrase.things.contains(noun))
            && phrase.names.is_empty()
            && phrase.addresses.is_empty()
    };
    match task.places.iter().find(says_nothing) {
        None => Ok(()),
        Some(phrase) => Err(match phrase.things.first() {
            Some(thing) => Trouble::Which(thing.clone()),
            None => Trouble::NoThing(phrase.nouns.join(" ")),
        }),
    }
}

/// Finds the owner of `its logs`, if another service has the logs.
///
/// # Errors
/// If the owner is not clear: without a name, the result would be the logs of everything.
fn of_other(
    service: &str,
    task: &Task,
    context: &Context,
    names: &mut Names,
) -> Result<(), Trouble> {
    let owned = task.phrases().find(|phrase| {
        phrase.is_before && (!phrase.things.is_empty() || phrase.place == Some(Place::Strict))
    });
    let Some((last, _, known)) = &context.last else { return Ok(()) };
    if last == service || known.is_empty() || !names.is_empty() {
        return Ok(());
    }
    if (last.as_str(), service) == ("lambda", "logs") {
        for function in known.get("function").unwrap_or_default() {
            names.add("group", format!("/aws/lambda/{function}"));
        }
    }
    match owned {
        Some(owned) if names.is_empty() => {
            Err(Trouble::Which(owned.things.last().cloned().unwrap_or_else(|| service.to_owned())))
        }
        _ => Ok(()),
    }
}

/// Rejects things that are described but not named: `the customer bucket`, `the bucket logs`, `the bucket`.
fn is_told(
    provider: &str,
    service: &str,
    task: &Task,
    own: &Names,
    names: &Names,
) -> Result<(), Trouble> {
    let inside = table::main_thing(provider, service).and_then(|thing| thing.inside);
    let mut all = task.phrases();
    all.try_for_each(|phrase| {
        let Some((word, thing)) = unnamed(provider, service, phrase) else { return Ok(()) };
        let mentions = task.things().filter(|other| singular(other) == singular(&word)).count();
        let is_plain = !phrase.is_described
            && phrase.nouns.len() < 2
            && (Some(thing) != inside || phrase.place != Some(Place::Strict));
        let is_named = is_plain
            && ((own.has(thing) && mentions < 2) || (phrase.is_before && names.has(thing)));
        if is_named { Ok(()) } else { Err(Trouble::Which(word)) }
    })
}

/// Returns the word and the thing, if a phrase means one or some things of `service` without their names.
pub fn unnamed(provider: &str, service: &str, phrase: &Phrase) -> Option<(String, &'static str)> {
    const OPEN: &[&str] = &["a", "an", "any", "all", "each", "every"];
    const SOME: &[&str] =
        &["this", "that", "these", "those", "some", "both", "several", "two", "three", "another"];
    let main = table::main_thing(provider, service);
    let inside = main.and_then(|thing| thing.inside);
    // In `lambda function`, the name of the service does not count as another noun.
    let of_service =
        phrase.nouns.iter().take(1).filter(|noun| table::service(provider, noun).is_some()).count();
    let has_others =
        phrase.nouns.len() > of_service.min(phrase.nouns.len().saturating_sub(1)).saturating_add(1);
    let is_vague = has_others || phrase.is_described;
    let is_open = |word: &str| {
        let said = phrase.determiner.as_deref();
        if singular(word) == word {
            !phrase.is_before && said.is_none_or(|said| OPEN.contains(&said))
        } else {
            !said.is_some_and(|said| SOME.contains(&said))
        }
    };
    let names_nothing = phrase.names.is_empty() && phrase.addresses.is_empty();
    // In `delete objects in images`, the container of the objects could have that name.
    let is_place = names_nothing && phrase.place == Some(Place::Strict);
    if let (true, Some(inside)) = (is_place, inside) {
        let could_be_name = |word: &&String| {
            let things = table::things(provider, word);
            let is_inside =
                things.iter().any(|thing| thing.service == service && thing.name == inside);
            is_inside && ![inside, "file"].contains(&singular(word).as_str())
        };
        if let Some(word) = phrase.things.iter().find(could_be_name) {
            return Some((word.clone(), inside));
        }
    }
    // In `delete temp files`, not every file is meant.
    let (head, known) = (phrase.nouns.last(), phrase.things.last());
    if names_nothing && known.is_some() && head == known {
        let is_unknown = |noun: &&String| {
            !phrase.things.contains(noun) && table::service(provider, noun).is_none()
        };
        if let (Some(_), Some(word)) = (phrase.nouns.iter().find(is_unknown), known) {
            let things = table::things(provider, word);
            let name =
                things.into_iter().find(|thing| thing.service == service).map(|thing| thing.name);
            return name.map(|name| (word.clone(), name));
        }
    }
    phrase.things.iter().find_map(|word| {
        let thing = table::things(provider, word).into_iter().find(|thing| {
            let is_main =
                main.is_some_and(|main| main.name == thing.name) || thing.inside.is_some();
            thing.service == "*"
                || (thing.service == service
                    && (is_main || !thing.is_shy)
                    && Some(thing.name) != inside)
        })?;
        let is_named = !phrase.addresses.is_empty()
            || phrase.names.iter().any(|(of, _)| {
                of.as_ref().is_none_or(|of| {
                    of == word
                        || table::things(provider, of).iter().any(|other| other.name == thing.name)
                })
            });
        let is_fine = is_named || (!is_vague && (thing.service == "*" || is_open(word)));
        (!is_fine).then(|| (word.clone(), thing.name))
    })
}
