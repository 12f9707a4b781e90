//! The resources on which statements allow one action.

use audex_sdk::pattern;

use super::names;
use audex_components::provider::{Effect, Scope, Statement};

/// Every resource, as a pattern.
const EVERY: &str = "*";

/// The resources on which one action is allowed, as patterns.
#[derive(Debug, Default)]
pub(super) struct Access {
    resources: Vec<String>,
    /// The sources of denials and limits that cover a part of a pattern, because no pattern can express the
    /// rest.
    pub partly: Vec<String>,
}

impl Access {
    /// Returns the access to `action` that `statements` give, as far as they can be decided.
    pub(super) fn of(action: &str, statements: &[Statement]) -> Self {
        let of = |effect| {
            let about = move |one: &&Statement| {
                one.effect == effect && one.undecided.is_none() && names(one, action)
            };
            statements.iter().filter(about)
        };
        let mut access = Self::default();
        for resource in of(Effect::Allow).flat_map(patterns) {
            access.add(resource);
        }
        if statements.iter().any(|one| one.effect == Effect::Limit) {
            access.limit(&of(Effect::Limit).collect::<Vec<_>>());
        }
        for statement in of(Effect::Deny) {
            for denied in patterns(statement) {
                access.deny(&denied, &statement.source);
            }
        }
        access
    }

    /// Returns the resources of this access that `other` does not cover, or `None` if there are none. An
    /// empty list means every resource.
    pub(super) fn beyond(&self, other: &Self) -> Option<Vec<String>> {
        let is_new =
            |own: &&String| !other.resources.iter().any(|known| pattern::covers(known, own));
        let new: Vec<String> = self.resources.iter().filter(is_new).cloned().collect();
        if new.iter().any(|resource| resource == EVERY) {
            return Some(Vec::new());
        }
        (!new.is_empty()).then_some(new)
    }

    fn add(&mut self, resource: String) {
        if !self.resources.iter().any(|known| pattern::covers(known, &resource)) {
            self.resources.retain(|known| !pattern::covers(&resource, known));
            self.resources.push(resource);
        }
    }

    fn deny(&mut self, denied: &str, source: &str) {
        self.resources.retain(|resource| !pattern::covers(denied, resource));
        if self.resources.iter().any(|resource| pattern::intersects(denied, resource)) {
            self.cut(source);
        }
    }

    fn limit(&mut self, limits: &[&Statement]) {
        let mut kept = Self { resources: Vec::new(), partly: std::mem::take(&mut self.partly) };
        for own in std::mem::take(&mut self.resources) {
            for (source, limit) in
                limits.iter().flat_map(|one| patterns(one).map(|limit| (one.source.clone(), limit)))
            {
                if pattern::covers(&limit, &own) {
                    kept.add(own.clone());
                } else if pattern::covers(&own, &limit) {
                    kept.add(limit);
                } else if pattern::intersects(&own, &limit) {
                    kept.cut(&source);
                }
            }
        }
        *self = kept;
    }

    fn cut(&mut self, source: &str) {
        if !self.partly.iter().any(|known| known == source) {
            self.partly.push(source.to_owned());
        }
    }
}

fn patterns(statement: &Statement) -> impl Iterator<Item = String> + '_ {
    let every = matches!(statement.resources, Scope::Every).then(|| EVERY.to_owned());
    every.into_iter().chain(statement.resources.named().iter().cloned())
}
