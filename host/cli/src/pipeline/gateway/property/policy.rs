//! The gateway allows what the policy allows, and never more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use audex_components::provider::Provider;
use audex_gateway::decide::{Missing, Need, On, Set, Why, decide};
use audex_loopback::iam::{PolicyDocument, Request};

use super::super::rules::rules;
use super::grant::{SHAPES, Shape, formats, grant, instance};
use super::models::{Reading, all, provider};
use super::page;

/// The requests that share a grant. All of them meet a grant of exactly their needs.
const SHARING: usize = 16;
/// Each other shape of a grant meets one of so many groups, to stay in the time of an ordinary test.
const SAMPLED: usize = 4;
/// The differences that a failure shows.
const SHOWN: usize = 5;
/// A name that no request has.
const PROBE: &str = "probe";

/// A reason why the gateway refuses what the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Narrower {
    Credentials,
    Unseen,
    Pattern,
}

/// The reasons, for `docs/gateway.md`.
const NARROWER: [(Narrower, &str, &str); 3] = [
    (
        Narrower::Credentials,
        "The reply carries credentials, and the permission was granted by a wildcard",
        "What leaves the gateway is not decided any more: the user names the permission in full",
    ),
    (
        Narrower::Unseen,
        "The request does not show its resource, and the grant is limited to resources",
        "The resource may be another one; a grant on every resource allows it",
    ),
    (
        Narrower::Pattern,
        "The request shows a part of the name (a secret without its random ending), and the grant names one resource",
        "The name may be of another resource; a grant on the pattern (`secret:db-??????`) allows it",
    ),
];

/// Requests with the same needs.
struct Case {
    operation: String,
    needs: Vec<Need>,
}

/// Counts of decisions.
#[derive(Default, Debug)]
struct Counts {
    allowed: usize,
    refused: usize,
    narrower: BTreeMap<Narrower, usize>,
    wrong: Vec<String>,
}

