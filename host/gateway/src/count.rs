//! Counts decisions by action, resource and verdict in bounded memory; it knows nothing of a request.
//!
//! No decision is missing from the totals: resources without a place of their own are counted under a prefix.

use std::collections::BTreeMap;

/// The most entries for allowed decisions, and for refused ones. The two are counted apart, so that a command
/// that is refused often does not crowd out what it used.
const ENTRIES: usize = 249;
/// The number of entries that remain after resources were joined, so that this happens seldom.
const ENTRIES_AFTER_JOINING: usize = 200;
/// The longest resource and the longest action in bytes, so that all entries fit into one audit record.
const RESOURCE_BYTES: usize = 512;
const ACTION_BYTES: usize = 256;
/// The text for every action, for every resource, and for the rest of a prefix.
const ANY: &str = "*";

/// The number of equal decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The action; `*` stands for refused actions without a place of their own.
    pub action: String,
    /// A resource, a prefix that ends in `*`, or `*` if the resources were not seen.
    pub resource: String,
    /// True if the requests were allowed.
    pub allowed: bool,
    /// The number of decisions.
    pub count: u64,
}

/// A counter of decisions.
#[derive(Clone, Debug, Default)]
pub struct Counter {
    allowed: Tally,
    refused: Tally,
    uncounted: u64,
}

impl Counter {
    /// Adds a decision. `resource` is `*` if the resource was not seen.
    pub fn add(&mut self, action: &str, resource: &str, allowed: bool) {
        let tally = if allowed { &mut self.allowed } else { &mut self.refused };
        if tally.add(action, resource) {
            return;
        }
        if allowed {
            self.uncounted = self.uncounted.saturating_add(1);
        } else {
            self.refused.add_to_all();
        }
    }

    /// Returns at most 500 entries, the allowed ones first.
    #[must_use]
    pub fn counted(&self) -> Vec<Counted> {
        let mut counted = self.allowed.entries(true);
        counted.extend(self.refused.entries(false));
        counted
    }

    /// Returns the number of allowed decisions that are in no entry, because there were too many actions.
    #[must_use]
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }
}

/// The decisions of one verdict.
#[derive(Clone, Debug, Default)]
struct Tally {
    actions: BTreeMap<String, Resources>,
    entries: usize,
}

impl Tally {
    /// Returns false if there is no place for `action`.
    fn add(&mut self, action: &str, resource: &str) -> bool {
        let resource = bounded(resource);
        if let Some(count) =
            self.actions.get_mut(action).and_then(|resources| resources.place(&resource))
        {
            *count = count.saturating_add(1);
            return true;
        }
        let is_placeable = action.len() <= ACTION_BYTES && !action.contains(char::is_control);
        if !is_placeable || (self.entries >= ENTRIES && !self.make_room()) {
            return false;
        }
        let resources = self.actions.entry(action.to_owned()).or_default();
        let before = resources.len();
        // After joining, the resource may belong to a prefix.
        match resources.place(&resource) {
            Some(count) => *count = count.saturating_add(1),
            None => drop(resources.whole.insert(resource, 1)),
        }
        self.entries += resources.len() - before;
        true
    }

    /// Counts a decision under `*`. INVARIANT: this entry is beyond [`ENTRIES`], and there is only one.
    fn add_to_all(&mut self) {
        let all = self.actions.entry(ANY.to_owned()).or_default();
        let count = all.prefixes.entry(String::new()).or_default();
        *count = count.saturating_add(1);
    }

    /// Joins resources of the actions with the most entries; returns false if no entry became free.
    fn make_room(&mut self) -> bool {
        while self.entries > ENTRIES_AFTER_JOINING {
            let most = self.actions.values_mut().max_by_key(|resources| resources.len());
            let Some(most) = most.filter(|most| most.len() > 1) else { break };
            let before = most.len();
            most.join_deepest();
            self.entries -= before - most.len();
        }
        self.entries < ENTRIES
    }

