//! The decision about one request, and the budgets of a session: pure, and without a way to panic.
//!
//! Security: what is allowed here is a subset of what the policy of the session's credentials allows. A
//! permission must be granted by name, must match no denied pattern, and each of its resources must be covered
//! by one rule. Everything else is missing.

use std::collections::{HashMap, HashSet};

use audex_sdk::pattern;

/// A permission that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// One action, such as `s3:GetObject`.
    pub action: String,
    /// The resources of the request.
    pub on: On,
    /// True if the reply carries credentials, or an address that is signed with some.
    pub yields_credentials: bool,
    /// True if the cloud lets everybody do this. Only a deny or a limit counts then.
    pub free: bool,
    /// The number of items that the request names, for limits.
    pub uses: u64,
}

/// The resources that a permission is needed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// The permission cannot be limited to resources.
    Every,
    /// The request does not show the resources.
    Unseen,
    /// Patterns that match all resources of the request.
    These(Vec<String>),
}

impl On {
    /// Returns the resources to show: the named ones, or `*`.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let (named, every) = match self {
            Self::These(named) => (named.as_slice(), None),
            Self::Every | Self::Unseen => (&[][..], Some("*")),
        };
        named.iter().map(String::as_str).chain(every)
    }

    /// Returns the number of resources, at least one.
    fn count(&self) -> u64 {
        match self {
            Self::These(named) => u64::try_from(named.len()).unwrap_or(u64::MAX).max(1),
            Self::Every | Self::Unseen => 1,
        }
    }
}

/// Actions on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Patterns with `*` and `?`, in any case.
    pub actions: Vec<String>,
    /// Patterns; `None` stands for every resource.
    pub resources: Option<Vec<String>>,
}

/// The rules for one set of the session's credentials.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The actions that were granted, as patterns.
    pub granted: Vec<String>,
    /// The granted actions that the user named one by one.
    pub named: Vec<String>,
    /// The rules of the policy that allow.
    pub allow: Vec<Rule>,
    /// The rules of the policy that deny, without those that depend on conditions.
    pub deny: Vec<Rule>,
    /// Denied patterns of actions, of any number and length.
    pub denied: Vec<String>,
}

/// What one set of the session's credentials allows.
#[derive(Debug)]
pub struct Set {
    granted: Actions<()>,
    named: HashSet<String>,
    allow: Actions<Option<Vec<String>>>,
    deny: Actions<Option<Vec<String>>>,
    denied: Actions<()>,
}

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No rule covers the permission on this resource.
    NotGranted,
    /// A denied pattern or a denying rule covers it.
    Denied,
    /// The reply carries credentials, and the user did not name the permission without a wildcard.
    YieldsCredentials,
}

/// A permission that the session does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing<'a> {
    /// The action.
    pub action: &'a str,
    /// The resource; `*` if it is every one, or was not seen.
    pub resource: &'a str,
    /// The reason.
    pub why: Why,
}

/// Decides about a request: one single set must cover all needs on all their resources. Returns the position of
/// the first one that does.
///
/// # Errors
/// The first permission that the first set does not have; without a set, the first one that is needed. A request
/// without needs was not read, so the caller refuses it.
pub fn decide<'a, 's>(
    needs: &'a [Need],
    sets: impl IntoIterator<Item = &'s Set>,
) -> Result<usize, Missing<'a>> {
    let mut first = None;
    for (position, set) in sets.into_iter().enumerate() {
        match needs.iter().try_for_each(|need| set.has(need)) {
            Ok(()) => return Ok(position),
            Err(missing) => first = first.or(Some(missing)),
        }
    }
    let unset = || needs.first().map(|need| need.missing("*", Why::NotGranted));
    first.or_else(unset).map_or(Ok(0), Err)
}

impl Need {
    fn missing<'a>(&'a self, resource: &'a str, why: Why) -> Missing<'a> {
        Missing { action: &self.action, resource, why }
    }
}