#[test]
fn the_gateway_allows_what_the_policy_allows_and_never_more() {
    let provider = planning();
    let mut counts: BTreeMap<Shape, Counts> = BTreeMap::new();
    for of_service in cases().values() {
        for (number, sharing) in of_service.chunks(SHARING).enumerate() {
            for (place, shape) in SHAPES.into_iter().enumerate() {
                if shape == Shape::Exact || (place + number) % SAMPLED == 0 {
                    compare(&provider, shape, sharing, counts.entry(shape).or_default());
                }
            }
        }
    }
    let wrong: Vec<&String> = counts.values().flat_map(|counts| &counts.wrong).collect();
    assert!(wrong.is_empty(), "{} differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(SHOWN)]);
    let exact = counts.remove(&Shape::Exact).unwrap();
    assert!(exact.allowed > 15_000 && exact.refused == 0, "{exact:?}");
    for (shape, counts) in &counts {
        let is_vacuous = counts.allowed < 400 || counts.refused < 20;
        assert!(!is_vacuous || *shape == Shape::WildResources, "{shape:?} {counts:?}");
    }
    let narrower: BTreeSet<Narrower> =
        counts.values().flat_map(|counts| counts.narrower.keys().copied()).collect();
    assert_eq!(narrower, NARROWER.map(|(kind, ..)| kind).into(), "{counts:?}");
}

#[test]
fn the_page_lists_what_the_gateway_refuses_beyond_the_policy() {
    let mut table = "| refused, though the policy allows it | why |\n|---|---|\n".to_owned();
    for (_, what, why) in NARROWER {
        writeln!(table, "| {what} | {why} |").unwrap();
    }
    page::check("narrower", &table);
}

/// Returns the AWS component, set so that a plan has the room of a long policy.
fn planning() -> Provider {
    let mut provider = provider();
    let settings = [
        ("role_arn", "arn:aws:iam::123456789012:role/r"),
        ("method", "assume-role"),
        ("policy_limit", "10240"),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    provider.configure(settings.map(owned).into());
    provider
}

/// Returns the needs that differ, by the service that their requests are signed for.
fn cases() -> BTreeMap<&'static str, Vec<Case>> {
    let mut cases: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for one in all() {
        let Reading::Needs(needs) = &one.reading else { continue };
        if known.insert((&one.sent.service, format!("{needs:?}"))) && !needs.is_empty() {
            let operation = one.sent.operation.clone();
            let case = Case { operation, needs: needs.clone() };
            cases.entry(one.sent.service.as_str()).or_default().push(case);
        }
    }
    cases
}

fn compare(provider: &Provider, shape: Shape, cases: &[Case], counts: &mut Counts) {
    let needs = cases.iter().flat_map(|case| &case.needs);
    let Some(grant) = grant(shape, needs) else { return };
    let policy = match provider.plan(&grant) {
        Ok(plan) => plan.policy.unwrap(),
        Err(error) if cases.len() > 1 && error.to_string().contains("characters") => {
            let (left, right) = cases.split_at(cases.len() / 2);
            compare(provider, shape, left, counts);
            return compare(provider, shape, right, counts);
        }
        Err(error) => return counts.wrong.push(format!("{error}: {grant:?}")),
    };
    let sets = [Set::new(rules(provider.statements(&policy).unwrap(), &grant, &[]))];
    let document = PolicyDocument::parse(&policy).unwrap();
    for Case { operation, needs } in cases {
        let decision = decide(needs, &sets);
        let told = || format!("{shape:?} {operation} {needs:?} under {policy}: {decision:?}");
        match &decision {
            Ok(_) => {
                counts.allowed += 1;
                if !needs.iter().all(|need| is_allowed(&document, need)) {
                    counts.wrong.push(format!("more than the policy: {}", told()));
                }
            }
            Err(missing) => {
                counts.refused += 1;
                if needs.iter().all(|need| may_be_allowed(&document, need)) {
                    match reason(missing, needs) {
                        Some(reason) => *counts.narrower.entry(reason).or_default() += 1,
                        None => counts.wrong.push(told()),
                    }
                }
            }
        }
    }
}

/// Returns true if the policy allows what the gateway knows of the request, and whatever it may be about.
fn is_allowed(policy: &PolicyDocument, need: &Need) -> bool {
    let shown = need.on.shown().map(str::to_owned);
    shown.chain(real(need)).all(|on| allows(policy, need, &on))
}

/// Returns true if the policy allows something that the request may be about.
fn may_be_allowed(policy: &PolicyDocument, need: &Need) -> bool {
    let real = real(need);
    let mut allowed = real.iter().map(|on| allows(policy, need, on));
    if need.on == On::Unseen { allowed.any(|is| is) } else { allowed.all(|is| is) }
}

fn allows(policy: &PolicyDocument, need: &Need, resource: &str) -> bool {
    policy.decide(&Request::new(&need.action, resource)).is_allowed()
}

/// Returns resources that the request may be about.
fn real(need: &Need) -> Vec<String> {
    match &need.on {
        On::Every => vec!["*".to_owned()],
        On::Unseen => formats(&need.action, PROBE),
        On::These(named) => named.iter().map(|one| instance(one)).collect(),
    }
}

/// Returns the reason why the gateway refuses a request that the policy allows.
fn reason(missing: &Missing<'_>, needs: &[Need]) -> Option<Narrower> {
    let need = needs.iter().find(|need| need.action == missing.action)?;
    match (missing.why, &need.on) {
        (Why::YieldsCredentials, _) => Some(Narrower::Credentials),
        (Why::NotGranted, On::Unseen) => Some(Narrower::Unseen),
        (Why::NotGranted, On::These(_)) if missing.resource.contains(['*', '?']) => {
            Some(Narrower::Pattern)
        }
        (Why::NotGranted | Why::Denied, _) => None,
    }
}
