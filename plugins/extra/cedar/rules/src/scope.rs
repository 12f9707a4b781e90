//! A policy's scope as ordinary conditions, and the forms of comparisons in policies.

use std::sync::Arc;

use cedar_policy::pst::{
    ActionConstraint, BinaryOp, Clause, EntityOrSlot, EntityType, EntityUID, Expr, Literal,
    PrincipalConstraint, ResourceConstraint, Template, UnaryOp, Var,
};

use crate::pattern::is_pattern;
use crate::{ACTION, RESOURCE, USER};

/// Returns all conditions of a policy, in Cedar's order of evaluation.
///
/// # Errors
/// If the policy is a template.
pub fn parts(policy: &Template) -> Result<Vec<Expr>, String> {
    let compare = |op, var: &Var, right| Expr::BinaryOp {
        op,
        left: Arc::new(Expr::Var(var.clone())),
        right: Arc::new(right),
    };
    let is = |var: &Var, kind: &EntityType, group: Option<Expr>| Expr::Is {
        expr: Arc::new(Expr::Var(var.clone())),
        entity_type: kind.clone(),
        in_expr: group.map(Arc::new),
    };
    let who = &Var::Principal;
    let principal = match &policy.principal {
        PrincipalConstraint::Any => None,
        PrincipalConstraint::Eq(one) => Some(compare(BinaryOp::Eq, who, entity(one)?)),
        PrincipalConstraint::In(group) => Some(compare(BinaryOp::In, who, entity(group)?)),
        PrincipalConstraint::Is(kind) => Some(is(who, kind, None)),
        PrincipalConstraint::IsIn(kind, group) => Some(is(who, kind, Some(entity(group)?))),
    };
    let action = match &policy.action {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(one) => Some(compare(BinaryOp::Eq, &Var::Action, named(one))),
        ActionConstraint::In(groups) => {
            let groups = Expr::Set(groups.iter().map(|group| Arc::new(named(group))).collect());
            Some(compare(BinaryOp::In, &Var::Action, groups))
        }
    };
    let which = &Var::Resource;
    let resource = match &policy.resource {
        ResourceConstraint::Any => None,
        ResourceConstraint::Eq(one) => Some(compare(BinaryOp::Eq, which, entity(one)?)),
        ResourceConstraint::In(group) => Some(compare(BinaryOp::In, which, entity(group)?)),
        ResourceConstraint::Is(kind) => Some(is(which, kind, None)),
        ResourceConstraint::IsIn(kind, group) => Some(is(which, kind, Some(entity(group)?))),
    };
    let clauses = policy.clauses().iter().map(|clause| match clause {
        Clause::When(condition) => (**condition).clone(),
        Clause::Unless(condition) => {
            Expr::UnaryOp { op: UnaryOp::Not, expr: Arc::clone(condition) }
        }
    });
    Ok([principal, action, resource].into_iter().flatten().chain(clauses).collect())
}

fn named(uid: &EntityUID) -> Expr {
    Expr::Literal(Literal::EntityUID(uid.clone()))
}

fn entity(one: &EntityOrSlot) -> Result<Expr, String> {
    match one {
        EntityOrSlot::Entity(uid) => Ok(named(uid)),
        EntityOrSlot::Slot(slot) => Err(format!("has the slot {slot} of a template")),
    }
}

/// Returns the entity that an expression names, if any.
#[must_use]
pub fn literal(expr: &Expr) -> Option<&EntityUID> {
    match expr {
        Expr::Literal(Literal::EntityUID(uid)) => Some(uid),
        _ => None,
    }
}

/// Returns true if the expression is `resource.name`.
#[must_use]
pub fn is_name(expr: &Expr) -> bool {
    matches!(expr, Expr::GetAttr { expr, attr } if attr == "name" && **expr == Expr::Var(Var::Resource))
}

/// Returns true if an entity's name is a pattern of actions or resources.
#[must_use]
pub fn is_pattern_name(uid: &EntityUID) -> bool {
    let kind = uid.ty.to_string();
    (kind == ACTION || kind == RESOURCE) && is_pattern(&uid.eid)
}

/// Returns the only type that this variable ever has.
///
/// # Errors
/// If the variable is compared with another type: that is never true, and such a forbid was meant to forbid
/// something.
pub fn expected(var: &Var, kind: &EntityType) -> Result<&'static str, String> {
    let (var, only) = match var {
        Var::Principal => ("principal", USER),
        Var::Action => ("action", ACTION),
        Var::Resource => ("resource", RESOURCE),
        Var::Context => return Err("compares the context with an entity".to_owned()),
    };
    if kind.to_string() == only {
        return Ok(only);
    }
    Err(format!("takes the {var} for a `{kind}`, but here it is always a `{only}`"))
}
