//! Requests generated from the templates of Microsoft's packages: in and out of a grant.

use audex_sdk::pattern;

use super::coverage::{filled, templates};
use super::*;

fn resources(method: &str, path: &str) -> Option<Vec<String>> {
    let url = format!("management.azure.com{path}?api-version=2024-01-01");
    match read(&request(method, &url, &[], b"")) {
        Reading::Calls(needs) => match &needs.first()?.on {
            Scope::These(these) => Some(these.clone()),
            Scope::Every | Scope::Unseen => None,
        },
        _ => None,
    }
}

/// The resource that is read has every name that was filled in, so that a grant for another one does not cover
/// it; another case of the path is the same resource.
#[test]
fn the_resource_that_is_read_is_the_one_that_was_filled_in() {
    let mut checked = 0;
    for (method, template) in templates() {
        let path = filled(&template, |at| format!("name{at}x"));
        let names = template.matches("{}").count();
        let Some(found) = resources(method, &path) else { continue };
        let first = &found[0];
        // The first of a template may be a whole scope, and the last one an action.
        let is_scope = template.trim_start_matches('/').starts_with("{}");
        let is_action = method == "POST" && template.ends_with("{}");
        for at in 1..=names - usize::from(is_scope && names > 0) - usize::from(is_action) {
            assert!(first.contains(&format!("name{at}x")), "{method} {template}: {first}");
            let other = filled(&template, |place| {
                if place == at { "another".to_owned() } else { format!("name{place}x") }
            });
            let other = resources(method, &other).unwrap();
            assert!(
                !pattern::covers(first, &other[0]),
                "{method} {template}: {first} {}",
                other[0]
            );
            assert!(
                !pattern::covers(&other[0], first),
                "{method} {template}: {first} {}",
                other[0]
            );
        }
        assert_eq!(
            resources(method, &path.to_ascii_uppercase()).as_ref(),
            Some(&found),
            "{template}"
        );
        checked += 1;
    }
    assert!(checked > 7_500, "{checked}");
}

/// A grant for one group covers the requests in this group and none in another one, or of the subscription.
#[test]
fn a_grant_for_a_group_covers_its_own_requests_alone() {
    let group =
        ["/subscriptions/sub/resourcegroups/mine", "/subscriptions/sub/resourcegroups/mine/*"];
    let is_in = |found: &[String]| {
        found.iter().all(|one| group.iter().any(|wide| pattern::covers(wide, one)))
    };
    let (mut inside, mut outside) = (0, 0);
    for (method, template) in templates() {
        let lower = template.to_ascii_lowercase();
        let is_of_group = lower.starts_with("/subscriptions/{}/resourcegroups/{}");
        let names = |own: &'static str| {
            move |at: usize| match at {
                1 => "sub".to_owned(),
                2 => own.to_owned(),
                _ => format!("n{at}"),
            }
        };
        if let Some(found) = resources(method, &filled(&template, names("mine"))) {
            if is_of_group {
                assert!(is_in(&found), "{method} {template}: {found:?}");
                inside += 1;
            } else {
                assert!(!is_in(&found), "{method} {template}: {found:?}");
            }
        }
        if let Some(found) = resources(method, &filled(&template, names("other"))) {
            assert!(!is_in(&found), "{method} {template}: {found:?}");
            outside += 1;
        }
    }
    assert!(inside > 4_000 && outside > 7_000, "{inside} {outside}");
}
