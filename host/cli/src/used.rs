//! Compares granted actions with the decisions of a gateway.

use audex_audit::{Decision, Issuing, RecordedPermission, Used};
use audex_sdk::pattern;

/// The beginning of an entry that stands for the entries that a record has no room for.
pub(crate) const CUT: char = '…';

/// Returns the granted actions under which no request was allowed, or `None` if that is not known.
pub(crate) fn unused<'a>(
    granted: impl Iterator<Item = &'a str>,
    used: &Used,
) -> Option<Vec<&'a str>> {
    if used.uncounted > 0 {
        return None;
    }
    // The clouds ignore the case of actions.
    let is_used = |action: &&str| {
        allowed(used).any(|(used, _)| pattern::matches_ignore_ascii_case(action, used))
    };
    Some(granted.filter(|action| !action.starts_with(CUT)).filter(|one| !is_used(one)).collect())
}

/// Returns the actions and resources of the allowed decisions.
pub(crate) fn allowed(used: &Used) -> impl Iterator<Item = (&str, &str)> {
    let allowed = used.decisions.iter().filter(|decision| decision.allowed);
    allowed.map(|decision| (decision.action.as_str(), decision.resource.as_str()))
}

/// Returns the resources of a permission; none means every resource.
#[must_use]
pub(crate) fn resources_of<'a>(
    issuing: &'a Issuing,
    permission: &'a RecordedPermission,
) -> &'a [String] {
    match permission.resources.as_slice() {
        [] => &issuing.resources,
        own => own,
    }
}

/// Returns the number of requests with this verdict under a granted action.
#[must_use]
pub(crate) fn requests(used: &Used, granted: &str, allowed: bool) -> u64 {
    let is_under = |decision: &&Decision| {
        decision.allowed == allowed && pattern::matches_ignore_ascii_case(granted, &decision.action)
    };
    used.decisions.iter().filter(is_under).map(|decision| decision.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_permission_is_unused_if_no_request_was_allowed_under_it() {
        let actions = ["s3:Get*", "S3:putobject", "s3:DeleteObject", "sqs:*", "… 3 more"];
        let seen = used(&[
            ("s3:GetObject", "arn:aws:s3:::b/k", true),
            ("s3:PutObject", "arn:aws:s3:::b/k", true),
            ("s3:DeleteObject", "arn:aws:s3:::b/k", false),
        ]);
        let of = |used: &Used| unused(actions.into_iter(), used);
        assert_eq!((requests(&seen, "S3:*", true), requests(&seen, "s3:*", false)), (4, 2));
        assert_eq!(of(&seen), Some(vec!["s3:DeleteObject", "sqs:*"]));
        assert_eq!(of(&Used { uncounted: 1, ..seen }), None);
    }
}
