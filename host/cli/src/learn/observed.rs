//! A summary of the observed calls. Its size does not grow with the number of calls.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use super::resource::summarised;
use audex_components::provider::{Attribution, Call};

/// The maximum number of different operations and actions in the summary. AWS has twenty thousand; a command
/// uses a few dozen.
const DIFFERENT: usize = 5_000;
/// The number of gaps from which on further notes are dropped.
const GAPS: usize = 100;
/// The maximum number of different resources kept for one action.
const RESOURCES: usize = 1_000;

/// The numbers of calls by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Allowed calls.
    pub used: BTreeMap<Source, u32>,
    /// Denied calls.
    pub denied: BTreeMap<Source, u32>,
}

impl Counts {
    fn add(&mut self, source: Source, denied: bool, count: u32) {
        let counts = if denied { &mut self.denied } else { &mut self.used };
        let sum = counts.entry(source).or_default();
        *sum = sum.saturating_add(count);
    }

    /// Returns the number of allowed calls. Sources see the same calls, so the largest number counts.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.used.values().copied().max().unwrap_or_default()
    }

    /// Returns the number of denied calls, which is the largest number of a source too.
    #[must_use]
    pub fn denied(&self) -> u32 {
        self.denied.values().copied().max().unwrap_or_default()
    }
}

/// An observed action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// The numbers of its calls.
    pub counts: Counts,
    /// The resources of allowed calls.
    resources: BTreeSet<String>,
    /// The resources of denied calls.
    denied_on: BTreeSet<String>,
    /// True if an allowed call had no known resource, or if there were too many resources.
    on_everything: bool,
    denied_on_everything: bool,
}

impl Action {
    /// Returns the resources that the action needs; empty means every resource.
    #[must_use]
    pub fn resources(&self) -> Vec<String> {
        let seen = |source: &Source| source.sees_resources();
        let (mut with, mut without) = (0, 0);
        for (source, count) in &self.counts.used {
            let most = if seen(source) { &mut with } else { &mut without };
            *most = (*count).max(*most);
        }
        // If a source that reports no resources saw more calls than the sources that do, the resources of
        // some calls are unknown.
        if self.on_everything || without > with { Vec::new() } else { summarised(&self.resources) }
    }

    /// Returns the resources on which the action was denied; empty means every resource.
    #[must_use]
    pub(crate) fn denied_resources(&self) -> Vec<String> {
        if self.denied_on_everything { Vec::new() } else { summarised(&self.denied_on) }
    }
}

/// A summary of all observed calls.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The actions by name.
    pub actions: BTreeMap<String, Action>,
    /// Operations without a known permission, as `service:Operation`.
    pub unknown: BTreeMap<String, Counts>,
    /// Operations that need no permission.
    pub free: BTreeMap<String, Counts>,
    /// Operations that were called without a signature: no permission of the session decides them.
    pub unsigned: BTreeMap<String, Counts>,
    /// Notes for the user on calls that could not be observed or understood.
    pub gaps: BTreeSet<String>,
    /// The reasons why requests were not forwarded or not understood. A run with such requests proves
    /// nothing.
    pub lost: BTreeSet<String>,
}

impl Observed {
    /// Adds `calls`; `needs` has the permissions of each call.
    pub fn add(&mut self, calls: &[Call], needs: &[Attribution], source: Source) {
        for (call, need) in calls.iter().zip(needs) {
            if !call.known || !need.known {
                let name = format!("{}:{}", call.service, call.operation);
                Self::count(&mut self.unknown, &mut self.gaps, name, call, source);
            } else if need.permissions.is_empty() {
                let name = format!("{}:{}", call.service, call.operation);
                Self::count(&mut self.free, &mut self.gaps, name, call, source);
            }
            if !need.known {
                continue;
            }
            if let Some(note) = &need.note
                && self.gaps.len() < GAPS
            {
                self.gaps.insert(note.clone());
            }
            for permission in &need.permissions {
                self.permission(&permission.action, permission.resources.named(), call, source);
            }
        }
    }

    /// Adds `calls` that were forwarded without a signature.
    pub(crate) fn add_unsigned(&mut self, calls: &[Call], source: Source) {
        for call in calls {
            let name = format!("{}:{}", call.service, call.operation);
            Self::count(&mut self.unsigned, &mut self.gaps, name, call, source);
        }
    }

    /// Adds a reason why requests were not forwarded or could not be understood.
    pub fn lose(&mut self, reason: String) {
        self.gaps.insert(reason.clone());
        self.lost.insert(reason);
    }

