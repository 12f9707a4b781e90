//! Tests of the properties of every deny list with every request, from this filter to the policy. The judge
//! is the evaluator of the policy compiler's own tests.

#[path = "../../aws/policy/src/compile/tests/evaluator.rs"]
mod evaluator;
#[path = "../../aws/policy/src/compile/tests/random.rs"]
#[expect(dead_code, reason = "shared with the compiler's tests, which need more of it")]
mod random;
#[path = "../../aws/policy/src/compile/tests/world.rs"]
#[expect(dead_code, reason = "shared with the compiler's tests, which need more of it")]
mod world;

use audex_sdk::fake::{context, grant};
use audex_sdk::filter::{Restriction, Verdict};
use audex_sdk::provider::{Grant as Final, Permission as Kept, Status};
use aws_catalogue::Found;
use aws_policy::compile::{Conditions, compile};
use aws_policy::room::LIMIT;
use deny_entry::{Decision, Vocabulary, decide};

use super::{DenyList, Filter as _};
use evaluator::{Policy, fits};
use random::Random;
use world::WORLD;

const REQUESTS: u64 = 3000;

/// The rest of a request: the actions in order, and the denies beside them.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    actions: Vec<String>,
    deny: Vec<String>,
}

/// Returns a spelling that still covers an action, with wildcards in the service if `wild_service` is set.
fn spelling(random: &mut Random, found: &Found, wild_service: bool) -> String {
    let mut name: Vec<char> = found.name.chars().collect();
    for character in &mut name {
        match random.below(12) {
            0 => *character = '?',
            1 => *character = character.to_ascii_uppercase(),
            2 => *character = character.to_ascii_lowercase(),
            _ => {}
        }
    }
    if random.chance(3) {
        let from = random.below(name.len());
        let length = random.below(name.len() - from + 1);
        name.splice(from..from + length, ['*']);
    }
    let name: String = if random.chance(8) { "*".to_owned() } else { name.into_iter().collect() };
    let service = match random.below(6) {
        0 => found.service.to_uppercase(),
        1 if wild_service => "*".to_owned(),
        2 if wild_service => format!("?{}", &found.service[1..]),
        3 if wild_service => format!("{}*", &found.service[..1]),
        _ => found.service.to_owned(),
    };
    match random.below(40) {
        0 => "*".to_owned(),
        1 => "*:*".to_owned(),
        _ => format!("{service}:{name}"),
    }
}

struct Case {
    asked: Vec<String>,
    deny: Vec<String>,
    probes: Vec<Found>,
}

/// Creates a request and a deny list that are about the same few actions.
fn case(random: &mut Random) -> Case {
    let services = random::some_services(random);
    let mut probes: Vec<Found> = Vec::new();
    for _ in 0..6 {
        let service = random.word(&services);
        probes.push(random.pick(WORLD.actions(service)).clone());
    }
    let mut deny = Vec::new();
    for _ in 0..=random.below(3) {
        let target = random.pick(&probes).clone();
        deny.push(spelling(random, &target, true));
    }
    let mut asked = Vec::new();
    for _ in 0..=random.below(4) {
        let target = random.pick(&probes).clone();
        asked.push(spelling(random, &target, false));
    }
    for action in asked.iter().chain(&deny) {
        probes.extend(aws_catalogue::matching(action).into_iter().take(4));
    }
    Case { asked, deny, probes }
}

fn review(actions: &[String], deny: &[String]) -> Vec<Restriction> {
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    let entries: Vec<_> = deny
        .iter()
        .map(|p| serde_json::json!({"pattern": p, "source": "deny-list.toml:2"}))
        .collect();
    match DenyList::review(
        grant("aws", &actions),
        context(),
        serde_json::json!({ "deny": entries }).to_string(),
    ) {
        Verdict::Pass => Vec::new(),
        Verdict::Restrict(list) => list,
        Verdict::Refuse(why) => panic!("{why}"),
    }
}

/// Applies restrictions as the host does.
fn apply(left: Left, deny: &[String]) -> Left {
    let mut dropped = Vec::new();
    let mut denied = left.deny;
    for restriction in review(&left.actions, deny) {
        assert!(restriction.max_ttl_seconds.is_none());
        assert!(restriction.drop.iter().all(|place| (*place as usize) < left.actions.len()));
        assert!(restriction.deny.iter().all(|pattern| deny.contains(pattern)));
        dropped.extend(restriction.drop);
        denied.extend(restriction.deny);
    }
    let kept = (0_u32..).zip(left.actions).filter(|(place, _)| !dropped.contains(place));
    let actions = kept.map(|(_, action)| action).collect();
    denied.sort_unstable();
    denied.dedup();
    Left { actions, deny: denied }
}

fn asked(actions: &[String]) -> Left {
    Left { actions: actions.to_vec(), deny: Vec::new() }
}

/// Returns the names as the provider accepts them, or `None` if it rejects one.
fn checked(actions: &[String]) -> Option<Vec<String>> {
    let findings = actions.iter().map(|action| aws_policy::action::check(action, false));
    let accepted = findings.map(|finding| match finding.status {
        Status::Known | Status::Corrected => Some(finding.actions),
        Status::Unknown | Status::Malformed => None,
    });
    Some(accepted.collect::<Option<Vec<_>>>()?.concat())
}

