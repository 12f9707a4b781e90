//! The names that a sentence gives to things, and the templates filled with these names.

use std::collections::BTreeMap;

use crate::address;
use crate::family::singular;
use crate::table;
use crate::task::{MOST, Task};
use crate::trouble::Trouble;

/// The names of a task, by thing of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    by_thing: BTreeMap<String, Vec<String>>,
    /// The ARNs that the sentence writes in full.
    pub arns: Vec<String>,
    /// The region of AWS.
    pub region: Option<String>,
}

impl Names {
    /// Returns true if nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_thing.is_empty() && self.arns.is_empty()
    }

    #[must_use]
    pub fn has(&self, thing: &str) -> bool {
        self.by_thing.contains_key(thing)
    }

    /// Returns the names of `thing`.
    #[must_use]
    pub fn get(&self, thing: &str) -> Option<&[String]> {
        self.by_thing.get(thing).map(Vec::as_slice)
    }

    /// Returns every name and every ARN.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.by_thing.values().flatten().chain(&self.arns).map(String::as_str)
    }

    pub fn add(&mut self, thing: &str, name: String) {
        let names = self.by_thing.entry(thing.to_owned()).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }

    /// Adds the names of `other` for each thing that has no name here.
    pub fn inherit(&mut self, other: &Self) {
        for (thing, names) in &other.by_thing {
            self.by_thing.entry(thing.clone()).or_insert_with(|| names.clone());
        }
        if self.arns.is_empty() {
            self.arns.clone_from(&other.arns);
        }
    }

    /// Adds the names of one thing, if the thing has no name here.
    pub fn inherit_thing(&mut self, thing: &str, names: &[String]) {
        self.by_thing.entry(thing.to_owned()).or_insert_with(|| names.to_vec());
    }

    /// Returns the name of the thing called `noun`, if there is just one.
    #[must_use]
    pub fn of_noun(&self, noun: &str) -> Option<&str> {
        let (_, names) = self.by_thing.iter().find(|(thing, _)| singular(thing) == noun)?;
        one(names)
    }

    /// Returns the name, if there is just one.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        let mut all = self.by_thing.values();
        let names = all.next()?;
        if all.next().is_some() { None } else { one(names) }
    }
}

fn one(names: &[String]) -> Option<&str> {
    if let [only] = names { Some(only) } else { None }
}

/// Returns the names that `task` gives to things of `service`.
///
/// # Errors
/// If the thing of a name is not clear.
pub fn names_of(provider: &str, service: &str, task: &Task) -> Result<Names, Trouble> {
    let mut names = Names::default();
    for address in task.addresses() {
        names.arns.extend(address.arn.clone());
        for (thing, name) in &address.names {
            names.add(thing, name.clone());
        }
    }
    for (word, name) in task.names() {
        if name.chars().all(|c| matches!(c, '*' | '?')) {
            return Err(Trouble::Broad(name.clone()));
        }
        let Some(word) = word else { continue };
        let mut things = table::things(provider, word).into_iter();
        let own = things.find(|thing| [service, "*"].contains(&thing.service));
        let is_known = table::main_thing(provider, service).is_some();
        match own {
            Some(thing) => bind(&mut names, thing.name, name),
            None if is_known => return Err(Trouble::Name(name.clone())),
            None => names.add(&singular(word), name.clone()),
        }
    }
    let main = table::main_thing(provider, service);
    for (_, name) in task.names().filter(|(word, _)| word.is_none()) {
        let free = match &main {
            None => Some("name"),
            Some(main) if !names.has(main.name) => Some(main.name),
            Some(main) => main.inside.filter(|inside| !names.has(inside)),
        };
        match free {
            _ if is_region(name) => place(provider, &mut names, name),
            Some(thing) => bind(&mut names, thing, name),
            None => return Err(Trouble::Name(name.clone())),
        }
    }
    Ok(names)
}

fn bind(names: &mut Names, thing: &str, name: &str) {
    match thing {
        "folder" => names.add("object", format!("{}/*", name.trim_matches('/'))),
        "object" => names.add(thing, address::prefix(name)),
        "parameter" => names.add(thing, name.trim_start_matches('/').to_owned()),
        "region" => names.region = Some(name.to_owned()),
        // BigQuery writes `dataset.table`.
        "table" if name.contains('.') => {
            let mut parts = name.rsplitn(2, '.');
            let (table, dataset) =
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            names.add("table", table.to_owned());
            names.add("dataset", dataset.to_owned());
        }
        _ => names.add(thing, name.to_owned()),
    }
}

/// Adds a region or zone in the cloud's own form.
fn place(provider: &str, names: &mut Names, name: &str) {
    match table::cloud_of(provider) {
        "aws" => names.region = Some(name.to_owned()),
        _ if name.ends_with(|c: char| c.is_ascii_alphabetic()) => {
            names.add("zone", name.to_owned());
        }
        _ => names.add("location", name.to_owned()),
    }
}

