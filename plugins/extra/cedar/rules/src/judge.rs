//! Judges one permission on one resource: kept, kept without some actions, or dropped.
//!
//! INVARIANT: what is kept, without what is denied, contains nothing that Cedar would deny if it were
//! requested by its own name.
//!
//! Cedar first evaluates the request as written: a pattern is one of the texts that it matches, so if Cedar
//! says no, the answer is no. If Cedar says yes, that is not enough for a pattern. Then every policy is
//! evaluated for everything that the pattern covers at once ([`Outcomes`]): no forbid may be true or an
//! error, and one permit must be true of everything. If that fails only because of actions that policies
//! name, these are denied and the rest is kept.

use cedar_policy::{Authorizer, Context, Decision, Effect, Entities, Request};

use crate::entity::{asked, uid};
use crate::fold::folded;
use crate::load::Organisation;
use crate::outcome::Outcomes;
use crate::pattern::{Pattern, Relation, relation};
use crate::rule::Condition;
use crate::vocabulary::Vocabulary;
use crate::{ACTION, RESOURCE, USER, line};

/// The result for one permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The permission is kept, without these actions (folded).
    Kept(Vec<(String, Why)>),
    /// The permission is dropped.
    Dropped(Why),
}

/// The reason for a removal. Policies are given by their position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// This policy forbids the permission.
    Forbidden(usize),
    /// This policy forbids, or may forbid, a part of the permission.
    PartlyForbidden(usize),
    /// No policy permits the permission.
    Unpermitted,
    /// No policy permits the whole permission.
    PartlyUnpermitted,
}

/// The shared inputs of all judgements of one run.
pub struct Bench<'a> {
    /// Policies and entities.
    pub organisation: &'a Organisation,
    /// The entities, with all requested ones.
    pub entities: &'a Entities,
    /// The user who makes the request.
    pub user: &'a str,
    /// The provider's form of actions.
    pub vocabulary: Vocabulary,
}

/// The inputs of one evaluation.
struct Scene<'a> {
    action: Pattern,
    /// True if the scene excludes all actions that policies name.
    apart: bool,
    resource: &'a [Pattern],
    leaves: &'a [Outcomes],
}

/// A policy with an error: the whole request cannot be judged.
struct Broken(usize);

