//! The syntax of operations, and their data in the catalogue. Azure ignores case; a request is rewritten in
//! Azure's spelling.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Finding, Status};
use azure_catalogue::{Access, Operation, access};

use crate::suggestion;

/// The operation that returns account keys: a holder of the keys needs no role. Source: Azure Storage,
/// "Authorize with Shared Key".
const ACCOUNT_KEYS: &str = "Microsoft.Storage/storageAccounts/listKeys/action";

/// Checks one operation as the user wrote it. The catalogue is not complete, so an unknown name is accepted
/// with a note, or with `allow_unknown` without one.
pub fn check(action: &str, allow_unknown: bool) -> Finding {
    if !well_formed(action) {
        return Finding {
            status: Status::Malformed,
            actions: Vec::new(),
            access: None,
            note: None,
            suggestion: None,
        };
    }
    let found = azure_catalogue::matching(action);
    if pattern::is_wild(action) {
        let level = found.iter().map(|operation| access(&operation.name)).max().map(level);
        return accepted(action.to_owned(), level, Some(format!("`{action}` {}", matched(&found))));
    }
    let Some(operation) = found.into_iter().next() else { return unknown(action, allow_unknown) };
    let keys = operation.name == ACCOUNT_KEYS;
    let note = keys.then(|| {
        format!("`{ACCOUNT_KEYS}` gives everything in the account: its keys pass every role")
    });
    let level = level(access(&operation.name));
    accepted(operation.name, Some(level), note)
}

fn unknown(action: &str, allow_unknown: bool) -> Finding {
    let suggestion = if allow_unknown { None } else { suggestion::nearest(action) };
    let meant =
        suggestion.as_ref().map(|name| format!("; did you mean `{name}`")).unwrap_or_default();
    let note = format!(
        "`{action}` is not in the catalogue of Azure operations, which is not complete{meant}"
    );
    let finding =
        accepted(action.to_owned(), Some(level(access(action))), (!allow_unknown).then_some(note));
    Finding { suggestion, ..finding }
}

/// Describes an operation of a plan: its access level, or the number of operations it matches at each level.
pub fn describe(action: &str) -> String {
    let found = azure_catalogue::matching(action);
    if pattern::is_wild(action) {
        matched(&found)
    } else if found.is_empty() {
        format!("{}, not in the catalogue", access(action).word())
    } else {
        access(action).word().to_owned()
    }
}

/// Returns every known operation that `action` matches. An unknown name counts as an operation of Resource
/// Manager, as most are.
pub fn expand(action: &str) -> Vec<Operation> {
    let found = azure_catalogue::matching(action);
    if found.is_empty() && !pattern::is_wild(action) {
        return vec![Operation { name: action.to_owned(), is_action: true, is_data: false }];
    }
    found
}

/// Returns true if the pattern could match an operation of Azure. A pattern in another cloud's syntax could
/// not.
pub fn could_match(pattern: &str) -> bool {
    pattern.chars().all(is_part_or_slash) && pattern::intersects(pattern, "*.*/*")
}

/// Writes matches in the form `matches 13 operations: 5 read, 8 write`.
fn matched(found: &[Operation]) -> String {
    let count =
        |level: Access| found.iter().filter(|operation| access(&operation.name) == level).count();
    let said = Access::ALL.into_iter().filter(|level| count(*level) > 0);
    let parts: Vec<String> =
        said.map(|level| format!("{} {}", count(level), level.word())).collect();
    match found.len() {
        0 => "matches nothing in the catalogue of Azure operations".to_owned(),
        1 => format!("matches 1 operation: {}", parts.join(", ")),
        many => format!("matches {many} operations: {}", parts.join(", ")),
    }
}

fn accepted(action: String, access: Option<AccessLevel>, note: Option<String>) -> Finding {
    Finding { status: Status::Known, actions: vec![action], access, note, suggestion: None }
}

fn level(access: Access) -> AccessLevel {
    match access {
        Access::Read => AccessLevel::Read,
        Access::Write => AccessLevel::Write,
        Access::Permissions => AccessLevel::Permissions,
    }
}

