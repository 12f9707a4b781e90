//! Policies parsed for actions and resources, so that they can be evaluated for everything that a wildcard
//! covers.
//!
//! Comparisons of the action or the resource with a name are parsed; all other conditions are leaves, which
//! Cedar evaluates.

use std::sync::Arc;

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, Effect, EntityType, Expr, Literal, Policy,
    PrincipalConstraint, ResourceConstraint, Template, UnaryOp, Var,
};
use cedar_policy::{PolicyId, PolicySet};

use crate::entity::{World, reach, uid};
use crate::pattern::{Pattern, is_pattern};
use crate::scope::{expected, is_name, is_pattern_name, literal, parts};
use crate::{ACTION, RESOURCE, USER, line};

/// A policy's condition, its scope included.
#[derive(Debug)]
pub enum Condition {
    /// The condition has the same value for every request.
    Known(bool),
    /// Cedar evaluates the condition: a position in [`Rules::leaves`].
    Leaf(usize),
    /// The action is one of these.
    Action(Vec<Pattern>),
    /// The resource is one of these.
    Resource(Vec<Pattern>),
    /// `!`
    Not(Box<Condition>),
    /// `if … then … else`; `&&` and `||` have this form too.
    If(Box<[Condition; 3]>),
}

/// The inputs of a leaf, besides principal and context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// True if the value depends on the action.
    pub action: bool,
    /// True if the value depends on the resource.
    pub resource: bool,
}

/// All parsed policies, in their order.
#[derive(Debug, Default)]
pub struct Rules {
    /// One condition for each policy.
    pub conditions: Vec<Condition>,
    /// Each leaf as a policy of its own: satisfied means true, and an error stays an error.
    pub leaves: PolicySet,
    /// The inputs of each leaf.
    pub needs: Vec<Needs>,
    /// Actions that conditions compare with, folded.
    pub actions: Vec<String>,
}

impl Rules {
    /// Parses one more policy.
    ///
    /// # Errors
    /// If a part of the policy could never be true as written; the error is one line. A forbid that forbids
    /// nothing must not look like an effective one.
    pub fn add(&mut self, policy: &cedar_policy::Policy, world: &World) -> Result<(), String> {
        let Policy::Static(policy) = policy.to_pst().map_err(|error| line(&error))? else {
            return Err("is linked to a template".to_owned());
        };
        let mut whole = Condition::Known(true);
        for part in parts(policy.body())?.iter().rev() {
            whole = Condition::If(Box::new([
                self.condition(part, world)?,
                whole,
                Condition::Known(false),
            ]));
        }
        self.conditions.push(whole);
        Ok(())
    }

    fn condition(&mut self, expr: &Expr, world: &World) -> Result<Condition, String> {
        let (known, negate) = (Condition::Known, |inner| Condition::Not(Box::new(inner)));
        Ok(match expr {
            Expr::Literal(Literal::Bool(value)) => known(*value),
            Expr::UnaryOp { op: UnaryOp::Not, expr } => negate(self.condition(expr, world)?),
            Expr::BinaryOp { op: BinaryOp::And, left, right } => {
                let parts =
                    [self.condition(left, world)?, self.condition(right, world)?, known(false)];
                Condition::If(Box::new(parts))
            }
            Expr::BinaryOp { op: BinaryOp::Or, left, right } => {
                let [left, right] = [self.condition(left, world)?, self.condition(right, world)?];
                Condition::If(Box::new([left, known(true), right]))
            }
            Expr::IfThenElse { cond, then_expr, else_expr } => {
                let parts = [cond, then_expr, else_expr].map(|part| self.condition(part, world));
                let [cond, yes, no] = parts;
                Condition::If(Box::new([cond?, yes?, no?]))
            }
            Expr::BinaryOp { op: BinaryOp::Eq, left, right } => {
                self.equal(expr, left, right, world)?
            }
            Expr::BinaryOp { op: BinaryOp::NotEq, left, right } => {
                let (left, right) = (Arc::clone(left), Arc::clone(right));
                negate(self.condition(&Expr::BinaryOp { op: BinaryOp::Eq, left, right }, world)?)
            }
            Expr::BinaryOp { op: BinaryOp::In, left, right } => {
                self.within(expr, left, right, world)?
            }
            Expr::Like { expr: inner, pattern } if is_name(inner) => {
                Condition::Resource(vec![Pattern::like(pattern)])
            }
            Expr::Is { expr: inner, entity_type, in_expr } => {
                self.is(expr, inner, entity_type, in_expr.as_ref(), world)?
            }
            other => self.leaf(other)?,
        })
    }

