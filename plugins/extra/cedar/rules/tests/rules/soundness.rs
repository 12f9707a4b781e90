//! A property of random policies and requests: the rest of a wildcard, requested piece by piece, is what
//! Cedar permits.
//!
//! The oracle for a piece shares no code with the filter: it gives Cedar the policies as written, and
//! entities whose groups are found with the SDK's patterns.

use std::collections::{HashMap, HashSet};

use audex_sdk::pattern::matches;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

use super::case::case;
use super::random::Random;
use cedar_rules::answer::Answer;

const ACTIONS: [&str; 8] = ["s:ga", "s:gb", "s:pa", "s:pb", "s:x", "e:ga", "e:pa", "e:x"];
const RESOURCES: [&str; 8] = ["d/a", "d/b", "d/s/a", "p/a", "p/b", "p/s/a", "p/s/b", "x"];
const ACTION_PATTERNS: [&str; 10] =
    ["s:*", "s:g*", "*:ga", "e:*", "*", "s:?a", "*:p?", "s:ga", "e:x", "s:p*"];
const RESOURCE_PATTERNS: [&str; 9] =
    ["d/*", "p/*", "*/s/*", "*", "*/a", "p/s/*", "d/?", "p/a", "x"];
/// The number of policies and requests; each request is tested with every piece of its wildcards.
const CASES: u64 = 3000;

fn uid(kind: &str, id: &str) -> EntityUid {
    format!("{kind}::{id:?}").parse().unwrap()
}

fn plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?'])
}

fn condition(random: &mut Random, depth: usize) -> String {
    let depth_left = depth > 0;
    match random.below(if depth_left { 15 } else { 11 }) {
        0 => format!("action in Action::{:?}", random.pick(&ACTION_PATTERNS)),
        1 => format!("action == Action::{:?}", random.pick(&ACTIONS)),
        2 => format!(
            "action in [Action::{:?}, Action::{:?}]",
            random.pick(&ACTION_PATTERNS),
            random.pick(&ACTIONS)
        ),
        3 => format!("resource in Resource::{:?}", random.pick(&RESOURCE_PATTERNS)),
        4 => format!("resource == Resource::{:?}", random.pick(&RESOURCES)),
        5 | 6 => {
            let pattern = random.pick(&RESOURCE_PATTERNS);
            if pattern.contains('?') {
                "resource is Resource".to_owned()
            } else {
                format!("resource.name like {pattern:?}")
            }
        }
        7 => format!("resource.name == {:?}", random.pick(&RESOURCES)),
        8 => "context.ttl_seconds > 100".to_owned(),
        9 => (if random.below(6) == 0 { "context.nothing" } else { "context has justification" })
            .to_owned(),
        10 => "resource has owner && resource.owner == \"o\"".to_owned(),
        11 => format!("({}) && ({})", condition(random, depth - 1), condition(random, depth - 1)),
        12 => format!("({}) || ({})", condition(random, depth - 1), condition(random, depth - 1)),
        13 => format!("!({})", condition(random, depth - 1)),
        _ => {
            let [a, b, c] = [0; 3].map(|_| condition(random, depth - 1));
            format!("if ({a}) then ({b}) else ({c})")
        }
    }
}

fn policies(random: &mut Random) -> String {
    let mut lines = Vec::new();
    for number in 0..=random.below(4) {
        let effect = if number == 0 || random.below(3) == 0 { "permit" } else { "forbid" };
        let action = match random.below(3) {
            0 => format!("action in Action::{:?}", random.pick(&ACTION_PATTERNS)),
            1 if effect == "forbid" => format!("action == Action::{:?}", random.pick(&ACTIONS)),
            _ => "action".to_owned(),
        };
        let clause = random.pick(&["", "when", "unless"]);
        let clause = if clause.is_empty() {
            String::new()
        } else {
            format!(" {clause} {{ {} }}", condition(random, 2))
        };
        lines.push(format!("{effect}(principal, {action}, resource){clause};"));
    }
    lines.join("\n")
}