/// Returns true for `Provider.Name/type/verb`, or for patterns: `*`, `*/read`, `Microsoft.Storage/*`.
fn well_formed(action: &str) -> bool {
    let parts: Vec<&str> = action.split('/').collect();
    let provider = parts.first().is_some_and(|first| first.contains('.') || first.contains('*'));
    let enough =
        parts.len() >= 3 || (parts.len() == 2 && pattern::is_wild(action)) || action == "*";
    let sound = |part: &&str| !part.is_empty() && part.chars().all(is_part);
    provider && enough && parts.iter().all(sound)
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-' | '_' | '.' | '$')
}

fn is_part_or_slash(c: char) -> bool {
    is_part(c) || c == '/'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_operation_gets_its_own_spelling_silently() {
        for (asked, name) in [
            ("microsoft.storage/STORAGEACCOUNTS/read", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.SQL/servers/databases/read", "Microsoft.Sql/servers/databases/read"),
            ("Microsoft.SQL/servers/databases/write", "Microsoft.Sql/servers/databases/write"),
            ("Microsoft.Insights/logs/read", "Microsoft.Insights/Logs/Read"),
            ("Microsoft.Insights/metrics/read", "Microsoft.Insights/Metrics/Read"),
        ] {
            let finding = check(asked, false);
            assert_eq!((finding.status, finding.actions), (Status::Known, vec![name.to_owned()]));
            assert_eq!((finding.note, finding.suggestion), (None, None));
        }
    }

    #[test]
    fn an_unknown_name_is_let_through_with_a_suggestion_and_silently_if_asked() {
        let wrong = "Microsoft.Storage/storageAccounts/raed";
        let finding = check(wrong, false);
        assert_eq!((finding.status, finding.actions), (Status::Known, vec![wrong.to_owned()]));
        assert_eq!(finding.suggestion.as_deref(), Some("Microsoft.Storage/storageAccounts/read"));
        assert!(finding.note.unwrap().contains("not in the catalogue"));
        let finding = check(wrong, true);
        assert_eq!((finding.note, finding.suggestion, finding.actions.len()), (None, None, 1));
    }

    #[test]
    fn wildcards_say_how_many_operations_they_match_and_the_worst_of_them() {
        let finding = check("Microsoft.Storage/storageAccounts/*", false);
        let note = finding.note.unwrap();
        assert!(
            note.contains("matches ") && note.contains(" read, ") && note.contains(" write, "),
            "{note}"
        );
        assert_eq!(finding.access, Some(AccessLevel::Permissions));
        assert_eq!(check("*/read", false).access, Some(AccessLevel::Read));
        assert_eq!(check("*", false).status, Status::Known);
        let nothing = check("Contoso.Garden/*", false);
        assert_eq!((nothing.status, nothing.access), (Status::Known, None));
        assert!(nothing.note.unwrap().contains("matches nothing"));
    }

    #[test]
    fn account_keys_are_told_to_be_everything() {
        let finding = check("microsoft.storage/storageaccounts/listkeys/action", false);
        assert_eq!(finding.access, Some(AccessLevel::Permissions));
        assert!(finding.note.unwrap().contains("everything in the account"));
    }

    #[test]
    fn the_syntax_of_other_clouds_is_malformed() {
        for other in [
            "s3:GetObject",
            "*:*",
            "storage.objects.get",
            "storage.objects.*",
            "Microsoft.Storage",
            "Microsoft.Storage/read",
            "storage/accounts/read",
            "Microsoft.Storage//read",
            "Microsoft.Storage/a b/read",
            "",
        ] {
            assert_eq!(check(other, true).status, Status::Malformed, "{other}");
        }
    }

    #[test]
    fn patterns_of_other_clouds_can_match_nothing_here() {
        for other in ["s3:*", "*:*", "storage.objects.delete", "iam.roles.delete"] {
            assert!(!could_match(other), "{other}");
        }
        for own in ["*", "*/delete", "Contoso.Garden/*", "microsoft.*"] {
            assert!(could_match(own), "{own}");
        }
    }
}