fn policy(left: &Left) -> Option<Policy> {
    let kept = |action: &String| Kept {
        action: action.clone(),
        origin: action.clone(),
        resources: audex_sdk::provider::Scope::Every,
    };
    let grant = Final {
        provider: "aws".into(),
        permissions: left.actions.iter().map(kept).collect(),
        deny: left.deny.clone(),
        ttl_seconds: 900,
        session: "s".into(),
        gateway: false,
    };
    match compile(&grant, &Conditions::default(), LIMIT) {
        Ok(made) => Some(Policy::read(&made.policy)),
        Err(error) => {
            let said = ["policy-too-long", "deny-inexpressible", "nothing-granted"];
            assert!(said.contains(&error.code.as_str()), "{error:?}");
            None
        }
    }
}

fn matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern == "*" || fits(&pattern.to_lowercase(), &name.to_lowercase()))
}

#[test]
fn no_spelling_of_a_denied_action_is_allowed_and_nothing_else_is_lost() {
    let (mut denied, mut granted, mut policies) = (0, 0, 0);
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed);
        let case = case(&mut random);
        let Some(actions) = checked(&case.asked) else { continue };
        let left = apply(asked(&actions), &case.deny);
        let compiled = if left.actions.is_empty() { None } else { policy(&left) };
        policies += usize::from(compiled.is_some());
        for found in &case.probes {
            let name = found.full_name();
            let resource = random::concrete(&mut random, found);
            let allowed = compiled.as_ref().is_some_and(|policy| policy.allows(&name, &resource));
            let context =
                || format!("{name}: asked {:?}, denied {:?}, left {left:?}", case.asked, case.deny);
            if matches(&case.deny, &name) {
                assert!(!allowed, "{}", context());
                denied += usize::from(matches(&actions, &name));
            } else if compiled.is_some() {
                assert_eq!(allowed, matches(&actions, &name), "{}", context());
                granted += usize::from(allowed);
            } else if left.actions.is_empty() {
                assert!(!matches(&actions, &name), "lost: {}", context());
            }
        }
    }
    // The generator must not drift into lists that never touch the requested actions.
    println!("{policies} policies, {denied} denied, {granted} granted");
    assert!(policies > 1000 && denied > 5000 && granted > 3000, "{policies} {denied} {granted}");
}

#[test]
fn a_wildcard_in_the_service_cannot_be_asked_for() {
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 1_000_000);
        let target = case(&mut random).probes.remove(0);
        let spelled = spelling(&mut random, &target, true);
        let wild = spelled.split_once(':').is_some_and(|(service, _)| service.contains(['*', '?']));
        if wild && spelled != "*:*" {
            assert_eq!(checked(std::slice::from_ref(&spelled)), None, "{spelled}");
        }
    }
}

#[test]
fn filters_shrink() {
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 2_000_000);
        let case = case(&mut random);
        let left = apply(asked(&case.asked), &case.deny);
        let mut rest = case.asked.iter();
        assert!(left.actions.iter().all(|kept| rest.any(|action| action == kept)), "{left:?}");
        // A permission that one more entry removes is never given back.
        let shorter = apply(asked(&case.asked), &case.deny[1..]);
        assert!(
            left.actions.iter().all(|kept| shorter.actions.contains(kept)),
            "{left:?} {shorter:?}"
        );
        // A second run has nothing left to remove.
        let again =
            apply(Left { actions: left.actions.clone(), deny: left.deny.clone() }, &case.deny);
        assert_eq!(again, left);
    }
}

#[test]
fn the_order_of_entries_and_of_filters_does_not_matter() {
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 3_000_000);
        let case = case(&mut random);
        let left = apply(asked(&case.asked), &case.deny);
        let mut reversed = case.deny.clone();
        reversed.reverse();
        assert_eq!(apply(asked(&case.asked), &reversed), left);
        let (first, second) = case.deny.split_at(random.below(case.deny.len() + 1));
        let one_way = apply(apply(asked(&case.asked), first), second);
        let other_way = apply(apply(asked(&case.asked), second), first);
        assert_eq!(one_way.actions, left.actions);
        assert_eq!(other_way.actions, left.actions);
        // One filter may have dropped an action that another only overlaps, so the denies may differ; their
        // meaning must not.
        let meanings = [&left, &one_way, &other_way].map(policy);
        let [Some(whole), Some(one), Some(other)] = &meanings else { continue };
        for found in &case.probes {
            let (name, resource) = (found.full_name(), random::concrete(&mut random, found));
            let decided = whole.allows(&name, &resource);
            assert!(
                one.allows(&name, &resource) == decided
                    && other.allows(&name, &resource) == decided
            );
        }
    }
}

#[test]
fn the_definition_binds_every_entry_that_the_filter_would_drop_an_action_for() {
    let (mut bound, mut judged) = (0, 0);
    for seed in 0..REQUESTS / 10 {
        let mut random = Random::new(seed + 4_000_000);
        let case = case(&mut random);
        for entry in &case.deny {
            let mut names = case.probes.iter().map(Found::full_name);
            let drops = |name: String| {
                apply(asked(&[name]), std::slice::from_ref(entry)).actions.is_empty()
            };
            let is_dropping = names.any(drops);
            let decision = decide(entry, "aws", Vocabulary::Aws, &[]);
            let binds = matches!(&decision, Decision::Binds(patterns) if patterns.contains(entry));
            assert!(binds || !is_dropping, "{entry}: {decision:?}");
            bound += usize::from(is_dropping);
            judged += 1;
        }
    }
    assert!(bound > judged / 2, "{bound} of {judged}");
}