    /// Parses `==`, with the name on either side.
    fn equal(
        &mut self,
        whole: &Expr,
        left: &Expr,
        right: &Expr,
        world: &World,
    ) -> Result<Condition, String> {
        for (subject, other) in [(left, right), (right, left)] {
            let (kind, id) = match (subject, other) {
                (Expr::Var(var), Expr::Literal(Literal::EntityUID(uid)))
                    if *var != Var::Context =>
                {
                    (expected(var, &uid.ty)?, &uid.eid)
                }
                (name, Expr::Literal(Literal::String(text))) if is_name(name) => (RESOURCE, text),
                _ => continue,
            };
            if is_pattern(id) && kind != USER {
                return Err(format!(
                    "compares with the pattern `{id}` by `==`, which is true of nothing real; use `in`"
                ));
            }
            return match kind {
                ACTION => Ok(self.action([id.to_string()])),
                RESOURCE => Ok(Condition::Resource(reach(RESOURCE, id, world.is_tree()))),
                _ => self.leaf_of(whole),
            };
        }
        self.leaf(whole)
    }

    /// Parses `in`, with one group or several.
    fn within(
        &mut self,
        whole: &Expr,
        left: &Expr,
        right: &Expr,
        world: &World,
    ) -> Result<Condition, String> {
        let groups = match right {
            Expr::Set(groups) => groups.iter().map(|group| literal(group)).collect(),
            one => literal(one).map(|group| vec![group]),
        };
        let (Expr::Var(var @ (Var::Action | Var::Resource)), Some(groups)) = (left, groups) else {
            return self.leaf(whole);
        };
        let kind = if *var == Var::Action { ACTION } else { RESOURCE };
        let groups = groups.iter().filter_map(|group| uid(&group.ty.to_string(), &group.eid));
        let members: Vec<String> = groups.flat_map(|group| world.members(&group, kind)).collect();
        if kind == ACTION {
            return Ok(self.action(members));
        }
        Ok(Condition::Resource(
            members.iter().flat_map(|id| reach(RESOURCE, id, world.is_tree())).collect(),
        ))
    }

    fn is(
        &mut self,
        whole: &Expr,
        subject: &Expr,
        kind: &EntityType,
        group: Option<&Arc<Expr>>,
        world: &World,
    ) -> Result<Condition, String> {
        let Expr::Var(var) = subject else {
            return self.leaf(whole);
        };
        expected(var, kind)?;
        match group {
            Some(group) => {
                let within = Expr::BinaryOp {
                    op: BinaryOp::In,
                    left: Arc::new(subject.clone()),
                    right: Arc::clone(group),
                };
                self.condition(&within, world)
            }
            None => Ok(Condition::Known(true)),
        }
    }

    fn action(&mut self, members: impl IntoIterator<Item = String>) -> Condition {
        let members: Vec<String> = members.into_iter().collect();
        let patterns = members.iter().map(|id| Pattern::glob(id)).collect();
        self.actions.extend(members);
        self.actions.sort();
        self.actions.dedup();
        Condition::Action(patterns)
    }

    /// Adds a condition for Cedar to evaluate. A pattern in the condition is an error, because Cedar would
    /// compare it as text.
    fn leaf(&mut self, expr: &Expr) -> Result<Condition, String> {
        let found = |part: &Expr| {
            literal(part).filter(|uid| is_pattern_name(uid)).map(|uid| vec![uid.to_string()])
        };
        let patterns = expr.reduce(&found, &|a, b| [a, b].concat(), vec![]);
        if let Some(pattern) = patterns.first() {
            return Err(format!(
                "uses the pattern {pattern} other than right of `action in` or `resource in`"
            ));
        }
        self.leaf_of(expr)
    }

    fn leaf_of(&mut self, expr: &Expr) -> Result<Condition, String> {
        let uses = |wanted: Var| {
            let found =
                move |part: &Expr| matches!(part, Expr::Var(var) if *var == wanted).then_some(true);
            expr.reduce(&found, &|a, b| a || b, false)
        };
        let place = self.needs.len();
        let id = format!("leaf{place}");
        let (who, what, which) =
            (PrincipalConstraint::Any, ActionConstraint::Any, ResourceConstraint::Any);
        let body = Template::new(id.as_str(), Effect::Permit, who, what, which)
            .try_with_clauses([Clause::When(Arc::new(expr.clone()))])
            .map_err(|error| line(&error))?;
        let body = body.try_into().map_err(|error| line(&error))?;
        let policy =
            cedar_policy::Policy::from_pst(Policy::Static(body)).map_err(|error| line(&error))?;
        self.leaves.add(policy.new_id(PolicyId::new(id))).map_err(|error| line(&error))?;
        self.needs.push(Needs { action: uses(Var::Action), resource: uses(Var::Resource) });
        Ok(Condition::Leaf(place))
    }
}
