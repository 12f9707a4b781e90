//! The syntax of operations, and what the catalogue says of them. Azure ignores case; what is asked for is written as Azure
//! writes it.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Finding, Status};
use azure_catalogue::{Access, Operation};

/// Names with more letters wrong than this are not suggested.
const FARTHEST: usize = 3;

/// Hands out what opens a whole storage account, past every other limit. Source: Azure Storage, "Manage account access keys".
const ACCOUNT_KEYS: &str = "microsoft.storage/storageaccounts/listkeys/action";

/// Looks at one operation as the user wrote it. The catalogue is not complete (see its `generate.py`), so a name that it does
/// not have is let through with a notice.
pub fn check(action: &str) -> Finding {
    if action == "*" {
        return accepted(
            "*".to_owned(),
            Some(AccessLevel::Permissions),
            Some("every operation of every provider".to_owned()),
        );
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
    let found = azure_catalogue::matching(action);
    let worst = found.iter().map(|operation| azure_catalogue::access(&operation.name)).max();
    if pattern::is_wild(action) {
        let note = if found.is_empty() {
            format!("`{action}` matches no operation of the catalogue")
        } else {
            format!("`{action}` matches {}", summary(&found))
        };
        return accepted(action.to_owned(), worst.map(level), Some(note));
    }
    if let Some(operation) = found.first() {
        let keys = action.eq_ignore_ascii_case(ACCOUNT_KEYS);
        let note =
            keys.then(|| format!("the keys that `{}` lists open everything in the account", operation.name));
        return accepted(operation.name.clone(), worst.map(level), note);
    }
    let suggestion = nearest(action);
    let meant = suggestion.as_ref().map(|name| format!("; did you mean `{name}`")).unwrap_or_default();
    let note = format!("`{action}` is not in the catalogue of Azure operations{meant}");
    Finding {
        suggestion,
        ..accepted(action.to_owned(), Some(level(azure_catalogue::access(action))), Some(note))
    }
}

/// What is said of one operation of a plan: its level, or how many of which level it matches.
pub fn describe(action: &str) -> String {
    let found = azure_catalogue::matching(action);
    match (pattern::is_wild(action), found.is_empty()) {
        (false, true) => format!("not in the catalogue; {}", azure_catalogue::access(action).word()),
        (true, true) => "matches nothing in the catalogue".to_owned(),
        (false, false) => azure_catalogue::access(action).word().to_owned(),
        (true, false) => format!("matches {}", summary(&found)),
    }
}

/// The operations that `action` stands for: itself, or everything known that it matches. A name that is not known counts as
/// one of Resource Manager.
pub fn expand(action: &str) -> Vec<Operation> {
    let found = azure_catalogue::matching(action);
    if found.is_empty() && !pattern::is_wild(action) {
        return vec![Operation { name: action.to_owned(), is_data: false }];
    }
    found
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

fn summary(found: &[Operation]) -> String {
    let count =
        |access: Access| found.iter().filter(|known| azure_catalogue::access(&known.name) == access).count();
    let parts: Vec<String> = Access::ALL
        .into_iter()
        .filter(|access| count(*access) > 0)
        .map(|access| format!("{} {}", count(access), access.word()))
        .collect();
    let s = if found.len() == 1 { "" } else { "s" };
    format!("{} operation{s}: {}", found.len(), parts.join(", "))
}

/// `Provider.Name/type/verb`, or a pattern: `Microsoft.Storage/*`, `*/read`.
fn well_formed(action: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-' | '_' | '.'))
    };
    let parts: Vec<&str> = action.split('/').collect();
    let provider = parts.first().is_some_and(|first| first.contains('.') || pattern::is_wild(first));
    let enough = parts.len() >= 3 || (parts.len() == 2 && pattern::is_wild(action));
    provider && enough && parts.iter().all(|text| part(text))
}

/// The known operation that `action` was probably meant to be: of the same provider, else the same of one named nearly so.
fn nearest(action: &str) -> Option<String> {
    let (provider, rest) = action.split_once('/')?;
    let lower = action.to_ascii_lowercase();
    let far = |name: &String| distance(&name.to_ascii_lowercase(), &lower);
    let here = azure_catalogue::of_provider(provider).map(|operation| operation.name);
    if let Some(name) = here.filter(|name| far(name) <= FARTHEST).min_by_key(far) {
        return Some(name);
    }
    let near =
        |known: &&str| distance(&known.to_ascii_lowercase(), &provider.to_ascii_lowercase()) < FARTHEST;
    let named = |known: &str| azure_catalogue::find(&format!("{known}/{rest}"));
    azure_catalogue::providers().into_iter().filter(near).find_map(named).map(|operation| operation.name)
}

/// How many letters must change (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let (above, before) = (row.get(j + 1).copied(), next.get(j).copied());
            let change = row.get(j).copied().unwrap_or(usize::MAX - 1) + usize::from(a != *b);
            let step = above.into_iter().chain(before).min().unwrap_or(usize::MAX - 1) + 1;
            next.push(change.min(step));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_azure_writes_them() {
        for (asked, name) in [
            ("microsoft.storage/STORAGEACCOUNTS/read", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.SQL/servers/databases/read", "Microsoft.Sql/servers/databases/read"),
            ("Microsoft.Storage/storageAccounts/*", "Microsoft.Storage/storageAccounts/*"),
            ("*/read", "*/read"),
            ("*", "*"),
        ] {
            let finding = check(asked);
            assert_eq!((finding.status, finding.actions.as_slice()), (Status::Known, &[name.to_owned()][..]));
        }
        assert!(check("Microsoft.Storage/storageAccounts/*").note.unwrap().contains("operations: "));
        assert!(
            check("Microsoft.Storage/storageAccounts/listKeys/action")
                .note
                .unwrap()
                .contains("open everything")
        );
    }

    #[test]
    fn an_unknown_name_is_let_through_with_a_suggestion() {
        for (asked, meant) in [
            ("Microsoft.Storage/storageAccounts/raed", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.Storage/storageAccount/read", "Microsoft.Storage/storageAccounts/read"),
            ("Microsoft.Storag/storageAccounts/read", "Microsoft.Storage/storageAccounts/read"),
        ] {
            let finding = check(asked);
            assert_eq!(
                (finding.status, finding.suggestion.as_deref()),
                (Status::Known, Some(meant)),
                "{asked}"
            );
        }
    }

    #[test]
    fn the_syntax_of_other_clouds_is_malformed() {
        for other in [
            "s3:GetObject",
            "storage.objects.get",
            "Microsoft.Storage",
            "Microsoft.Storage/read",
            "a//b",
            "a/b/c",
            "",
        ] {
            assert_eq!(check(other).status, Status::Malformed, "{other}");
        }
    }
}
