//! The syntax of IAM actions, their spelling, and names that are mistaken for actions.

use audex_sdk::pattern;
use audex_sdk::provider::{AccessLevel, Finding, Status};
use aws_catalogue::{Access, Found};

use crate::suggestion;

/// Checks one action as the user wrote it; `allow_unknown` accepts names that are not in the catalogue.
#[must_use]
pub fn check(action: &str, allow_unknown: bool) -> Finding {
    if action == "*" || action == "*:*" {
        let note = format!("every action of every service: {}", summary(&counts("*")));
        return Finding {
            access: Some(AccessLevel::Permissions),
            ..accepted("*".to_owned(), Some(note))
        };
    }
    let Some((service, name)) =
        action.split_once(':').filter(|(service, name)| well_formed(service, name))
    else {
        return refused(Status::Malformed, suggestion::written(action));
    };
    let lower = action.to_ascii_lowercase();
    if let Some(found) = aws_catalogue::corrections().find(|one| one.wrong == lower) {
        let note = Some(found.why.to_owned());
        return Finding {
            status: Status::Corrected,
            access: level(found.right),
            ..accepted(found.right.to_owned(), note)
        };
    }
    let found = aws_catalogue::matching(action);
    // IAM ignores case; the service prefix is lower case by convention.
    let canonical = match found.as_slice() {
        [one] if !pattern::is_wild(name) => one.full_name(),
        _ => format!("{}:{name}", service.to_ascii_lowercase()),
    };
    if found.is_empty() {
        return unknown(canonical, allow_unknown);
    }
    let note = if pattern::is_wild(name) {
        Some(format!("`{canonical}` matches {}", summary(&tally(&found))))
    } else {
        (lower == "lambda:invokeasync")
            .then(|| "`lambda:InvokeAsync` is deprecated by AWS Lambda".to_owned())
    };
    Finding { access: worst(&found), ..accepted(canonical, note) }
}

fn unknown(canonical: String, allow_unknown: bool) -> Finding {
    if allow_unknown {
        let note = format!(
            "`{canonical}` is not in the catalogue of AWS actions and was let through as it is"
        );
        return accepted(canonical, Some(note));
    }
    let suggestion = suggestion::nearest(&canonical);
    let note = if suggestion.is_none() { suggestion::beginnings(&canonical) } else { None };
    Finding { note, ..refused(Status::Unknown, suggestion) }
}

fn accepted(action: String, note: Option<String>) -> Finding {
    Finding { status: Status::Known, actions: vec![action], access: None, note, suggestion: None }
}

fn refused(status: Status, suggestion: Option<String>) -> Finding {
    Finding { status, actions: Vec::new(), access: None, note: None, suggestion }
}

/// Describes an action of a plan: its access level, or the number of actions it matches at each level.
#[must_use]
pub fn describe(action: &str) -> String {
    let wild = pattern::is_wild(action);
    let counts = counts(action);
    match Access::ALL.into_iter().zip(counts).find(|(_, count)| *count > 0) {
        None => "not in the catalogue".to_owned(),
        Some((access, _)) if !wild => access.word().to_owned(),
        Some(_) => format!("matches {}", summary(&counts)),
    }
}

/// Writes counts in the form `13 actions: 5 read, 2 list, 6 write`.
fn summary(counts: &[u32; 5]) -> String {
    let total: u32 = counts.iter().sum();
    let order = [Access::Read, Access::List, Access::Write, Access::Tagging, Access::Permissions];
    let count = |access: Access| counts.get(access as usize).copied().unwrap_or_default();
    let said = order.iter().filter(|access| count(**access) > 0);
    let parts: Vec<String> =
        said.map(|&access| format!("{} {}", count(access), access.word())).collect();
    format!("{total} action{}: {}", if total == 1 { "" } else { "s" }, parts.join(", "))
}

/// Returns the number of known actions of each level that `action` matches.
fn counts(action: &str) -> [u32; 5] {
    if action == "*" { aws_catalogue::totals().1 } else { tally(&aws_catalogue::matching(action)) }
}

fn tally(found: &[Found]) -> [u32; 5] {
    let mut counts = [0; 5];
    for action in found {
        if let Some(count) = counts.get_mut(action.access as usize) {
            *count += 1;
        }
    }
    counts
}

fn level(action: &str) -> Option<AccessLevel> {
    worst(&aws_catalogue::matching(action))
}

/// Returns the most dangerous level among `found`.
fn worst(found: &[Found]) -> Option<AccessLevel> {
    let said = |access| match access {
        Access::List => AccessLevel::List,
        Access::Read => AccessLevel::Read,
        Access::Tagging => AccessLevel::Tagging,
        Access::Write => AccessLevel::Write,
        Access::Permissions => AccessLevel::Permissions,
    };
    found.iter().map(|action| action.access).max().map(said)
}

