//! The syntax of permissions, and their data in the catalogue.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Finding, Status};
use audex_sdk::spelling;
use gcp_catalogue::Access;

/// The largest edit distance of a suggested name.
const FARTHEST: usize = 3;

/// Checks one permission as the user wrote it. The catalogue is not complete (see its `generate.py`), so an
/// unknown name is accepted with a notice.
pub fn check(action: &str) -> Finding {
    if action == "*" {
        let note = "every permission of every service".to_owned();
        return accepted(vec!["*".to_owned()], Some(AccessLevel::Permissions), Some(note));
    }
    if !well_formed(action) {
        return Finding {
            status: Status::Malformed,
            actions: Vec::new(),
            access: None,
            note: None,
            suggestion: None,
        };
    }
    let found = gcp_catalogue::matching(action);
    let worst = found.iter().map(|name| gcp_catalogue::access(name)).max();
    if pattern::is_wild(action) {
        let note = if found.is_empty() {
            format!("`{action}` matches no permission of the catalogue")
        } else {
            format!("`{action}` matches {}", summary(&found))
        };
        return accepted(vec![action.to_owned()], worst.map(level), Some(note));
    }
    match found.first() {
        Some(name) if name == action => accepted(vec![action.to_owned()], worst.map(level), None),
        // Google Cloud does not ignore case.
        Some(name) => Finding {
            status: Status::Corrected,
            ..accepted(
                vec![name.clone()],
                worst.map(level),
                Some(format!("Google Cloud writes `{action}` as `{name}`")),
            )
        },
        None => {
            let suggestion = nearest(action);
            let meant = suggestion
                .as_ref()
                .map(|name| format!("; did you mean `{name}`"))
                .unwrap_or_default();
            let note =
                format!("`{action}` is not in the catalogue of Google Cloud permissions{meant}");
            Finding {
                suggestion,
                ..accepted(
                    vec![action.to_owned()],
                    Some(level(gcp_catalogue::access(action))),
                    Some(note),
                )
            }
        }
    }
}

/// Describes a permission of a plan: its level, or the number of permissions it matches at each level.
pub fn describe(action: &str) -> String {
    if action == "*" {
        return "every permission of every service".to_owned();
    }
    let found = gcp_catalogue::matching(action);
    match (pattern::is_wild(action), found.is_empty()) {
        (false, true) => format!("not in the catalogue; {}", gcp_catalogue::access(action).word()),
        (true, true) => "matches nothing in the catalogue".to_owned(),
        (false, false) => gcp_catalogue::access(action).word().to_owned(),
        (true, false) => format!("matches {}", summary(&found)),
    }
}

/// Returns the permissions that `action` stands for: itself, or every known permission that it matches.
pub fn expand(action: &str) -> Vec<String> {
    if pattern::is_wild(action) { gcp_catalogue::matching(action) } else { vec![action.to_owned()] }
}

fn accepted(actions: Vec<String>, access: Option<AccessLevel>, note: Option<String>) -> Finding {
    Finding { status: Status::Known, actions, access, note, suggestion: None }
}

pub fn level(access: Access) -> AccessLevel {
    match access {
        Access::List => AccessLevel::List,
        Access::Read => AccessLevel::Read,
        Access::Write => AccessLevel::Write,
        Access::Permissions => AccessLevel::Permissions,
    }
}

fn summary(found: &[String]) -> String {
    let count =
        |access: Access| found.iter().filter(|name| gcp_catalogue::access(name) == access).count();
    let parts: Vec<String> = Access::ALL
        .into_iter()
        .filter(|access| count(*access) > 0)
        .map(|access| format!("{} {}", count(access), access.word()))
        .collect();
    let s = if found.len() == 1 { "" } else { "s" };
    format!("{} permission{s}: {}", found.len(), parts.join(", "))
}

/// Returns true for `service.resource.verb`, or a pattern of at least two parts: `storage.*`,
/// `storage.objects.*`.
fn well_formed(action: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-' | '_'))
    };
    let parts: Vec<&str> = action.split('.').collect();
    let enough = parts.len() == 3
        || (parts.len() == 2 && parts.last().is_some_and(|last| last.ends_with('*')));
    enough && parts.iter().all(|text| part(text))
}

/// Returns the known permission that `action` most likely means: of the same service, else with the same
/// resource and verb.
fn nearest(action: &str) -> Option<String> {
    let (service, rest) = action.split_once('.')?;
    let here = spelling::nearest(action, gcp_catalogue::of_service(service), FARTHEST);
    let named_so = || {
        let near = |known: &&str| spelling::distance(known, service, FARTHEST - 1).is_some();
        let named = |known: &str| format!("{known}.{rest}");
        gcp_catalogue::services().filter(near).map(named).find(|name| gcp_catalogue::has(name))
    };
    here.or_else(named_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_and_patterns_are_accepted_as_they_are() {
        for action in ["storage.objects.get", "storage.objects.*", "storage.*.*", "storage.*", "*"]
        {
            let finding = check(action);
            assert_eq!(
                (finding.status, finding.actions.as_slice()),
                (Status::Known, &[action.to_owned()][..])
            );
        }
        assert!(check("storage.objects.*").note.unwrap().contains("permissions: "));
    }

    #[test]
    fn another_case_is_corrected() {
        let finding = check("Storage.Objects.Get");
        assert_eq!(
            (finding.status, finding.actions),
            (Status::Corrected, vec!["storage.objects.get".to_owned()])
        );
    }

    #[test]
    fn an_unknown_name_is_let_through_with_a_suggestion() {
        for (asked, meant) in [
            ("storage.objects.gett", "storage.objects.get"),
            ("storage.object.list", "storage.objects.list"),
            ("storag.objects.get", "storage.objects.get"),
        ] {
            let finding = check(asked);
            assert_eq!(finding.status, Status::Known);
            assert_eq!(finding.suggestion.as_deref(), Some(meant));
            assert!(finding.note.unwrap().contains(meant));
        }
        assert!(check("zzzzzzzz.yyyyyyyy.xxxxxxxx").suggestion.is_none());
    }

    #[test]
    fn the_syntax_of_other_clouds_is_malformed() {
        for other in [
            "s3:GetObject",
            "Microsoft.Storage/storageAccounts/read",
            "storage",
            "storage.objects",
            "a..b",
            "",
        ] {
            assert_eq!(check(other).status, Status::Malformed, "{other}");
        }
    }
}
