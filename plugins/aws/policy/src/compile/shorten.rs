//! Shortens lists of actions with wildcards that match exactly the same known actions.

use std::ops::Range;

use audex_sdk::pattern;
use aws_catalogue::service;

use super::group::Group;

/// The characters around an item of a list: quotes and a comma.
const AROUND: usize = 3;

/// A wildcard, and the actions it stands for.
pub struct Shortened {
    wildcard: String,
    actions: Vec<String>,
}

impl Shortened {
    pub fn notice(&self) -> String {
        format!(
            "to fit, `{}` stands for `{}`: it matches nothing else that is known",
            self.wildcard,
            self.actions.join("`, `")
        )
    }

    /// Returns the number of characters that the wildcard saves.
    fn saved(&self) -> usize {
        let length = |text: &String| text.len() + AROUND;
        self.actions.iter().map(length).sum::<usize>().saturating_sub(length(&self.wildcard))
    }
}

/// Returns a number of characters that no shortening of `groups` falls below: each service of a statement
/// keeps at least one pattern, its prefix with `:*`.
pub fn least(groups: &[Group]) -> usize {
    let of = |group: &Group| {
        let mut prefixes: Vec<&str> =
            group.actions.iter().filter_map(|action| Some(action.split_once(':')?.0)).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        prefixes.iter().map(|prefix| prefix.len() + ":*".len() + AROUND).sum::<usize>()
    };
    groups.iter().map(of).sum()
}

/// Shortens the actions of `groups` by `excess` characters or as far as possible, the best wildcards first.
pub fn shorten(groups: &mut [Group], excess: usize) -> Vec<Shortened> {
    let mut candidates: Vec<(usize, Shortened)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        candidates.extend(candidates_of(group).into_iter().map(|candidate| (number, candidate)));
    }
    let (mut done, mut saved) = (Vec::new(), 0);
    while saved < excess {
        let best = candidates
            .iter()
            .enumerate()
            .max_by_key(|(place, (_, one))| (one.saved(), usize::MAX - place));
        let Some((place, _)) = best.filter(|(_, (_, one))| one.saved() > 0) else { break };
        let (number, chosen) = candidates.swap_remove(place);
        saved += chosen.saved();
        for (_, other) in candidates.iter_mut().filter(|(of, _)| *of == number) {
            other.actions.retain(|action| !chosen.actions.contains(action));
        }
        if let Some(group) = groups.get_mut(number) {
            put(group, &chosen);
        }
        done.push(chosen);
    }
    done
}

/// Puts the wildcard in the place of the first of its actions.
fn put(group: &mut Group, chosen: &Shortened) {
    let at =
        group.actions.iter().position(|action| chosen.actions.contains(action)).unwrap_or_default();
    group.actions.retain(|action| !chosen.actions.contains(action));
    group.actions.insert(at.min(group.actions.len()), chosen.wildcard.clone());
}

/// A service's known actions, with a mark for those that a statement allows.
struct Allowed {
    /// In the order of `lower`, as AWS writes them.
    names: Vec<String>,
    lower: Vec<String>,
    granted: Vec<bool>,
}

/// Returns every wildcard that matches only actions that `group` allows anyway.
fn candidates_of(group: &Group) -> Vec<Shortened> {
    let mut prefixes: Vec<String> = Vec::new();
    for (prefix, _) in group.actions.iter().filter_map(|action| action.split_once(':')) {
        if !prefixes.iter().any(|known| known == prefix) {
            prefixes.push(prefix.to_owned());
        }
    }
    let mut out: Vec<Shortened> = Vec::new();
    for prefix in prefixes {
        let own = |action: &String| {
            action.split_once(':').filter(|(of, _)| *of == prefix).map(|(_, name)| name.to_owned())
        };
        let asked: Vec<String> = group.actions.iter().filter_map(own).collect();
        let Some(allowed) = Allowed::of(&prefix, &asked) else { continue };
        let literals: Vec<&String> =
            asked.iter().filter(|name| !pattern::is_wild(name) && allowed.knows(name)).collect();
        for wildcard in literals.iter().flat_map(|name| allowed.wildcards(name)) {
            let of = |name: &&&String| pattern::matches_ignore_ascii_case(&wildcard, name);
            let actions: Vec<String> =
                literals.iter().filter(of).map(|name| format!("{prefix}:{name}")).collect();
            let wildcard = format!("{prefix}:{wildcard}");
            if !out.iter().any(|known| known.wildcard == wildcard) {
                out.push(Shortened { wildcard, actions });
            }
        }
    }
    out
}

