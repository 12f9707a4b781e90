//! The rules of `[approve]`: what is granted without a person.
//!
//! Security: a rule that needs a person counts more than one that grants. An unknown access level, a pattern in
//! place of an action, and a reply that carries credentials always need a person.

use super::Access;
use crate::settings::approve::ApproveSettings;
use audex_sdk::pattern;
use deny_entry::{covers, fold};

/// The rules of one session, in the provider's own names.
#[derive(Debug)]
pub struct Rules {
    /// Patterns that are granted without a person.
    allow: Vec<String>,
    allow_access: Vec<Access>,
    /// Patterns that need a person.
    person: Vec<String>,
    person_access: Vec<Access>,
}

/// A permission of an ask, as the catalogue knows it.
#[derive(Clone, Debug)]
pub struct Known {
    /// The native action.
    pub action: String,
    /// The access level; `None` if it is not known.
    pub access: Option<Access>,
    /// True if the reply carries credentials.
    pub yields_credentials: bool,
}

impl Rules {
    /// Takes over the rules. `person` are the patterns that need a person, in the provider's own names.
    #[must_use]
    pub fn new(settings: &ApproveSettings, person: Vec<String>) -> Self {
        Self {
            allow: settings.allow.iter().map(|entry| entry.pattern.clone()).collect(),
            allow_access: settings.allow_access.clone(),
            person,
            person_access: settings.person_access.clone(),
        }
    }

    /// Returns the rule by which all of `wanted` is granted; `None` if a person has to answer.
    #[must_use]
    pub fn grant(&self, wanted: &[Known]) -> Option<String> {
        let rules: Option<Vec<String>> = wanted.iter().map(|one| self.grant_one(one)).collect();
        let mut rules = rules.filter(|rules| !rules.is_empty())?;
        rules.sort_unstable();
        rules.dedup();
        Some(format!("[approve] {}", rules.join(", ")))
    }

    /// Returns true if a rule says that a person must answer for `action`, or for an action that it matches.
    #[must_use]
    pub fn needs_person(&self, action: &str, access: Option<Access>) -> bool {
        let overlaps = |entry: &String| pattern::intersects(&fold(entry), &fold(action));
        access.is_some_and(|access| self.person_access.contains(&access))
            || self.person.iter().any(overlaps)
    }

    fn grant_one(&self, Known { action, access, yields_credentials }: &Known) -> Option<String> {
        let access = (*access)?;
        if *yields_credentials || pattern::is_wild(action) || self.person_access.contains(&access) {
            return None;
        }
        if self.person.iter().any(|entry| covers(entry, action)) {
            return None;
        }
        if let Some(entry) = self.allow.iter().find(|entry| covers(entry, action)) {
            return Some(format!("allow `{entry}`"));
        }
        self.allow_access.contains(&access).then(|| format!("allow_access `{access}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Rules {
        Rules {
            allow: vec!["s3:Put*".to_owned(), "kms:*".to_owned()],
            allow_access: vec![Access::Read],
            person: vec!["s3:GetObjectAcl".to_owned()],
            person_access: vec![Access::Permissions],
        }
    }

    fn known(action: &str, access: Option<Access>) -> Known {
        Known { action: action.to_owned(), access, yields_credentials: false }
    }

    #[test]
    fn a_rule_grants_and_what_needs_a_person_does_not_pass_with_it() {
        use Access::{List, Permissions, Read, Write};
        for (action, access, expected) in [
            ("s3:GetObject", Some(Read), Some("[approve] allow_access `read`")),
            ("s3:PutObject", Some(Write), Some("[approve] allow `s3:Put*`")),
            ("s3:putobject", Some(Write), Some("[approve] allow `s3:Put*`")),
            ("s3:PutBucketPolicy", Some(Permissions), None),
            ("s3:GetObjectAcl", Some(Read), None),
            ("s3:GETOBJECTACL", Some(Read), None),
            ("s3:ListBucket", Some(List), None),
            ("s3:Get*", Some(Read), None),
            ("kms:Decrypt", None, None),
        ] {
            assert_eq!(rules().grant(&[known(action, access)]).as_deref(), expected, "{action}");
        }
        for (action, access, expected) in [
            ("s3:PutObject", Some(Write), false),
            ("s3:PutBucketPolicy", Some(Permissions), true),
            ("s3:GetObjectAcl", Some(Read), true),
            ("s3:Get*", Some(Read), true),
            ("s3:GetObject", None, false),
        ] {
            assert_eq!(rules().needs_person(action, access), expected, "{action}");
        }
        let both = [known("s3:GetObject", Some(Read)), known("s3:DeleteObject", Some(Write))];
        assert_eq!(rules().grant(&both), None);
        assert_eq!(rules().grant(&[]), None);
        let carries = Known { yields_credentials: true, ..known("kms:Decrypt", Some(Write)) };
        assert_eq!(rules().grant(&[carries]), None);
    }
}
