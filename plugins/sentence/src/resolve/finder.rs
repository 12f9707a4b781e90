//! The thing that a task is about, with its actions and the templates of its resources.

use crate::family::{self, singular};
use crate::names::Names;
use crate::resolve::is_bare;
use crate::table;
use crate::task::Task;
use crate::trouble::Trouble;

/// The thing, with its actions and templates.
pub(super) type Taken = (String, Vec<String>, Vec<(String, String)>);

pub(super) struct Finder<'a> {
    pub provider: &'a str,
    pub service: &'a str,
    pub task: &'a Task,
    pub names: &'a Names,
}

impl Finder<'_> {
    pub(super) fn find(&self, last: Option<&str>) -> Result<Taken, Trouble> {
        let object = &self.task.object;
        let found = match (object.things.last(), object.nouns.last()) {
            (Some(thing), Some(noun)) if thing == noun => {
                self.by_thing(thing).or_else(|| self.by_catalogue())
            }
            (_, Some(_)) => {
                return self.by_catalogue().ok_or_else(|| {
                    let noun = object.nouns.join(" ");
                    if self.is_service_known() {
                        Trouble::NoThing(noun)
                    } else {
                        Trouble::NoAction(self.said(&noun))
                    }
                });
            }
            (_, None) => self.by_place(last),
        };
        let noun = object.nouns.last().cloned().unwrap_or_default();
        found.ok_or_else(|| Trouble::NoAction(self.said(&noun)))
    }

    fn said(&self, noun: &str) -> String {
        let words = [self.task.verb, noun, "of", self.service];
        words
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
            .replace(" of ", " in ")
    }

    fn is_service_known(&self) -> bool {
        table::main_thing(self.provider, self.service).is_some()
    }

    fn row(&self, thing: &str) -> Option<Taken> {
        let row = table::row(self.provider, self.service, thing, self.task.verb)?;
        let actions = row.actions.iter().map(|action| (*action).to_owned()).collect();
        let templates =
            row.templates.iter().map(|one| ((*one).to_owned(), (*one).to_owned())).collect();
        Some((thing.trim_end_matches('+').to_owned(), actions, templates))
    }

    /// Finds the actions by the word of the object.
    fn by_thing(&self, word: &str) -> Option<Taken> {
        let mut things = table::things(self.provider, word).into_iter();
        let thing = things.find(|thing| thing.service == self.service)?;
        let is_several = word.ends_with('s') && !self.names.has(thing.name);
        let several = is_several.then(|| self.row(&format!("{}+", thing.name))).flatten();
        several.or_else(|| self.row(thing.name))
    }

    /// Finds the actions by the contents of the places, by an address, or by the thing mentioned before.
    fn by_place(&self, last: Option<&str>) -> Option<Taken> {
        if let Some(inner) = ["object", "blob"].into_iter().find(|inner| self.names.has(inner)) {
            return self.row(inner);
        }
        let is_direct = !self.task.object.addresses.is_empty();
        if is_direct && self.task.verb == "delete" {
            // The bucket or its contents? This program must not guess.
            return None;
        }
        let places = self.task.places.iter().rev().flat_map(|place| place.things.iter().rev());
        let of_service = |word: &String| {
            table::things(self.provider, word)
                .into_iter()
                .find(|thing| thing.service == self.service)
        };
        let mut places = places.filter_map(of_service).peekable();
        if places.peek().is_some() {
            return places.find_map(|thing| self.row(thing.inside.unwrap_or(thing.name)));
        }
        if let Some(last) = last.filter(|_| is_bare(self.task)) {
            return self.row(last);
        }
        let main = table::main_thing(self.provider, self.service)?;
        let by_arn = self.names.arns.first().and_then(|arn| self.thing_of(arn));
        by_arn
            .and_then(|thing| self.row(&thing))
            .or_else(|| self.row(main.inside.unwrap_or(main.name)))
            .or_else(|| self.row(main.name))
    }

    /// Returns the thing that an ARN names, by the templates of its service.
    fn thing_of(&self, arn: &str) -> Option<String> {
        let mut rows = table::rows().filter(|(_, service, ..)| *service == self.service);
        rows.find_map(|(_, _, things, _, row)| {
            let fits = row.templates.iter().any(|template| crate::names::fits(template, arn));
            fits.then(|| things.split(',').find(|thing| self.row(thing).is_some()))
                .flatten()
                .map(str::to_owned)
        })
    }

    /// Finds the action by the names of all actions of AWS.
    fn by_catalogue(&self) -> Option<Taken> {
        if table::cloud_of(self.provider) != "aws" {
            return None;
        }
        let nouns = &self.task.object.nouns;
        let places = self.task.places.iter().flat_map(|place| place.nouns.iter().cloned());
        let with_places: Vec<String> = nouns.iter().cloned().chain(places).collect();
        let found = family::action(self.service, self.task.verb, nouns)
            .or_else(|| family::action(self.service, self.task.verb, &with_places))?;
        let template = found.format.map(|format| (format.clone(), self.template(&format)));
        let thing = nouns.last().map(|noun| singular(noun)).unwrap_or_default();
        Some((thing, vec![found.action], template.into_iter().collect()))
    }

    /// Returns the format of the catalogue with the names of this task filled in.
    fn template(&self, format: &str) -> String {
        let variables = family::variables(format);
        let last = variables.last().cloned();
        family::fill(format, |variable| {
            let own = self.names.of_noun(variable);
            let is_last = Some(variable) == last.as_deref();
            own.or_else(|| is_last.then(|| self.names.only()).flatten()).map(str::to_owned)
        })
    }
}