impl Bench<'_> {
    /// Judges one permission on one resource.
    ///
    /// # Errors
    /// If a policy cannot be evaluated; the error is one line that names the policy.
    pub fn judge(
        &self,
        action: &str,
        resource: &str,
        context: Context,
    ) -> Result<Judgement, String> {
        let action = folded(action);
        let names = uid(USER, self.user).zip(uid(ACTION, &action)).zip(uid(RESOURCE, resource));
        let ((who, what), which) = names.ok_or("a name that Cedar cannot take")?;
        let request =
            Request::new(who, what, which, context, None).map_err(|error| line(&error))?;
        if let Some(why) = self.asked(&request)? {
            return Ok(Judgement::Dropped(why));
        }
        let reach = asked(resource, self.organisation.world.is_tree());
        let pattern = Pattern::glob(&action);
        let open = reach.len() > 1 || !reach.iter().all(Pattern::is_exact);
        let leaves = self.leaves(&request, !pattern.is_exact(), open);
        let scene = Scene { action: pattern, apart: false, resource: &reach, leaves: &leaves };
        self.abstractly(scene).map_err(|broken| {
            let name = self.organisation.policies.name(broken.0);
            format!("policy `{name}` cannot be evaluated for some of `{action}`")
        })
    }

    /// Returns Cedar's own answer to the request as written. `None` means permitted.
    fn asked(&self, request: &Request) -> Result<Option<Why>, String> {
        let policies = &self.organisation.policies;
        let response = Authorizer::new().is_authorized(request, &policies.set, self.entities);
        let errors: Vec<_> = response.diagnostics().errors().collect();
        // Security: Cedar skips a policy with an error. A forbid must not be skipped.
        let id = |error: &&cedar_policy::AuthorizationError| match error {
            cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                error.policy_id().clone()
            }
        };
        let ids: Vec<_> = errors.iter().map(id).collect();
        if let Some(place) = policies.first(ids.iter()) {
            let error =
                errors.iter().find(|error| policies.first([&id(error)].into_iter()) == Some(place));
            let why = error.map(|error| line(*error)).unwrap_or_default();
            let why = why.split_once("`: ").map_or(why.as_str(), |(_, why)| why);
            return Err(format!("policy `{}` cannot be evaluated: {why}", policies.name(place)));
        }
        if let Some(error) = errors.first() {
            return Err(line(*error));
        }
        if response.decision() == Decision::Allow {
            return Ok(None);
        }
        let by = policies.first(response.diagnostics().reason());
        Ok(Some(by.map_or(Why::Unpermitted, Why::Forbidden)))
    }

    /// Evaluates every leaf with Cedar; a leaf is uncertain if it depends on a value that is known only as a
    /// pattern.
    fn leaves(&self, request: &Request, open_action: bool, open_resource: bool) -> Vec<Outcomes> {
        let rules = &self.organisation.rules;
        let response = Authorizer::new().is_authorized(request, &rules.leaves, self.entities);
        let mut leaves = vec![Outcomes::FALSE; rules.needs.len()];
        let mut set = |id: &cedar_policy::PolicyId, outcome| {
            let place = <_ as AsRef<str>>::as_ref(id)
                .strip_prefix("leaf")
                .and_then(|place| place.parse::<usize>().ok());
            if let Some(leaf) = place.and_then(|place| leaves.get_mut(place)) {
                *leaf = outcome;
            }
        };
        response.diagnostics().reason().for_each(|id| set(id, Outcomes::TRUE));
        for error in response.diagnostics().errors() {
            let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
            set(error.policy_id(), Outcomes::ERROR);
        }
        for (leaf, needs) in leaves.iter_mut().zip(&rules.needs) {
            if needs.action && open_action || needs.resource && open_resource {
                *leaf = Outcomes::ANY;
            }
        }
        leaves
    }

    /// Judges everything that the pattern covers; if not all of it can be kept, the part that can.
    fn abstractly(&self, mut scene: Scene<'_>) -> Result<Judgement, Broken> {
        let Some(whole) = self.finding(&scene)? else {
            return Ok(Judgement::Kept(vec![]));
        };
        let asked = scene.action.clone();
        let within = |name: &&String| {
            // A name of a group, or another cloud's action, is not an action here, and no cloud could deny
            // it.
            self.vocabulary.has(name)
                && relation(std::slice::from_ref(&asked), &[Pattern::glob(name)])
                    == Relation::Overlaps
        };
        let named: Vec<&String> = self.organisation.rules.actions.iter().filter(within).collect();
        scene.apart = true;
        if let Some(rest) = self.finding(&scene)? {
            return Ok(Judgement::Dropped(if named.is_empty() { whole } else { rest }));
        }
        // The rest is safe. Named actions that are safe as a whole are kept too.
        scene.apart = false;
        let mut deny = Vec::new();
        for name in named {
            scene.action = Pattern::glob(name);
            if let Some(why) = self.finding(&scene)? {
                deny.push((name.clone(), why));
            }
        }
        Ok(Judgement::Kept(deny))
    }

    /// Returns the reason why the scene cannot be kept as a whole, or `None` if it can.
    fn finding(&self, scene: &Scene<'_>) -> Result<Option<Why>, Broken> {
        let Organisation { policies, rules, .. } = self.organisation;
        let mut permitted = false;
        let mut forbidden = None;
        for (place, (label, condition)) in policies.labels.iter().zip(&rules.conditions).enumerate()
        {
            let outcome = evaluate(condition, scene);
            match (label.effect, outcome) {
                (_, Outcomes::ERROR) => return Err(Broken(place)),
                (Effect::Permit, outcome) => permitted |= outcome == Outcomes::TRUE,
                (Effect::Forbid, Outcomes::TRUE) => {
                    forbidden = forbidden.or(Some(Why::Forbidden(place)));
                }
                (Effect::Forbid, Outcomes::FALSE) => {}
                (Effect::Forbid, _) => forbidden = forbidden.or(Some(Why::PartlyForbidden(place))),
            }
        }
        Ok(forbidden.or_else(|| (!permitted).then_some(Why::PartlyUnpermitted)))
    }
}

fn evaluate(condition: &Condition, scene: &Scene<'_>) -> Outcomes {
    let certain = |relation: Relation, otherwise: Outcomes| match relation {
        Relation::Inside => Outcomes::TRUE,
        Relation::Apart => Outcomes::FALSE,
        Relation::Overlaps => otherwise,
    };
    match condition {
        Condition::Known(value) => Outcomes::of(*value),
        Condition::Leaf(place) => scene.leaves.get(*place).copied().unwrap_or(Outcomes::ANY),
        Condition::Action(names) => {
            // If the scene excludes all named actions, a name that only overlaps matches nothing in it.
            let otherwise = if scene.apart { Outcomes::FALSE } else { Outcomes::EITHER };
            certain(relation(std::slice::from_ref(&scene.action), names), otherwise)
        }
        Condition::Resource(names) => certain(relation(scene.resource, names), Outcomes::EITHER),
        Condition::Not(inner) => evaluate(inner, scene).negated(),
        Condition::If(parts) => {
            let [condition, yes, no] = parts.as_ref();
            evaluate(condition, scene).choose(|| evaluate(yes, scene), || evaluate(no, scene))
        }
    }
}
