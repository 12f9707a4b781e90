//! The two questions of the contract. Both are the same evaluation.

use std::collections::{BTreeMap, HashMap};

use audex_sdk::pattern::covers;

use crate::fold::folded;
use crate::judge::{Bench, Judgement, Why};
use crate::load::Organisation;
use crate::pattern::Pattern;
use crate::question::{Permission, Question};
use crate::vocabulary::Vocabulary;

/// The name of every resource.
const EVERYTHING: &str = "*";

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All of it is permitted.
    Pass,
    /// Some of it is not.
    Restrict(Vec<Restriction>),
    /// None of it is, because nobody can say what is.
    Refuse(String),
}

/// What is taken for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// Places in the permissions.
    pub drop: Vec<u32>,
    /// Actions that must be denied explicitly.
    pub deny: Vec<String>,
    /// One line, which names the policy.
    pub reason: String,
}

/// What the organisation's policies leave of a request.
#[must_use]
pub fn review(question: &Question<'_>, settings: &str) -> Answer {
    match evaluate(question, settings) {
        Err(why) => Answer::Refuse(why),
        Ok(restrictions) if restrictions.is_empty() => Answer::Pass,
        Ok(restrictions) => Answer::Restrict(restrictions),
    }
}

/// Whether the organisation's policies let a plan through: nothing can be taken from one.
///
/// # Errors
/// One line that says what they would take, and why.
pub fn approve(question: &Question<'_>, settings: &str) -> Result<(), String> {
    for restriction in evaluate(question, settings)? {
        let dropped = restriction.drop.iter().filter_map(|place| question.permissions.get(*place as usize));
        let dropped = dropped.map(|permission| permission.action.as_str());
        let denied =
            |pattern: &&String| question.deny.iter().any(|deny| covers(&folded(deny), &folded(pattern)));
        let missing = restriction.deny.iter().filter(|pattern| !denied(pattern)).map(String::as_str);
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
    let bench = Bench { organisation: &organisation, entities: &entities, user: question.user, vocabulary };
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

/// What is taken, for each place and each pattern the first reason.
#[derive(Default)]
struct Taken {
    drop: BTreeMap<u32, Why>,
    deny: Vec<(Why, String)>,
}

impl Taken {
    fn restrictions(mut self, organisation: &Organisation) -> Vec<Restriction> {
        let mut by_reason: BTreeMap<Why, Restriction> = BTreeMap::new();
        let empty =
            |why: &Why| Restriction { drop: vec![], deny: vec![], reason: reason(*why, organisation) };
        for (place, why) in &self.drop {
            by_reason.entry(*why).or_insert_with(|| empty(why)).drop.push(*place);
        }
        self.deny.sort_by(|(_, left), (_, right)| left.cmp(right));
        self.deny.dedup_by(|(_, later), (_, first)| later == first);
        let patterns: Vec<Pattern> = self.deny.iter().map(|(_, action)| Pattern::glob(action)).collect();
        for ((why, action), own) in self.deny.iter().zip(&patterns) {
            // Two that cover each other are both said.
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
