//! Properties of every request: the policy allows each requested action on each requested resource, and
//! nothing else.

use aws_catalogue::Found;

use super::evaluator::{Policy, fits};
use super::random::{self, Random};
use super::world::WORLD;
use super::{Compiled, Conditions, compile, union};
use crate::room::LIMIT;

const REQUESTS: u64 = 2000;

struct Request {
    parts: Vec<Part>,
    deny: Vec<String>,
    /// Actions to try, of the requested services; not all of them were requested.
    probes: Vec<Found>,
}

/// Actions, and the resources they are limited to.
#[derive(Debug)]
struct Part {
    actions: Vec<String>,
    resources: Vec<String>,
}

/// Returns a request for one list of actions on one list of resources.
fn request(random: &mut Random) -> Request {
    request_of(random, 1)
}

/// Returns a request of several such lists, like several profiles in one: some share services, actions or
/// resources.
fn request_of(random: &mut Random, count: usize) -> Request {
    let mut services = random::some_services(random);
    let mut probes: Vec<Found> = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    for _ in 0..count {
        if random.chance(3) {
            services = random::some_services(random);
        }
        let part = part(random, &services, &parts, &mut probes);
        parts.push(part);
    }
    let denies = random.below(3);
    let deny = repeat(denies, || {
        if random.chance(4) {
            return format!("*:{}", random.word(&["Delete*", "*Object", "Put*", "Get?bject"]));
        }
        let service = random.word(&services);
        random::action(random, service)
    });
    Request { parts, deny, probes }
}

fn part(
    random: &mut Random,
    services: &[&'static str],
    before: &[Part],
    probes: &mut Vec<Found>,
) -> Part {
    let borrowed = |random: &mut Random| {
        let enough = !before.is_empty() && random.chance(3);
        enough.then(|| random.pick(before))
    };
    let actions: Vec<String> = match borrowed(random) {
        Some(other) => other.actions.clone(),
        None => repeat(1 + random.below(8), || {
            let service = random.word(services);
            random::action(random, service)
        }),
    };
    probes.extend(self::probes(random, services, &actions));
    let limits = if random.chance(4) { 0 } else { 1 + random.below(4) };
    let mut resources = repeat(limits, || {
        let probe = random.pick(probes);
        random::limit(random, probe)
    });
    if let Some(other) = borrowed(random) {
        resources.extend(other.resources.iter().cloned());
    }
    Part { actions, resources }
}

fn probes(random: &mut Random, services: &[&'static str], actions: &[String]) -> Vec<Found> {
    let mut probes: Vec<Found> = Vec::new();
    for action in actions {
        let all = aws_catalogue::matching(action);
        probes.extend(repeat(all.len().min(6), || random.pick(&all).clone()));
    }
    for service in services {
        probes.extend(repeat(8, || random.pick(WORLD.actions(service)).clone()));
    }
    probes
}

fn repeat<T>(times: usize, mut make: impl FnMut() -> T) -> Vec<T> {
    (0..times).map(|_| make()).collect()
}

impl Request {
    fn compile(&self, room: usize) -> Option<(Compiled, Policy)> {
        fn texts(list: &[String]) -> Vec<&str> {
            list.iter().map(String::as_str).collect()
        }
        let parts: Vec<_> =
            self.parts.iter().map(|part| (texts(&part.actions), texts(&part.resources))).collect();
        let parts: Vec<(&[&str], &[&str])> = parts.iter().map(|(a, r)| (&a[..], &r[..])).collect();
        let asked = union(&parts, &texts(&self.deny));
        match compile(&asked, &Conditions::default(), room) {
            Ok(made) => {
                let policy = Policy::read(&made.policy);
                Some((made, policy))
            }
            Err(error) => {
                assert!(
                    ["nothing-granted", "policy-too-long"].contains(&error.code.as_str()),
                    "{error:?}"
                );
                assert!(
                    error.code != "nothing-granted"
                        || self.parts.iter().all(|part| !part.resources.is_empty())
                );
                None
            }
        }
    }

    fn denied(&self, action: &str) -> bool {
        self.deny.iter().any(|pattern| fits(&pattern.to_lowercase(), &action.to_lowercase()))
    }

    /// Returns true if one of the parts asks for the action on the resource, and it is not denied.
    fn asked(&self, found: &Found, resource: &str) -> bool {
        !self.denied(&found.full_name()) && self.parts.iter().any(|part| part.asks(found, resource))
    }

    fn hold(&self, text: &str, policy: &Policy, random: &mut Random) -> usize {
        let mut granted = 0;
        for found in &self.probes {
            for _ in 0..3 {
                let resource = random::concrete(random, found);
                let (is, should) =
                    (policy.allows(&found.full_name(), &resource), self.asked(found, &resource));
                assert_eq!(
                    is,
                    should,
                    "{} on {resource}\nasked {:?}\ndeny {:?}\npolicy {text}",
                    found.full_name(),
                    self.parts,
                    self.deny
                );
                granted += usize::from(is);
            }
        }
        granted
    }
}

impl Part {
    /// Returns true if the part names the action by name or pattern, and the resource by one of the limits.
    fn asks(&self, found: &Found, resource: &str) -> bool {
        let name = found.full_name().to_lowercase();
        let by = |action: &String| {
            let pattern = action.to_lowercase();
            fits(&pattern, &name)
                && (self.resources.is_empty() || self.limited(found, &pattern, resource))
        };
        self.actions.iter().any(by)
    }

    fn limited(&self, found: &Found, pattern: &str, resource: &str) -> bool {
        if self.resources.iter().any(|limit| limit == "*") {
            return true;
        }
        let may_be =
            |limit: &String, format: &String| super::super::arn::Resource::of(limit).may_be(format);
        let is_on_none =
            |limit: &String| !WORLD.formats(found).iter().any(|format| may_be(limit, format));
        if aws_catalogue::needs_no_resource(pattern) && self.resources.iter().all(is_on_none) {
            return true;
        }
        if found.takes_resource() {
            return self.resources.iter().any(|limit| fits(limit, resource));
        }
        // Documented: an action without resources is granted if it was requested by name, or by a pattern of
        // only such actions.
        !pattern.contains(['*', '?']) || WORLD.takes_no_resource(pattern)
    }
}

#[test]
fn a_policy_allows_what_was_asked_and_nothing_else() {
    let (mut made, mut granted) = (0, 0);
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed);
        let request = request(&mut random);
        let Some((compiled, policy)) = request.compile(LIMIT) else { continue };
        assert!(compiled.policy.chars().count() <= LIMIT);
        made += 1;
        granted += request.hold(&compiled.policy, &policy, &mut random);
    }
    // The generator must not drift into requests that are all rejected or all denied.
    println!("{made} policies, {granted} pairs granted");
    assert!(made > 1500 && granted > 20_000, "{made} policies, {granted} pairs granted");
}