/// Returns true for a valid service and name. Wildcards are valid in the action part only: IAM rejects them
/// in a service prefix.
fn well_formed(service: &str, name: &str) -> bool {
    let service_ok =
        !service.is_empty() && service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let name_ok = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '-'));
    service_ok && name_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_that_iam_does_not_have_are_corrected_with_a_note() {
        for (wrong, right) in
            [("s3:HeadObject", "s3:GetObject"), ("S3:headBucket", "s3:ListBucket")]
        {
            let finding = check(wrong, false);
            assert_eq!(
                (finding.status, finding.actions),
                (Status::Corrected, vec![right.to_owned()])
            );
            assert!(finding.note.is_some() && finding.access.is_some());
        }
    }

    #[test]
    fn a_name_without_its_service_or_with_a_dot_is_recognised() {
        for (wrong, meant) in [
            ("GetObject", Some("s3:GetObject")),
            ("getobject", Some("s3:GetObject")),
            ("s3.GetObject", Some("s3:GetObject")),
            ("s3/GetObject", Some("s3:GetObject")),
            ("s3.GetObjct", Some("s3:GetObject")),
            ("DescribeInstances", Some("ec2:DescribeInstances")),
            ("TagResource", None),
            ("storage.objects.get", None),
            ("Xyzzy", None),
        ] {
            let finding = check(wrong, false);
            assert_eq!(
                (finding.status, finding.suggestion.as_deref()),
                (Status::Malformed, meant),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_pattern_that_is_near_nothing_is_told_how_names_begin() {
        let note = check("s3:Foo*", false).note.unwrap();
        assert!(
            note.starts_with("actions of `s3` begin with ") && note.contains("`Get`"),
            "{note}"
        );
        assert_eq!(check("nosuchservice:Foo*", false).note, None);
        assert_eq!(check("s3:GetObjct", false).note, None);
    }

    #[test]
    fn malformed_actions_are_told_from_well_formed_ones() {
        for bad in [
            "",
            "s3",
            "s3:",
            ":Get",
            "s3:Get Object",
            "s3:a:b",
            "storage.objects.get",
            "s?:Get*",
            "s3:Gét",
        ] {
            assert_eq!(check(bad, true).status, Status::Malformed, "{bad}");
        }
        for good in
            ["s3:GetObject", "S3:get*", "*", "*:*", "lambda:Invoke?sync", "execute-api:Invoke"]
        {
            assert_eq!(check(good, false).status, Status::Known, "{good}");
        }
    }

    #[test]
    fn a_known_action_gets_its_own_spelling_silently() {
        let finding = check("S3:getobject", false);
        assert_eq!(
            (finding.status, finding.actions),
            (Status::Known, vec!["s3:GetObject".to_owned()])
        );
        assert_eq!((finding.note, finding.access), (None, Some(AccessLevel::Read)));
        assert!(check("LAMBDA:invokeasync", false).note.unwrap().contains("deprecated"));
    }

    #[test]
    fn unknown_actions_are_refused_unless_they_are_let_through() {
        let finding = check("s3:GetObjct", false);
        assert_eq!(
            (finding.status, finding.suggestion.as_deref()),
            (Status::Unknown, Some("s3:GetObject"))
        );
        assert!(finding.actions.is_empty());
        let finding = check("S3:GetObjct", true);
        assert_eq!(
            (finding.status, finding.actions),
            (Status::Known, vec!["s3:GetObjct".to_owned()])
        );
        assert!(finding.note.unwrap().contains("not in the catalogue"));
    }

    #[test]
    fn wildcards_say_how_many_actions_they_match_and_the_worst_of_them() {
        let finding = check("S3:getobject*", false);
        assert_eq!(finding.actions, ["s3:getobject*"]);
        let note = finding.note.unwrap();
        assert!(note.starts_with("`s3:getobject*` matches ") && note.contains(" read"), "{note}");
        assert_eq!(finding.access, Some(AccessLevel::Read));
        assert_eq!(check("s3:*", false).access, Some(AccessLevel::Permissions));
        assert_eq!(check("*", false).access, Some(AccessLevel::Permissions));
        assert_eq!(check("s3:Nothing*", false).status, Status::Unknown);
        assert_eq!(summary(&[2, 5, 0, 6, 0]), "13 actions: 5 read, 2 list, 6 write");
    }

    #[test]
    fn a_plan_says_the_level_of_each_action() {
        assert_eq!(describe("s3:GetObject"), "read");
        assert_eq!(describe("s3:New"), "not in the catalogue");
        assert!(
            describe("lambda:Invoke*").starts_with("matches 3 actions: "),
            "{}",
            describe("lambda:Invoke*")
        );
        assert!(describe("*").starts_with("matches 22092 actions"));
    }
}
