//! What statements make of one action: the resources it may be used on.

use audex_sdk::pattern;

use super::names;
use audex_components::provider::{Effect, Statement};

/// Every resource, as a pattern.
const EVERY: &str = "*";

/// The resources that one action may be used on, as patterns.
#[derive(Debug, Default)]
pub(super) struct Access {
    resources: Vec<String>,
    /// Sources of denials and limits that cut a part out of a pattern, which no pattern can say.
    pub partly: Vec<String>,
}

impl Access {
    /// What `statements` say of `action`, as far as they can be decided.
    pub fn of(action: &str, statements: &[Statement]) -> Self {
        let of = |effect| {
            let about =
                move |one: &&Statement| one.effect == effect && one.undecided.is_none() && names(one, action);
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

    /// What is in this and not in `other`; none if nothing is. Empty: every resource.
    pub fn beyond(&self, other: &Self) -> Option<Vec<String>> {
        let is_new = |own: &&String| !other.resources.iter().any(|known| pattern::covers(known, own));
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
    let every = statement.resources.is_empty().then(|| EVERY.to_owned());
    every.into_iter().chain(statement.resources.iter().cloned())
}
