//! The words of Audex itself, except those that the gateway writes as AWS does.

use super::quote::{places, quoted};
use super::{Denial, RefusedBy};

/// Returns every denial in `text` with its place.
pub(super) fn read(text: &str) -> Vec<(usize, Denial)> {
    let mut found = Vec::new();
    // `filter::nothing_left`.
    for (at, rest) in places(text, "every requested permission is denied:") {
        let mut rest = rest;
        while let Some((action, after)) = quoted(rest.trim_start_matches([',', ' '])) {
            let Some((by, after)) = after.strip_prefix(" by ").and_then(quoted) else { break };
            found.push((at, filter(action, by)));
            rest = after.split_once(')').map_or("", |(_, rest)| rest);
        }
    }
    // `pipeline::report::denied`.
    for (at, rest) in places(text, "` is denied by ") {
        let before = text.get(..at).unwrap_or_default();
        let action = before.rsplit_once('`').map(|(_, action)| action);
        let by = rest.split_once(" (").map(|(by, _)| by);
        if let (Some(action), Some(by)) = (action, by) {
            found.push((at, filter(action, by)));
        }
    }
    // `pipeline::gateway::decider`.
    for (at, rest) in places(text, "the gateway of tryaudex does not know ") {
        if let Some((what, _)) = quoted(rest) {
            found.push((at, unread(Some(what.to_owned()))));
        }
    }
    for (at, _) in places(text, "the gateway of tryaudex cannot read the request") {
        found.push((at, unread(None)));
    }
    // `audex_gateway::answer`.
    for (at, rest) in places(text, "tryaudex: the gateway does not forward ") {
        let what = rest.split(';').next().map(|what| what.trim().to_owned());
        found.push((at, unread(what)));
    }
    found
}

fn filter(action: &str, by: &str) -> Denial {
    Denial {
        action: Some(action.to_owned()),
        refused_by: RefusedBy::Filter,
        explicit: true,
        rule: Some(by.to_owned()),
        ..Denial::default()
    }
}

fn unread(rule: Option<String>) -> Denial {
    Denial { refused_by: RefusedBy::GatewayUnread, rule, ..Denial::default() }
}
