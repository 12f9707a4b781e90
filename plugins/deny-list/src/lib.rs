//! The deny list: an action that it names is never granted, however the request spells the action.
//!
//! A permission that a pattern covers is dropped. A permission that a pattern only overlaps (`s3:*` against
//! `s3:DeleteBucket`) stays, and the pattern becomes an explicit deny. Case is ignored on both sides: AWS and
//! Azure ignore it, and on a cloud where case matters, ignoring it only denies more.

#[cfg(test)]
mod chain;

use audex_sdk::filter::{Context, Filter, Grant, Restriction, Verdict};
use audex_sdk::pattern;
use deny_entry::fold;
use serde::Deserialize;

/// The settings of this filter, as the host passes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    deny: Vec<Entry>,
}

/// A pattern, with the file and line that it comes from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pattern: String,
    source: String,
}

struct DenyList;

impl Filter for DenyList {
    fn review(grant: Grant, _context: Context, settings: String) -> Verdict {
        // Fail closed: settings that cannot be read must not become an empty list.
        let settings: Settings = match serde_json::from_str(&settings) {
            Ok(settings) => settings,
            Err(error) => {
                return Verdict::Refuse(format!(
                    "the deny list's settings cannot be read: {error}"
                ));
            }
        };
        let restrictions: Vec<_> =
            settings.deny.iter().filter_map(|entry| restrict(&grant, entry)).collect();
        if restrictions.is_empty() { Verdict::Pass } else { Verdict::Restrict(restrictions) }
    }
}

/// Returns the restriction of one entry, or `None` if the entry touches no requested permission.
fn restrict(grant: &Grant, entry: &Entry) -> Option<Restriction> {
    let forbidden = fold(&entry.pattern);
    let mut drop = Vec::new();
    let mut overlaps = false;
    for (position, permission) in (0_u32..).zip(&grant.permissions) {
        let asked = fold(&permission.action);
        if pattern::covers(&forbidden, &asked) {
            drop.push(position);
        } else if pattern::intersects(&forbidden, &asked) {
            overlaps = true;
        }
    }
    if drop.is_empty() && !overlaps {
        return None;
    }
    let deny = if overlaps { vec![entry.pattern.clone()] } else { Vec::new() };
    let reason = format!("`{}` in {}", entry.pattern, entry.source);
    Some(Restriction { drop, deny, ..Restriction::because(&reason) })
}

audex_sdk::filter!(DenyList);

#[cfg(test)]
mod tests {
    use audex_sdk::fake::{context, grant};

    use super::*;

    fn review(asked: &[&str], denied: &[&str]) -> Verdict {
        let entries: Vec<_> = denied
            .iter()
            .map(|p| serde_json::json!({"pattern": p, "source": "deny-list.toml:2"}))
            .collect();
        DenyList::review(
            grant("aws", asked),
            context(),
            serde_json::json!({ "deny": entries }).to_string(),
        )
    }

    fn restrictions(verdict: Verdict) -> Vec<Restriction> {
        match verdict {
            Verdict::Restrict(list) => list,
            other => panic!("expected a restriction, got {other:?}"),
        }
    }

    #[test]
    fn what_no_pattern_touches_passes() {
        assert!(matches!(review(&["s3:GetObject"], &["iam:*"]), Verdict::Pass));
    }

    #[test]
    fn a_covered_permission_is_dropped_in_any_case_and_spelling() {
        for asked in ["s3:DeleteBucket", "S3:deletebucket", "s3:Delete?ucket", "s3:DeleteBuck*t"] {
            let list = restrictions(review(&["s3:GetObject", asked], &["s3:Delete*"]));
            assert_eq!(list[0].drop, [1], "{asked}");
            assert!(list[0].deny.is_empty());
        }
    }

    #[test]
    fn an_overlapping_permission_is_kept_with_an_explicit_deny() {
        for asked in ["s3:*", "*", "*:*", "s3:Delete?ucket", "*:DeleteBucket", "s?:DeleteBucket"] {
            let list = restrictions(review(&[asked], &["s3:DeleteBucket"]));
            assert!(list[0].drop.is_empty());
            assert_eq!(list[0].deny, ["s3:DeleteBucket"], "{asked}");
        }
    }

    #[test]
    fn unreadable_settings_refuse() {
        assert!(matches!(
            DenyList::review(grant("aws", &[]), context(), "{".into()),
            Verdict::Refuse(_)
        ));
    }
}
