//! Compares a grant with its use: what was not used, and the tighter grant that covers the use.

use std::collections::{BTreeMap, BTreeSet};

use crate::learn::compile::Compile;
use crate::learn::recommend::Recommendation;
use crate::used::{CUT, allowed, resources_of};
use audex_audit::{Issuing, Used};
use audex_core::redact::REDACTED;
use audex_sdk::pattern;

/// The resource of a decision whose resources were not seen.
const ANY: &str = "*";
/// The use of a grant, compared with the grant.
#[derive(Debug, PartialEq, Eq)]
pub enum Tighter {
    /// Some decisions are in no entry, so it is not known if a permission was unused.
    Unknown,
    /// No request was allowed.
    Nothing,
    /// The grant is what was used.
    Exact,
    /// A tighter grant that covers every allowed request.
    Recommended(Recommendation),
}

/// Actions with their resources; none means every resource.
type Needs = BTreeMap<String, BTreeSet<String>>;

/// Returns the tighter grant for what was used. INVARIANT: it never allows more than the grant did.
#[must_use]
pub fn tighter(issuing: &Issuing, used: &Used, compile: Compile<'_>) -> Tighter {
    let mut granted = Needs::new();
    for permission in &issuing.permissions {
        add(&mut granted, &permission.action, resources_of(issuing, permission).to_vec());
    }
    let all = granted.iter().flat_map(|(action, resources)| [action].into_iter().chain(resources));
    let is_cut = all.into_iter().any(|text| text.starts_with(CUT));
    if used.uncounted > 0 || is_cut {
        return Tighter::Unknown;
    }
    let mut needs = Needs::new();
    for (action, resource) in allowed(used) {
        let mut bounds = Needs::new();
        for (pattern, resources) in &granted {
            if pattern::matches_ignore_ascii_case(pattern, action) {
                add(&mut bounds, action, resources.iter().cloned().collect());
            }
        }
        // An allowed action without a grant is not known to be within one.
        let Some(bound) = bounds.remove(action) else { return Tighter::Unknown };
        add(&mut needs, action, within(resource, &bound));
    }
    if needs.is_empty() {
        Tighter::Nothing
    } else if needs == granted {
        Tighter::Exact
    } else {
        Tighter::Recommended(Recommendation::new(needs, compile))
    }
}

fn add(needs: &mut Needs, action: &str, resources: Vec<String>) {
    match needs.get_mut(action) {
        // An action on every resource stays one.
        Some(known) if known.is_empty() => {}
        Some(known) if resources.is_empty() => known.clear(),
        Some(known) => known.extend(resources),
        None => drop(needs.insert(action.to_owned(), resources.into_iter().collect())),
    }
}