impl Allowed {
    fn of(prefix: &str, asked: &[String]) -> Option<Self> {
        let mut cursor = service(prefix)?.names();
        let wild: Vec<&String> = asked.iter().filter(|name| pattern::is_wild(name)).collect();
        let mut allowed = Self { names: Vec::new(), lower: Vec::new(), granted: Vec::new() };
        while cursor.advance() {
            allowed.names.push(cursor.name().to_owned());
            allowed.lower.push(cursor.name().to_ascii_lowercase());
            allowed.granted.push(
                wild.iter().any(|wild| pattern::matches_ignore_ascii_case(wild, cursor.name())),
            );
        }
        for place in asked.iter().filter_map(|name| allowed.place(name)).collect::<Vec<_>>() {
            if let Some(granted) = allowed.granted.get_mut(place) {
                *granted = true;
            }
        }
        Some(allowed)
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.lower.binary_search(&name.to_ascii_lowercase()).ok()
    }

    fn knows(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    /// Returns wildcards around `name` that match only granted actions: its shortest prefix, and starts and
    /// ends of its words.
    fn wildcards(&self, name: &str) -> Vec<String> {
        let Some(spelled) = self.place(name).and_then(|place| self.names.get(place)) else {
            return Vec::new();
        };
        let lower = spelled.to_ascii_lowercase();
        let start = |end: usize| self.starting(lower.get(..end).unwrap_or_default());
        let shortest = (0..lower.len()).find(|&end| self.all_granted(start(end), ""));
        let mut out: Vec<String> = shortest
            .and_then(|end| spelled.get(..end))
            .map(|text| format!("{text}*"))
            .into_iter()
            .collect();
        let words: Vec<usize> = boundaries(spelled);
        for &end in &words {
            let range = start(end);
            for &from in words.iter().filter(|&&from| from >= end && from < lower.len()) {
                let (Some(head), Some(tail)) = (spelled.get(..end), spelled.get(from..)) else {
                    continue;
                };
                if self.all_granted(range.clone(), &tail.to_ascii_lowercase()) {
                    out.push(format!("{head}*{tail}"));
                }
            }
        }
        out
    }

    /// Returns the places of the names that begin with `text`.
    fn starting(&self, text: &str) -> Range<usize> {
        let first = self.lower.partition_point(|name| name.as_str() < text);
        let rest = self.lower.get(first..).unwrap_or_default();
        first..first + rest.partition_point(|name| name.starts_with(text))
    }

    /// Returns true if every name of `range` that ends in `tail` is granted. In a short name, start and end
    /// may overlap; the wildcard does not match such a name, and requiring it to be granted is only more
    /// careful.
    fn all_granted(&self, range: Range<usize>, tail: &str) -> bool {
        let (Some(names), Some(granted)) = (self.lower.get(range.clone()), self.granted.get(range))
        else {
            return false;
        };
        names.iter().zip(granted).all(|(name, granted)| *granted || !name.ends_with(tail))
    }
}

/// Returns the places where the words of a name begin, and its start.
fn boundaries(name: &str) -> Vec<usize> {
    let upper =
        |(place, byte): (usize, u8)| (place == 0 || byte.is_ascii_uppercase()).then_some(place);
    name.bytes().enumerate().filter_map(upper).collect()
}