impl Set {
    /// Prepares rules for fast decisions.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let of = |rules: Vec<Rule>| {
            let mut actions = Actions::default();
            for Rule { actions: patterns, resources } in rules {
                actions.add(&patterns, resources);
            }
            actions
        };
        let plain = |patterns: &[String]| {
            let mut actions = Actions::default();
            actions.add(patterns, ());
            actions
        };
        Self {
            granted: plain(&rules.granted),
            named: rules.named.iter().map(|name| fold(name)).collect(),
            allow: of(rules.allow),
            deny: of(rules.deny),
            denied: plain(&rules.denied),
        }
    }

    fn has<'a>(&self, need: &'a Need) -> Result<(), Missing<'a>> {
        let action = fold(&need.action);
        let shown = need.on.shown().next().unwrap_or("*");
        let refuse = |why| Err(need.missing(shown, why));
        if self.denied.matching(&action).next().is_some() {
            return refuse(Why::Denied);
        }
        if need.free {
            let is_denied = self.deny.matching(&action).next().is_some();
            return if is_denied { refuse(Why::Denied) } else { Ok(()) };
        }
        if self.granted.matching(&action).next().is_none() {
            return refuse(Why::NotGranted);
        }
        if need.yields_credentials && !self.named.contains(&action) {
            return refuse(Why::YieldsCredentials);
        }
        let allowing: Vec<_> = self.allow.matching(&action).collect();
        let denying: Vec<_> = self.deny.matching(&action).collect();
        match &need.on {
            On::Every | On::Unseen => {
                // A denying rule on some resources denies what may be one of them.
                if !denying.is_empty() {
                    return refuse(Why::Denied);
                }
                if allowing.iter().any(|resources| resources.is_none()) {
                    return Ok(());
                }
                refuse(Why::NotGranted)
            }
            On::These(named) => named.iter().try_for_each(|resource| {
                let denies = |rule: &&Option<Vec<String>>| {
                    rule.as_ref().is_none_or(|rule| touches(rule, resource))
                };
                if denying.iter().any(denies) {
                    return Err(need.missing(resource, Why::Denied));
                }
                let allows = |rule: &&Option<Vec<String>>| {
                    rule.as_ref().is_none_or(|rule| covers(rule, resource))
                };
                if allowing.iter().any(allows) {
                    return Ok(());
                }
                Err(need.missing(resource, Why::NotGranted))
            }),
        }
    }
}

/// Patterns of actions, each with a value; whole names are found without a search.
#[derive(Debug)]
struct Actions<T> {
    whole: HashMap<String, Vec<T>>,
    patterns: Vec<(String, T)>,
}

impl<T> Default for Actions<T> {
    fn default() -> Self {
        Self { whole: HashMap::new(), patterns: Vec::new() }
    }
}

impl<T: Clone> Actions<T> {
    fn add(&mut self, patterns: &[String], value: T) {
        for pattern in patterns.iter().map(|pattern| fold(pattern)) {
            if pattern::is_wild(&pattern) {
                self.patterns.push((pattern, value.clone()));
            } else {
                self.whole.entry(pattern).or_default().push(value.clone());
            }
        }
    }

    /// Returns the values of the patterns that match `action`, which is folded.
    fn matching<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a T> {
        let whole = self.whole.get(action).into_iter().flatten();
        let matching = self.patterns.iter().filter(move |(one, _)| pattern::matches(one, action));
        whole.chain(matching.map(|(_, value)| value))
    }
}

/// Returns true if one of the patterns matches everything that `resource` matches.
fn covers(patterns: &[String], resource: &str) -> bool {
    if pattern::is_wild(resource) {
        patterns.iter().any(|one| pattern::covers(one, resource))
    } else {
        patterns.iter().any(|one| pattern::matches(one, resource))
    }
}

/// Returns true if one of the patterns matches something that `resource` matches.
fn touches(patterns: &[String], resource: &str) -> bool {
    patterns.iter().any(|one| pattern::intersects(one, resource))
}

/// Returns an action in the form for comparisons: clouds ignore its case.
fn fold(action: &str) -> String {
    action.to_ascii_lowercase()
}

/// A limit of how often actions may be used in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// A pattern of actions.
    pub pattern: String,
    /// The most uses; a request on several resources is as many uses.
    pub most: u64,
}

/// The uses that are left in a session.
#[derive(Debug, Default)]
pub struct Budgets(Vec<(Limit, u64)>);

impl Budgets {
    /// Starts with every limit unused.
    #[must_use]
    pub fn new(limits: Vec<Limit>) -> Self {
        Self(limits.into_iter().map(|limit| (limit, 0)).collect())
    }

    /// Returns true if there is a limit.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.0.is_empty()
    }

    /// Takes the uses of a request, or none of them.
    ///
    /// # Errors
    /// The first limit that the request would exceed, with the action that does.
    pub fn take<'a>(&mut self, needs: &'a [Need]) -> Result<(), (Limit, &'a str)> {
        let mut taken = Vec::with_capacity(self.0.len());
        for (limit, used) in &self.0 {
            let pattern = fold(&limit.pattern);
            let of_limit = |need: &&Need| pattern::matches(&pattern, &fold(&need.action));
            let uses = needs.iter().filter(of_limit).map(|need| need.uses.max(need.on.count()));
            let uses = uses.fold(0_u64, u64::saturating_add);
            let total = used.saturating_add(uses);
            if uses > 0 && total > limit.most {
                let action = needs.iter().find(of_limit).map_or("", |need| need.action.as_str());
                return Err((limit.clone(), action));
            }
            taken.push(total);
        }
        for ((_, used), total) in self.0.iter_mut().zip(taken) {
            *used = total;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