/// Returns the part of the granted resources that a used resource or prefix needs; none means every resource.
fn within(used: &str, granted: &BTreeSet<String>) -> Vec<String> {
    // A name that the log hides is not a pattern.
    let used = if used.contains(REDACTED) { ANY } else { used };
    if granted.is_empty() {
        return if used == ANY { Vec::new() } else { vec![used.to_owned()] };
    }
    if granted.iter().any(|granted| pattern::covers(granted, used)) {
        return vec![used.to_owned()];
    }
    // A prefix may reach beyond the grant, where no request was allowed.
    let meets = granted.iter().filter(|granted| pattern::intersects(granted, used));
    let meets: Vec<String> = meets.cloned().collect();
    if meets.is_empty() { granted.iter().cloned().collect() } else { meets }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audex_audit::{Decision, RecordedPermission};

    const NOT_COMPARED: Compile<'static> = &|_| None;

    fn granted(actions: &[&str], resources: &[&str]) -> Issuing {
        let permission = |action: &&str| RecordedPermission {
            action: (*action).to_owned(),
            origin: (*action).to_owned(),
            enforced_by: "gateway".to_owned(),
            resources: Vec::new(),
        };
        Issuing {
            permissions: actions.iter().map(permission).collect(),
            resources: resources.iter().map(|&resource| resource.to_owned()).collect(),
            ..Issuing::default()
        }
    }

    fn used(decisions: &[(&str, &str, bool)]) -> Used {
        let decision = |(action, resource, allowed): &(&str, &str, bool)| Decision {
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            allowed: *allowed,
            count: 2,
        };
        Used {
            decisions: decisions.iter().map(decision).collect(),
            uncounted: 0,
            ..Used::default()
        }
    }

    fn recommended(issuing: &Issuing, used: &Used) -> Vec<(Vec<String>, Vec<String>)> {
        match tighter(issuing, used, NOT_COMPARED) {
            Tighter::Recommended(recommendation) => {
                let shares = recommendation.shares.into_iter();
                shares.map(|share| (share.actions, share.resources)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_recommendation_has_what_was_allowed_and_nothing_that_was_refused() {
        let issuing = granted(&["s3:*"], &["arn:aws:s3:::b/*"]);
        let seen = used(&[
            ("s3:GetObject", "arn:aws:s3:::b/a/k", true),
            ("s3:GetObject", "arn:aws:s3:::b/logs/*", true),
            ("s3:PutObject", "arn:aws:s3:::b/a/k", false),
        ]);
        let resources = ["arn:aws:s3:::b/a/k", "arn:aws:s3:::b/logs/*"].map(str::to_owned);
        let expected = (vec!["s3:GetObject".to_owned()], resources.to_vec());
        assert_eq!(recommended(&issuing, &seen), [expected]);
    }

    #[test]
    fn no_recommendation_reaches_beyond_the_grant() {
        let grant = ["arn:aws:s3:::b/a/*", "arn:aws:s3:::b/c", "arn:aws:s3:::other/*"];
        let granted = grant.map(str::to_owned).into();
        for (resource, expected) in [
            ("*", &grant[..]),
            ("arn:aws:s3:::b/*", &grant[..2]),
            ("arn:aws:s3:::b/a/x", &["arn:aws:s3:::b/a/x"]),
            ("arn:aws:s3:::b/a/deep/*", &["arn:aws:s3:::b/a/deep/*"]),
            ("arn:aws:sqs:::elsewhere", &grant[..]),
            ("arn:aws:s3:::b/a/[redacted]", &grant[..]),
        ] {
            let within = within(resource, &granted);
            assert_eq!(within, expected, "{resource}");
            for one in &within {
                assert!(grant.iter().any(|granted| pattern::covers(granted, one)), "{one}");
            }
        }
    }

    #[test]
    fn each_permission_is_held_to_its_own_resources() {
        let mut issuing = granted(&["s3:GetObject", "s3:*"], &[]);
        issuing.permissions[0].resources = vec!["arn:aws:s3:::b/a/*".to_owned()];
        issuing.permissions[1].action = "s3:ListAllMyBuckets".to_owned();
        let seen =
            used(&[("s3:GetObject", "arn:aws:s3:::b/*", true), ("s3:ListAllMyBuckets", "*", true)]);
        assert_eq!(tighter(&issuing, &seen, NOT_COMPARED), Tighter::Exact);
        let seen = used(&[("s3:GetObject", "arn:aws:s3:::b/*", true)]);
        let get = (vec!["s3:GetObject".to_owned()], issuing.permissions[0].resources.clone());
        assert_eq!(recommended(&issuing, &seen), [get]);
        let beyond = used(&[("s3:PutObject", "arn:aws:s3:::b/k", true)]);
        assert_eq!(tighter(&issuing, &beyond, NOT_COMPARED), Tighter::Unknown);
    }

    #[test]
    fn a_grant_on_every_resource_is_limited_to_what_was_seen_and_else_stays() {
        let issuing = granted(&["s3:GetObject", "s3:ListAllMyBuckets"], &[]);
        let seen = used(&[
            ("s3:GetObject", "arn:aws:s3:::b/k", true),
            ("s3:ListAllMyBuckets", "*", true),
            ("s3:ListAllMyBuckets", "arn:aws:s3:::b", true),
        ]);
        let shares = recommended(&issuing, &seen);
        let get = (vec!["s3:GetObject".to_owned()], vec!["arn:aws:s3:::b/k".to_owned()]);
        assert_eq!(shares, [get, (vec!["s3:ListAllMyBuckets".to_owned()], Vec::new())]);
    }

    #[test]
    fn nothing_is_recommended_where_nothing_is_tighter_or_the_use_is_not_known() {
        let issuing = granted(&["s3:GetObject"], &["arn:aws:s3:::b/*"]);
        let exact = used(&[("s3:GetObject", "arn:aws:s3:::b/*", true)]);
        let refused = used(&[("s3:GetObject", "arn:aws:s3:::b/*", false)]);
        let unknown = Used { uncounted: 1, ..exact.clone() };
        let cut = granted(&["s3:GetObject"], &["arn:aws:s3:::b/*", "… 7 more"]);
        for (issuing, used, expected) in [
            (&issuing, &exact, Tighter::Exact),
            (&issuing, &refused, Tighter::Nothing),
            (&issuing, &unknown, Tighter::Unknown),
            (&cut, &exact, Tighter::Unknown),
        ] {
            assert_eq!(tighter(issuing, used, NOT_COMPARED), expected);
        }
    }
}