/// Returns Cedar's own answer for one action on one resource.
fn permitted(set: &PolicySet, action: &str, resource: &str) -> bool {
    let groups = |kind: &str, id: &str, all: &[&str]| -> HashSet<EntityUid> {
        all.iter().filter(|one| !plain(one) && matches(one, id)).map(|one| uid(kind, one)).collect()
    };
    let mut attributes =
        HashMap::from([("name".to_owned(), RestrictedExpression::new_string(resource.to_owned()))]);
    if resource == "x" {
        attributes.insert("owner".to_owned(), RestrictedExpression::new_string("o".to_owned()));
    }
    let action_entity = Entity::new(
        uid("Action", action),
        HashMap::new(),
        groups("Action", action, &ACTION_PATTERNS),
    );
    let resource_entity = Entity::new(
        uid("Resource", resource),
        attributes,
        groups("Resource", resource, &RESOURCE_PATTERNS),
    );
    let entities =
        Entities::from_entities([action_entity.unwrap(), resource_entity.unwrap()], None).unwrap();
    let context =
        Context::from_pairs([("ttl_seconds".to_owned(), RestrictedExpression::new_long(900))])
            .unwrap();
    let request = Request::new(
        uid("User", "alice"),
        uid("Action", action),
        uid("Resource", resource),
        context,
        None,
    )
    .unwrap();
    let response = Authorizer::new().is_authorized(&request, set, &entities);
    response.decision() == Decision::Allow && response.diagnostics().errors().next().is_none()
}

#[test]
fn a_wildcard_gets_nothing_that_its_parts_would_not_get() {
    let (mut kept, mut denied, mut lost, mut exact) = (0, 0, 0, 0);
    for seed in 0..CASES {
        let random = &mut Random::new(seed);
        let text = policies(random);
        let set: PolicySet = text.parse().unwrap();
        let asked = if random.below(4) == 0 {
            random.pick(&ACTIONS)
        } else {
            random.pick(&ACTION_PATTERNS)
        };
        let on = if random.below(3) == 0 {
            random.pick(&RESOURCES)
        } else {
            random.pick(&RESOURCE_PATTERNS)
        };
        let owner = serde_json::json!([{"uid": {"type": "Resource", "id": "x"}, "attrs": {"owner": "o"}, "parents": []}]);
        let pieces = ACTIONS.iter().filter(|one| matches(asked, one));
        let pieces: Vec<(&str, &str)> = pieces
            .flat_map(|action| {
                RESOURCES.iter().filter(|one| matches(on, one)).map(move |one| (*action, *one))
            })
            .collect();
        let all = pieces.iter().all(|(action, resource)| permitted(&set, action, resource));
        let answer = case(&text, &[(asked, on)]).entities(&owner).review();
        let deny = match answer {
            Answer::Pass => vec![],
            Answer::Restrict(taken) if taken.iter().all(|one| one.drop.is_empty()) => {
                taken.into_iter().flat_map(|one| one.deny).collect()
            }
            Answer::Restrict(_) | Answer::Refuse(_) => {
                lost += usize::from(all);
                assert!(
                    !(all && plain(asked) && plain(on)),
                    "too little of {asked} on {on}:\n{text}"
                );
                continue;
            }
        };
        kept += 1;
        denied += usize::from(!deny.is_empty());
        exact += usize::from(plain(asked) && plain(on));
        for (action, resource) in pieces {
            let held = !deny.iter().any(|one| matches(one, action));
            assert!(
                !held || permitted(&set, action, resource),
                "{asked} on {on} less {deny:?} holds {action} on {resource}:\n{text}"
            );
        }
    }
    // The test must not be vacuous: much is kept, much of it in part, and little is lost that could have been
    // kept.
    assert!(
        kept > 500 && denied > 50 && exact > 50 && lost < kept / 10,
        "{kept} {denied} {exact} {lost}"
    );
}
