//! The profile `aws-readonly`: every action of access level Read or List but those that return secrets or
//! people's data, or that act in spite of their level.

use std::collections::BTreeSet;

use audex_sdk::provider::{Omission, Profile, Scope};
use aws_catalogue::Access;

use crate::observed;

/// The profile's name.
pub const NAME: &str = "aws-readonly";
/// Made by this file's test from `LEFT_OUT`, `credentials.txt` and the catalogue.
const PATTERNS: &str = include_str!("../data/readonly.txt");
const LEFT_OUT: &str = include_str!("../data/readonly-left-out.txt");

/// Returns the profile.
#[must_use]
pub fn profile() -> Profile {
    Profile {
        name: NAME.to_owned(),
        description: "Read everything but secrets and people's data".to_owned(),
        actions: readonly::lines(PATTERNS).map(str::to_owned).collect(),
        resources: Scope::Every,
        leaves_out: left_out(),
    }
}

fn left_out() -> Vec<Omission> {
    let mut all: Vec<Omission> = readonly::omissions(LEFT_OUT)
        .into_iter()
        .map(|omission| Omission {
            actions: omission.patterns.into_iter().map(str::to_owned).collect(),
            reason: omission.reason.to_owned(),
            source: omission.source.to_owned(),
        })
        .collect();
    all.push(Omission {
        actions: yielding().into_iter().collect(),
        reason: "returns credentials, or an address that is signed with some".to_owned(),
        source: "https://github.com/boto/botocore (the output shapes of the service models)"
            .to_owned(),
    });
    all
}

/// Returns the reading actions whose replies carry credentials.
fn yielding() -> BTreeSet<String> {
    let reads =
        |action: &String| aws_catalogue::find(action).is_some_and(|found| only_reads(found.access));
    observed::yielding_actions().into_iter().filter(reads).collect()
}

fn only_reads(access: Access) -> bool {
    matches!(access, Access::List | Access::Read)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use audex_sdk::pattern;
    use readonly::Name;

    use super::*;

    const WRITE: &str = "AUDEX_WRITE_DOCS";
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/readonly.txt");
    /// The words with which a pattern may begin: later actions that begin with them will read, too.
    const READING: [&str; 14] = [
        "Get", "List", "Describe", "Search", "Batch", "View", "Query", "Lookup", "Check",
        "Validate", "Detect", "Read", "Select", "Scan",
    ];

    fn is_left_out(action: &str, omitted: &[Omission]) -> bool {
        let mut patterns = omitted.iter().flat_map(|omission| &omission.actions);
        patterns.any(|one| pattern::matches_ignore_ascii_case(one, action))
    }

    /// Returns the patterns that may stand for an action: starts of whole words, the shortest first.
    fn wider(action: &str) -> Vec<String> {
        let Some((service, name)) = action.split_once(':') else { return Vec::new() };
        if !READING.iter().any(|word| name.starts_with(word)) {
            return Vec::new();
        }
        let ends = name.char_indices().skip(1).filter(|(_, c)| c.is_ascii_uppercase());
        let ends = ends.map(|(place, _)| place).chain([name.len()]);
        ends.filter_map(|end| Some(format!("{service}:{}*", name.get(..end)?))).collect()
    }

    fn made() -> String {
        let omitted = left_out();
        let (mut text, mut held) = (String::new(), 0);
        for service in aws_catalogue::services() {
            let mut names = Vec::new();
            for found in aws_catalogue::matching(&format!("{}:*", service.name())) {
                let text = found.full_name();
                let is_held = only_reads(found.access) && !is_left_out(&text, &omitted);
                held += usize::from(is_held);
                names.push(Name { text, held: is_held });
            }
            for pattern in readonly::patterns(&names, wider) {
                let _ = writeln!(text, "{pattern}");
            }
        }
        format!(
            "# The actions of the profile aws-readonly: {held} known ones. Made by src/readonly.rs; do not edit.\n{text}"
        )
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test has no environment of the program")]
    fn the_patterns_are_in_step_with_the_catalogue_and_what_is_left_out() {
        let made = made();
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(FILE, &made).unwrap();
        }
        let read = std::fs::read_to_string(FILE).unwrap();
        assert!(read == made, "{FILE} is not in step: {WRITE}=1 cargo test readonly writes it");
    }

    /// Compares what the patterns match with the levels of the catalogue, action by action.
    #[test]
    fn the_profile_holds_every_reading_action_that_is_not_left_out_and_nothing_else() {
        let omitted = left_out();
        let mut held: BTreeSet<String> = BTreeSet::new();
        for pattern in profile().actions {
            let found = aws_catalogue::matching(&pattern);
            assert!(!found.is_empty(), "{pattern} matches nothing");
            held.extend(found.iter().map(aws_catalogue::Found::full_name));
        }
        for found in aws_catalogue::matching("*") {
            let name = found.full_name();
            let expected = only_reads(found.access) && !is_left_out(&name, &omitted);
            assert_eq!(held.contains(&name), expected, "{name}");
        }
    }

    #[test]
    fn every_omission_takes_a_reading_action_away_and_has_a_source() {
        let reading: Vec<String> = aws_catalogue::matching("*")
            .into_iter()
            .filter(|found| only_reads(found.access))
            .map(|found| found.full_name())
            .collect();
        for Omission { actions, reason, source } in left_out() {
            assert!(!reason.is_empty() && source.starts_with("https://"), "{reason}");
            for action in actions {
                let matches = |name: &String| pattern::matches_ignore_ascii_case(&action, name);
                assert!(reading.iter().any(matches), "{action} takes nothing away");
            }
        }
    }

    #[test]
    fn contents_are_read_and_secrets_and_people_are_not() {
        let all = profile().actions;
        let holds = |action: &str| {
            all.iter().any(|pattern| pattern::matches_ignore_ascii_case(pattern, action))
        };
        for read in ["s3:GetObject", "dynamodb:Query", "ec2:DescribeInstances", "iam:ListUsers"] {
            assert!(holds(read), "{read}");
        }
        for left in [
            "secretsmanager:GetSecretValue",
            "ssm:GetParameter",
            "kms:Decrypt",
            "sts:AssumeRole",
            "sts:GetSessionToken",
            "ecr:GetAuthorizationToken",
            "codeartifact:GetAuthorizationToken",
            "lambda:GetFunction",
            "cognito-idp:ListUsers",
            "healthlake:ReadResource",
            "s3:PutObject",
        ] {
            assert!(!holds(left), "{left}");
        }
    }
}