#[test]
fn a_union_allows_what_one_of_its_parts_asked_and_nothing_else() {
    let (mut made, mut granted) = (0, 0);
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 3_000_000);
        let count = 2 + random.below(3);
        let request = request_of(&mut random, count);
        // Enough room for the full length: another test checks that shortening changes nothing.
        let Some((compiled, policy)) = request.compile(100_000) else { continue };
        made += 1;
        granted += request.hold(&compiled.policy, &policy, &mut random);
    }
    println!("{made} policies, {granted} pairs granted");
    assert!(made > 1500 && granted > 40_000, "{made} policies, {granted} pairs granted");
}

#[test]
fn making_a_policy_fit_never_changes_what_it_allows() {
    let (mut squeezed, mut granted) = (0, 0);
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 1_000_000);
        let count = 1 + random.below(3);
        let mut request = request_of(&mut random, count);
        // Neighbours in the catalogue can often be shortened, single actions rarely.
        let all = WORLD.actions(request.probes[0].service);
        let first = random.below(all.len());
        let run = &all[first..(first + 1 + random.below(30)).min(all.len())];
        let onto = random.below(request.parts.len());
        request.parts[onto].actions.extend(run.iter().map(Found::full_name));
        request
            .probes
            .extend(all[first.saturating_sub(3)..(first + 34).min(all.len())].iter().cloned());
        let Some((full, _)) = request.compile(100_000) else { continue };
        let length = full.policy.chars().count();
        let room = length * (60 + random.below(39)) / 100;
        let Some((short, policy)) = request.compile(room) else { continue };
        assert!(short.policy.chars().count() <= room && short.notices.len() > full.notices.len());
        squeezed += 1;
        granted += request.hold(&short.policy, &policy, &mut random);
    }
    println!("{squeezed} squeezed, {granted} pairs granted");
    assert!(squeezed > 500 && granted > 15_000, "{squeezed} squeezed, {granted} pairs granted");
}

#[test]
fn a_denied_action_is_never_allowed() {
    for seed in 0..REQUESTS {
        let mut random = Random::new(seed + 2_000_000);
        let count = 1 + random.below(3);
        let request = request_of(&mut random, count);
        let Some((_, policy)) = request.compile(LIMIT) else { continue };
        for found in request.probes.iter().filter(|found| request.denied(&found.full_name())) {
            let resource = random::concrete(&mut random, found);
            assert!(
                !policy.allows(&found.full_name(), &resource)
                    && !policy.allows(&found.full_name(), "*")
            );
        }
    }
}