    fn entries(&self, allowed: bool) -> Vec<Counted> {
        let mut entries = Vec::new();
        for (action, resources) in &self.actions {
            for (resource, count) in resources.counts() {
                entries.push(Counted { action: action.clone(), resource, allowed, count });
            }
        }
        entries
    }
}

/// The resources of one action.
#[derive(Clone, Debug, Default)]
struct Resources {
    whole: BTreeMap<String, u64>,
    /// Joined resources by their prefix, without the `*`.
    prefixes: BTreeMap<String, u64>,
}

impl Resources {
    fn len(&self) -> usize {
        self.whole.len() + self.prefixes.len()
    }

    /// Returns the count for `resource`: its own, or that of its longest prefix.
    fn place(&mut self, resource: &str) -> Option<&mut u64> {
        if self.whole.contains_key(resource) {
            return self.whole.get_mut(resource);
        }
        let prefix = ancestors(resource).find(|prefix| self.prefixes.contains_key(*prefix))?;
        self.prefixes.get_mut(prefix)
    }

    /// Replaces the resources and prefixes with the most parts by the prefixes that contain them.
    fn join_deepest(&mut self) {
        let whole = self.whole.keys().map(|resource| depth(resource));
        let prefixes = self.prefixes.keys().filter_map(|prefix| Some(depth(stem(prefix)?)));
        let Some(deepest) = whole.chain(prefixes).max() else { return };
        let joined: Vec<_> = self
            .whole
            .extract_if(.., |resource, _| depth(resource) == deepest)
            .chain(self.prefixes.extract_if(.., |prefix, _| {
                stem(prefix).is_some_and(|stem| depth(stem) == deepest)
            }))
            .collect();
        for (text, count) in joined {
            let parent = parent(&text).to_owned();
            let sum = self.prefixes.entry(parent).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = self.whole.clone();
        for (prefix, count) in &self.prefixes {
            let sum = counts.entry(format!("{prefix}{ANY}")).or_default();
            *sum = sum.saturating_add(*count);
        }
        counts
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | ':')
}

fn depth(text: &str) -> usize {
    text.matches(is_separator).count()
}

/// Returns a prefix without the separator at its end, or `None` for the prefix of everything.
fn stem(prefix: &str) -> Option<&str> {
    prefix.strip_suffix(is_separator)
}

/// Returns the next shorter prefix of a resource or of a prefix.
fn parent(text: &str) -> &str {
    let end = text.strip_suffix(is_separator).unwrap_or(text).rfind(is_separator);
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

/// Returns all prefixes of a resource, the longest first.
fn ancestors(resource: &str) -> impl Iterator<Item = &str> {
    let ends = resource.rmatch_indices(is_separator).map(|(end, _)| end + 1).chain([0]);
    ends.filter_map(|end| resource.get(..end))
}

/// Returns the resource, or a prefix if it is too long or has a control character, which is long in JSON.
fn bounded(resource: &str) -> String {
    let is_beyond = |(at, c): (usize, char)| at + c.len_utf8() > RESOURCE_BYTES || c.is_control();
    let end = resource.char_indices().find(|place| is_beyond(*place)).map(|(at, _)| at);
    match end.and_then(|end| resource.get(..end)) {
        Some(prefix) => format!("{prefix}{ANY}"),
        None => resource.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(counter: &Counter) -> u64 {
        counter.counted().iter().map(|counted| counted.count).sum::<u64>() + counter.uncounted()
    }

    fn entry(action: &str, resource: &str, allowed: bool, count: u64) -> Counted {
        Counted { action: action.to_owned(), resource: resource.to_owned(), allowed, count }
    }

    #[test]
    fn equal_decisions_are_one_entry_and_other_verdicts_and_resources_are_others() {
        let mut counter = Counter::default();
        for (resource, allowed) in
            [("a", true), ("a", true), ("a", false), ("b", true), ("*", true)]
        {
            counter.add("s3:GetObject", resource, allowed);
        }
        let get = |resource, allowed, count| entry("s3:GetObject", resource, allowed, count);
        assert_eq!(
            counter.counted(),
            [get("*", true, 1), get("a", true, 2), get("b", true, 1), get("a", false, 1)]
        );
    }

    #[test]
    fn many_objects_become_a_prefix_and_a_bucket_of_its_own_stays() {
        let mut counter = Counter::default();
        counter.add("s3:ListBucket", "arn:aws:s3:::logs", true);
        for number in 0..10_000 {
            counter.add("s3:GetObject", &format!("arn:aws:s3:::logs/2026/{number}"), true);
        }
        assert_eq!(
            counter.counted(),
            [
                entry("s3:GetObject", "arn:aws:s3:::logs/2026/*", true, 10_000),
                entry("s3:ListBucket", "arn:aws:s3:::logs", true, 1),
            ]
        );
    }

    #[test]
    fn a_prefix_covers_what_was_joined_and_nothing_above_it() {
        let mut counter = Counter::default();
        for number in 0..=ENTRIES {
            counter.add("s3:GetObject", &format!("arn:aws:s3:::b/deep/{number}"), true);
        }
        counter.add("s3:GetObject", "arn:aws:s3:::b/deep/later", true);
        counter.add("s3:GetObject", "arn:aws:s3:::b/other", true);
        let joined = u64::try_from(ENTRIES).unwrap() + 2;
        assert_eq!(
            counter.counted(),
            [
                entry("s3:GetObject", "arn:aws:s3:::b/deep/*", true, joined),
                entry("s3:GetObject", "arn:aws:s3:::b/other", true, 1),
            ]
        );
    }

    #[test]
    fn the_bound_holds_and_nothing_is_missing_whatever_is_added() {
        let mut counter = Counter::default();
        let mut state = 1_u64;
        let added = 60_000;
        for step in 0..added {
            // A linear congruential generator with Knuth's constants (MMIX).
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let random = state >> 33;
            let resource = match random % 5 {
                0 => "*".to_owned(),
                1 => format!("::{}::", random % 700),
                2 => format!("/{}//{}/", random % 30, random % 9_000),
                3 => "/é".repeat(usize::try_from(random % 600).unwrap()),
                _ => format!("arn:aws:s3:::b{}/{}\u{1}/x", random % 90, random % 8_000),
            };
            let action = format!("svc{}:Do", random % 7 * (random % 90));
            counter.add(&action, &resource, !random.is_multiple_of(3));
            assert!(step % 97 > 0 || counter.counted().len() <= 500);
        }
        assert_eq!(total(&counter), added);
        for counted in counter.counted() {
            assert!(counted.resource.len() <= RESOURCE_BYTES + 1, "{counted:?}");
            assert!(!counted.resource.contains(char::is_control), "{counted:?}");
        }
    }

    #[test]
    fn refused_actions_without_end_take_no_place_of_an_allowed_one() {
        let mut counter = Counter::default();
        for number in 0..2_000 {
            counter.add(&format!("made:Up{number}"), "r", false);
        }
        counter.add(&"x".repeat(ACTION_BYTES + 1), "r", false);
        counter.add("s3:GetObject", "r", true);
        let entries = counter.counted();
        assert_eq!((entries.len(), counter.uncounted(), total(&counter)), (251, 0, 2_002));
        assert!(entries.contains(&entry("s3:GetObject", "r", true, 1)));
        let rest = 2_001 - u64::try_from(ENTRIES).unwrap();
        assert!(entries.contains(&entry("*", "*", false, rest)));
    }

    #[test]
    fn allowed_actions_beyond_the_bound_are_said_to_be_in_no_entry() {
        let mut counter = Counter::default();
        for number in 0..300 {
            counter.add(&format!("made:Up{number}"), "r", true);
        }
        assert_eq!((counter.counted().len(), counter.uncounted()), (249, 51));
    }

    #[test]
    fn a_resource_that_is_too_long_is_its_beginning() {
        let mut counter = Counter::default();
        counter.add("a", &"é".repeat(RESOURCE_BYTES), true);
        let expected = "é".repeat(RESOURCE_BYTES / 2) + "*";
        assert_eq!(counter.counted(), [entry("a", &expected, true, 1)]);
    }
}
