//! Rewrites statements as fewer statements of the same meaning.

use super::group::{Group, covers, minimal, narrowest, reaches};

/// Drops every action that another statement covers on the same or more resources. Actions are dropped one at
/// a time: if two cover each other, the first stays.
pub fn drop_covered(groups: &mut Vec<Group>) {
    for number in (0..groups.len()).rev() {
        let places = groups.get(number).map_or(0, |group| group.actions.len());
        for place in (0..places).rev() {
            if is_covered(groups, number, place)
                && let Some(group) = groups.get_mut(number)
            {
                group.actions.remove(place);
            }
        }
    }
    groups.retain(|group| !group.actions.is_empty());
}

fn is_covered(groups: &[Group], number: usize, place: usize) -> bool {
    let Some(group) = groups.get(number) else { return false };
    let Some(action) = group.actions.get(place) else { return false };
    let reaches = |other: &Group| {
        let wide = |narrow: &String| other.resources.iter().any(|wide| reaches(wide, narrow));
        group.resources.iter().all(wide)
    };
    let others = groups.iter().enumerate().filter(|(other, _)| *other != number);
    others
        .filter(|(_, other)| other.actions.iter().any(|wide| covers(wide, action)))
        .any(|(_, other)| reaches(other))
}

/// Merges the statements that are limited to the same list of resources. The result allows no more: every
/// action was requested on every resource of the list, and has no effect on the resources left out for it.
pub fn merge(groups: &mut Vec<Group>) {
    let every = |group: &Group| group.resources.iter().any(|resource| resource == "*");
    let (open, limited): (Vec<Group>, Vec<Group>) = groups.drain(..).partition(every);
    let mut merged: Vec<Group> = Vec::new();
    for group in limited {
        match merged.iter_mut().find(|one| one.part == group.part) {
            Some(one) => add(one, group),
            None => merged.push(group),
        }
    }
    merged.extend(open);
    *groups = merged;
}

/// Joins statements on the same resources, then those of the same actions: the set of pairs stays the same,
/// whichever requests the statements are from.
///
/// INVARIANT: a joined group may be of several parts, so it must not go into [`merge`].
pub fn join(groups: &[Group]) -> Vec<Group> {
    let by_resources = joined(groups, |one, other| same(&one.resources, &other.resources));
    joined(&by_resources, |one, other| same(&one.actions, &other.actions))
}

fn joined(groups: &[Group], alike: impl Fn(&Group, &Group) -> bool) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    for group in groups {
        match out.iter_mut().find(|one| alike(one, group)) {
            Some(one) => add(one, group.clone()),
            None => out.push(group.clone()),
        }
    }
    out
}

fn add(one: &mut Group, other: Group) {
    one.actions.extend(other.actions);
    one.actions = minimal(&one.actions.iter().map(String::as_str).collect::<Vec<_>>());
    one.resources.extend(other.resources);
    one.resources = narrowest(&one.resources).into_iter().map(str::to_owned).collect();
}

/// Returns true if two lists without repetition have the same items.
fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|text| other.contains(text))
}
