//! The gateway allows what the policy allows, and never more.

use std::collections::{BTreeMap, BTreeSet};

use audex_components::provider::Provider;
use audex_gateway::decide::{Missing, Need, On, Set, Why, decide};
use audex_loopback::iam::{PolicyDocument, Request};

use super::super::rules::rules;
use super::grant::{SHAPES, Shape, formats, grant};
use super::models::{Reading, all, provider};

/// The requests that share a grant.
const SHARING: usize = 16;
/// A name that no request has.
const PROBE: &str = "probe";

/// A reason why the gateway refuses what the policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Narrower {
    Credentials,
    Unseen,
    Pattern,
    Denied,
    Written,
}

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
    let start = std::time::Instant::now();
    let cases = cases();
    println!("{:?}: {} cases", start.elapsed(), cases.values().map(Vec::len).sum::<usize>());
    let mut provider = provider();
    provider.configure(
        [
            ("role_arn", "arn:aws:iam::123456789012:role/r"),
            ("method", "assume-role"),
            ("policy_limit", "10240"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
    );
    let mut counts: BTreeMap<Shape, Counts> = BTreeMap::new();
    for of_service in cases.values() {
        for sharing in of_service.chunks(SHARING) {
            for shape in SHAPES {
                compare(&provider, shape, sharing, counts.entry(shape).or_default());
            }
        }
    }
    for counts in counts.values_mut() { let n = counts.wrong.len(); counts.wrong.truncate(8); counts.wrong.push(format!("{n}")); }
    println!("{:?}: {counts:#?}", start.elapsed());
}

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
            Ok(()) => {
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

/// Returns a resource that a pattern matches.
fn instance(resource: &str) -> String {
    resource.replace("??????", "AbCdEf").replace(['*', '?'], "x")
}

/// Returns the reason why the gateway refuses a request that the policy allows.
fn reason(missing: &Missing<'_>, needs: &[Need]) -> Option<Narrower> {
    let need = needs.iter().find(|need| need.action == missing.action)?;
    match (missing.why, &need.on) {
        (Why::YieldsCredentials, _) => Some(Narrower::Credentials),
        (Why::Denied, _) => Some(Narrower::Denied),
        (Why::NotGranted, On::Unseen) => Some(Narrower::Unseen),
        (Why::NotGranted, On::These(_)) if missing.resource.contains(['*', '?']) => {
            Some(Narrower::Pattern)
        }
        (Why::NotGranted, _) => None,
    }
}