    fn permission(&mut self, action: &str, resources: &[String], call: &Call, source: Source) {
        if self.actions.len() >= DIFFERENT && !self.actions.contains_key(action) {
            self.gaps.insert(format!(
                "more than {DIFFERENT} different actions; the others are not in this report"
            ));
            return;
        }
        let entry = self.actions.entry(action.to_owned()).or_default();
        entry.counts.add(source, call.denied, call.count);
        let (seen, everything) = if call.denied {
            (&mut entry.denied_on, &mut entry.denied_on_everything)
        } else {
            (&mut entry.resources, &mut entry.on_everything)
        };
        if resources.is_empty() {
            // A source that reports no resources does not show that the call had none.
            *everything |= source.sees_resources();
            return;
        }
        seen.extend(resources.iter().cloned());
        if seen.len() > RESOURCES {
            *seen = summarised(seen).into_iter().collect();
        }
        if seen.len() > RESOURCES {
            *everything = true;
            seen.clear();
            self.gaps.insert(format!(
                "`{action}` was used on more than {RESOURCES} resources: they are not listed"
            ));
        }
    }

    fn count(
        into: &mut BTreeMap<String, Counts>,
        gaps: &mut BTreeSet<String>,
        name: String,
        call: &Call,
        source: Source,
    ) {
        if into.len() >= DIFFERENT && !into.contains_key(&name) {
            gaps.insert(format!(
                "more than {DIFFERENT} different operations; the others are not in this report"
            ));
            return;
        }
        into.entry(name).or_default().add(source, call.denied, call.count);
    }

    /// Adds everything from `other`, which observed another run or used another source.
    pub(crate) fn merge(&mut self, other: Self) {
        fn counts(into: &mut Counts, from: &Counts) {
            from.used.iter().for_each(|(source, count)| into.add(*source, false, *count));
            from.denied.iter().for_each(|(source, count)| into.add(*source, true, *count));
        }
        for (name, action) in other.actions {
            let entry = self.actions.entry(name).or_default();
            counts(&mut entry.counts, &action.counts);
            entry.resources.extend(action.resources);
            entry.denied_on.extend(action.denied_on);
            entry.on_everything |= action.on_everything;
            entry.denied_on_everything |= action.denied_on_everything;
        }
        let named = [
            (&mut self.unknown, other.unknown),
            (&mut self.free, other.free),
            (&mut self.unsigned, other.unsigned),
        ];
        for (into, from) in named {
            for (name, from) in &from {
                counts(into.entry(name.clone()).or_default(), from);
            }
        }
        self.gaps.extend(other.gaps);
        self.lost.extend(other.lost);
    }

    /// Returns the names of everything with a denied call: actions, unknown operations, and operations that
    /// need no permission.
    #[must_use]
    pub fn denied(&self) -> Vec<String> {
        let actions = self.actions.iter().map(|(name, action)| (name, &action.counts));
        let all = actions.chain(&self.unknown).chain(&self.free);
        let denied = all.filter(|(_, counts)| counts.denied() > 0);
        denied.map(|(name, _)| name.clone()).collect()
    }

    /// Returns the actions that were denied more often in `narrow`, a run with fewer permissions, than in
    /// this run, with the resources they were denied on. An action that was called in this run and never
    /// allowed is left out: no recommendation can add it.
    #[must_use]
    pub(crate) fn missing_in(&self, narrow: &Self) -> Vec<(String, Vec<String>)> {
        let is_missing = |name: &String, action: &Action| {
            let before = self.actions.get(name);
            let hopeless = before.is_some_and(|before| before.counts.used() == 0);
            let denied_before = before.map_or(0, |before| before.counts.denied());
            action.counts.denied() > denied_before && !hopeless
        };
        let missing = narrow.actions.iter().filter(|(name, action)| is_missing(name, action));
        missing.map(|(name, action)| (name.clone(), action.denied_resources())).collect()
    }

    /// Returns the sources that observed any call.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<Source> {
        let all = self.actions.values().map(|action| &action.counts);
        let all = all
            .chain(self.unknown.values())
            .chain(self.free.values())
            .chain(self.unsigned.values());
        all.flat_map(|counts| counts.used.keys().chain(counts.denied.keys())).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_components::provider::{Permission, Scope};

    fn call(denied: bool) -> Call {
        Call {
            service: "s3".to_owned(),
            operation: "GetObject".to_owned(),
            known: true,
            resources: Vec::new(),
            count: 1,
            denied,
            source: String::new(),
        }
    }