/// Returns true for a region or zone such as `eu-west-1`, `us-central1` or `europe-west1-b`.
fn is_region(name: &str) -> bool {
    const PARTS: [&str; 12] = [
        "us",
        "eu",
        "ap",
        "sa",
        "ca",
        "me",
        "af",
        "il",
        "europe",
        "asia",
        "northamerica",
        "southamerica",
    ];
    const SIDES: [&str; 9] = [
        "north",
        "south",
        "east",
        "west",
        "central",
        "northeast",
        "southeast",
        "northwest",
        "southwest",
    ];
    let mut parts = name.split('-');
    let (Some(area), Some(side)) = (parts.next(), parts.next()) else { return false };
    let rest: Vec<&str> = parts.collect();
    let numbered = side.chars().last().is_some_and(|c| c.is_ascii_digit())
        || rest.first().is_some_and(|part| part.chars().all(|c| c.is_ascii_digit()));
    PARTS.contains(&area)
        && SIDES.contains(&side.trim_end_matches(|c: char| c.is_ascii_digit()))
        && numbered
        && rest.len() < 2
}

/// Returns the resources of a template; `None` if the template is about a thing that is not named.
///
/// # Errors
/// If a required name is missing, or there are too many resources.
pub fn fill(template: &str, names: &Names) -> Result<Option<Vec<String>>, Trouble> {
    let arns: Vec<String> = names.arns.iter().filter(|arn| fits(template, arn)).cloned().collect();
    if !arns.is_empty() {
        return Ok(Some(arns));
    }
    let mut kept = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        let (inner, tail) = after.split_once(']').unwrap_or((after, ""));
        kept.push_str(before);
        if things(inner).all(|thing| names.has(thing.trim_end_matches('!')) || thing == "group") {
            kept.push_str(inner);
        }
        rest = tail;
    }
    kept.push_str(rest);
    if kept.is_empty() {
        return Ok(None);
    }
    let mut all = vec![kept.clone()];
    for thing in things(&kept) {
        let name = thing.trim_end_matches('!');
        let every = ["*".to_owned()];
        let given = match names.get(name) {
            Some(given) => given,
            None if thing.ends_with('!') => return Err(Trouble::Which(name.to_owned())),
            None => &every,
        };
        if all.len().saturating_mul(given.len()) > MOST {
            return Err(Trouble::Many(MOST));
        }
        let slot = format!("{{{thing}}}");
        all =
            all.iter().flat_map(|one| given.iter().map(|name| one.replace(&slot, name))).collect();
    }
    if let Some(region) = &names.region {
        all = all.iter().map(|one| one.replacen(":*:*:", &format!(":{region}:*:"), 1)).collect();
    }
    all.dedup();
    Ok(Some(all))
}

/// Returns the things in braces.
pub fn things(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(thing, _)| thing)
}

/// Returns true if `arn` is of the kind that a template describes.
#[must_use]
pub fn fits(template: &str, arn: &str) -> bool {
    let parts = |text: &str| -> Option<(String, String)> {
        let mut parts = text.trim_matches(['[', ']']).splitn(6, ':').skip(2).map(str::to_owned);
        let service = parts.next()?;
        Some((service, parts.nth(2)?))
    };
    let (Some((service, resource)), Some((of, given))) = (parts(template), parts(arn)) else {
        return false;
    };
    let literal = resource.split(['{', '*']).next().unwrap_or_default();
    service == of
        && given.starts_with(literal)
        && (!literal.is_empty() || !given.contains([':', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(list: &[(&str, &str)]) -> Names {
        let mut names = Names::default();
        for (thing, name) in list {
            bind(&mut names, thing, name);
        }
        names
    }

    fn filled(template: &str, list: &[(&str, &str)]) -> String {
        fill(template, &named(list)).unwrap().unwrap_or_default().join(",")
    }

    #[test]
    fn templates_take_every_name_and_stars_for_none() {
        let objects = "arn:aws:s3:::{bucket}/{object}";
        assert_eq!(filled(objects, &[("bucket", "b")]), "arn:aws:s3:::b/*");
        assert_eq!(
            filled(objects, &[("bucket", "b"), ("bucket", "c")]),
            "arn:aws:s3:::b/*,arn:aws:s3:::c/*"
        );
        assert_eq!(filled(objects, &[("bucket", "b"), ("folder", "x")]), "arn:aws:s3:::b/x/*");
        assert_eq!(filled("gs://{bucket}[/{object}]", &[("bucket", "b")]), "gs://b");
        assert_eq!(filled("[x/{index}]", &[("table", "t")]), "");
        assert_eq!(fill("x/{vm!}", &Names::default()), Err(Trouble::Which("vm".to_owned())));
    }

    #[test]
    fn arns_stand_for_their_own_kind() {
        assert!(fits("arn:aws:dynamodb:*:*:table/{table}", "arn:aws:dynamodb:eu-west-1:1:table/T"));
        assert!(!fits(
            "arn:aws:dynamodb:*:*:table/{table}",
            "arn:aws:dynamodb:eu-west-1:1:global-table/T"
        ));
        assert!(fits("arn:aws:sqs:*:*:{queue}", "arn:aws:sqs:eu-west-1:1:q"));
        assert!(!fits("arn:aws:sns:*:*:{topic}", "arn:aws:sns:eu-west-1:1:t:subscription"));
        assert!(!fits("arn:aws:sns:*:*:{topic}", "arn:aws:sqs:eu-west-1:1:q"));
    }

    #[test]
    fn regions_are_told_from_names() {
        for name in ["eu-west-1", "us-central1", "europe-west1-b", "ap-southeast-2"] {
            assert!(is_region(name), "{name}");
        }
        for name in ["my-bucket", "us-reports", "eu-west-reports", "west-1"] {
            assert!(!is_region(name), "{name}");
        }
    }
}
