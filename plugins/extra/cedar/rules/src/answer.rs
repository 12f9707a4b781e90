//! The two functions of the contract, based on the same evaluation.

use std::collections::{BTreeMap, HashMap};

use audex_sdk::pattern::covers;

use crate::fold::folded;
use crate::judge::{Bench, Judgement, Why};
use crate::load::Organisation;
use crate::pattern::Pattern;
use crate::question::{Permission, Question};
use crate::vocabulary::Vocabulary;

/// The name for every resource.
const EVERYTHING: &str = "*";

/// The result for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The whole request is permitted.
    Pass,
    /// Some of the request is not permitted.
    Restrict(Vec<Restriction>),
    /// Nothing is permitted, because the policies cannot be evaluated.
    Refuse(String),
}

/// The restrictions with one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// Positions of dropped permissions.
    pub drop: Vec<u32>,
    /// Actions that must be denied explicitly.
    pub deny: Vec<String>,
    /// One line that names the policy.
    pub reason: String,
}

/// Returns the restrictions of the organisation's policies on a request.
#[must_use]
pub fn review(question: &Question<'_>, settings: &str) -> Answer {
    match evaluate(question, settings) {
        Err(why) => Answer::Refuse(why),
        Ok(restrictions) if restrictions.is_empty() => Answer::Pass,
        Ok(restrictions) => Answer::Restrict(restrictions),
    }
}

/// Checks a plan against the organisation's policies: permissions can no longer be removed from a plan.
///
/// # Errors
/// If the policies would remove something; the error is one line with the action and the reason.
pub fn approve(question: &Question<'_>, settings: &str) -> Result<(), String> {
    for restriction in evaluate(question, settings)? {
        let dropped =
            restriction.drop.iter().filter_map(|place| question.permissions.get(*place as usize));
        let dropped = dropped.map(|permission| permission.action.as_str());
        let denied = |pattern: &&String| {
            question.deny.iter().any(|deny| covers(&folded(deny), &folded(pattern)))
        };
        let missing =
            restriction.deny.iter().filter(|pattern| !denied(pattern)).map(String::as_str);
        if let Some(action) = dropped.chain(missing).next() {
            return Err(format!("`{action}`: {}", restriction.reason));
        }
    }
    Ok(())
}

fn evaluate(question: &Question<'_>, settings: &str) -> Result<Vec<Restriction>, String> {
    let vocabulary = Vocabulary::of(question.provider);
    let organisation = Organisation::load(settings, vocabulary.is_tree())?;
    let actions: Vec<String> = question.permissions.iter().map(|one| folded(&one.action)).collect();
    let all = question.permissions.iter().flat_map(resources);
    let entities = organisation.world.with(actions.iter().map(String::as_str), all)?;
    let bench =
        Bench { organisation: &organisation, entities: &entities, user: question.user, vocabulary };
    let mut seen = HashMap::new();
    let mut taken = Taken::default();
    for (place, permission) in (0..).zip(question.permissions) {
        for resource in resources(permission) {
            let key = (&permission.action, &permission.origin, &permission.enforced_by, resource);
            let judgement = if let Some(known) = seen.get(&key) {
                known
            } else {
                let context = question.context(permission, &organisation.calendar)?;
                let judged = bench.judge(&permission.action, resource, context)?;
                seen.entry(key).or_insert(judged)
            };
            match judgement {
                Judgement::Kept(deny) => {
                    taken.deny.extend(deny.iter().map(|(action, why)| (*why, action.clone())));
                }
                Judgement::Dropped(why) => {
                    taken.drop.entry(place).or_insert(*why);
                }
            }
        }
    }
    Ok(taken.restrictions(&organisation))
}

fn resources(permission: &Permission) -> impl Iterator<Item = &str> {
    let everything = permission.resources.is_empty().then_some(EVERYTHING);
    everything.into_iter().chain(permission.resources.iter().map(String::as_str))
}

/// Removed permissions and denied patterns, each with its first reason.
#[derive(Default)]
struct Taken {
    drop: BTreeMap<u32, Why>,
    deny: Vec<(Why, String)>,
}

impl Taken {
    fn restrictions(mut self, organisation: &Organisation) -> Vec<Restriction> {
        let mut by_reason: BTreeMap<Why, Restriction> = BTreeMap::new();
        let empty = |why: &Why| Restriction {
            drop: vec![],
            deny: vec![],
            reason: reason(*why, organisation),
        };
        for (place, why) in &self.drop {
            by_reason.entry(*why).or_insert_with(|| empty(why)).drop.push(*place);
        }
        self.deny.sort_by(|(_, left), (_, right)| left.cmp(right));
        self.deny.dedup_by(|(_, later), (_, first)| later == first);
        let patterns: Vec<Pattern> =
            self.deny.iter().map(|(_, action)| Pattern::glob(action)).collect();
        for ((why, action), own) in self.deny.iter().zip(&patterns) {
            // If two patterns cover each other, both are listed.
            if !patterns.iter().any(|other| other.covers(own) && !own.covers(other)) {
                let deny = &mut by_reason.entry(*why).or_insert_with(|| empty(why)).deny;
                deny.extend(organisation.spelt(action).cloned());
            }
        }
        by_reason.into_values().collect()
    }
}

fn reason(why: Why, organisation: &Organisation) -> String {
    let (place, what) = match why {
        Why::Unpermitted => return "no policy permits it".to_owned(),
        Why::PartlyUnpermitted => return "no policy permits all that it covers".to_owned(),
        Why::Forbidden(place) => (place, "forbids it"),
        Why::PartlyForbidden(place) => (place, "may forbid some of what it covers"),
    };
    let own = organisation.policies.labels.get(place).and_then(|label| label.reason.as_deref());
    let own = own.map(|own| format!(": {}", crate::one_line(own))).unwrap_or_default();
    format!("policy `{}` {what}{own}", organisation.policies.name(place))
}