    fn need(resources: &[&str]) -> Attribution {
        let permission = Permission {
            action: "s3:GetObject".to_owned(),
            origin: "GetObject".to_owned(),
            resources: Scope::asked(
                resources.iter().map(|&resource| resource.to_owned()).collect(),
            ),
        };
        Attribution { known: true, permissions: vec![permission], note: None }
    }

    #[test]
    fn calls_that_two_sources_saw_are_counted_once_and_keep_their_resources() {
        let mut observed = Observed::default();
        for (source, resources) in
            [(Source::Gateway, &["arn:aws:s3:::b/k"][..]), (Source::Csm, &[])]
        {
            observed.add(&[call(false), call(false)], &[need(resources), need(resources)], source);
        }
        let action = &observed.actions["s3:GetObject"];
        assert_eq!(
            (action.counts.used(), action.resources()),
            (2, vec!["arn:aws:s3:::b/k".to_owned()])
        );
        observed.add(&[call(false)], &[need(&[])], Source::Csm);
        assert!(
            observed.actions["s3:GetObject"].resources().is_empty(),
            "a call on what nobody saw"
        );
    }

    #[test]
    fn what_a_denied_call_was_for_is_not_among_what_is_needed() {
        let mut observed = Observed::default();
        observed.add(
            &[call(true), call(false)],
            &[need(&["arn:aws:s3:::no/k"]), need(&["arn:aws:s3:::b/k"])],
            Source::Gateway,
        );
        let action = &observed.actions["s3:GetObject"];
        assert_eq!((action.counts.used(), action.counts.denied()), (1, 1));
        assert_eq!(action.resources(), ["arn:aws:s3:::b/k"]);
    }

    #[test]
    fn its_size_is_bounded_whatever_is_seen() {
        let mut observed = Observed::default();
        for number in 0..3_000 {
            observed.add(
                &[call(false)],
                &[need(&[&format!("arn:aws:sqs:x:1:q{number}")])],
                Source::Gateway,
            );
        }
        let action = &observed.actions["s3:GetObject"];
        assert!(action.resources().is_empty() && action.resources.len() <= RESOURCES);
        assert_eq!(action.counts.used(), 3_000);
    }

    #[test]
    fn what_only_the_narrow_run_was_denied_is_missing_and_what_both_were_is_not() {
        let seen = |denied: &[bool]| {
            let mut observed = Observed::default();
            for denied in denied {
                observed.add(&[call(*denied)], &[need(&["arn:aws:s3:::b/k"])], Source::Gateway);
            }
            observed
        };
        let missing = vec![("s3:GetObject".to_owned(), vec!["arn:aws:s3:::b/k".to_owned()])];
        assert_eq!(seen(&[false]).missing_in(&seen(&[true])), missing);
        assert_eq!(
            Observed::default().missing_in(&seen(&[true])),
            missing,
            "a road the first run did not take"
        );
        assert!(seen(&[true]).missing_in(&seen(&[true])).is_empty());
        assert!(seen(&[true, false]).missing_in(&seen(&[true, false])).is_empty());
        assert!(seen(&[false]).missing_in(&seen(&[false])).is_empty());
    }

    #[test]
    fn a_denied_call_is_told_whether_it_is_known_or_not() {
        let unknown = Attribution { known: false, permissions: Vec::new(), note: None };
        let free = Attribution { known: true, permissions: Vec::new(), note: None };
        for (need, name) in
            [(need(&[]), "s3:GetObject"), (unknown, "s3:GetObject"), (free, "s3:GetObject")]
        {
            for denied in [true, false] {
                let mut observed = Observed::default();
                observed.add(&[call(denied)], std::slice::from_ref(&need), Source::Gateway);
                let mut merged = Observed::default();
                merged.merge(observed);
                assert_eq!(
                    merged.denied(),
                    if denied { vec![name] } else { Vec::new() },
                    "{need:?}"
                );
            }
        }
    }

    #[test]
    fn an_unsigned_call_needs_no_permission_and_is_never_denied_by_one() {
        let mut observed = Observed::default();
        observed.add_unsigned(&[call(true)], Source::Gateway);
        assert!(observed.actions.is_empty() && observed.denied().is_empty());
        assert!(observed.unsigned.contains_key("s3:GetObject"));
        assert!(observed.sources().contains(&Source::Gateway));
    }

    #[test]
    fn an_unknown_operation_is_named_and_gives_no_permission() {
        let mut observed = Observed::default();
        let unknown = Attribution { known: false, permissions: need(&[]).permissions, note: None };
        observed.add(&[call(false)], &[unknown], Source::Gateway);
        assert!(observed.actions.is_empty() && observed.unknown.contains_key("s3:GetObject"));
    }
}
